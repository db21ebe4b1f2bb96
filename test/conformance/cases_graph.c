/* SPDX-License-Identifier: Apache-2.0 */

/* Graphs: nodes and edges. */
#include "test/conformance/graph.h"

CONF_POSITIVE(cuGraphCreate, empty)
{
    CUgraph graph = NULL;
    size_t count = 99;

    conf_context();
    CONF_OK(cuGraphCreate(&graph, 0));
    CONF_OK(cuGraphGetNodes(graph, NULL, &count));
    CONF_VALUE(count);
    CONF_OK(cuGraphDestroy(graph));
}

CONF_NEGATIVE(cuGraphCreate, null_out)
{
    conf_context();
    CONF_RESULT(cuGraphCreate(NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphCreate, bad_flags)
{
    CUgraph graph = NULL;

    conf_context();
    CONF_RESULT(cuGraphCreate(&graph, 1), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuGraphDestroy, with_nodes)
{
    struct conf_pair p;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphDestroy(p.graph));
}

CONF_NEGATIVE(cuGraphDestroy, null)
{
    conf_context();
    CONF_REFUSED(cuGraphDestroy(NULL));
}

CONF_NEGATIVE(cuGraphDestroy, before_init)
{
    CONF_REFUSED_EARLY(cuGraphDestroy(NULL));
}

CONF_POSITIVE(cuGraphClone, nodes_and_edges)
{
    struct conf_pair p;
    CUgraph copy = NULL;
    CUgraphNode from = NULL, to = NULL;
    size_t nodes = 0, edges = 1;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphClone(&copy, p.graph));
    CONF_OK(cuGraphGetNodes(copy, NULL, &nodes));
    CONF_VALUE(nodes);
    CONF_OK(cuGraphGetEdges_v2(copy, &from, &to, NULL, &edges));
    CONF_VALUE(edges);
    CONF_EXPECT(from != p.first && to != p.second);
    CONF_OK(cuGraphDestroy(p.graph));
    CONF_OK(cuGraphDestroy(copy));
}

CONF_NEGATIVE(cuGraphClone, null_out)
{
    conf_context();
    CONF_RESULT(cuGraphClone(NULL, conf_graph()), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphClone, null_graph)
{
    CUgraph copy = NULL;

    conf_context();
    CONF_REFUSED(cuGraphClone(&copy, NULL));
}

CONF_POSITIVE(cuGraphNodeFindInClone, both_nodes)
{
    struct conf_pair p;
    CUgraphNode a = NULL, b = NULL, dep = NULL;
    CUgraph copy = NULL;
    size_t count = 1;

    conf_context();
    p = conf_pair();
    CONF_SETUP(cuGraphClone(&copy, p.graph));
    CONF_OK(cuGraphNodeFindInClone(&a, p.first, copy));
    CONF_OK(cuGraphNodeFindInClone(&b, p.second, copy));
    CONF_EXPECT(a != b && a != p.first && b != p.second);
    CONF_OK(cuGraphNodeGetDependencies_v2(b, &dep, NULL, &count));
    CONF_VALUE(count);
    CONF_EXPECT(dep == a);
}

CONF_NEGATIVE(cuGraphNodeFindInClone, not_a_clone_of_it)
{
    struct conf_pair p, q;
    CUgraphNode a = NULL;
    CUgraph copy = NULL;

    conf_context();
    p = conf_pair();
    q = conf_pair();
    CONF_SETUP(cuGraphClone(&copy, p.graph));
    CONF_REFUSED(cuGraphNodeFindInClone(&a, q.first, copy));
}

CONF_NEGATIVE(cuGraphNodeFindInClone, null_node)
{
    struct conf_pair p;
    CUgraphNode a = NULL;
    CUgraph copy = NULL;

    conf_context();
    p = conf_pair();
    CONF_SETUP(cuGraphClone(&copy, p.graph));
    CONF_REFUSED(cuGraphNodeFindInClone(&a, NULL, copy));
}

CONF_POSITIVE(cuGraphDestroyNode, takes_its_edges_along)
{
    struct conf_pair p;
    size_t nodes = 0, edges = 0, deps = 9;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphDestroyNode(p.first));
    CONF_OK(cuGraphGetNodes(p.graph, NULL, &nodes));
    CONF_VALUE(nodes);
    CONF_OK(cuGraphGetEdges_v2(p.graph, NULL, NULL, NULL, &edges));
    CONF_VALUE(edges);
    CONF_OK(cuGraphNodeGetDependencies_v2(p.second, NULL, NULL, &deps));
    CONF_VALUE(deps);
}

CONF_NEGATIVE(cuGraphDestroyNode, null)
{
    conf_context();
    CONF_REFUSED(cuGraphDestroyNode(NULL));
}

CONF_NEGATIVE(cuGraphDestroyNode, before_init)
{
    CONF_REFUSED_EARLY(cuGraphDestroyNode(NULL));
}

CONF_POSITIVE(cuGraphNodeGetType, empty)
{
    CUgraphNodeType type = CU_GRAPH_NODE_TYPE_HOST;

    conf_context();
    CONF_OK(cuGraphNodeGetType(conf_empty(conf_graph()), &type));
    CONF_VALUE(type);
}

CONF_NEGATIVE(cuGraphNodeGetType, null_out)
{
    conf_context();
    CONF_RESULT(cuGraphNodeGetType(conf_empty(conf_graph()), NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphNodeGetType, null_node)
{
    CUgraphNodeType type = CU_GRAPH_NODE_TYPE_HOST;

    conf_context();
    CONF_REFUSED(cuGraphNodeGetType(NULL, &type));
}

CONF_POSITIVE(cuGraphGetNodes, room_for_more)
{
    CUgraphNode nodes[4] = {NULL};
    struct conf_pair p;
    size_t count = 4;

    conf_context();
    p = conf_pair();
    nodes[2] = nodes[3] = p.first;
    CONF_OK(cuGraphGetNodes(p.graph, nodes, &count));
    CONF_VALUE(count);
    CONF_EXPECT((nodes[0] == p.first && nodes[1] == p.second) ||
                (nodes[0] == p.second && nodes[1] == p.first));
    CONF_EXPECT(nodes[2] == NULL && nodes[3] == NULL);
}

CONF_POSITIVE(cuGraphGetNodes, room_for_fewer)
{
    CUgraphNode node = NULL;
    struct conf_pair p;
    size_t count = 1;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphGetNodes(p.graph, &node, &count));
    CONF_VALUE(count);
    CONF_EXPECT(node == p.first || node == p.second);
}

CONF_NEGATIVE(cuGraphGetNodes, null_count)
{
    conf_context();
    CONF_RESULT(cuGraphGetNodes(conf_graph(), NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphGetNodes, null_object)
{
    size_t count = 0;

    conf_context();
    CONF_REFUSED(cuGraphGetNodes(NULL, NULL, &count));
}

CONF_POSITIVE(cuGraphGetRootNodes, only_those)
{
    CUgraphNode roots[2] = {NULL};
    struct conf_pair p;
    size_t count = 2;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphGetRootNodes(p.graph, roots, &count));
    CONF_VALUE(count);
    CONF_EXPECT(roots[0] == p.first);
}

CONF_NEGATIVE(cuGraphGetRootNodes, null_count)
{
    conf_context();
    CONF_RESULT(cuGraphGetRootNodes(conf_graph(), NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphGetRootNodes, null_object)
{
    size_t count = 0;

    conf_context();
    CONF_REFUSED(cuGraphGetRootNodes(NULL, NULL, &count));
}

CONF_POSITIVE(cuGraphGetEdges, one)
{
    CUgraphNode from = NULL, to = NULL;
    struct conf_pair p;
    size_t count = 0;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphGetEdges(p.graph, NULL, NULL, &count));
    CONF_VALUE(count);
    CONF_OK(cuGraphGetEdges(p.graph, &from, &to, &count));
    CONF_VALUE(count);
    CONF_EXPECT(from == p.first && to == p.second);
}

CONF_NEGATIVE(cuGraphGetEdges, null_count)
{
    conf_context();
    CONF_RESULT(cuGraphGetEdges(conf_graph(), NULL, NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphGetEdges, null_object)
{
    size_t count = 0;

    conf_context();
    CONF_REFUSED(cuGraphGetEdges(NULL, NULL, NULL, &count));
}

CONF_POSITIVE(cuGraphNodeGetDependencies, one)
{
    CUgraphNode nodes[2] = {NULL};
    struct conf_pair p;
    size_t count = 0;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphNodeGetDependencies(p.second, NULL, &count));
    CONF_VALUE(count);
    count = 2;
    CONF_OK(cuGraphNodeGetDependencies(p.second, nodes, &count));
    CONF_VALUE(count);
    CONF_EXPECT(nodes[0] == p.first);
    count = 2;
    CONF_OK(cuGraphNodeGetDependencies(p.first, NULL, &count));
    CONF_VALUE(count);
}

CONF_NEGATIVE(cuGraphNodeGetDependencies, null_count)
{
    conf_context();
    CONF_RESULT(cuGraphNodeGetDependencies(conf_empty(conf_graph()), NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphNodeGetDependencies, null_object)
{
    size_t count = 0;

    conf_context();
    CONF_REFUSED(cuGraphNodeGetDependencies(NULL, NULL, &count));
}

CONF_POSITIVE(cuGraphNodeGetDependentNodes, one)
{
    CUgraphNode nodes[2] = {NULL};
    struct conf_pair p;
    size_t count = 0;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphNodeGetDependentNodes(p.first, NULL, &count));
    CONF_VALUE(count);
    count = 2;
    CONF_OK(cuGraphNodeGetDependentNodes(p.first, nodes, &count));
    CONF_VALUE(count);
    CONF_EXPECT(nodes[0] == p.second);
    count = 2;
    CONF_OK(cuGraphNodeGetDependentNodes(p.second, NULL, &count));
    CONF_VALUE(count);
}

CONF_NEGATIVE(cuGraphNodeGetDependentNodes, null_count)
{
    conf_context();
    CONF_RESULT(cuGraphNodeGetDependentNodes(conf_empty(conf_graph()), NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphNodeGetDependentNodes, null_object)
{
    size_t count = 0;

    conf_context();
    CONF_REFUSED(cuGraphNodeGetDependentNodes(NULL, NULL, &count));
}

CONF_POSITIVE(cuGraphAddDependencies, then_removed)
{
    CUgraphNode a = NULL, b = NULL;
    CUgraph graph = NULL;
    size_t count = 0;

    conf_context();
    graph = conf_graph();
    a = conf_empty(graph);
    b = conf_empty(graph);
    CONF_OK(cuGraphAddDependencies(graph, &a, &b, 1));
    CONF_OK(cuGraphGetEdges(graph, NULL, NULL, &count));
    CONF_VALUE(count);
    CONF_OK(cuGraphRemoveDependencies(graph, &a, &b, 1));
    CONF_OK(cuGraphGetEdges(graph, NULL, NULL, &count));
    CONF_VALUE(count);
}

CONF_NEGATIVE(cuGraphAddDependencies, there_already)
{
    struct conf_pair p;

    conf_context();
    p = conf_pair();
    CONF_REFUSED(cuGraphAddDependencies(p.graph, &p.first, &p.second, 1));
}

CONF_NEGATIVE(cuGraphAddDependencies, null_graph)
{
    struct conf_pair p;

    conf_context();
    p = conf_pair();
    CONF_REFUSED(cuGraphAddDependencies(NULL, &p.second, &p.first, 1));
}

CONF_POSITIVE(cuGraphRemoveDependencies, one)
{
    struct conf_pair p;
    size_t count = 9;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphRemoveDependencies(p.graph, &p.first, &p.second, 1));
    CONF_OK(cuGraphNodeGetDependencies(p.second, NULL, &count));
    CONF_VALUE(count);
}

CONF_NEGATIVE(cuGraphRemoveDependencies, not_there)
{
    struct conf_pair p;

    conf_context();
    p = conf_pair();
    CONF_REFUSED(cuGraphRemoveDependencies(p.graph, &p.second, &p.first, 1));
}

CONF_NEGATIVE(cuGraphRemoveDependencies, null_graph)
{
    struct conf_pair p;

    conf_context();
    p = conf_pair();
    CONF_REFUSED(cuGraphRemoveDependencies(NULL, &p.first, &p.second, 1));
}

CONF_POSITIVE(cuGraphGetEdges_v2, one)
{
    CUgraphNode from = NULL, to = NULL;
    struct conf_pair p;
    size_t count = 0;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphGetEdges_v2(p.graph, NULL, NULL, NULL, &count));
    CONF_VALUE(count);
    CONF_OK(cuGraphGetEdges_v2(p.graph, &from, &to, NULL, &count));
    CONF_VALUE(count);
    CONF_EXPECT(from == p.first && to == p.second);
}

CONF_NEGATIVE(cuGraphGetEdges_v2, null_count)
{
    conf_context();
    CONF_RESULT(cuGraphGetEdges_v2(conf_graph(), NULL, NULL, NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphGetEdges_v2, null_object)
{
    size_t count = 0;

    conf_context();
    CONF_REFUSED(cuGraphGetEdges_v2(NULL, NULL, NULL, NULL, &count));
}

CONF_POSITIVE(cuGraphNodeGetDependencies_v2, one)
{
    CUgraphNode nodes[2] = {NULL};
    struct conf_pair p;
    size_t count = 0;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphNodeGetDependencies_v2(p.second, NULL, NULL, &count));
    CONF_VALUE(count);
    count = 2;
    CONF_OK(cuGraphNodeGetDependencies_v2(p.second, nodes, NULL, &count));
    CONF_VALUE(count);
    CONF_EXPECT(nodes[0] == p.first);
    count = 2;
    CONF_OK(cuGraphNodeGetDependencies_v2(p.first, NULL, NULL, &count));
    CONF_VALUE(count);
}

CONF_NEGATIVE(cuGraphNodeGetDependencies_v2, null_count)
{
    conf_context();
    CONF_RESULT(cuGraphNodeGetDependencies_v2(conf_empty(conf_graph()), NULL, NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphNodeGetDependencies_v2, null_object)
{
    size_t count = 0;

    conf_context();
    CONF_REFUSED(cuGraphNodeGetDependencies_v2(NULL, NULL, NULL, &count));
}

CONF_POSITIVE(cuGraphNodeGetDependentNodes_v2, one)
{
    CUgraphNode nodes[2] = {NULL};
    struct conf_pair p;
    size_t count = 0;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphNodeGetDependentNodes_v2(p.first, NULL, NULL, &count));
    CONF_VALUE(count);
    count = 2;
    CONF_OK(cuGraphNodeGetDependentNodes_v2(p.first, nodes, NULL, &count));
    CONF_VALUE(count);
    CONF_EXPECT(nodes[0] == p.second);
    count = 2;
    CONF_OK(cuGraphNodeGetDependentNodes_v2(p.second, NULL, NULL, &count));
    CONF_VALUE(count);
}

CONF_NEGATIVE(cuGraphNodeGetDependentNodes_v2, null_count)
{
    conf_context();
    CONF_RESULT(cuGraphNodeGetDependentNodes_v2(conf_empty(conf_graph()), NULL, NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphNodeGetDependentNodes_v2, null_object)
{
    size_t count = 0;

    conf_context();
    CONF_REFUSED(cuGraphNodeGetDependentNodes_v2(NULL, NULL, NULL, &count));
}

CONF_POSITIVE(cuGraphAddDependencies_v2, then_removed)
{
    CUgraphNode a = NULL, b = NULL;
    CUgraph graph = NULL;
    size_t count = 0;

    conf_context();
    graph = conf_graph();
    a = conf_empty(graph);
    b = conf_empty(graph);
    CONF_OK(cuGraphAddDependencies_v2(graph, &a, &b, NULL, 1));
    CONF_OK(cuGraphGetEdges_v2(graph, NULL, NULL, NULL, &count));
    CONF_VALUE(count);
    CONF_OK(cuGraphRemoveDependencies_v2(graph, &a, &b, NULL, 1));
    CONF_OK(cuGraphGetEdges_v2(graph, NULL, NULL, NULL, &count));
    CONF_VALUE(count);
}

CONF_NEGATIVE(cuGraphAddDependencies_v2, there_already)
{
    struct conf_pair p;

    conf_context();
    p = conf_pair();
    CONF_REFUSED(cuGraphAddDependencies_v2(p.graph, &p.first, &p.second, NULL, 1));
}

CONF_NEGATIVE(cuGraphAddDependencies_v2, null_graph)
{
    struct conf_pair p;

    conf_context();
    p = conf_pair();
    CONF_REFUSED(cuGraphAddDependencies_v2(NULL, &p.second, &p.first, NULL, 1));
}

CONF_POSITIVE(cuGraphRemoveDependencies_v2, one)
{
    struct conf_pair p;
    size_t count = 9;

    conf_context();
    p = conf_pair();
    CONF_OK(cuGraphRemoveDependencies_v2(p.graph, &p.first, &p.second, NULL, 1));
    CONF_OK(cuGraphNodeGetDependencies_v2(p.second, NULL, NULL, &count));
    CONF_VALUE(count);
}

CONF_NEGATIVE(cuGraphRemoveDependencies_v2, not_there)
{
    struct conf_pair p;

    conf_context();
    p = conf_pair();
    CONF_REFUSED(cuGraphRemoveDependencies_v2(p.graph, &p.second, &p.first, NULL, 1));
}

CONF_NEGATIVE(cuGraphRemoveDependencies_v2, null_graph)
{
    struct conf_pair p;

    conf_context();
    p = conf_pair();
    CONF_REFUSED(cuGraphRemoveDependencies_v2(NULL, &p.first, &p.second, NULL, 1));
}
