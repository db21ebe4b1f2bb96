/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/graph_block.h"

#include "gs_calls.h"
#include "gs_symbols.h"
#include "guest/libcuda/graph.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"

/* Another thread comes in between when a node has been given a block that its graph has. */

#define BYTES (1u << 20)

static struct fake_broker broker;
static void (*between)(void); /* what it does */
static bool reused;
static CUgraph graph;
static CUstream stream;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
bool __real_gs_block_reuse(struct gs_graph *in, const CUgraphNode *deps, size_t count,
                           struct gs_node_params *params);
bool __wrap_gs_block_reuse(struct gs_graph *in, const CUgraphNode *deps, size_t count,
                           struct gs_node_params *params);
void __real_gs_graphs_unlock(void);
void __wrap_gs_graphs_unlock(void);

bool __wrap_gs_block_reuse(struct gs_graph *in, const CUgraphNode *deps, size_t count,
                           struct gs_node_params *params)
{
    reused = __real_gs_block_reuse(in, deps, count, params);
    return reused;
}

void __wrap_gs_graphs_unlock(void)
{
    bool now = reused;

    reused = false;
    __real_gs_graphs_unlock();
    if (now && between != NULL) {
        between();
    }
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void start(void)
{
    CUcontext context;

    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
}

static uint64_t attribute(CUgraphMem_attribute which)
{
    uint64_t bytes = 1;

    CHILD_CHECK(cuDeviceGetGraphMemAttribute(0, which, &bytes) == CUDA_SUCCESS);
    return bytes;
}

static void nothing_is_left(void)
{
    CHILD_CHECK(attribute(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT) == 0);
    CHILD_CHECK(cuDeviceGraphMemTrim(0) == CUDA_SUCCESS);
    CHILD_CHECK(attribute(CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT) == 0);
    CHILD_CHECK(attribute(CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH) == BYTES);
}

static CUdeviceptr add_alloc(CUgraphNode after, CUgraphNode *node)
{
    CUDA_MEM_ALLOC_NODE_PARAMS p = {.bytesize = BYTES};

    p.poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
    p.poolProps.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    CHILD_CHECK(cuGraphAddMemAllocNode(node, graph, &after, after != NULL, &p) == CUDA_SUCCESS);
    return p.dptr;
}

static void destroy_graph(void)
{
    CHILD_CHECK(cuGraphDestroy(graph) == CUDA_SUCCESS);
}

/* The node was there before the graph went. */
static void graph_goes(void)
{
    CUgraphNode node;
    CUdeviceptr p;

    start();
    CHILD_CHECK(cuGraphCreate(&graph, 0) == CUDA_SUCCESS);
    p = add_alloc(NULL, &node);
    CHILD_CHECK(cuGraphAddMemFreeNode(&node, graph, &node, 1, p) == CUDA_SUCCESS);
    between = destroy_graph;
    CHILD_CHECK(add_alloc(node, &node) == p);
    CHILD_CHECK(cuGraphDestroy(graph) == CUDA_ERROR_INVALID_VALUE);
    nothing_is_left();
    fake_broker_stop(&broker);
}

static void end_capture(void)
{
    CHILD_CHECK(cuStreamEndCapture(stream, &graph) == CUDA_SUCCESS);
    destroy_graph();
}

static void capture_goes(void)
{
    CUdeviceptr p;
    CUdeviceptr q = 0;

    start();
    CHILD_CHECK(cuStreamCreate(&stream, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAllocAsync(&p, BYTES, stream) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemFreeAsync(p, stream) == CUDA_SUCCESS);
    between = end_capture;
    CHILD_CHECK(cuMemAllocAsync(&q, BYTES, stream) == CUDA_SUCCESS && q == p);
    between = NULL;
    nothing_is_left();
    fake_broker_stop(&broker);
}

/* A node that cannot be added gives back what it was given. */
static void refused(void)
{
    CUDA_MEM_ALLOC_NODE_PARAMS p = {.bytesize = BYTES};
    CUgraphNode nodes[2];
    CUgraphNode node;
    CUdeviceptr first;

    start();
    CHILD_CHECK(cuGraphCreate(&graph, 0) == CUDA_SUCCESS);
    first = add_alloc(NULL, &node);
    CHILD_CHECK(cuGraphAddMemFreeNode(&node, graph, &node, 1, first) == CUDA_SUCCESS);
    nodes[0] = node;
    nodes[1] = node;
    p.poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
    p.poolProps.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    CHILD_CHECK(cuGraphAddMemAllocNode(&node, graph, nodes, 2, &p) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(p.dptr == 0);
    CHILD_CHECK(add_alloc(nodes[0], &node) == first);
    destroy_graph();
    nothing_is_left();
    fake_broker_stop(&broker);
}

static void test_graph_goes(void **state)
{
    (void)state;
    fake_run_in_child(graph_goes);
}

static void test_capture_goes(void **state)
{
    (void)state;
    fake_run_in_child(capture_goes);
}

static void test_refused(void **state)
{
    (void)state;
    fake_run_in_child(refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graph_goes),
        cmocka_unit_test(test_capture_goes),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
