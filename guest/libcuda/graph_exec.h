/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_GRAPH_EXEC_H
#define GS_GRAPH_EXEC_H

/*
 * Executable graphs: in the worker the driver's graph and its executable form, here what each node
 * was told last.  A change sends the records of the nodes that differ.
 *
 * No lock: as native, a program does not use one from two threads at once.
 */

#include <stdbool.h>
#include <stdint.h>

#include "guest/libcuda/graph_block.h"
#include "guest/libcuda/graph_plan.h"
#include "guest/libcuda/user_object.h"
#include "proto/cuda_abi.h"

struct gs_node_params;
struct gs_stream;

struct gs_exec {
    struct gs_session *session;
    struct gs_context *context;
    uint64_t wire;
    bool told;   /* the worker knows the handle */
    bool proven; /* the driver has taken a run of it as it is, so it takes others */
    uint64_t flags;
    struct gs_plan plan;
    uint32_t *by_node; /* owned: indices of nodes that have a handle, sorted by it */
    uint32_t by_node_count;
    uint32_t hosts;   /* functions of the program in it */
    uint32_t records; /* events that a run records */
    uint32_t waits;   /* nodes by which a run may wait for other streams */
    struct gs_user_ref *users;
    uint64_t source; /* handle of the graph, if it has nodes of memory; 0: it has none */
    struct gs_exec_blocks blocks;
    uint64_t last_stream; /* where it ran last, the public handle; 0: nowhere */
};

/* Makes a graph executable in the context of its nodes, or else the current one.  `failed` becomes
 * the node at fault, or NULL. */
CUresult gs_exec_new(CUgraph graph, uint64_t flags, struct gs_exec **exec, CUgraphNode *failed);

/* Ends it, also when its worker has ended.  Its runs go on. */
CUresult gs_exec_destroy(struct gs_exec *exec);

/* Frees it here only: its worker has ended. */
void gs_exec_drop(struct gs_exec *exec);

/* The live executable graph of a handle: 1, or the sticky error; for what needs no worker: 1. */
CUresult gs_exec_find(CUgraphExec handle, struct gs_exec **exec);
CUresult gs_exec_known(CUgraphExec handle, struct gs_exec **exec);
CUgraphExec gs_exec_handle(const struct gs_exec *exec);

/* Runs it. */
CUresult gs_exec_launch(struct gs_exec *exec, struct gs_stream *stream);
CUresult gs_exec_upload(struct gs_exec *exec, struct gs_stream *stream);

/* The flat node of a graph's node, or NULL. */
struct gs_flat *gs_exec_node(const struct gs_exec *exec, CUgraphNode node);

/* ---- changes (graph_update.c) ---- */

/* Has one node do what the parameters say.  1: another kind of node, or none of the graph's. */
CUresult gs_exec_change(struct gs_exec *exec, CUgraphNode node,
                        const struct gs_node_params *params);

/* Has the whole graph, or one child graph (`node`), do what `graph` says.  A whole graph whose
 * worker has ended will run no more: it is compared, and changed only here. */
CUresult gs_exec_update(struct gs_exec *exec, CUgraph graph, CUgraphExecUpdateResultInfo *info);
CUresult gs_exec_update_child(struct gs_exec *exec, CUgraphNode node, CUgraph graph);

/* Has a node (a kernel, a copy or a fill: 1 for others) run with the graph, or not.  Without a
 * worker that is only remembered. */
CUresult gs_exec_enable(struct gs_exec *exec, CUgraphNode node, bool enabled);

#endif
