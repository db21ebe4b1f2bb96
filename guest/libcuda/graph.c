/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/graph.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/graph_block.h"
#include "guest/libcuda/user_object.h"
#include "proto/handles.h"

/* Ports of a kernel that an edge can leave from: all its blocks have said so or ended; all run. */
#define GS_PORT_PROGRAMMATIC 1
#define GS_PORT_LAUNCH_ORDER 2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct vgpu_handles *graphs;
static struct vgpu_handles *nodes;

void gs_graphs_lock(void)
{
    (void)pthread_mutex_lock(&lock);
}

void gs_graphs_unlock(void)
{
    (void)pthread_mutex_unlock(&lock);
}

static bool tables_made(void)
{
    if (graphs == NULL) {
        graphs = vgpu_handles_new(VGPU_HANDLE_GRAPH, VGPU_GRAPHS_MAX);
    }
    if (nodes == NULL) {
        nodes = vgpu_handles_new(VGPU_HANDLE_GRAPH_NODE, VGPU_GRAPH_NODES_LIVE_MAX);
    }
    return graphs != NULL && nodes != NULL;
}

struct gs_graph *gs_graph_new(void)
{
    struct gs_graph *graph = calloc(1, sizeof(*graph));

    if (graph == NULL || !tables_made() || vgpu_handles_mint(graphs, graph, &graph->handle) != 0) {
        free(graph);
        return NULL;
    }
    return graph;
}

struct gs_graph *gs_graph_find(CUgraph handle)
{
    return graphs != NULL ? vgpu_handles_get(graphs, (uint64_t)(uintptr_t)handle) : NULL;
}

struct gs_node *gs_node_find(CUgraphNode handle)
{
    return nodes != NULL ? vgpu_handles_get(nodes, (uint64_t)(uintptr_t)handle) : NULL;
}

CUgraph gs_graph_handle(const struct gs_graph *graph)
{
    return (CUgraph)(uintptr_t)graph->handle;
}

CUgraphNode gs_node_handle(const struct gs_node *node)
{
    return (CUgraphNode)(uintptr_t)node->handle;
}

/* Lists grow at each power of two. */
static bool push(struct gs_node ***list, uint32_t *count, struct gs_node *node)
{
    if ((*count & (*count - 1)) == 0) {
        size_t room = *count == 0 ? 1 : (size_t)*count * 2;
        struct gs_node **grown = reallocarray(*list, room, sizeof(struct gs_node *));

        if (grown == NULL) {
            return false;
        }
        *list = grown;
    }
    (*list)[(*count)++] = node;
    return true;
}

static void drop(struct gs_node **list, uint32_t *count, const struct gs_node *node)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < *count; i++) {
        if (list[i] != node) {
            list[kept++] = list[i];
        }
    }
    *count = kept; /* push() makes the room fit whatever the count is then */
}

static const CUgraphEdgeData plain;

bool gs_edges_are_plain(const CUgraphEdgeData *data, size_t count)
{
    for (size_t i = 0; data != NULL && i < count; i++) {
        if (memcmp(&data[i], &plain, sizeof(plain)) != 0) {
            return false;
        }
    }
    return true;
}

static bool is_kernel(const struct gs_node *node)
{
    return node->params.type == CU_GRAPH_NODE_TYPE_KERNEL;
}

/* Ports are those of kernels. */
static bool is_sound(const struct gs_node *from, const struct gs_node *to,
                     const CUgraphEdgeData *data)
{
    static const unsigned char none[sizeof(data->reserved)];

    if (memcmp(data->reserved, none, sizeof(none)) != 0 || data->to_port != 0) {
        return false;
    }
    switch (data->type) {
    case CU_GRAPH_DEPENDENCY_TYPE_DEFAULT:
        return data->from_port == 0;
    case CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC:
        return is_kernel(from) && is_kernel(to) &&
               (data->from_port == GS_PORT_PROGRAMMATIC || data->from_port == GS_PORT_LAUNCH_ORDER);
    default:
        return false;
    }
}

/* Where `from` is among those that `to` follows; from_count: nowhere. */
static uint32_t place_of(const struct gs_node *from, const struct gs_node *to)
{
    uint32_t i = 0;

    while (i < to->from_count && to->from[i] != from) {
        i++;
    }
    return i;
}

const CUgraphEdgeData *gs_edge_data(const struct gs_node *from, const struct gs_node *to)
{
    return &to->from_data[place_of(from, to)];
}

static bool push_from(struct gs_node *to, struct gs_node *from, const CUgraphEdgeData *data)
{
    uint32_t at = to->from_count;

    if ((at & (at - 1)) == 0) {
        CUgraphEdgeData *grown =
            reallocarray(to->from_data, at == 0 ? 1 : (size_t)at * 2, sizeof(*grown));

        if (grown == NULL) {
            return false;
        }
        to->from_data = grown;
    }
    if (!push(&to->from, &to->from_count, from)) {
        return false;
    }
    to->from_data[at] = *data;
    return true;
}

static void drop_from(struct gs_node *to, const struct gs_node *from)
{
    uint32_t at = place_of(from, to);

    for (uint32_t i = at + 1; i < to->from_count; i++) {
        to->from_data[i - 1] = to->from_data[i];
    }
    drop(to->from, &to->from_count, from);
}

CUresult gs_edge_add(struct gs_node *from, struct gs_node *to, const CUgraphEdgeData *data)
{
    data = data != NULL ? data : &plain;
    if (from->graph != to->graph || from == to || place_of(from, to) < to->from_count ||
        !is_sound(from, to, data)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!push_from(to, from, data)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (!push(&from->to, &from->to_count, to)) {
        drop_from(to, from);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

CUresult gs_edge_remove(struct gs_node *from, struct gs_node *to, const CUgraphEdgeData *data)
{
    data = data != NULL ? data : &plain;
    if (from->graph != to->graph || place_of(from, to) == to->from_count ||
        memcmp(gs_edge_data(from, to), data, sizeof(*data)) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    drop_from(to, from);
    drop(from->to, &from->to_count, to);
    return CUDA_SUCCESS;
}

static void append(struct gs_graph *graph, struct gs_node *node)
{
    node->graph = graph;
    node->previous = graph->last;
    if (graph->last != NULL) {
        graph->last->next = node;
    } else {
        graph->first = node;
    }
    graph->last = node;
    graph->count++;
}

static struct gs_node *new_node(struct gs_graph *graph, const struct gs_node_params *params)
{
    struct gs_node *node = calloc(1, sizeof(*node));

    if (node == NULL || vgpu_handles_mint(nodes, node, &node->handle) != 0) {
        free(node);
        return NULL;
    }
    node->params = *params;
    append(graph, node);
    if (params->type == CU_GRAPH_NODE_TYPE_GRAPH) {
        params->child->owner = node;
    }
    return node;
}

static CUresult follow(struct gs_node *node, const CUgraphNode *deps, const CUgraphEdgeData *data,
                       size_t count)
{
    CUresult cu = CUDA_SUCCESS;

    for (size_t i = 0; i < count && cu == CUDA_SUCCESS; i++) {
        struct gs_node *from = gs_node_find(deps[i]);

        cu = from != NULL ? gs_edge_add(from, node, data != NULL ? &data[i] : NULL)
                          : CUDA_ERROR_INVALID_VALUE;
    }
    return cu;
}

CUresult gs_graph_add(struct gs_graph *graph, const CUgraphNode *deps, const CUgraphEdgeData *data,
                      size_t count, struct gs_node_params *params, struct gs_node **node)
{
    CUresult cu;

    cu = count > 0 && deps == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
    if (cu == CUDA_SUCCESS && params->type == CU_GRAPH_NODE_TYPE_MEM_FREE) {
        cu = gs_block_may_free(graph, params->free.address);
    }
    if (cu != CUDA_SUCCESS) {
        gs_node_params_free(params);
        return cu;
    }
    *node = new_node(graph, params);
    if (*node == NULL) {
        gs_node_params_free(params);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = follow(*node, deps, data, count);
    if (cu != CUDA_SUCCESS) {
        gs_node_destroy(*node);
    } else if (params->type == CU_GRAPH_NODE_TYPE_MEM_ALLOC) {
        gs_block_placed(*node);
    } else if (params->type == CU_GRAPH_NODE_TYPE_MEM_FREE) {
        gs_block_freed(*node);
    }
    return cu;
}

static void unlink_node(struct gs_node *node)
{
    struct gs_graph *graph = node->graph;

    *(node->previous != NULL ? &node->previous->next : &graph->first) = node->next;
    *(node->next != NULL ? &node->next->previous : &graph->last) = node->previous;
    graph->count--;
}

static void free_node(struct gs_node *node)
{
    (void)vgpu_handles_take(nodes, node->handle);
    gs_node_params_free(&node->params);
    free(node->from);
    free(node->from_data);
    free(node->to);
    free(node);
}

void gs_node_destroy(struct gs_node *node)
{
    for (uint32_t i = 0; i < node->from_count; i++) {
        drop(node->from[i]->to, &node->from[i]->to_count, node);
    }
    for (uint32_t i = 0; i < node->to_count; i++) {
        drop_from(node->to[i], node);
    }
    unlink_node(node);
    free_node(node);
}

void gs_graph_destroy(struct gs_graph *graph)
{
    while (graph->first != NULL) {
        struct gs_node *node = graph->first;

        graph->first = node->next;
        free_node(node);
    }
    if (graph->memory > 0) {
        gs_blocks_let_go(graph);
    }
    gs_user_refs_drop(&graph->users);
    (void)vgpu_handles_take(graphs, graph->handle);
    free(graph);
}

static bool copy_nodes(const struct gs_graph *from, struct gs_graph *to)
{
    for (struct gs_node *node = from->first; node != NULL; node = node->next) {
        struct gs_node_params params;
        struct gs_node *copy;

        if (gs_node_params_copy(&node->params, &params) != CUDA_SUCCESS) {
            return false;
        }
        copy = new_node(to, &params);
        if (copy == NULL) {
            gs_node_params_free(&params);
            return false;
        }
        copy->origin = node->handle;
        node->mark = to->count - 1;
    }
    return true;
}

/* Both graphs have the same nodes in the same order. */
static bool copy_edges(const struct gs_graph *from, const struct gs_graph *to)
{
    struct gs_node **by_mark = calloc((size_t)to->count + 1, sizeof(struct gs_node *));
    struct gs_node *node = to->first;
    bool good = by_mark != NULL;

    for (uint32_t i = 0; good && node != NULL; i++, node = node->next) {
        by_mark[i] = node;
    }
    for (node = from->first; good && node != NULL; node = node->next) {
        for (uint32_t i = 0; good && i < node->from_count; i++) {
            good = gs_edge_add(by_mark[node->from[i]->mark], by_mark[node->mark],
                               &node->from_data[i]) == CUDA_SUCCESS;
        }
    }
    free(by_mark);
    return good;
}

struct gs_graph *gs_graph_clone(const struct gs_graph *graph)
{
    struct gs_graph *copy = gs_graph_new();

    if (copy == NULL) {
        return NULL;
    }
    if (!copy_nodes(graph, copy) || !copy_edges(graph, copy) ||
        !gs_user_refs_copy(&copy->users, graph->users)) {
        gs_graph_destroy(copy);
        return NULL;
    }
    return copy;
}

bool gs_graph_mark_before(const struct gs_graph *graph, const CUgraphNode *list, size_t count)
{
    struct gs_node **todo = calloc((size_t)graph->count + 1, sizeof(struct gs_node *));
    size_t left = 0;

    if (todo == NULL) {
        return false;
    }
    for (struct gs_node *node = graph->first; node != NULL; node = node->next) {
        node->mark = 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct gs_node *node = gs_node_find(list[i]);

        if (node != NULL && node->graph == graph && node->mark == 0) {
            node->mark = 1;
            todo[left++] = node;
        }
    }
    while (left > 0) {
        const struct gs_node *node = todo[--left];

        for (uint32_t i = 0; i < node->from_count; i++) {
            if (node->from[i]->mark == 0) {
                node->from[i]->mark = 1;
                todo[left++] = node->from[i];
            }
        }
    }
    free(todo);
    return true;
}

/* Takes nodes away that follow nobody, until none is left or a circle is. */
CUresult gs_graph_order(struct gs_graph *graph, struct gs_node ***order)
{
    struct gs_node **ready = calloc((size_t)graph->count + 1, sizeof(struct gs_node *));
    uint32_t count = 0;

    if (ready == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    for (struct gs_node *node = graph->first; node != NULL; node = node->next) {
        node->mark = node->from_count;
        if (node->mark == 0) {
            ready[count++] = node;
        }
    }
    for (uint32_t done = 0; done < count; done++) {
        for (uint32_t i = 0; i < ready[done]->to_count; i++) {
            if (--ready[done]->to[i]->mark == 0) {
                ready[count++] = ready[done]->to[i];
            }
        }
    }
    if (count < graph->count) {
        free(ready);
        return CUDA_ERROR_INVALID_VALUE;
    }
    *order = ready;
    return CUDA_SUCCESS;
}
