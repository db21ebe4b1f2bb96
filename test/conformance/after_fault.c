/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/after_fault.h"

#include <stdlib.h>

#include "test/conformance/conf_image.h"
#include "test/conformance/graph.h"

#define PAGE ((size_t)2 << 20)

struct conf_after after;
unsigned long long after_out[64];
void *const out = after_out;

/* Straight on a driver that lacks a call, the objects of the others are made nonetheless. */
static bool has(const char *call)
{
    return driver_api_symbol(call) != NULL;
}

static void basic(void)
{
    after.context = conf_context();
    after.function = conf_kernel("noop");
    after.memory = conf_memory(4096);
    after.page = aligned_alloc(4096, 4096);
    CONF_SETUP(cuModuleLoadData(&after.module, conf_ptx()));
    CONF_SETUP(cuStreamCreate(&after.stream, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuEventCreate(&after.event, 0));
    CONF_SETUP(cuEventRecord(after.event, after.stream));
    CONF_SETUP(cuMemAllocHost_v2(&after.host, 4096));
    CONF_SETUP(cuMemHostRegister_v2(after.page, 4096, 0));
}

static void pool(void)
{
    CUmemPoolProps props = {
        .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
    };

    CONF_SETUP(cuMemPoolCreate(&after.pool, &props));
    CONF_SETUP(cuMemAllocFromPoolAsync(&after.from_pool, 4096, after.pool, after.stream));
}

static void on_destroy(void *arg)
{
    (void)arg;
}

static void graph(void)
{
    CUDA_KERNEL_NODE_PARAMS kernel = conf_kernel_node("noop", NULL);
    CUDA_MEMSET_NODE_PARAMS fill = conf_fill_node(after.memory, 1);
    CUDA_MEMCPY3D copy = conf_copy_node(after.memory, after.memory + 64);

    after.graph = conf_graph();
    after.empty = conf_empty(after.graph);
    CONF_SETUP(cuGraphAddKernelNode_v2(&after.kernel, after.graph, NULL, 0, &kernel));
    CONF_SETUP(cuGraphAddMemsetNode(&after.fill, after.graph, NULL, 0, &fill, after.context));
    CONF_SETUP(cuGraphAddMemcpyNode(&after.copy, after.graph, NULL, 0, &copy, after.context));
    CONF_SETUP(cuGraphInstantiateWithFlags(&after.exec, after.graph, 0));
    if (has("cuGraphClone")) {
        CONF_SETUP(cuGraphClone(&after.clone, after.graph));
    }
    if (has("cuUserObjectCreate")) {
        CONF_SETUP(cuUserObjectCreate(&after.object, &after, on_destroy, 4,
                                      CU_USER_OBJECT_NO_DESTRUCTOR_SYNC));
        CONF_SETUP(cuGraphRetainUserObject(after.graph, after.object, 2, 0));
    }
}

static void image(void)
{
    CUDA_ARRAY3D_DESCRIPTOR shape = {.Width = 16,
                                     .Height = 16,
                                     .Format = CU_AD_FORMAT_FLOAT,
                                     .NumChannels = 1,
                                     .Flags = CUDA_ARRAY3D_SURFACE_LDST};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;

    after.array = conf_array(CU_AD_FORMAT_FLOAT, 1, 16, 16, 0, CUDA_ARRAY3D_SURFACE_LDST);
    what = conf_resource(after.array);
    after.texture = conf_texture(&what, &how, NULL);
    CONF_SETUP(cuSurfObjectCreate(&after.surface, &what));
    CONF_SETUP(cuMipmappedArrayCreate(&after.mipmap, &shape, 2));
}

static void virtual_memory(void)
{
    CUmemAllocationProp prop = {
        .type = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
    };

    CONF_SETUP(cuMemCreate(&after.physical, PAGE, &prop, 0));
    CONF_SETUP(cuMemAddressReserve(&after.mapped, 2 * PAGE, 0, 0, 0));
    CONF_SETUP(cuMemMap(after.mapped, PAGE, 0, after.physical, 0));
    CONF_SETUP(cuMemAddressReserve(&after.reserved, PAGE, 0, 0, 0));
}

static void fault(void)
{
    CUdeviceptr where = 0x100;
    void *params[] = {&where};

    conf_launch(conf_kernel("bad_store"), 1, 1, after.stream, params);
    CONF_RESULT(cuStreamSynchronize(after.stream), CUDA_ERROR_ILLEGAL_ADDRESS);
}

void conf_fault(void)
{
    basic();
    fault();
}

void conf_fault_of_everything(void)
{
    basic();
    if (has("cuMemPoolCreate")) {
        pool();
    }
    graph();
    image();
    virtual_memory();
    if (has("cuLibraryLoadData")) {
        after.library = conf_library();
        after.library_kernel = conf_library_kernel("noop");
    }
    CONF_SETUP(cuLinkCreate_v2(0, NULL, NULL, &after.link));
    fault();
}
