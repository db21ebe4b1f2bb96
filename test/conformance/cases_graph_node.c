/* SPDX-License-Identifier: Apache-2.0 */

/* Nodes without work, of events, of other graphs, of words, and of any kind. */
#include "test/conformance/graph.h"

#include <string.h>

static CUevent new_event(void)
{
    CUevent event = NULL;

    CONF_SETUP(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    return event;
}

CONF_POSITIVE(cuGraphAddEmptyNode, behind_another)
{
    struct conf_pair p;
    CUgraphNode node = NULL;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphAddEmptyNode(&node, p.graph, &p.second, 1));
    conf_run_graph(conf_instantiate(p.graph));
}

CONF_NEGATIVE(cuGraphAddEmptyNode, null_graph)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddEmptyNode(&node, NULL, NULL, 0));
}

CONF_NEGATIVE(cuGraphAddEmptyNode, missing_dependencies)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddEmptyNode(&node, conf_graph(), NULL, 1));
}

CONF_NEGATIVE(cuGraphAddEmptyNode, dependency_of_another_graph)
{
    struct conf_pair p;
    CUgraphNode node = NULL;

    conf_context();
    p = conf_pair();
    CONF_REFUSED(cuGraphAddEmptyNode(&node, conf_graph(), &p.first, 1));
}

static CUgraph child_of(CUdeviceptr *word, unsigned int *value)
{
    CUgraph child = conf_graph();

    (void)conf_add_kernel(child, NULL, "add", word, value);
    return child;
}

CONF_POSITIVE(cuGraphAddChildGraphNode, is_a_copy)
{
    unsigned int five = 5, two = 2, three = 3;
    CUgraphNode first = NULL, node = NULL;
    CUgraph graph = NULL, child = NULL;
    CUdeviceptr word = 0;

    conf_context();
    word = conf_word(0);
    graph = conf_graph();
    first = conf_add_kernel(graph, NULL, "store", &word, &five);
    child = child_of(&word, &two);
    CONF_OK(cuGraphAddChildGraphNode(&node, graph, &first, 1, child));
    (void)conf_add_kernel(child, NULL, "store", &word, &three); /* too late for the copy */
    (void)conf_add_kernel(graph, node, "add", &word, &two);
    CONF_OK(cuGraphDestroy(child));
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphAddChildGraphNode, null_child)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddChildGraphNode(&node, conf_graph(), NULL, 0, NULL));
}

CONF_NEGATIVE(cuGraphAddChildGraphNode, null_graph)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddChildGraphNode(&node, NULL, NULL, 0, conf_graph()));
}

CONF_POSITIVE(cuGraphChildGraphNodeGetGraph, its_nodes)
{
    CUgraph graph = NULL, child = NULL, inner = NULL;
    unsigned int two = 2;
    CUgraphNode node = NULL;
    CUdeviceptr word = 0;
    size_t count = 0;

    conf_context();
    word = conf_word(0);
    graph = conf_graph();
    child = child_of(&word, &two);
    CONF_SETUP(cuGraphAddChildGraphNode(&node, graph, NULL, 0, child));
    CONF_OK(cuGraphChildGraphNodeGetGraph(node, &inner));
    CONF_EXPECT(inner != NULL && inner != child);
    CONF_OK(cuGraphGetNodes(inner, NULL, &count));
    CONF_VALUE(count);
}

CONF_NEGATIVE(cuGraphChildGraphNodeGetGraph, null_out)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_SETUP(cuGraphAddChildGraphNode(&node, conf_graph(), NULL, 0, conf_graph()));
    CONF_REFUSED(cuGraphChildGraphNodeGetGraph(node, NULL));
}

CONF_NEGATIVE(cuGraphChildGraphNodeGetGraph, null_node)
{
    CUgraph graph = NULL;

    conf_context();
    CONF_REFUSED(cuGraphChildGraphNodeGetGraph(NULL, &graph));
}

CONF_POSITIVE(cuGraphAddEventRecordNode, recorded_by_the_run)
{
    CUgraphNode node = NULL;
    CUgraph graph = NULL;
    CUevent event = NULL;
    CUgraphExec exec = NULL;

    conf_context();
    event = new_event();
    graph = conf_graph();
    CONF_OK(cuGraphAddEventRecordNode(&node, graph, NULL, 0, event));
    exec = conf_instantiate(graph);
    conf_run_graph(exec);
    CONF_OK(cuEventSynchronize(event));
    CONF_OK(cuEventQuery(event));
    conf_run_graph(exec);
    CONF_OK(cuEventQuery(event));
}

CONF_NEGATIVE(cuGraphAddEventRecordNode, null_event)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddEventRecordNode(&node, conf_graph(), NULL, 0, NULL));
}

CONF_NEGATIVE(cuGraphAddEventRecordNode, null_graph)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddEventRecordNode(&node, NULL, NULL, 0, new_event()));
}

static CUgraphNode some_record(CUevent event)
{
    CUgraphNode node = NULL;

    CONF_SETUP(cuGraphAddEventRecordNode(&node, conf_graph(), NULL, 0, event));
    return node;
}

CONF_POSITIVE(cuGraphEventRecordNodeGetEvent, as_set)
{
    CUevent event = NULL, got = NULL;

    conf_context();
    event = new_event();
    CONF_OK(cuGraphEventRecordNodeGetEvent(some_record(event), &got));
    CONF_EXPECT(got == event);
}

CONF_NEGATIVE(cuGraphEventRecordNodeGetEvent, null_out)
{
    conf_context();
    CONF_REFUSED(cuGraphEventRecordNodeGetEvent(some_record(new_event()), NULL));
}

CONF_NEGATIVE(cuGraphEventRecordNodeGetEvent, null_node)
{
    CUevent got = NULL;

    conf_context();
    CONF_REFUSED(cuGraphEventRecordNodeGetEvent(NULL, &got));
}

CONF_POSITIVE(cuGraphEventRecordNodeSetEvent, another)
{
    CUevent other = NULL, got = NULL;
    CUgraphNode node = NULL;

    conf_context();
    other = new_event();
    node = some_record(new_event());
    CONF_OK(cuGraphEventRecordNodeSetEvent(node, other));
    CONF_OK(cuGraphEventRecordNodeGetEvent(node, &got));
    CONF_EXPECT(got == other);
}

CONF_NEGATIVE(cuGraphEventRecordNodeSetEvent, null_event)
{
    conf_context();
    CONF_REFUSED(cuGraphEventRecordNodeSetEvent(some_record(new_event()), NULL));
}

CONF_NEGATIVE(cuGraphEventRecordNodeSetEvent, null_node)
{
    conf_context();
    CONF_REFUSED(cuGraphEventRecordNodeSetEvent(NULL, new_event()));
}

CONF_POSITIVE(cuGraphAddEventWaitNode, waits_for_the_record_before_the_run)
{
    CUgraphNode node = NULL;
    CUgraph graph = NULL;
    CUevent event = NULL;
    CUgraphExec exec = NULL;
    CUstream a = NULL, b = NULL;
    struct conf_busy busy;

    conf_context();
    event = new_event();
    graph = conf_graph();
    CONF_SETUP(cuStreamCreate(&a, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuStreamCreate(&b, CU_STREAM_NON_BLOCKING));
    CONF_OK(cuGraphAddEventWaitNode(&node, graph, NULL, 0, event));
    exec = conf_instantiate(graph);
    conf_busy_start(&busy, a);
    CONF_OK(cuEventRecord(event, a));
    CONF_OK(cuGraphLaunch(exec, b));
    CONF_RESULT(cuStreamQuery(b), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&busy);
    CONF_OK(cuStreamSynchronize(b));
    CONF_OK(cuStreamQuery(a));
}

CONF_NEGATIVE(cuGraphAddEventWaitNode, null_event)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddEventWaitNode(&node, conf_graph(), NULL, 0, NULL));
}

CONF_NEGATIVE(cuGraphAddEventWaitNode, null_graph)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddEventWaitNode(&node, NULL, NULL, 0, new_event()));
}

static CUgraphNode some_wait(CUevent event)
{
    CUgraphNode node = NULL;

    CONF_SETUP(cuGraphAddEventWaitNode(&node, conf_graph(), NULL, 0, event));
    return node;
}

CONF_POSITIVE(cuGraphEventWaitNodeGetEvent, as_set)
{
    CUevent event = NULL, got = NULL;

    conf_context();
    event = new_event();
    CONF_OK(cuGraphEventWaitNodeGetEvent(some_wait(event), &got));
    CONF_EXPECT(got == event);
}

CONF_NEGATIVE(cuGraphEventWaitNodeGetEvent, null_out)
{
    conf_context();
    CONF_REFUSED(cuGraphEventWaitNodeGetEvent(some_wait(new_event()), NULL));
}

CONF_NEGATIVE(cuGraphEventWaitNodeGetEvent, null_node)
{
    CUevent got = NULL;

    conf_context();
    CONF_REFUSED(cuGraphEventWaitNodeGetEvent(NULL, &got));
}

CONF_POSITIVE(cuGraphEventWaitNodeSetEvent, another)
{
    CUevent other = NULL, got = NULL;
    CUgraphNode node = NULL;

    conf_context();
    other = new_event();
    node = some_wait(new_event());
    CONF_OK(cuGraphEventWaitNodeSetEvent(node, other));
    CONF_OK(cuGraphEventWaitNodeGetEvent(node, &got));
    CONF_EXPECT(got == other);
}

CONF_NEGATIVE(cuGraphEventWaitNodeSetEvent, null_event)
{
    conf_context();
    CONF_REFUSED(cuGraphEventWaitNodeSetEvent(some_wait(new_event()), NULL));
}

CONF_NEGATIVE(cuGraphEventWaitNodeSetEvent, null_node)
{
    conf_context();
    CONF_REFUSED(cuGraphEventWaitNodeSetEvent(NULL, new_event()));
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

static CUgraphNode some_words(CUcontext ctx, CUgraph graph, CUdeviceptr word, unsigned int value)
{
    CUstreamBatchMemOpParams op = write_word(word, value);
    CUDA_BATCH_MEM_OP_NODE_PARAMS params = {.ctx = ctx, .count = 1, .paramArray = &op};
    CUgraphNode node = NULL;

    CONF_SETUP(cuGraphAddBatchMemOpNode(&node, graph, NULL, 0, &params));
    return node;
}

CONF_POSITIVE(cuGraphAddBatchMemOpNode, writes)
{
    CUcontext ctx = conf_context();
    CUdeviceptr word = conf_word(0);
    CUstreamBatchMemOpParams op = write_word(word, 11);
    CUDA_BATCH_MEM_OP_NODE_PARAMS params = {.ctx = ctx, .count = 1, .paramArray = &op};
    CUgraph graph = conf_graph();
    CUgraphNode node = NULL;

    CONF_OK(cuGraphAddBatchMemOpNode(&node, graph, NULL, 0, &params));
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphAddBatchMemOpNode, null_params)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddBatchMemOpNode(&node, conf_graph(), NULL, 0, NULL));
}

CONF_NEGATIVE(cuGraphAddBatchMemOpNode, null_graph)
{
    CUcontext ctx = conf_context();
    CUstreamBatchMemOpParams op = write_word(conf_word(0), 11);
    CUDA_BATCH_MEM_OP_NODE_PARAMS params = {.ctx = ctx, .count = 1, .paramArray = &op};
    CUgraphNode node = NULL;

    CONF_REFUSED(cuGraphAddBatchMemOpNode(&node, NULL, NULL, 0, &params));
}

CONF_POSITIVE(cuGraphBatchMemOpNodeGetParams, as_set)
{
    CUcontext ctx = conf_context();
    CUdeviceptr word = conf_word(0);
    CUDA_BATCH_MEM_OP_NODE_PARAMS params = {.ctx = NULL};

    CONF_OK(cuGraphBatchMemOpNodeGetParams(some_words(ctx, conf_graph(), word, 11), &params));
    CONF_VALUE(params.count);
    CONF_EXPECT(params.paramArray && params.paramArray[0].writeValue.address == word);
}

CONF_NEGATIVE(cuGraphBatchMemOpNodeGetParams, null_out)
{
    CUcontext ctx = conf_context();

    CONF_REFUSED(
        cuGraphBatchMemOpNodeGetParams(some_words(ctx, conf_graph(), conf_word(0), 11), NULL));
}

CONF_NEGATIVE(cuGraphBatchMemOpNodeGetParams, null_node)
{
    CUDA_BATCH_MEM_OP_NODE_PARAMS params;

    conf_context();
    CONF_REFUSED(cuGraphBatchMemOpNodeGetParams(NULL, &params));
}

CONF_POSITIVE(cuGraphBatchMemOpNodeSetParams, another_value)
{
    CUcontext ctx = conf_context();
    CUdeviceptr word = conf_word(0);
    CUstreamBatchMemOpParams op = write_word(word, 12);
    CUDA_BATCH_MEM_OP_NODE_PARAMS params = {.ctx = ctx, .count = 1, .paramArray = &op};
    CUgraph graph = conf_graph();

    CONF_OK(cuGraphBatchMemOpNodeSetParams(some_words(ctx, graph, word, 11), &params));
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphBatchMemOpNodeSetParams, null_params)
{
    CUcontext ctx = conf_context();

    CONF_REFUSED(
        cuGraphBatchMemOpNodeSetParams(some_words(ctx, conf_graph(), conf_word(0), 11), NULL));
}

CONF_NEGATIVE(cuGraphBatchMemOpNodeSetParams, null_node)
{
    CUcontext ctx = conf_context();
    CUstreamBatchMemOpParams op = write_word(conf_word(0), 12);
    CUDA_BATCH_MEM_OP_NODE_PARAMS params = {.ctx = ctx, .count = 1, .paramArray = &op};

    CONF_REFUSED(cuGraphBatchMemOpNodeSetParams(NULL, &params));
}

static CUgraphNodeParams any_fill(CUcontext ctx, CUdeviceptr word, unsigned int value)
{
    CUgraphNodeParams params;

    memset(&params, 0, sizeof(params));
    params.type = CU_GRAPH_NODE_TYPE_MEMSET;
    params.memset.dst = word;
    params.memset.pitch = 4;
    params.memset.value = value;
    params.memset.elementSize = 4;
    params.memset.width = 1;
    params.memset.height = 1;
    params.memset.ctx = ctx;
    return params;
}

CONF_POSITIVE(cuGraphAddNode, fill)
{
    CUcontext ctx = conf_context();
    CUdeviceptr word = conf_word(0);
    CUgraphNodeParams params = any_fill(ctx, word, 21);
    CUgraph graph = conf_graph();
    CUgraphNodeType type = CU_GRAPH_NODE_TYPE_EMPTY;
    CUgraphNode node = NULL;

    CONF_OK(cuGraphAddNode(&node, graph, NULL, 0, &params));
    CONF_OK(cuGraphNodeGetType(node, &type));
    CONF_VALUE(type);
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphAddNode, null_params)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddNode(&node, conf_graph(), NULL, 0, NULL));
}

CONF_NEGATIVE(cuGraphAddNode, no_such_kind)
{
    CUgraphNodeParams params;
    CUgraphNode node = NULL;

    conf_context();
    memset(&params, 0, sizeof(params));
    params.type = (CUgraphNodeType)99;
    CONF_REFUSED(cuGraphAddNode(&node, conf_graph(), NULL, 0, &params));
}

CONF_POSITIVE(cuGraphAddNode_v2, fill)
{
    CUcontext ctx = conf_context();
    CUdeviceptr word = conf_word(0);
    CUgraphNodeParams params = any_fill(ctx, word, 21);
    CUgraph graph = conf_graph();
    CUgraphNodeType type = CU_GRAPH_NODE_TYPE_EMPTY;
    CUgraphNode node = NULL;

    CONF_OK(cuGraphAddNode_v2(&node, graph, NULL, NULL, 0, &params));
    CONF_OK(cuGraphNodeGetType(node, &type));
    CONF_VALUE(type);
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphAddNode_v2, null_params)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddNode_v2(&node, conf_graph(), NULL, NULL, 0, NULL));
}

CONF_NEGATIVE(cuGraphAddNode_v2, no_such_kind)
{
    CUgraphNodeParams params;
    CUgraphNode node = NULL;

    conf_context();
    memset(&params, 0, sizeof(params));
    params.type = (CUgraphNodeType)99;
    CONF_REFUSED(cuGraphAddNode_v2(&node, conf_graph(), NULL, NULL, 0, &params));
}

CONF_POSITIVE(cuGraphNodeSetParams, another_value)
{
    CUcontext ctx = conf_context();
    CUdeviceptr word = conf_word(0);
    CUgraphNodeParams params = any_fill(ctx, word, 21);
    CUgraph graph = conf_graph();
    CUgraphNode node = NULL;

    CONF_SETUP(cuGraphAddNode_v2(&node, graph, NULL, NULL, 0, &params));
    params = any_fill(ctx, word, 22);
    CONF_OK(cuGraphNodeSetParams(node, &params));
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphNodeSetParams, another_kind)
{
    CUcontext ctx = conf_context();
    CUgraphNodeParams params = any_fill(ctx, conf_word(0), 21);

    CONF_REFUSED(cuGraphNodeSetParams(conf_empty(conf_graph()), &params));
}

CONF_NEGATIVE(cuGraphNodeSetParams, null_node)
{
    CUcontext ctx = conf_context();
    CUgraphNodeParams params = any_fill(ctx, conf_word(0), 21);

    CONF_REFUSED(cuGraphNodeSetParams(NULL, &params));
}
