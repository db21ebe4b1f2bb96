/* SPDX-License-Identifier: Apache-2.0 */

/* Changes of whole executable graphs, and nodes that are off. */
#include "test/conformance/graph.h"

#include <string.h>

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

CONF_POSITIVE(cuGraphExecUpdate, another_value)
{
    CUgraphExecUpdateResult result = CU_GRAPH_EXEC_UPDATE_ERROR;
    CUgraphNode bad = NULL;
    unsigned int nine = 9;
    CUgraph other = NULL;
    struct storing s;

    conf_context();
    s = storing(5);
    other = conf_graph();
    (void)conf_add_kernel(other, NULL, "store", &s.word, &nine);
    CONF_OK(cuGraphExecUpdate(s.exec, other, &bad, &result));
    CONF_VALUE(result);
    conf_run_graph(s.exec);
    CONF_VALUE(conf_read(s.word));
}

CONF_NEGATIVE(cuGraphExecUpdate, more_nodes)
{
    CUgraphExecUpdateResult result = CU_GRAPH_EXEC_UPDATE_ERROR;
    CUgraphNode bad = NULL;
    unsigned int nine = 9;
    CUgraph other = NULL;
    struct storing s;

    conf_context();
    s = storing(5);
    other = conf_graph();
    (void)conf_add_kernel(other, conf_add_kernel(other, NULL, "store", &s.word, &nine), "store",
                          &s.word, &nine);
    CONF_RESULT(cuGraphExecUpdate(s.exec, other, &bad, &result),
                CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
    CONF_VALUE(result);
    conf_run_graph(s.exec);
    CONF_VALUE(conf_read(s.word));
}

CONF_NEGATIVE(cuGraphExecUpdate, another_kind_of_node)
{
    CUgraphExecUpdateResult result = CU_GRAPH_EXEC_UPDATE_ERROR;
    CUgraphNode bad = NULL;
    CUgraph other = NULL;
    struct storing s;

    conf_context();
    s = storing(5);
    other = conf_graph();
    (void)conf_empty(other);
    CONF_RESULT(cuGraphExecUpdate(s.exec, other, &bad, &result),
                CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
    CONF_VALUE(result);
}

CONF_POSITIVE(cuGraphExecUpdate_v2, another_value)
{
    CUgraphExecUpdateResultInfo info;
    unsigned int nine = 9;
    CUgraph other = NULL;
    struct storing s;

    conf_context();
    memset(&info, 0xff, sizeof(info));
    s = storing(5);
    other = conf_graph();
    (void)conf_add_kernel(other, NULL, "store", &s.word, &nine);
    CONF_OK(cuGraphExecUpdate_v2(s.exec, other, &info));
    CONF_VALUE(info.result);
    conf_run_graph(s.exec);
    CONF_VALUE(conf_read(s.word));
}

CONF_NEGATIVE(cuGraphExecUpdate_v2, more_nodes)
{
    CUgraphExecUpdateResultInfo info;
    unsigned int nine = 9;
    CUgraph other = NULL;
    struct storing s;

    conf_context();
    memset(&info, 0xff, sizeof(info));
    s = storing(5);
    other = conf_graph();
    (void)conf_add_kernel(other, conf_add_kernel(other, NULL, "store", &s.word, &nine), "store",
                          &s.word, &nine);
    CONF_RESULT(cuGraphExecUpdate_v2(s.exec, other, &info), CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
    CONF_VALUE(info.result);
    conf_run_graph(s.exec);
    CONF_VALUE(conf_read(s.word));
}

CONF_NEGATIVE(cuGraphExecUpdate_v2, another_kind_of_node)
{
    CUgraphExecUpdateResultInfo info;
    CUgraph other = NULL;
    struct storing s;

    conf_context();
    memset(&info, 0xff, sizeof(info));
    s = storing(5);
    other = conf_graph();
    (void)conf_empty(other);
    CONF_RESULT(cuGraphExecUpdate_v2(s.exec, other, &info), CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
    CONF_VALUE(info.result);
}

CONF_POSITIVE(cuGraphNodeSetEnabled, off_and_on)
{
    unsigned int on = 9;
    struct storing s;

    conf_context();
    s = storing(5);
    CONF_OK(cuGraphNodeSetEnabled(s.exec, s.node, 0));
    CONF_OK(cuGraphNodeGetEnabled(s.exec, s.node, &on));
    CONF_VALUE(on);
    conf_run_graph(s.exec);
    CONF_VALUE(conf_read(s.word));
    CONF_OK(cuGraphNodeSetEnabled(s.exec, s.node, 1));
    conf_run_graph(s.exec);
    CONF_VALUE(conf_read(s.word));
}

CONF_NEGATIVE(cuGraphNodeSetEnabled, null_node)
{
    struct storing s;

    conf_context();
    s = storing(5);
    CONF_REFUSED(cuGraphNodeSetEnabled(s.exec, NULL, 0));
}

CONF_NEGATIVE(cuGraphNodeSetEnabled, null_graph)
{
    struct storing s;

    conf_context();
    s = storing(5);
    CONF_REFUSED(cuGraphNodeSetEnabled(NULL, s.node, 0));
}

CONF_POSITIVE(cuGraphNodeGetEnabled, at_first)
{
    unsigned int on = 9;
    struct storing s;

    conf_context();
    s = storing(5);
    CONF_OK(cuGraphNodeGetEnabled(s.exec, s.node, &on));
    CONF_VALUE(on);
}

CONF_NEGATIVE(cuGraphNodeGetEnabled, null_out)
{
    struct storing s;

    conf_context();
    s = storing(5);
    CONF_REFUSED(cuGraphNodeGetEnabled(s.exec, s.node, NULL));
}

CONF_NEGATIVE(cuGraphNodeGetEnabled, null_node)
{
    unsigned int on = 9;
    struct storing s;

    conf_context();
    s = storing(5);
    CONF_REFUSED(cuGraphNodeGetEnabled(s.exec, NULL, &on));
}
