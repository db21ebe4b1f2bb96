/* SPDX-License-Identifier: Apache-2.0 */

/* Edges that have data: a kernel that may begin before the one that it follows has ended. */
#include "test/conformance/graph.h"

static const CUgraphEdgeData programmatic = {.from_port = 1,
                                             .type = CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC};

/* Two kernels that store into words of their own, and nothing between them. */
static CUgraph two_kernels(CUdeviceptr *words, CUgraphNode nodes[2])
{
    unsigned int five = 5;
    CUgraph graph = conf_graph();

    for (int i = 0; i < 2; i++) {
        nodes[i] = conf_add_kernel(graph, NULL, "store", &words[i], &five);
    }
    return graph;
}

CONF_POSITIVE(cuGraphAddDependencies_v2, programmatic)
{
    CUdeviceptr words[2] = {0};
    CUgraphNode nodes[2], from = NULL, to = NULL;
    CUgraphEdgeData data = {0};
    CUgraph graph = NULL;
    size_t count = 1;

    conf_context();
    words[0] = conf_word(0);
    words[1] = conf_word(0);
    graph = two_kernels(words, nodes);
    CONF_OK(cuGraphAddDependencies_v2(graph, &nodes[0], &nodes[1], &programmatic, 1));
    CONF_OK(cuGraphGetEdges_v2(graph, &from, &to, &data, &count));
    CONF_VALUE(count);
    CONF_VALUE(data.type);
    CONF_VALUE(data.from_port);
    CONF_EXPECT(from == nodes[0] && to == nodes[1]);
    CONF_RESULT(cuGraphGetEdges(graph, &from, &to, &count), CUDA_ERROR_LOSSY_QUERY);
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(words[0]));
    CONF_VALUE(conf_read(words[1]));
}

CONF_POSITIVE(cuGraphNodeGetDependencies_v2, programmatic)
{
    CUdeviceptr words[2] = {0};
    CUgraphNode nodes[2], other = NULL;
    CUgraphEdgeData data = {0};
    CUgraph graph = NULL;
    size_t count = 1;

    conf_context();
    words[0] = words[1] = conf_word(0);
    graph = two_kernels(words, nodes);
    CONF_SETUP(cuGraphAddDependencies_v2(graph, &nodes[0], &nodes[1], &programmatic, 1));
    CONF_OK(cuGraphNodeGetDependencies_v2(nodes[1], &other, &data, &count));
    CONF_VALUE(data.type);
    CONF_EXPECT(other == nodes[0]);
    CONF_OK(cuGraphNodeGetDependentNodes_v2(nodes[0], &other, &data, &count));
    CONF_VALUE(data.from_port);
    CONF_EXPECT(other == nodes[1]);
    CONF_OK(cuGraphRemoveDependencies_v2(graph, &nodes[0], &nodes[1], &programmatic, 1));
    CONF_OK(cuGraphGetEdges_v2(graph, NULL, NULL, NULL, &count));
    CONF_VALUE(count);
}

CONF_NEGATIVE(cuGraphAddDependencies_v2, programmatic_behind_no_kernel)
{
    CUdeviceptr words[2] = {0};
    CUgraphNode nodes[2], empty = NULL;
    CUgraph graph = NULL;

    conf_context();
    words[0] = words[1] = conf_word(0);
    graph = two_kernels(words, nodes);
    empty = conf_empty(graph);
    CONF_RESULT(cuGraphAddDependencies_v2(graph, &empty, &nodes[1], &programmatic, 1),
                CUDA_ERROR_INVALID_VALUE);
}
