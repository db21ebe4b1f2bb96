/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "guest/libcuda/graph.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/stub.h"

/* Graphs, their nodes and edges: none of it needs a worker, so it goes on after a fault, as native.
 */

/* gs_ready() and the lock, or neither. */
static CUresult enter(void)
{
    CUresult cu = gs_ready();

    if (cu == CUDA_SUCCESS) {
        gs_graphs_lock();
    }
    return cu;
}

static CUresult leave(CUresult cu)
{
    gs_graphs_unlock();
    return cu;
}

static CUresult enter_graph(CUgraph handle, struct gs_graph **graph)
{
    CUresult cu = enter();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *graph = gs_graph_find(handle);
    return *graph != NULL ? CUDA_SUCCESS : leave(CUDA_ERROR_INVALID_VALUE);
}

static CUresult enter_node(CUgraphNode handle, struct gs_node **node)
{
    CUresult cu = enter();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *node = gs_node_find(handle);
    return *node != NULL ? CUDA_SUCCESS : leave(CUDA_ERROR_INVALID_VALUE);
}

CUresult gs_cuGraphCreate(CUgraph *phGraph, unsigned int flags)
{
    struct gs_graph *graph;
    CUresult cu = enter();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (phGraph == NULL || flags != 0) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    graph = gs_graph_new();
    if (graph == NULL) {
        return leave(CUDA_ERROR_OUT_OF_MEMORY);
    }
    *phGraph = gs_graph_handle(graph);
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphDestroy(CUgraph hGraph)
{
    struct gs_graph *graph;
    CUresult cu = enter_graph(hGraph, &graph);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (graph->owner != NULL || graph->captures > 0) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    gs_graph_destroy(graph);
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphClone(CUgraph *phGraphClone, CUgraph originalGraph)
{
    struct gs_graph *graph;
    struct gs_graph *copy;
    CUresult cu = enter_graph(originalGraph, &graph);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (phGraphClone == NULL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    if (graph->memory > 0) {
        return leave(CUDA_ERROR_NOT_SUPPORTED);
    }
    copy = gs_graph_clone(graph);
    if (copy == NULL) {
        return leave(CUDA_ERROR_OUT_OF_MEMORY);
    }
    *phGraphClone = gs_graph_handle(copy);
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphNodeFindInClone(CUgraphNode *phNode, CUgraphNode hOriginalNode,
                                   CUgraph hClonedGraph)
{
    struct gs_graph *graph;
    CUresult cu = enter_graph(hClonedGraph, &graph);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (phNode != NULL && hOriginalNode != NULL) {
        for (struct gs_node *node = graph->first; node != NULL; node = node->next) {
            if (node->origin == (uint64_t)(uintptr_t)hOriginalNode) {
                *phNode = gs_node_handle(node);
                return leave(CUDA_SUCCESS);
            }
        }
    }
    return leave(CUDA_ERROR_INVALID_VALUE);
}

CUresult gs_cuGraphDestroyNode(CUgraphNode hNode)
{
    struct gs_node *node;
    CUresult cu = enter_node(hNode, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (node->graph->memory > 0) {
        return leave(CUDA_ERROR_NOT_SUPPORTED);
    }
    gs_node_destroy(node);
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphNodeGetType(CUgraphNode hNode, CUgraphNodeType *type)
{
    struct gs_node *node;
    CUresult cu = enter_node(hNode, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (type == NULL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    *type = node->params.type;
    return leave(CUDA_SUCCESS);
}

/* Answers of any length: with a NULL array *count becomes the number there is; otherwise the array
 * is filled up to *count, places behind the last one with NULL, and *count becomes what was put. */
struct answer {
    CUgraphNode *nodes;
    CUgraphEdgeData *data; /* NULL: not asked for */
    bool lost;             /* there was some */
    size_t room;
    size_t found;
};

static void put(struct answer *a, const struct gs_node *node)
{
    if (a->nodes != NULL && a->found < a->room) {
        a->nodes[a->found] = gs_node_handle(node);
    }
    a->found++;
}

static void put_edge(struct answer *a, const struct gs_node *node, const CUgraphEdgeData *data)
{
    if (a->nodes != NULL && a->data != NULL && a->found < a->room) {
        a->data[a->found] = *data;
    }
    a->lost |= a->nodes != NULL && a->data == NULL && !gs_edges_are_plain(data, 1);
    put(a, node);
}

static void finish(struct answer *a, size_t *count)
{
    if (a->nodes == NULL) {
        *count = a->found;
        return;
    }
    for (size_t i = a->found; i < a->room; i++) {
        a->nodes[i] = NULL;
        if (a->data != NULL) {
            memset(&a->data[i], 0, sizeof(a->data[i]));
        }
    }
    *count = a->found < a->room ? a->found : a->room;
}

static CUresult list_nodes(CUgraph handle, CUgraphNode *nodes, size_t *count, bool roots)
{
    struct gs_graph *graph;
    struct answer a = {.nodes = nodes};
    CUresult cu = enter_graph(handle, &graph);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (count == NULL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    a.room = *count;
    for (struct gs_node *node = graph->first; node != NULL; node = node->next) {
        if (!roots || node->from_count == 0) {
            put(&a, node);
        }
    }
    finish(&a, count);
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphGetNodes(CUgraph hGraph, CUgraphNode *nodes, size_t *numNodes)
{
    return list_nodes(hGraph, nodes, numNodes, false);
}

CUresult gs_cuGraphGetRootNodes(CUgraph hGraph, CUgraphNode *rootNodes, size_t *numRootNodes)
{
    return list_nodes(hGraph, rootNodes, numRootNodes, true);
}

static CUresult list_edges(CUgraph handle, CUgraphNode *from, CUgraphNode *to,
                           CUgraphEdgeData *data, size_t *count)
{
    struct gs_graph *graph;
    struct answer a = {.nodes = from};
    struct answer b = {.nodes = to};
    CUresult cu = enter_graph(handle, &graph);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (count == NULL || (from == NULL) != (to == NULL)) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    a.room = *count;
    a.data = data;
    b.room = *count;
    for (struct gs_node *node = graph->first; node != NULL; node = node->next) {
        for (uint32_t i = 0; i < node->to_count; i++) {
            put_edge(&a, node, gs_edge_data(node, node->to[i]));
            put(&b, node->to[i]);
        }
    }
    finish(&a, count);
    finish(&b, count);
    return leave(a.lost ? CUDA_ERROR_LOSSY_QUERY : CUDA_SUCCESS);
}

CUresult gs_cuGraphGetEdges(CUgraph hGraph, CUgraphNode *from, CUgraphNode *to, size_t *numEdges)
{
    return list_edges(hGraph, from, to, NULL, numEdges);
}

CUresult gs_cuGraphGetEdges_v2(CUgraph hGraph, CUgraphNode *from, CUgraphNode *to,
                               CUgraphEdgeData *edgeData, size_t *numEdges)
{
    return list_edges(hGraph, from, to, edgeData, numEdges);
}

static CUresult list_neighbours(CUgraphNode handle, CUgraphNode *nodes, CUgraphEdgeData *data,
                                size_t *count, bool before)
{
    struct gs_node *node;
    struct answer a = {.nodes = nodes};
    CUresult cu = enter_node(handle, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (count == NULL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    a.room = *count;
    a.data = data;
    for (uint32_t i = 0; i < (before ? node->from_count : node->to_count); i++) {
        if (before) {
            put_edge(&a, node->from[i], &node->from_data[i]);
        } else {
            put_edge(&a, node->to[i], gs_edge_data(node, node->to[i]));
        }
    }
    finish(&a, count);
    return leave(a.lost ? CUDA_ERROR_LOSSY_QUERY : CUDA_SUCCESS);
}

CUresult gs_cuGraphNodeGetDependencies(CUgraphNode hNode, CUgraphNode *dependencies,
                                       size_t *numDependencies)
{
    return list_neighbours(hNode, dependencies, NULL, numDependencies, true);
}

CUresult gs_cuGraphNodeGetDependencies_v2(CUgraphNode hNode, CUgraphNode *dependencies,
                                          CUgraphEdgeData *edgeData, size_t *numDependencies)
{
    return list_neighbours(hNode, dependencies, edgeData, numDependencies, true);
}

CUresult gs_cuGraphNodeGetDependentNodes(CUgraphNode hNode, CUgraphNode *dependentNodes,
                                         size_t *numDependentNodes)
{
    return list_neighbours(hNode, dependentNodes, NULL, numDependentNodes, false);
}

CUresult gs_cuGraphNodeGetDependentNodes_v2(CUgraphNode hNode, CUgraphNode *dependentNodes,
                                            CUgraphEdgeData *edgeData, size_t *numDependentNodes)
{
    return list_neighbours(hNode, dependentNodes, edgeData, numDependentNodes, false);
}

typedef CUresult edge_change(struct gs_node *from, struct gs_node *to, const CUgraphEdgeData *data);

/* All edges or none. */
static CUresult change_edges(const struct gs_graph *graph, const CUgraphNode *from,
                             const CUgraphNode *to, size_t count, const CUgraphEdgeData *data,
                             bool adds)
{
    edge_change *change = adds ? gs_edge_add : gs_edge_remove;
    edge_change *undo = adds ? gs_edge_remove : gs_edge_add;
    CUresult cu = CUDA_SUCCESS;
    size_t done = 0;

    while (done < count && cu == CUDA_SUCCESS) {
        struct gs_node *a = gs_node_find(from[done]);
        struct gs_node *b = gs_node_find(to[done]);

        cu = a != NULL && b != NULL && a->graph == graph
                 ? change(a, b, data != NULL ? &data[done] : NULL)
                 : CUDA_ERROR_INVALID_VALUE;
        done += cu == CUDA_SUCCESS;
    }
    while (cu != CUDA_SUCCESS && done > 0) {
        done--;
        (void)undo(gs_node_find(from[done]), gs_node_find(to[done]),
                   data != NULL ? &data[done] : NULL);
    }
    return cu;
}

static CUresult edges(CUgraph handle, const CUgraphNode *from, const CUgraphNode *to,
                      const CUgraphEdgeData *data, size_t count, bool add)
{
    struct gs_graph *graph;
    CUresult cu = enter_graph(handle, &graph);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (count > 0 && (from == NULL || to == NULL)) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    if (!add && graph->memory > 0) {
        return leave(CUDA_ERROR_NOT_SUPPORTED);
    }
    return leave(change_edges(graph, from, to, count, data, add));
}

CUresult gs_cuGraphAddDependencies(CUgraph hGraph, const CUgraphNode *from, const CUgraphNode *to,
                                   size_t numDependencies)
{
    return edges(hGraph, from, to, NULL, numDependencies, true);
}

CUresult gs_cuGraphAddDependencies_v2(CUgraph hGraph, const CUgraphNode *from,
                                      const CUgraphNode *to, const CUgraphEdgeData *edgeData,
                                      size_t numDependencies)
{
    return edges(hGraph, from, to, edgeData, numDependencies, true);
}

CUresult gs_cuGraphRemoveDependencies(CUgraph hGraph, const CUgraphNode *from,
                                      const CUgraphNode *to, size_t numDependencies)
{
    return edges(hGraph, from, to, NULL, numDependencies, false);
}

CUresult gs_cuGraphRemoveDependencies_v2(CUgraph hGraph, const CUgraphNode *from,
                                         const CUgraphNode *to, const CUgraphEdgeData *edgeData,
                                         size_t numDependencies)
{
    return edges(hGraph, from, to, edgeData, numDependencies, false);
}
