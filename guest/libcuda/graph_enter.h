/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_GRAPH_ENTER_H
#define GS_GRAPH_ENTER_H

/* How calls about graphs and nodes begin: what is refused before anything else is looked at.  A
 * sticky error matters where a node's parameters are looked up in a context (graph_node.h). */

#include "guest/libcuda/graph.h"

/* For calls that add a node: CUDA_SUCCESS, gs_ready()'s error, or CUDA_ERROR_INVALID_VALUE for no
 * such graph, no `out`, or `count` dependencies at NULL.  Any thread; takes the lock of graphs and
 * returns without it. */
CUresult gs_graph_enter(CUgraph graph, const CUgraphNode *out, const CUgraphNode *deps,
                        size_t count);

/* For calls about a node of one kind: CUDA_SUCCESS with the lock of graphs held and *node, borrowed
 * until it is released; else an error and no lock. */
CUresult gs_node_enter(CUgraphNode handle, CUgraphNodeType type, struct gs_node **node);

#endif
