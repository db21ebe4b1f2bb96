/* SPDX-License-Identifier: Apache-2.0 */

/* Changes of executable graphs. */
#include "test/conformance/graph.h"

#include <string.h>

static void add_one(void *arg)
{
    unsigned int *word = arg;

    *word += 1;
}

static void add_ten(void *arg)
{
    unsigned int *word = arg;

    *word += 10;
}

/* A graph with one node that stores a value, and its executable form. */
struct storing {
    CUgraph graph;
    CUgraphNode node;
    CUgraphExec exec;
    CUdeviceptr word;
};

static struct storing storing(unsigned int value)
{
    struct storing s = {.word = conf_word(0), .graph = conf_graph()};

    s.node = conf_add_kernel(s.graph, NULL, "store", &s.word, &value);
    s.exec = conf_instantiate(s.graph);
    return s;
}

CONF_POSITIVE(cuGraphExecKernelNodeSetParams, another_value)
{
    CUDA_KERNEL_NODE_PARAMS other;
    unsigned int seven = 7;
    CUDA_KERNEL_NODE_PARAMS_v1 params;
    struct storing s;
    void *args[2] = {NULL, &seven};

    conf_context();
    s = storing(5);
    conf_run_graph(s.exec);
    CONF_VALUE(conf_read(s.word));
    args[0] = &s.word;
    other = conf_kernel_node("store", args);
    memcpy(&params, &other, sizeof(params));
    CONF_OK(cuGraphExecKernelNodeSetParams(s.exec, s.node, &params));
    conf_run_graph(s.exec);
    CONF_VALUE(conf_read(s.word));
}

CONF_NEGATIVE(cuGraphExecKernelNodeSetParams, null_params)
{
    struct storing s;

    conf_context();
    s = storing(5);
    CONF_REFUSED(cuGraphExecKernelNodeSetParams(s.exec, s.node, NULL));
}

CONF_NEGATIVE(cuGraphExecKernelNodeSetParams, null_node)
{
    CUDA_KERNEL_NODE_PARAMS other;
    CUDA_KERNEL_NODE_PARAMS_v1 params;
    struct storing s;

    conf_context();
    s = storing(5);
    other = conf_kernel_node("noop", NULL);
    memcpy(&params, &other, sizeof(params));
    CONF_REFUSED(cuGraphExecKernelNodeSetParams(s.exec, NULL, &params));
}

CONF_POSITIVE(cuGraphExecKernelNodeSetParams_v2, another_value)
{
    CUDA_KERNEL_NODE_PARAMS other;
    unsigned int seven = 7;
    CUDA_KERNEL_NODE_PARAMS params;
    struct storing s;
    void *args[2] = {NULL, &seven};

    conf_context();
    s = storing(5);
    conf_run_graph(s.exec);
    CONF_VALUE(conf_read(s.word));
    args[0] = &s.word;
    other = conf_kernel_node("store", args);
    memcpy(&params, &other, sizeof(params));
    CONF_OK(cuGraphExecKernelNodeSetParams_v2(s.exec, s.node, &params));
    conf_run_graph(s.exec);
    CONF_VALUE(conf_read(s.word));
}

CONF_NEGATIVE(cuGraphExecKernelNodeSetParams_v2, null_params)
{
    struct storing s;

    conf_context();
    s = storing(5);
    CONF_REFUSED(cuGraphExecKernelNodeSetParams_v2(s.exec, s.node, NULL));
}

CONF_NEGATIVE(cuGraphExecKernelNodeSetParams_v2, null_node)
{
    CUDA_KERNEL_NODE_PARAMS other;
    CUDA_KERNEL_NODE_PARAMS params;
    struct storing s;

    conf_context();
    s = storing(5);
    other = conf_kernel_node("noop", NULL);
    memcpy(&params, &other, sizeof(params));
    CONF_REFUSED(cuGraphExecKernelNodeSetParams_v2(s.exec, NULL, &params));
}

CONF_POSITIVE(cuGraphExecMemcpyNodeSetParams, another_source)
{
    CUcontext ctx = conf_context();
    CUdeviceptr from = conf_word(1), other = conf_word(2), to = conf_word(0);
    CUDA_MEMCPY3D copy = conf_copy_node(to, from);
    CUgraph graph = conf_graph();
    CUgraphNode node = NULL;
    CUgraphExec exec = NULL;

    CONF_SETUP(cuGraphAddMemcpyNode(&node, graph, NULL, 0, &copy, ctx));
    exec = conf_instantiate(graph);
    copy = conf_copy_node(to, other);
    CONF_OK(cuGraphExecMemcpyNodeSetParams(exec, node, &copy, ctx));
    conf_run_graph(exec);
    CONF_VALUE(conf_read(to));
}

CONF_NEGATIVE(cuGraphExecMemcpyNodeSetParams, another_kind)
{
    CUcontext ctx = conf_context();
    CUDA_MEMCPY3D copy = conf_copy_node(conf_word(0), conf_word(0));
    struct storing s = storing(5);

    CONF_REFUSED(cuGraphExecMemcpyNodeSetParams(s.exec, s.node, &copy, ctx));
}

CONF_NEGATIVE(cuGraphExecMemcpyNodeSetParams, null_node)
{
    CUcontext ctx = conf_context();
    CUDA_MEMCPY3D copy = conf_copy_node(conf_word(0), conf_word(0));
    struct storing s = storing(5);

    CONF_REFUSED(cuGraphExecMemcpyNodeSetParams(s.exec, NULL, &copy, ctx));
}

CONF_POSITIVE(cuGraphExecMemsetNodeSetParams, another_value)
{
    CUcontext ctx = conf_context();
    CUdeviceptr word = conf_word(0);
    CUDA_MEMSET_NODE_PARAMS fill = conf_fill_node(word, 1);
    CUgraph graph = conf_graph();
    CUgraphNode node = NULL;
    CUgraphExec exec = NULL;

    CONF_SETUP(cuGraphAddMemsetNode(&node, graph, NULL, 0, &fill, ctx));
    exec = conf_instantiate(graph);
    fill = conf_fill_node(word, 2);
    CONF_OK(cuGraphExecMemsetNodeSetParams(exec, node, &fill, ctx));
    conf_run_graph(exec);
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphExecMemsetNodeSetParams, another_kind)
{
    CUcontext ctx = conf_context();
    CUDA_MEMSET_NODE_PARAMS fill = conf_fill_node(conf_word(0), 1);
    struct storing s = storing(5);

    CONF_REFUSED(cuGraphExecMemsetNodeSetParams(s.exec, s.node, &fill, ctx));
}

CONF_NEGATIVE(cuGraphExecMemsetNodeSetParams, null_node)
{
    CUcontext ctx = conf_context();
    CUDA_MEMSET_NODE_PARAMS fill = conf_fill_node(conf_word(0), 1);
    struct storing s = storing(5);

    CONF_REFUSED(cuGraphExecMemsetNodeSetParams(s.exec, NULL, &fill, ctx));
}

CONF_POSITIVE(cuGraphExecHostNodeSetParams, another_function)
{
    unsigned int word = 0;
    CUDA_HOST_NODE_PARAMS params = {.fn = add_one, .userData = &word};
    CUgraphNode node = NULL;
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;

    conf_context();
    graph = conf_graph();
    CONF_SETUP(cuGraphAddHostNode(&node, graph, NULL, 0, &params));
    exec = conf_instantiate(graph);
    conf_run_graph(exec);
    params.fn = add_ten;
    CONF_OK(cuGraphExecHostNodeSetParams(exec, node, &params));
    conf_run_graph(exec);
    CONF_VALUE(word);
}

CONF_NEGATIVE(cuGraphExecHostNodeSetParams, another_kind)
{
    CUDA_HOST_NODE_PARAMS params = {.fn = add_one};
    struct storing s;

    conf_context();
    s = storing(5);
    CONF_REFUSED(cuGraphExecHostNodeSetParams(s.exec, s.node, &params));
}

CONF_NEGATIVE(cuGraphExecHostNodeSetParams, null_node)
{
    CUDA_HOST_NODE_PARAMS params = {.fn = add_one};
    struct storing s;

    conf_context();
    s = storing(5);
    CONF_REFUSED(cuGraphExecHostNodeSetParams(s.exec, NULL, &params));
}

static CUstreamBatchMemOpParams write_word(CUdeviceptr word, unsigned int value)
{
    CUstreamBatchMemOpParams op;

    memset(&op, 0, sizeof(op));
    op.writeValue.operation = CU_STREAM_MEM_OP_WRITE_VALUE_32;
    op.writeValue.address = word;
    op.writeValue.value = value;
    return op;
}

CONF_POSITIVE(cuGraphExecBatchMemOpNodeSetParams, another_value)
{
    CUcontext ctx = conf_context();
    CUdeviceptr word = conf_word(0);
    CUstreamBatchMemOpParams op = write_word(word, 1);
    CUDA_BATCH_MEM_OP_NODE_PARAMS params = {.ctx = ctx, .count = 1, .paramArray = &op};
    CUgraph graph = conf_graph();
    CUgraphNode node = NULL;
    CUgraphExec exec = NULL;

    CONF_SETUP(cuGraphAddBatchMemOpNode(&node, graph, NULL, 0, &params));
    exec = conf_instantiate(graph);
    op = write_word(word, 2);
    CONF_OK(cuGraphExecBatchMemOpNodeSetParams(exec, node, &params));
    conf_run_graph(exec);
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphExecBatchMemOpNodeSetParams, another_kind)
{
    CUcontext ctx = conf_context();
    CUstreamBatchMemOpParams op = write_word(conf_word(0), 1);
    CUDA_BATCH_MEM_OP_NODE_PARAMS params = {.ctx = ctx, .count = 1, .paramArray = &op};
    struct storing s = storing(5);

    CONF_REFUSED(cuGraphExecBatchMemOpNodeSetParams(s.exec, s.node, &params));
}

CONF_NEGATIVE(cuGraphExecBatchMemOpNodeSetParams, null_node)
{
    CUcontext ctx = conf_context();
    CUstreamBatchMemOpParams op = write_word(conf_word(0), 1);
    CUDA_BATCH_MEM_OP_NODE_PARAMS params = {.ctx = ctx, .count = 1, .paramArray = &op};
    struct storing s = storing(5);

    CONF_REFUSED(cuGraphExecBatchMemOpNodeSetParams(s.exec, NULL, &params));
}

CONF_POSITIVE(cuGraphExecEventRecordNodeSetEvent, another)
{
    CUevent event = NULL, other = NULL;
    CUgraphNode node = NULL;
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&event, 0));
    CONF_SETUP(cuEventCreate(&other, 0));
    graph = conf_graph();
    CONF_SETUP(cuGraphAddEventRecordNode(&node, graph, NULL, 0, event));
    exec = conf_instantiate(graph);
    CONF_OK(cuGraphExecEventRecordNodeSetEvent(exec, node, other));
    conf_run_graph(exec);
    CONF_OK(cuEventSynchronize(other));
}

CONF_NEGATIVE(cuGraphExecEventRecordNodeSetEvent, another_kind)
{
    CUevent event = NULL;
    struct storing s;

    conf_context();
    CONF_SETUP(cuEventCreate(&event, 0));
    s = storing(5);
    CONF_REFUSED(cuGraphExecEventRecordNodeSetEvent(s.exec, s.node, event));
}

CONF_NEGATIVE(cuGraphExecEventRecordNodeSetEvent, null_node)
{
    CUevent event = NULL;
    struct storing s;

    conf_context();
    CONF_SETUP(cuEventCreate(&event, 0));
    s = storing(5);
    CONF_REFUSED(cuGraphExecEventRecordNodeSetEvent(s.exec, NULL, event));
}

CONF_POSITIVE(cuGraphExecEventWaitNodeSetEvent, another)
{
    CUevent event = NULL, other = NULL;
    CUgraphNode node = NULL;
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&event, 0));
    CONF_SETUP(cuEventCreate(&other, 0));
    graph = conf_graph();
    CONF_SETUP(cuGraphAddEventWaitNode(&node, graph, NULL, 0, event));
    exec = conf_instantiate(graph);
    CONF_OK(cuGraphExecEventWaitNodeSetEvent(exec, node, other));
    conf_run_graph(exec);
    CONF_OK(cuEventSynchronize(other));
}

CONF_NEGATIVE(cuGraphExecEventWaitNodeSetEvent, another_kind)
{
    CUevent event = NULL;
    struct storing s;

    conf_context();
    CONF_SETUP(cuEventCreate(&event, 0));
    s = storing(5);
    CONF_REFUSED(cuGraphExecEventWaitNodeSetEvent(s.exec, s.node, event));
}

CONF_NEGATIVE(cuGraphExecEventWaitNodeSetEvent, null_node)
{
    CUevent event = NULL;
    struct storing s;

    conf_context();
    CONF_SETUP(cuEventCreate(&event, 0));
    s = storing(5);
    CONF_REFUSED(cuGraphExecEventWaitNodeSetEvent(s.exec, NULL, event));
}

CONF_POSITIVE(cuGraphExecChildGraphNodeSetParams, another_value)
{
    unsigned int two = 2, three = 3;
    CUgraph graph = NULL, child = NULL, other = NULL;
    CUgraphNode node = NULL;
    CUgraphExec exec = NULL;
    CUdeviceptr word = 0;

    conf_context();
    word = conf_word(0);
    graph = conf_graph();
    child = conf_graph();
    other = conf_graph();
    (void)conf_add_kernel(child, NULL, "add", &word, &two);
    (void)conf_add_kernel(other, NULL, "add", &word, &three);
    CONF_SETUP(cuGraphAddChildGraphNode(&node, graph, NULL, 0, child));
    (void)conf_add_kernel(graph, node, "add", &word, &two);
    exec = conf_instantiate(graph);
    CONF_OK(cuGraphExecChildGraphNodeSetParams(exec, node, other));
    conf_run_graph(exec);
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphExecChildGraphNodeSetParams, another_form)
{
    unsigned int two = 2;
    CUgraph graph = NULL, child = NULL, other = NULL;
    CUgraphNode node = NULL;
    CUdeviceptr word = 0;

    conf_context();
    word = conf_word(0);
    graph = conf_graph();
    child = conf_graph();
    other = conf_graph();
    (void)conf_add_kernel(child, NULL, "add", &word, &two);
    (void)conf_add_kernel(other, conf_add_kernel(other, NULL, "add", &word, &two), "add", &word,
                          &two);
    CONF_SETUP(cuGraphAddChildGraphNode(&node, graph, NULL, 0, child));
    CONF_FAILS(cuGraphExecChildGraphNodeSetParams(conf_instantiate(graph), node, other));
}

CONF_NEGATIVE(cuGraphExecChildGraphNodeSetParams, null_node)
{
    struct storing s;

    conf_context();
    s = storing(5);
    CONF_REFUSED(cuGraphExecChildGraphNodeSetParams(s.exec, NULL, conf_graph()));
}

static CUgraphNodeParams any_store(CUdeviceptr *word, unsigned int *value, void **args)
{
    CUDA_KERNEL_NODE_PARAMS kernel;
    CUgraphNodeParams params;

    args[0] = word;
    args[1] = value;
    kernel = conf_kernel_node("store", args);
    memset(&params, 0, sizeof(params));
    params.type = CU_GRAPH_NODE_TYPE_KERNEL;
    memcpy(&params.kernel, &kernel, sizeof(kernel));
    return params;
}

CONF_POSITIVE(cuGraphExecNodeSetParams, another_value)
{
    unsigned int eight = 8;
    CUgraphNodeParams params;
    struct storing s;
    void *args[2];

    conf_context();
    s = storing(5);
    params = any_store(&s.word, &eight, args);
    CONF_OK(cuGraphExecNodeSetParams(s.exec, s.node, &params));
    conf_run_graph(s.exec);
    CONF_VALUE(conf_read(s.word));
}

CONF_NEGATIVE(cuGraphExecNodeSetParams, null_params)
{
    struct storing s;

    conf_context();
    s = storing(5);
    CONF_REFUSED(cuGraphExecNodeSetParams(s.exec, s.node, NULL));
}

CONF_NEGATIVE(cuGraphExecNodeSetParams, null_node)
{
    unsigned int eight = 8;
    CUgraphNodeParams params;
    struct storing s;
    void *args[2];

    conf_context();
    s = storing(5);
    params = any_store(&s.word, &eight, args);
    CONF_REFUSED(cuGraphExecNodeSetParams(s.exec, NULL, &params));
}

/* Stores 3 in a word, by blocks of 32 only. */
static const char exact_block[] = ".version 6.4\n.target sm_50\n.address_size 64\n"
                                  ".visible .entry exact(.param .u64 word)\n"
                                  ".reqntid 32, 1, 1\n{\n.reg .b64 %rd<2>;\n.reg .b32 %r<2>;\n"
                                  "ld.param.u64 %rd1, [word];\nmov.u32 %r1, 3;\n"
                                  "st.global.u32 [%rd1], %r1;\nret;\n}\n";

/* What the driver finds wrong with a change is the change's own error: the graph is as it was. */
CONF_NEGATIVE(cuGraphExecKernelNodeSetParams_v2, another_block_than_the_kernel_wants)
{
    CUDA_KERNEL_NODE_PARAMS params = {.gridDimX = 1,
                                      .gridDimY = 1,
                                      .gridDimZ = 1,
                                      .blockDimX = 32,
                                      .blockDimY = 1,
                                      .blockDimZ = 1};
    CUmodule module = NULL;
    CUgraphNode node = NULL;
    CUgraphExec exec;
    CUdeviceptr word;
    CUgraph graph;
    void *args[1] = {&word};

    conf_context();
    word = conf_word(0);
    CONF_SETUP(cuModuleLoadData(&module, exact_block));
    CONF_SETUP(cuModuleGetFunction(&params.func, module, "exact"));
    params.kernelParams = args;
    graph = conf_graph();
    CONF_SETUP(cuGraphAddKernelNode_v2(&node, graph, NULL, 0, &params));
    exec = conf_instantiate(graph);
    params.blockDimX = 16;
    CONF_RESULT(cuGraphExecKernelNodeSetParams_v2(exec, node, &params), CUDA_ERROR_INVALID_VALUE);
    conf_run_graph(exec);
    CONF_VALUE(conf_read(word));
}
