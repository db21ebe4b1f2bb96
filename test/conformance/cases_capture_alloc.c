/* SPDX-License-Identifier: Apache-2.0 */

/* Memory in a stream's order, captured; and what a device refuses to say of memory in graphs. */
#include "test/conformance/graph.h"

#define BYTES 4096u

static CUstream capturing(void)
{
    CUstream s = NULL;

    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuStreamBeginCapture_v2(s, CU_STREAM_CAPTURE_MODE_GLOBAL));
    return s;
}

static CUgraph ended(CUstream s)
{
    CUgraph graph = NULL;

    CONF_OK(cuStreamEndCapture(s, &graph));
    return graph;
}

CONF_POSITIVE(cuMemAllocAsync, captured)
{
    CUgraphNodeType type = CU_GRAPH_NODE_TYPE_EMPTY;
    CUgraphNode nodes[4] = {NULL};
    size_t count = 4;
    CUdeviceptr p = 0, to = 0;
    CUgraph graph = NULL;
    CUstream s = NULL;

    conf_context();
    to = conf_word(0);
    s = capturing();
    CONF_OK(cuMemAllocAsync(&p, BYTES, s));
    CONF_OK(cuMemsetD32Async(p, 43, 1, s));
    CONF_OK(cuMemcpyDtoDAsync_v2(to, p, 4, s));
    CONF_OK(cuMemFreeAsync(p, s));
    graph = ended(s);
    CONF_OK(cuGraphGetNodes(graph, nodes, &count));
    CONF_VALUE(count);
    for (size_t i = 0; i < count; i++) {
        CONF_OK(cuGraphNodeGetType(nodes[i], &type));
        CONF_VALUE(type);
    }
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(to));
}

CONF_POSITIVE(cuMemAllocFromPoolAsync, captured)
{
    CUDA_MEM_ALLOC_NODE_PARAMS params = {.bytesize = 0};
    CUmemoryPool pool = NULL;
    CUgraphNode node = NULL;
    size_t count = 1;
    CUdeviceptr p = 0;
    CUgraph graph = NULL;
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuDeviceGetDefaultMemPool(&pool, conf_device()));
    s = capturing();
    CONF_OK(cuMemAllocFromPoolAsync(&p, BYTES, pool, s));
    graph = ended(s);
    CONF_OK(cuGraphGetNodes(graph, &node, &count));
    CONF_OK(cuGraphMemAllocNodeGetParams(node, &params));
    CONF_EXPECT(params.dptr == p);
    CONF_VALUE(params.bytesize);
    CONF_VALUE(params.poolProps.allocType);
}

CONF_POSITIVE(cuMemFreeAsync, captured_in_another_graph)
{
    CUgraphExec allocs = NULL, frees = NULL;
    CUdeviceptr p = 0;
    CUstream s = NULL;

    conf_context();
    s = capturing();
    CONF_OK(cuMemAllocAsync(&p, BYTES, s));
    CONF_OK(cuMemsetD32Async(p, 44, 1, s));
    allocs = conf_instantiate(ended(s));
    s = capturing();
    CONF_OK(cuMemFreeAsync(p, s));
    frees = conf_instantiate(ended(s));
    conf_run_graph(allocs);
    CONF_VALUE(conf_read(p));
    conf_run_graph(frees);
    conf_run_graph(allocs);
    CONF_VALUE(conf_read(p));
}

CONF_NEGATIVE(cuMemFreeAsync, memory_of_a_pool_in_a_capture)
{
    CUdeviceptr p = 0;
    CUstream s = NULL, t = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&t, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuMemAllocAsync(&p, BYTES, t));
    CONF_SETUP(cuStreamSynchronize(t));
    s = capturing();
    CONF_RESULT(cuMemFreeAsync(p, s), CUDA_ERROR_INVALID_VALUE);
    (void)drv.cuStreamEndCapture(s, &(CUgraph){NULL});
    CONF_OK(cuMemsetD32Async(p, 7, 1024, t)); /* it is still there */
    CONF_OK(cuStreamSynchronize(t));
    CONF_OK(cuMemFreeAsync(p, t));
}

CONF_NEGATIVE(cuMemAllocAsync, in_an_invalid_capture)
{
    CUdeviceptr p = 0;
    CUstream s = NULL;

    conf_context();
    s = capturing();
    CONF_RESULT(cuStreamSynchronize(s), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    CONF_RESULT(cuMemAllocAsync(&p, BYTES, s), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    CONF_EXPECT(p == 0);
}

/* ---- the device's figures of it ---- */

CONF_NEGATIVE(cuDeviceSetGraphMemAttribute, what_is_the_case)
{
    cuuint64_t none = 0;

    conf_context();
    CONF_RESULT(
        cuDeviceSetGraphMemAttribute(conf_device(), CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT, &none),
        CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceSetGraphMemAttribute, no_such_device)
{
    cuuint64_t none = 0;

    conf_context();
    CONF_EITHER(cuDeviceSetGraphMemAttribute(4711, CU_GRAPH_MEM_ATTR_USED_MEM_HIGH, &none),
                CUDA_ERROR_INVALID_DEVICE, CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGraphMemTrim, no_such_device)
{
    conf_context();
    CONF_EITHER(cuDeviceGraphMemTrim(4711), CUDA_ERROR_INVALID_DEVICE, CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGraphMemTrim, less_than_none)
{
    conf_context();
    CONF_EITHER(cuDeviceGraphMemTrim(-1), CUDA_ERROR_INVALID_DEVICE, CUDA_ERROR_INVALID_VALUE);
}
