/* SPDX-License-Identifier: Apache-2.0 */

/* Threads that make and end things of one kind, each its own: what one gives back, another has at
 * once. */
#include "test/conformance/crew.h"

#define THREADS 6u
#define ROUNDS  150u

#define WANT(call) crew_want(member, drv.call, CUDA_SUCCESS)

static void churn_mipmaps(struct crew_member *member)
{
    const CUDA_ARRAY3D_DESCRIPTOR shape = {
        .Width = 16, .Height = 16, .Format = CU_AD_FORMAT_FLOAT, .NumChannels = 1};
    CUmipmappedArray mipmap = NULL;
    CUarray array = NULL;
    CUarray level = NULL;

    crew_enter(member);
    for (unsigned int i = 0; i < ROUNDS && member->errors == 0; i++) {
        WANT(cuMipmappedArrayCreate(&mipmap, &shape, 3));
        WANT(cuMipmappedArrayGetLevel(&level, mipmap, 1));
        WANT(cuArray3DCreate_v2(&array, &shape));
        WANT(cuMipmappedArrayDestroy(mipmap));
        WANT(cuArrayDestroy(array));
    }
}

static void churn_links(struct crew_member *member)
{
    CUlinkState link = NULL;

    crew_enter(member);
    for (unsigned int i = 0; i < ROUNDS && member->errors == 0; i++) {
        WANT(cuLinkCreate_v2(0, NULL, NULL, &link));
        WANT(cuLinkDestroy(link));
    }
}

static void churn_modules(struct crew_member *member)
{
    CUfunction function = NULL;
    CUmodule module = NULL;

    crew_enter(member);
    for (unsigned int i = 0; i < ROUNDS / 5 && member->errors == 0; i++) {
        WANT(cuModuleLoadData(&module, conf_ptx()));
        WANT(cuModuleGetFunction(&function, module, "noop"));
        WANT(cuModuleGetFunction(&function, module, "store"));
        WANT(cuModuleUnload(module));
    }
}

static void churn_physical(struct crew_member *member)
{
    const CUmemAllocationProp prop = {
        .type = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
    };
    CUmemGenericAllocationHandle handle = 0;

    crew_enter(member);
    for (unsigned int i = 0; i < ROUNDS && member->errors == 0; i++) {
        WANT(cuMemCreate(&handle, (size_t)2 << 20, &prop, 0));
        WANT(cuMemRelease(handle));
    }
}

static void churn_textures(struct crew_member *member)
{
    const CUDA_ARRAY_DESCRIPTOR shape = {
        .Width = 16, .Height = 16, .Format = CU_AD_FORMAT_FLOAT, .NumChannels = 1};
    CUDA_RESOURCE_DESC res = {.resType = CU_RESOURCE_TYPE_ARRAY};
    const CUDA_TEXTURE_DESC how = {.flags = 0};
    CUtexObject texture = 0;

    crew_enter(member);
    WANT(cuArrayCreate_v2(&res.res.array.hArray, &shape));
    for (unsigned int i = 0; i < ROUNDS && member->errors == 0; i++) {
        WANT(cuTexObjectCreate(&texture, &res, &how, NULL));
        WANT(cuTexObjectDestroy(texture));
    }
    WANT(cuArrayDestroy(res.res.array.hArray));
}

static void churn_graphs(struct crew_member *member)
{
    CUgraphExec exec = NULL;
    CUgraphNode node = NULL;
    CUgraph graph = NULL;

    crew_enter(member);
    for (unsigned int i = 0; i < ROUNDS && member->errors == 0; i++) {
        WANT(cuGraphCreate(&graph, 0));
        WANT(cuGraphAddEmptyNode(&node, graph, NULL, 0));
        WANT(cuGraphInstantiateWithFlags(&exec, graph, 0));
        WANT(cuGraphDestroy(graph));
        WANT(cuGraphExecDestroy(exec));
    }
}

/* A context takes the vendor's driver a third of a second. */
#define CONTEXTS 8u

/* One sets what a kernel has in every context, the next uses it in one of its own. */
static void churn_contexts(struct crew_member *member)
{
    CUkernel kernel = member->crew->arg;
    CUcontext own = NULL;

    crew_enter(member);
    for (unsigned int i = 0; i < ROUNDS && member->errors == 0; i++) {
        if (member->index % 2 == 0) {
            WANT(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                      50000 + (int)i, kernel, 0));
            WANT(cuKernelSetCacheConfig(
                kernel, i % 2 ? CU_FUNC_CACHE_PREFER_L1 : CU_FUNC_CACHE_PREFER_SHARED, 0));
            continue;
        }
        if (i == CONTEXTS) {
            break;
        }
        WANT(cuCtxCreate_v2(&own, 0, 0));
        WANT(cuLaunchKernel((CUfunction)kernel, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
        WANT(cuCtxDestroy_v2(own));
    }
}

/* The first result that was not wanted. */
static CUresult churn_with(void (*work)(struct crew_member *member), void *arg)
{
    struct crew crew = {.ctx = conf_context(), .work = work, .arg = arg};
    CUresult first = CUDA_SUCCESS;

    crew_start(&crew, THREADS);
    (void)crew_join(&crew);
    for (unsigned int i = 0; i < THREADS && first == CUDA_SUCCESS; i++) {
        first = crew.members[i].first;
    }
    return first;
}

static CUresult churn(void (*work)(struct crew_member *member))
{
    return churn_with(work, NULL);
}

CONF_POSITIVE(cuMipmappedArrayDestroy, threads_make_others)
{
    conf_result("churn_mipmaps", churn(churn_mipmaps), CUDA_SUCCESS, __LINE__);
}

CONF_POSITIVE(cuLinkDestroy, threads_make_others)
{
    conf_result("churn_links", churn(churn_links), CUDA_SUCCESS, __LINE__);
}

CONF_POSITIVE(cuModuleUnload, threads_make_others)
{
    conf_result("churn_modules", churn(churn_modules), CUDA_SUCCESS, __LINE__);
}

CONF_POSITIVE(cuMemRelease, threads_make_others)
{
    conf_result("churn_physical", churn(churn_physical), CUDA_SUCCESS, __LINE__);
}

CONF_POSITIVE(cuTexObjectDestroy, threads_make_others)
{
    conf_result("churn_textures", churn(churn_textures), CUDA_SUCCESS, __LINE__);
}

CONF_POSITIVE(cuGraphExecDestroy, threads_make_others)
{
    conf_result("churn_graphs", churn(churn_graphs), CUDA_SUCCESS, __LINE__);
}

CONF_POSITIVE(cuKernelSetAttribute, threads_end_contexts)
{
    CUlibrary library = NULL;
    CUkernel kernel = NULL;

    (void)conf_context();
    CONF_SETUP(cuLibraryLoadData(&library, conf_ptx(), NULL, NULL, 0, NULL, NULL, 0));
    CONF_SETUP(cuLibraryGetKernel(&kernel, library, "noop"));
    conf_result("churn_contexts", churn_with(churn_contexts, kernel), CUDA_SUCCESS, __LINE__);
}
