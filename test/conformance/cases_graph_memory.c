/* SPDX-License-Identifier: Apache-2.0 */

/* Nodes that copy, fill, call, record, wait, and run other graphs. */
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

CONF_POSITIVE(cuGraphAddMemcpyNode, one_word)
{
    CUcontext ctx = conf_context();
    CUdeviceptr from = conf_word(77), to = conf_word(0);
    CUDA_MEMCPY3D copy = conf_copy_node(to, from);
    CUgraph graph = conf_graph();
    CUgraphNode node = NULL;
    CUgraphNodeType type = CU_GRAPH_NODE_TYPE_EMPTY;

    CONF_OK(cuGraphAddMemcpyNode(&node, graph, NULL, 0, &copy, ctx));
    CONF_OK(cuGraphNodeGetType(node, &type));
    CONF_VALUE(type);
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(to));
}

CONF_POSITIVE(cuGraphAddMemcpyNode, from_pinned_memory_at_each_run)
{
    CUcontext ctx = conf_context();
    CUdeviceptr to = conf_word(0);
    CUDA_MEMCPY3D copy = conf_copy_node(to, 0);
    CUgraph graph = conf_graph();
    CUgraphNode node = NULL;
    CUgraphExec exec = NULL;
    void *host = NULL;

    CONF_SETUP(cuMemHostAlloc(&host, 4096, 0));
    copy.srcMemoryType = CU_MEMORYTYPE_HOST;
    copy.srcHost = host;
    CONF_OK(cuGraphAddMemcpyNode(&node, graph, NULL, 0, &copy, ctx));
    exec = conf_instantiate(graph);
    *(unsigned int *)host = 5;
    conf_run_graph(exec);
    CONF_VALUE(conf_read(to));
    *(unsigned int *)host = 6;
    conf_run_graph(exec);
    CONF_VALUE(conf_read(to));
}

CONF_NEGATIVE(cuGraphAddMemcpyNode, null_params)
{
    CUcontext ctx = conf_context();
    CUgraphNode node = NULL;

    CONF_REFUSED(cuGraphAddMemcpyNode(&node, conf_graph(), NULL, 0, NULL, ctx));
}

CONF_NEGATIVE(cuGraphAddMemcpyNode, null_graph)
{
    CUcontext ctx = conf_context();
    CUDA_MEMCPY3D copy = conf_copy_node(conf_word(0), conf_word(0));
    CUgraphNode node = NULL;

    CONF_REFUSED(cuGraphAddMemcpyNode(&node, NULL, NULL, 0, &copy, ctx));
}

static CUgraphNode some_copy(CUcontext ctx, CUgraph graph, CUdeviceptr to, CUdeviceptr from)
{
    CUDA_MEMCPY3D copy = conf_copy_node(to, from);
    CUgraphNode node = NULL;

    CONF_SETUP(cuGraphAddMemcpyNode(&node, graph, NULL, 0, &copy, ctx));
    return node;
}

CONF_POSITIVE(cuGraphMemcpyNodeGetParams, as_set)
{
    CUcontext ctx = conf_context();
    CUdeviceptr from = conf_word(77), to = conf_word(0);
    CUDA_MEMCPY3D copy;

    memset(&copy, 0, sizeof(copy));
    CONF_OK(cuGraphMemcpyNodeGetParams(some_copy(ctx, conf_graph(), to, from), &copy));
    CONF_EXPECT(copy.srcDevice == from && copy.dstDevice == to);
    CONF_VALUE(copy.WidthInBytes);
    CONF_VALUE(copy.Height);
}

CONF_NEGATIVE(cuGraphMemcpyNodeGetParams, null_out)
{
    CUcontext ctx = conf_context();

    CONF_REFUSED(
        cuGraphMemcpyNodeGetParams(some_copy(ctx, conf_graph(), conf_word(0), conf_word(0)), NULL));
}

CONF_NEGATIVE(cuGraphMemcpyNodeGetParams, null_node)
{
    CUDA_MEMCPY3D copy;

    conf_context();
    CONF_REFUSED(cuGraphMemcpyNodeGetParams(NULL, &copy));
}

CONF_POSITIVE(cuGraphMemcpyNodeSetParams, another_source)
{
    CUcontext ctx = conf_context();
    CUdeviceptr from = conf_word(77), other = conf_word(78), to = conf_word(0);
    CUDA_MEMCPY3D copy = conf_copy_node(to, other);
    CUgraph graph = conf_graph();
    CUgraphNode node = some_copy(ctx, graph, to, from);

    CONF_OK(cuGraphMemcpyNodeSetParams(node, &copy));
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(to));
}

CONF_NEGATIVE(cuGraphMemcpyNodeSetParams, null_params)
{
    CUcontext ctx = conf_context();

    CONF_REFUSED(
        cuGraphMemcpyNodeSetParams(some_copy(ctx, conf_graph(), conf_word(0), conf_word(0)), NULL));
}

CONF_NEGATIVE(cuGraphMemcpyNodeSetParams, null_node)
{
    CUDA_MEMCPY3D copy;

    conf_context();
    copy = conf_copy_node(conf_word(0), conf_word(0));
    CONF_REFUSED(cuGraphMemcpyNodeSetParams(NULL, &copy));
}

CONF_POSITIVE(cuGraphAddMemsetNode, one_word)
{
    CUcontext ctx = conf_context();
    CUdeviceptr word = conf_word(0);
    CUDA_MEMSET_NODE_PARAMS fill = conf_fill_node(word, 99);
    CUgraph graph = conf_graph();
    CUgraphNode node = NULL;

    CONF_OK(cuGraphAddMemsetNode(&node, graph, NULL, 0, &fill, ctx));
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphAddMemsetNode, null_params)
{
    CUcontext ctx = conf_context();
    CUgraphNode node = NULL;

    CONF_REFUSED(cuGraphAddMemsetNode(&node, conf_graph(), NULL, 0, NULL, ctx));
}

CONF_NEGATIVE(cuGraphAddMemsetNode, bad_element)
{
    CUcontext ctx = conf_context();
    CUDA_MEMSET_NODE_PARAMS fill = conf_fill_node(conf_word(0), 99);
    CUgraphNode node = NULL;

    fill.elementSize = 3;
    CONF_REFUSED(cuGraphAddMemsetNode(&node, conf_graph(), NULL, 0, &fill, ctx));
}

static CUgraphNode some_fill(CUcontext ctx, CUgraph graph, CUdeviceptr word)
{
    CUDA_MEMSET_NODE_PARAMS fill = conf_fill_node(word, 99);
    CUgraphNode node = NULL;

    CONF_SETUP(cuGraphAddMemsetNode(&node, graph, NULL, 0, &fill, ctx));
    return node;
}

CONF_POSITIVE(cuGraphMemsetNodeGetParams, as_set)
{
    CUcontext ctx = conf_context();
    CUdeviceptr word = conf_word(0);
    CUDA_MEMSET_NODE_PARAMS fill;

    memset(&fill, 0, sizeof(fill));
    CONF_OK(cuGraphMemsetNodeGetParams(some_fill(ctx, conf_graph(), word), &fill));
    CONF_EXPECT(fill.dst == word);
    CONF_VALUE(fill.value);
    CONF_VALUE(fill.elementSize);
    CONF_VALUE(fill.width);
}

CONF_NEGATIVE(cuGraphMemsetNodeGetParams, null_out)
{
    CUcontext ctx = conf_context();

    CONF_REFUSED(cuGraphMemsetNodeGetParams(some_fill(ctx, conf_graph(), conf_word(0)), NULL));
}

CONF_NEGATIVE(cuGraphMemsetNodeGetParams, null_node)
{
    CUDA_MEMSET_NODE_PARAMS fill;

    conf_context();
    CONF_REFUSED(cuGraphMemsetNodeGetParams(NULL, &fill));
}

CONF_POSITIVE(cuGraphMemsetNodeSetParams, another_value)
{
    CUcontext ctx = conf_context();
    CUdeviceptr word = conf_word(0);
    CUDA_MEMSET_NODE_PARAMS fill = conf_fill_node(word, 100);
    CUgraph graph = conf_graph();
    CUgraphNode node = some_fill(ctx, graph, word);

    CONF_OK(cuGraphMemsetNodeSetParams(node, &fill));
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphMemsetNodeSetParams, null_params)
{
    CUcontext ctx = conf_context();

    CONF_REFUSED(cuGraphMemsetNodeSetParams(some_fill(ctx, conf_graph(), conf_word(0)), NULL));
}

CONF_NEGATIVE(cuGraphMemsetNodeSetParams, null_node)
{
    CUDA_MEMSET_NODE_PARAMS fill;

    conf_context();
    fill = conf_fill_node(conf_word(0), 1);
    CONF_REFUSED(cuGraphMemsetNodeSetParams(NULL, &fill));
}

CONF_POSITIVE(cuGraphAddHostNode, at_each_run)
{
    unsigned int count = 0;
    CUDA_HOST_NODE_PARAMS params = {.fn = add_one, .userData = &count};
    CUgraphNode node = NULL;
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;

    conf_context();
    graph = conf_graph();
    CONF_OK(cuGraphAddHostNode(&node, graph, NULL, 0, &params));
    exec = conf_instantiate(graph);
    for (int i = 0; i < 10; i++) {
        conf_run_graph(exec);
    }
    CONF_VALUE(count);
}

CONF_NEGATIVE(cuGraphAddHostNode, null_params)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddHostNode(&node, conf_graph(), NULL, 0, NULL));
}

CONF_NEGATIVE(cuGraphAddHostNode, null_graph)
{
    CUDA_HOST_NODE_PARAMS params = {.fn = add_one};
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddHostNode(&node, NULL, NULL, 0, &params));
}

static CUgraphNode some_host(CUgraph graph, unsigned int *word)
{
    CUDA_HOST_NODE_PARAMS params = {.fn = add_one, .userData = word};
    CUgraphNode node = NULL;

    CONF_SETUP(cuGraphAddHostNode(&node, graph, NULL, 0, &params));
    return node;
}

CONF_POSITIVE(cuGraphHostNodeGetParams, as_set)
{
    CUDA_HOST_NODE_PARAMS params = {.fn = NULL};
    unsigned int word = 0;

    conf_context();
    CONF_OK(cuGraphHostNodeGetParams(some_host(conf_graph(), &word), &params));
    CONF_EXPECT(params.fn == add_one && params.userData == &word);
}

CONF_NEGATIVE(cuGraphHostNodeGetParams, null_out)
{
    conf_context();
    CONF_REFUSED(cuGraphHostNodeGetParams(some_host(conf_graph(), NULL), NULL));
}

CONF_NEGATIVE(cuGraphHostNodeGetParams, null_node)
{
    CUDA_HOST_NODE_PARAMS params = {.fn = NULL};

    conf_context();
    CONF_REFUSED(cuGraphHostNodeGetParams(NULL, &params));
}

CONF_POSITIVE(cuGraphHostNodeSetParams, another_function)
{
    unsigned int word = 0;
    CUDA_HOST_NODE_PARAMS params = {.fn = add_ten, .userData = &word};
    CUgraph graph = NULL;

    conf_context();
    graph = conf_graph();
    CONF_OK(cuGraphHostNodeSetParams(some_host(graph, &word), &params));
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(word);
}

CONF_NEGATIVE(cuGraphHostNodeSetParams, null_params)
{
    conf_context();
    CONF_REFUSED(cuGraphHostNodeSetParams(some_host(conf_graph(), NULL), NULL));
}

CONF_NEGATIVE(cuGraphHostNodeSetParams, null_node)
{
    CUDA_HOST_NODE_PARAMS params = {.fn = add_ten};

    conf_context();
    CONF_REFUSED(cuGraphHostNodeSetParams(NULL, &params));
}
