/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_GRAPH_H
#define GS_GRAPH_H

/*
 * Graphs.  They live in the guest alone: nodes with their parameters, and edges.  The worker hears
 * of a graph when it is instantiated (graph_exec.h).  Captures add nodes to graphs too (capture.h).
 *
 *   graph ──owns──► nodes ──(child graph node) owns──► graph
 *           edges: each node knows whom it follows and who follows it
 *
 * One lock guards all graphs, nodes and captures of the process.  Every function here wants it held
 * but gs_graphs_lock() itself; no function waits for the host under it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/libcuda/graph_node.h"
#include "proto/cuda_abi.h"

struct gs_graph {
    uint64_t handle;
    struct gs_node *owner; /* the node that it is the child graph of, or NULL */
    struct gs_node *first; /* in the order in which they were added */
    struct gs_node *last;
    uint32_t count;
    uint32_t captures; /* that add nodes to it now */
    struct gs_user_ref *users;
    uint32_t memory; /* nodes that allocate or free: the graph cannot be copied, or lose anything */
    uint32_t instances; /* executable forms of a graph with such nodes: one at most */
};

/* The one lock of all graphs; not recursive. */
void gs_graphs_lock(void);
void gs_graphs_unlock(void);

/* A new, empty graph, owned by whoever destroys it; NULL at the limit or without memory. */
struct gs_graph *gs_graph_new(void);
void gs_graph_destroy(struct gs_graph *graph);

/* A copy: nodes remember which ones they were made from (gs_node.origin).  NULL without memory. */
struct gs_graph *gs_graph_clone(const struct gs_graph *graph);

/* The live graph or node of a handle, or NULL. */
struct gs_graph *gs_graph_find(CUgraph handle);
struct gs_node *gs_node_find(CUgraphNode handle);

/* The handle that the program knows. */
CUgraph gs_graph_handle(const struct gs_graph *graph);
CUgraphNode gs_node_handle(const struct gs_node *node);

/* The node at the end of the graph's list, behind `deps`, which must be distinct nodes of the same
 * graph: 1 otherwise.  `data`: of each edge; NULL: all are plain.  Takes what `params` owns, also
 * on errors. */
CUresult gs_graph_add(struct gs_graph *graph, const CUgraphNode *deps, const CUgraphEdgeData *data,
                      size_t count, struct gs_node_params *params, struct gs_node **node);

/* Takes a node out, with its edges, and frees it. */
void gs_node_destroy(struct gs_node *node);

/*
 * One edge.  1: not of one graph, already there (or not there with this data), from a node to
 * itself, or data that no edge between these two can have.  A programmatic edge lets the later
 * kernel begin before the earlier one has ended; the worker is told of a plain edge, behind which
 * nothing begins too early.
 */
CUresult gs_edge_add(struct gs_node *from, struct gs_node *to, const CUgraphEdgeData *data);
CUresult gs_edge_remove(struct gs_node *from, struct gs_node *to, const CUgraphEdgeData *data);

/* The data of an edge that is there. */
const CUgraphEdgeData *gs_edge_data(const struct gs_node *from, const struct gs_node *to);

/* Whether no edge has data; NULL: none has. */
bool gs_edges_are_plain(const CUgraphEdgeData *data, size_t count);

/* Marks the nodes in `list` and those that they follow with 1, others with 0.  False without
 * memory. */
bool gs_graph_mark_before(const struct gs_graph *graph, const CUgraphNode *list, size_t count);

/* The nodes of a graph, each behind those that it follows, in an array owned by the caller.  The
 * same graph made the same way has the same order.  1: the edges make a circle. */
CUresult gs_graph_order(struct gs_graph *graph, struct gs_node ***order);

#endif
