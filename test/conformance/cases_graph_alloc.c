/* SPDX-License-Identifier: Apache-2.0 */

/* Nodes that allocate and free. */
#include "test/conformance/graph.h"

#define BYTES 4096u

static CUDA_MEM_ALLOC_NODE_PARAMS want(size_t bytes)
{
    CUDA_MEM_ALLOC_NODE_PARAMS p = {.bytesize = bytes};

    p.poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
    p.poolProps.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    p.poolProps.location.id = conf_device();
    return p;
}

static CUgraphNode add_alloc(CUgraph graph, CUgraphNode after, size_t bytes, CUdeviceptr *p)
{
    CUDA_MEM_ALLOC_NODE_PARAMS params = want(bytes);
    CUgraphNode node = NULL;

    CONF_SETUP(cuGraphAddMemAllocNode(&node, graph, &after, after != NULL, &params));
    *p = params.dptr;
    return node;
}

/* Pointers, because `after` is often what sets the address. */
static CUgraphNode add_free(CUgraph graph, CUgraphNode after, const CUdeviceptr *p)
{
    CUgraphNode node = NULL;

    CONF_SETUP(cuGraphAddMemFreeNode(&node, graph, &after, 1, *p));
    return node;
}

static CUgraphNode add_fill(CUgraph graph, CUgraphNode after, const CUdeviceptr *p,
                            unsigned int value)
{
    CUDA_MEMSET_NODE_PARAMS fill = conf_fill_node(*p, value);
    CUgraphNode node = NULL;
    CUcontext ctx = NULL;

    CONF_SETUP(cuCtxGetCurrent(&ctx));
    CONF_SETUP(cuGraphAddMemsetNode(&node, graph, &after, 1, &fill, ctx));
    return node;
}

static CUgraphNode add_copy(CUgraph graph, CUgraphNode after, CUdeviceptr to, CUdeviceptr from)
{
    CUDA_MEMCPY3D copy = conf_copy_node(to, from);
    CUgraphNode node = NULL;
    CUcontext ctx = NULL;

    CONF_SETUP(cuCtxGetCurrent(&ctx));
    CONF_SETUP(cuGraphAddMemcpyNode(&node, graph, &after, 1, &copy, ctx));
    return node;
}

/* A graph that allocates, fills, and leaves its memory. */
static CUgraph producer(CUdeviceptr *p, unsigned int value)
{
    CUgraph graph = conf_graph();

    add_fill(graph, add_alloc(graph, NULL, BYTES, p), p, value);
    return graph;
}

/* A graph that allocates and frees. */
static CUgraph closed(CUdeviceptr *p)
{
    CUgraph graph = conf_graph();

    add_free(graph, add_alloc(graph, NULL, BYTES, p), p);
    return graph;
}

CONF_POSITIVE(cuGraphAddMemAllocNode, used_and_freed_at_each_run)
{
    CUdeviceptr p = 0, to = 0;
    CUgraphNode node = NULL;
    CUgraphExec exec = NULL;
    CUgraph graph = NULL;

    conf_context();
    to = conf_word(0);
    graph = conf_graph();
    node = add_fill(graph, add_alloc(graph, NULL, BYTES, &p), &p, 41);
    node = add_copy(graph, node, to, p);
    add_free(graph, node, &p);
    CONF_EXPECT(p != 0);
    exec = conf_instantiate(graph);
    for (unsigned int i = 0; i < 3; i++) {
        CONF_SETUP(cuMemsetD32_v2(to, 0, 1));
        conf_run_graph(exec);
        CONF_VALUE(conf_read(to));
    }
    CONF_OK(cuGraphExecDestroy(exec));
    CONF_OK(cuGraphDestroy(graph));
}

CONF_POSITIVE(cuGraphAddMemAllocNode, memory_outlives_graph_and_executable)
{
    CUgraphExec exec = NULL;
    CUgraph graph = NULL;
    CUdeviceptr p = 0;

    conf_context();
    graph = producer(&p, 42);
    exec = conf_instantiate(graph);
    CONF_OK(cuGraphDestroy(graph));
    conf_run_graph(exec);
    CONF_OK(cuGraphExecDestroy(exec));
    CONF_VALUE(conf_read(p));
    CONF_OK(cuMemFree_v2(p));
    CONF_RESULT(cuMemFree_v2(p), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuGraphAddMemAllocNode, by_the_general_call)
{
    CUgraphNodeParams params = {.type = CU_GRAPH_NODE_TYPE_MEM_ALLOC};
    CUgraphNodeType type = CU_GRAPH_NODE_TYPE_EMPTY;
    CUgraphNode node = NULL, end = NULL;
    CUgraph graph = NULL;
    CUdeviceptr p = 0;

    conf_context();
    graph = conf_graph();
    params.alloc.poolProps = want(BYTES).poolProps;
    params.alloc.bytesize = BYTES;
    CONF_OK(cuGraphAddNode_v2(&node, graph, NULL, NULL, 0, &params));
    p = params.alloc.dptr;
    CONF_EXPECT(p != 0);
    CONF_OK(cuGraphNodeGetType(node, &type));
    CONF_VALUE(type);
    params = (CUgraphNodeParams){.type = CU_GRAPH_NODE_TYPE_MEM_FREE};
    params.free.dptr = p;
    CONF_OK(cuGraphAddNode_v2(&end, graph, &node, NULL, 1, &params));
    CONF_OK(cuGraphNodeGetType(end, &type));
    CONF_VALUE(type);
    conf_run_graph(conf_instantiate(graph));
}

/* Addresses may be the same, and what both hold is right either way. */
CONF_POSITIVE(cuGraphAddMemAllocNode, one_after_the_other)
{
    CUdeviceptr first = 0, second = 0, to = 0, and = 0;
    CUgraphNode node = NULL;
    CUgraph graph = NULL;

    conf_context();
    to = conf_word(0);
    and = conf_word(0);
    graph = conf_graph();
    node = add_fill(graph, add_alloc(graph, NULL, BYTES, &first), &first, 1);
    node = add_free(graph, add_copy(graph, node, to, first), &first);
    node = add_fill(graph, add_alloc(graph, node, BYTES, &second), &second, 2);
    add_free(graph, add_copy(graph, node, and, second), &second);
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(to));
    CONF_VALUE(conf_read(and));
}

CONF_POSITIVE(cuGraphAddMemAllocNode, side_by_side)
{
    CUdeviceptr first = 0, second = 0, to = 0, and = 0;
    CUgraphNode left = NULL, right = NULL;
    CUgraph graph = NULL;

    conf_context();
    to = conf_word(0);
    and = conf_word(0);
    graph = conf_graph();
    left = add_fill(graph, add_alloc(graph, NULL, BYTES, &first), &first, 1);
    add_free(graph, add_copy(graph, left, to, first), &first);
    right = add_fill(graph, add_alloc(graph, NULL, BYTES, &second), &second, 2);
    add_free(graph, add_copy(graph, right, and, second), &second);
    CONF_EXPECT(first != second);
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(to));
    CONF_VALUE(conf_read(and));
}

CONF_POSITIVE(cuGraphAddMemAllocNode, attributes_of_its_address)
{
    CUmemorytype type = 0;
    CUdeviceptr p = 0, base = 0;
    size_t size = 0;

    conf_context();
    conf_run_graph(conf_instantiate(producer(&p, 1)));
    CONF_OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p + 8));
    CONF_VALUE(type);
    CONF_OK(cuMemGetAddressRange_v2(&base, &size, p + 8));
    CONF_EXPECT(base == p);
    CONF_VALUE(size);
}

CONF_NEGATIVE(cuGraphAddMemAllocNode, null_params)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddMemAllocNode(&node, conf_graph(), NULL, 0, NULL));
}

CONF_NEGATIVE(cuGraphAddMemAllocNode, no_bytes)
{
    CUDA_MEM_ALLOC_NODE_PARAMS p;
    CUgraphNode node = NULL;

    conf_context();
    p = want(0);
    CONF_REFUSED(cuGraphAddMemAllocNode(&node, conf_graph(), NULL, 0, &p));
}

CONF_NEGATIVE(cuGraphAddMemAllocNode, no_such_device)
{
    CUDA_MEM_ALLOC_NODE_PARAMS p;
    CUgraphNode node = NULL;

    conf_context();
    p = want(BYTES);
    p.poolProps.location.id = 4711;
    CONF_FAILS(cuGraphAddMemAllocNode(&node, conf_graph(), NULL, 0, &p));
}

CONF_POSITIVE(cuGraphMemAllocNodeGetParams, as_set)
{
    CUDA_MEM_ALLOC_NODE_PARAMS p = {.bytesize = 0};
    CUgraphNode node = NULL;
    CUdeviceptr address = 0;

    conf_context();
    node = add_alloc(conf_graph(), NULL, BYTES, &address);
    CONF_OK(cuGraphMemAllocNodeGetParams(node, &p));
    CONF_EXPECT(p.dptr == address);
    CONF_VALUE(p.bytesize);
    CONF_VALUE(p.poolProps.allocType);
    CONF_VALUE(p.poolProps.location.type);
}

CONF_NEGATIVE(cuGraphMemAllocNodeGetParams, null_out)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_REFUSED(cuGraphMemAllocNodeGetParams(add_alloc(conf_graph(), NULL, BYTES, &p), NULL));
}

CONF_NEGATIVE(cuGraphMemAllocNodeGetParams, another_kind)
{
    CUDA_MEM_ALLOC_NODE_PARAMS p;

    conf_context();
    CONF_REFUSED(cuGraphMemAllocNodeGetParams(conf_empty(conf_graph()), &p));
}

CONF_POSITIVE(cuGraphAddMemFreeNode, in_another_graph)
{
    CUgraphExec allocs = NULL, frees = NULL;
    CUgraph graph = NULL;
    CUgraphNode node = NULL;
    CUdeviceptr p = 0;

    conf_context();
    allocs = conf_instantiate(producer(&p, 5));
    graph = conf_graph();
    CONF_OK(cuGraphAddMemFreeNode(&node, graph, NULL, 0, p));
    frees = conf_instantiate(graph);
    for (unsigned int i = 0; i < 2; i++) {
        conf_run_graph(allocs);
        CONF_VALUE(conf_read(p));
        conf_run_graph(frees);
    }
}

CONF_NEGATIVE(cuGraphAddMemFreeNode, twice_in_a_graph)
{
    CUgraphNode node = NULL, after = NULL;
    CUgraph graph = NULL;
    CUdeviceptr p = 0;

    conf_context();
    graph = conf_graph();
    after = add_free(graph, add_alloc(graph, NULL, BYTES, &p), &p);
    CONF_RESULT(cuGraphAddMemFreeNode(&node, graph, &after, 1, p), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphAddMemFreeNode, memory_of_no_graph)
{
    CUgraphNode node = NULL;
    CUgraph graph = NULL;
    CUdeviceptr p = 0;

    conf_context();
    graph = conf_graph();
    p = conf_memory(BYTES);
    CONF_RESULT(cuGraphAddMemFreeNode(&node, graph, NULL, 0, p), CUDA_ERROR_INVALID_VALUE);
    CONF_RESULT(cuGraphAddMemFreeNode(&node, graph, NULL, 0, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphAddMemFreeNode, what_its_own_graph_frees)
{
    CUgraphNode node = NULL;
    CUdeviceptr p = 0;

    conf_context();
    closed(&p);
    CONF_FAILS(cuGraphAddMemFreeNode(&node, conf_graph(), NULL, 0, p));
}

CONF_NEGATIVE(cuGraphAddMemFreeNode, what_another_graph_frees)
{
    CUgraphNode node = NULL, first = NULL;
    CUgraph graph = NULL;
    CUdeviceptr p = 0;

    conf_context();
    graph = conf_graph();
    first = add_alloc(graph, NULL, BYTES, &p);
    CONF_SETUP(cuGraphAddMemFreeNode(&node, conf_graph(), NULL, 0, p));
    CONF_FAILS(cuGraphAddMemFreeNode(&node, graph, &first, 1, p));
}

CONF_POSITIVE(cuGraphMemFreeNodeGetParams, as_set)
{
    CUdeviceptr p = 0, frees = 0;
    CUgraph graph = NULL;

    conf_context();
    graph = conf_graph();
    CONF_OK(cuGraphMemFreeNodeGetParams(add_free(graph, add_alloc(graph, NULL, BYTES, &p), &p),
                                        &frees));
    CONF_EXPECT(frees == p);
}

CONF_NEGATIVE(cuGraphMemFreeNodeGetParams, null_out)
{
    CUgraph graph = NULL;
    CUdeviceptr p = 0;

    conf_context();
    graph = conf_graph();
    CONF_REFUSED(
        cuGraphMemFreeNodeGetParams(add_free(graph, add_alloc(graph, NULL, BYTES, &p), &p), NULL));
}

CONF_NEGATIVE(cuGraphMemFreeNodeGetParams, another_kind)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_REFUSED(cuGraphMemFreeNodeGetParams(conf_empty(conf_graph()), &p));
}

/* ---- runs ---- */

CONF_NEGATIVE(cuGraphLaunch, again_with_memory_unfreed)
{
    CUgraphExec exec = NULL;
    CUdeviceptr p = 0;

    conf_context();
    exec = conf_instantiate(producer(&p, 6));
    conf_run_graph(exec);
    CONF_RESULT(cuGraphLaunch(exec, NULL), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuMemFreeAsync(p, NULL));
    conf_run_graph(exec);
    CONF_VALUE(conf_read(p));
}

CONF_POSITIVE(cuGraphInstantiateWithFlags, frees_before_it_runs_again)
{
    CUgraphExec exec = NULL;
    CUdeviceptr p = 0;

    conf_context();
    CONF_OK(cuGraphInstantiateWithFlags(&exec, producer(&p, 6),
                                        CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH));
    conf_run_graph(exec);
    conf_run_graph(exec);
    CONF_VALUE(conf_read(p));
    CONF_OK(cuMemFreeAsync(p, NULL));
    CONF_OK(cuGraphExecDestroy(exec));
}

CONF_NEGATIVE(cuGraphInstantiateWithFlags, twice_with_memory)
{
    CUgraphExec first = NULL, second = NULL;
    CUgraph graph = NULL;
    CUdeviceptr p = 0;

    conf_context();
    graph = closed(&p);
    first = conf_instantiate(graph);
    CONF_RESULT(cuGraphInstantiateWithFlags(&second, graph, 0), CUDA_ERROR_NOT_SUPPORTED);
    CONF_OK(cuGraphExecDestroy(first));
    CONF_OK(cuGraphInstantiateWithFlags(&second, graph, 0));
    conf_run_graph(second);
}

CONF_NEGATIVE(cuMemFreeAsync, memory_of_a_graph_that_did_not_run)
{
    CUdeviceptr p = 0;

    conf_context();
    producer(&p, 1);
    CONF_FAILS(cuMemFreeAsync(p, NULL));
}

CONF_NEGATIVE(cuMemFreeAsync, what_the_graph_frees)
{
    CUdeviceptr p = 0;

    conf_context();
    conf_run_graph(conf_instantiate(closed(&p)));
    CONF_FAILS(cuMemFreeAsync(p, NULL));
}

/* ---- what graphs with memory cannot ---- */

CONF_NEGATIVE(cuGraphClone, with_memory)
{
    CUgraph copy = NULL;
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuGraphClone(&copy, closed(&p)), CUDA_ERROR_NOT_SUPPORTED);
}

CONF_NEGATIVE(cuGraphAddChildGraphNode, with_memory)
{
    CUgraphNode node = NULL;
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuGraphAddChildGraphNode(&node, conf_graph(), NULL, 0, closed(&p)),
                CUDA_ERROR_NOT_SUPPORTED);
}

CONF_NEGATIVE(cuGraphDestroyNode, beside_memory)
{
    CUgraph graph = NULL;
    CUgraphNode node = NULL;
    CUdeviceptr p = 0;

    conf_context();
    graph = conf_graph();
    node = conf_empty(graph);
    add_alloc(graph, NULL, BYTES, &p);
    CONF_RESULT(cuGraphDestroyNode(node), CUDA_ERROR_NOT_SUPPORTED);
}

CONF_NEGATIVE(cuGraphRemoveDependencies_v2, beside_memory)
{
    struct conf_pair pair;
    CUdeviceptr p = 0;

    conf_context();
    pair = conf_pair();
    add_alloc(pair.graph, NULL, BYTES, &p);
    CONF_RESULT(cuGraphRemoveDependencies_v2(pair.graph, &pair.first, &pair.second, NULL, 1),
                CUDA_ERROR_NOT_SUPPORTED);
}

static void updates_with_memory(CUresult want)
{
    CUgraphExecUpdateResultInfo info;
    CUgraphExec exec = NULL;
    CUdeviceptr p = 0, q = 0;

    conf_context();
    exec = conf_instantiate(closed(&p));
    CONF_RESULT(cuGraphExecUpdate_v2(exec, closed(&q), &info), want);
    conf_run_graph(exec);
}

CONF_UNSUPPORTED(cuGraphExecUpdate_v2, with_memory)
{
    updates_with_memory(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
}

CONF_NATIVE(cuGraphExecUpdate_v2, with_memory_of_another)
{
    updates_with_memory(CUDA_SUCCESS);
}

/* ---- the device's ---- */

static cuuint64_t sum(CUgraphMem_attribute attribute)
{
    cuuint64_t value = 0;

    CONF_SETUP(cuDeviceGetGraphMemAttribute(conf_device(), attribute, &value));
    return value;
}

CONF_POSITIVE(cuDeviceGetGraphMemAttribute, beside_a_graph)
{
    cuuint64_t value = 1;
    CUdeviceptr p = 0;

    conf_context();
    CONF_OK(
        cuDeviceGetGraphMemAttribute(conf_device(), CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT, &value));
    CONF_VALUE(value);
    conf_run_graph(conf_instantiate(producer(&p, 1)));
    CONF_EXPECT(sum(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT) >= BYTES);
    CONF_EXPECT(sum(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH) >= BYTES);
    CONF_EXPECT(sum(CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT) >=
                sum(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT));
    CONF_EXPECT(sum(CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH) >=
                sum(CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT));
}

CONF_NEGATIVE(cuDeviceGetGraphMemAttribute, no_such_device)
{
    cuuint64_t value = 0;

    conf_context();
    CONF_EITHER(cuDeviceGetGraphMemAttribute(4711, CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT, &value),
                CUDA_ERROR_INVALID_DEVICE, CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGetGraphMemAttribute, no_such_attribute)
{
    cuuint64_t value = 0;

    conf_context();
    CONF_RESULT(cuDeviceGetGraphMemAttribute(conf_device(), (CUgraphMem_attribute)99, &value),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuDeviceSetGraphMemAttribute, high_marks_go_back)
{
    cuuint64_t none = 0;
    CUgraphExec exec = NULL;
    CUgraph graph = NULL;
    CUdeviceptr p = 0;

    conf_context();
    graph = closed(&p);
    exec = conf_instantiate(graph);
    conf_run_graph(exec);
    CONF_SETUP(cuGraphExecDestroy(exec));
    CONF_SETUP(cuGraphDestroy(graph));
    CONF_SETUP(cuCtxSynchronize());
    CONF_SETUP(cuDeviceGraphMemTrim(conf_device()));
    CONF_OK(cuDeviceSetGraphMemAttribute(conf_device(), CU_GRAPH_MEM_ATTR_USED_MEM_HIGH, &none));
    CONF_OK(
        cuDeviceSetGraphMemAttribute(conf_device(), CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH, &none));
    CONF_VALUE(sum(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH));
    CONF_VALUE(sum(CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH));
}

CONF_POSITIVE(cuDeviceGraphMemTrim, nothing_is_left)
{
    CUgraphExec exec = NULL;
    CUgraph graph = NULL;
    CUdeviceptr p = 0;

    conf_context();
    graph = producer(&p, 1);
    exec = conf_instantiate(graph);
    conf_run_graph(exec);
    CONF_SETUP(cuMemFreeAsync(p, NULL));
    CONF_SETUP(cuGraphExecDestroy(exec));
    CONF_SETUP(cuGraphDestroy(graph));
    CONF_SETUP(cuCtxSynchronize());
    CONF_OK(cuDeviceGraphMemTrim(conf_device()));
    CONF_VALUE(sum(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT));
    CONF_VALUE(sum(CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT));
}
