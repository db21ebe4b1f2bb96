/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Takes one kind of thing until it is refused: vgpu-process-limits KIND.  Says how many and with
 * which code, waits for a line, gives one back, takes one, gives all back, and takes one again.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/programs/driver_api.h"

#define MOST (1u << 20)

#define PINNED_BYTES ((size_t)4 << 20)
#define DEVICE_BYTES ((size_t)2 << 20)
#define STACK_STEP   ((size_t)1 << 10)

union thing {
    CUstream stream;
    CUevent event;
    CUcontext context;
    CUlinkState link;
    CUmodule module;
    CUarray array;
    CUgraphExec exec;
    CUdeviceptr address;
    CUmemGenericAllocationHandle physical;
    void *host;
    size_t value;
};

struct kind {
    const char *name;
    CUresult (*take)(union thing *thing, unsigned int number);
    CUresult (*give)(union thing *thing);
};

static CUdevice device;
static union thing things[MOST];

static void must(CUresult cu, const char *what)
{
    if (cu != CUDA_SUCCESS) {
        fprintf(stderr, "%s = %d\n", what, (int)cu);
        exit(2);
    }
}

static CUresult take_stream(union thing *t, unsigned int number)
{
    (void)number;
    return drv.cuStreamCreate(&t->stream, CU_STREAM_NON_BLOCKING);
}

static CUresult give_stream(union thing *t)
{
    return drv.cuStreamDestroy_v2(t->stream);
}

static CUresult take_event(union thing *t, unsigned int number)
{
    (void)number;
    return drv.cuEventCreate(&t->event, CU_EVENT_DISABLE_TIMING);
}

static CUresult give_event(union thing *t)
{
    return drv.cuEventDestroy_v2(t->event);
}

static CUresult take_context(union thing *t, unsigned int number)
{
    CUcontext popped = NULL;
    CUresult cu = drv.cuCtxCreate_v2(&t->context, 0, device);

    (void)number;
    return cu == CUDA_SUCCESS ? drv.cuCtxPopCurrent_v2(&popped) : cu;
}

static CUresult give_context(union thing *t)
{
    return drv.cuCtxDestroy_v2(t->context);
}

static CUresult take_link(union thing *t, unsigned int number)
{
    (void)number;
    return drv.cuLinkCreate_v2(0, NULL, NULL, &t->link);
}

static CUresult give_link(union thing *t)
{
    return drv.cuLinkDestroy(t->link);
}

static CUresult take_physical(union thing *t, unsigned int number)
{
    CUmemAllocationProp prop;

    (void)number;
    memset(&prop, 0, sizeof(prop));
    prop.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    prop.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    prop.location.id = device;
    return drv.cuMemCreate(&t->physical, DEVICE_BYTES, &prop, 0);
}

static CUresult give_physical(union thing *t)
{
    return drv.cuMemRelease(t->physical);
}

/* One piece of memory, mapped in every range: the host knows a range when something is. */
static CUresult take_range(union thing *t, unsigned int number)
{
    static union thing memory;
    CUresult cu = memory.physical == 0 ? take_physical(&memory, number) : CUDA_SUCCESS;

    if (cu == CUDA_SUCCESS) {
        cu = drv.cuMemAddressReserve(&t->address, DEVICE_BYTES, 0, 0, 0);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = drv.cuMemMap(t->address, DEVICE_BYTES, 0, memory.physical, 0);
    if (cu != CUDA_SUCCESS) {
        must(drv.cuMemAddressFree(t->address, DEVICE_BYTES), "free a range");
    }
    return cu;
}

static CUresult give_range(union thing *t)
{
    CUresult cu = drv.cuMemUnmap(t->address, DEVICE_BYTES);

    return cu == CUDA_SUCCESS ? drv.cuMemAddressFree(t->address, DEVICE_BYTES) : cu;
}

static CUresult take_device(union thing *t, unsigned int number)
{
    (void)number;
    return drv.cuMemAlloc_v2(&t->address, DEVICE_BYTES);
}

static CUresult give_device(union thing *t)
{
    return drv.cuMemFree_v2(t->address);
}

static CUresult take_ordered(union thing *t, unsigned int number)
{
    (void)number;
    return drv.cuMemAllocAsync(&t->address, DEVICE_BYTES, NULL);
}

static CUresult give_ordered(union thing *t)
{
    CUresult cu = drv.cuMemFreeAsync(t->address, NULL);

    return cu == CUDA_SUCCESS ? drv.cuStreamSynchronize(NULL) : cu;
}

static CUresult take_pinned(union thing *t, unsigned int number)
{
    (void)number;
    return drv.cuMemHostAlloc(&t->host, PINNED_BYTES, 0);
}

static CUresult give_pinned(union thing *t)
{
    return drv.cuMemFreeHost(t->host);
}

/* Variables of 16 MiB each. */
static CUresult take_module(union thing *t, unsigned int number)
{
    (void)number;
    return drv.cuModuleLoadData(&t->module, ".version 7.0\n.target sm_70\n.address_size 64\n"
                                            ".visible .global .align 4 .b8 large[16777216];\n");
}

static CUresult give_module(union thing *t)
{
    return drv.cuModuleUnload(t->module);
}

static CUresult take_array(union thing *t, unsigned int number)
{
    CUDA_ARRAY3D_DESCRIPTOR shape;

    (void)number;
    memset(&shape, 0, sizeof(shape));
    shape.Width = 1024;
    shape.Height = 512;
    shape.Format = CU_AD_FORMAT_FLOAT;
    shape.NumChannels = 1;
    return drv.cuArray3DCreate_v2(&t->array, &shape);
}

static CUresult give_array(union thing *t)
{
    return drv.cuArrayDestroy(t->array);
}

static CUresult take_exec(union thing *t, unsigned int number)
{
    static CUgraph graph;
    CUgraphNode node = NULL;

    (void)number;
    if (graph == NULL) {
        must(drv.cuGraphCreate(&graph, 0), "make a graph");
        must(drv.cuGraphAddEmptyNode(&node, graph, NULL, 0), "add a node");
    }
    return drv.cuGraphInstantiateWithFlags(&t->exec, graph, 0);
}

static CUresult give_exec(union thing *t)
{
    return drv.cuGraphExecDestroy(t->exec);
}

/* Ever larger stacks: each thing is one step, and what is given back makes it smaller. */
static size_t stack_bytes = STACK_STEP;

static CUresult take_stack(union thing *t, unsigned int number)
{
    CUresult cu = drv.cuCtxSetLimit(CU_LIMIT_STACK_SIZE, stack_bytes + STACK_STEP);

    (void)number;
    t->value = stack_bytes;
    stack_bytes += cu == CUDA_SUCCESS ? STACK_STEP : 0;
    return cu;
}

static CUresult give_stack(union thing *t)
{
    (void)t;
    stack_bytes -= STACK_STEP;
    return drv.cuCtxSetLimit(CU_LIMIT_STACK_SIZE, stack_bytes);
}

static const struct kind kinds[] = {
    {"stream", take_stream, give_stream},    {"event", take_event, give_event},
    {"context", take_context, give_context}, {"link", take_link, give_link},
    {"range", take_range, give_range},       {"physical", take_physical, give_physical},
    {"device", take_device, give_device},    {"ordered", take_ordered, give_ordered},
    {"pinned", take_pinned, give_pinned},    {"stack", take_stack, give_stack},
    {"module", take_module, give_module},    {"array", take_array, give_array},
    {"exec", take_exec, give_exec},
};

static const struct kind *find(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

#define MUST(call) must(drv.call, #call)

static void prepare(void)
{
    CUcontext context = NULL;

    if (driver_api_load() != 0) {
        exit(77);
    }
    MUST(cuInit(0));
    MUST(cuDeviceGet(&device, 0));
    MUST(cuCtxCreate_v2(&context, 0, device));
}

/* As many as there are, or MOST. */
static unsigned int take_all(const struct kind *kind, CUresult *cu)
{
    unsigned int count = 0;

    *cu = CUDA_SUCCESS;
    while (count < MOST && *cu == CUDA_SUCCESS) {
        *cu = kind->take(&things[count], count);
        count += *cu == CUDA_SUCCESS;
    }
    return count;
}

int main(int argc, char **argv)
{
    const struct kind *kind = argc > 1 ? find(argv[1]) : NULL;
    unsigned int count;
    CUresult cu;

    if (kind == NULL) {
        return 2;
    }
    prepare();
    count = take_all(kind, &cu);
    printf("full count=%u code=%d\n", count, (int)cu);
    (void)fflush(stdout);
    (void)getchar();
    if (count == 0) {
        return 1;
    }
    must(kind->give(&things[count - 1]), "give one");
    must(kind->take(&things[count - 1], count - 1), "take one again");
    cu = kind->take(&things[count], count);
    printf("still code=%d\n", (int)cu);
    for (unsigned int i = count; i-- > 0;) {
        must(kind->give(&things[i]), "give all");
    }
    must(kind->take(&things[0], 0), "take the first");
    must(kind->give(&things[0]), "give the first");
    printf("empty\n");
    return 0;
}
