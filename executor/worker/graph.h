/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_GRAPH_H
#define EX_WORKER_GRAPH_H

/*
 * Executable graphs.  The guest describes one node by node; the driver's graph grows with it and is
 * kept, because later changes name its nodes.
 *
 *   new ──nodes──► being built ──cuGraphInstantiateWithFlags (helper)──► executable ──► destroyed
 *
 * What the driver refuses while a graph is built is remembered and answered by the instantiation.
 * The dispatcher's, but for the instantiation: `busy` keeps the dispatcher away from it meanwhile.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/limits.h"

struct ex_session;
struct ex_event_ref;
struct ex_host_call;
struct ex_stream;

struct ex_graph_node {
    CUgraphNode cu;
    CUgraphNodeType type;
    struct ex_host_call *host; /* owned, of a function of the program */
    uint64_t event;            /* handle, of an event's node */
    struct ex_event_ref *ref;  /* owned reference: what the driver's node names */
    uint32_t bytes;            /* charged for what its record holds */
};

struct ex_graph {
    CUgraph cu;
    CUgraphExec exec;   /* NULL while it is built */
    bool busy;          /* a helper is at it; guarded by the session's `objects` */
    CUresult error;     /* the first one while it was built */
    uint32_t described; /* by the guest: behind an error nodes are only counted */
    uint32_t count;
    uint32_t room;
    uint64_t bytes;            /* charged, until it has ended and its last use is done */
    struct ex_stream *used_in; /* by the last run or upload, held; NULL: never */
    uint64_t used_at;          /* operations of that stream up to the last use */
    uint32_t hosts;
    uint32_t events;
    struct ex_graph_node *nodes; /* owned */
};

/* The graph of a handle that no helper is at, or NULL. */
struct ex_graph *ex_graph_find(struct ex_session *x, uint64_t handle);

/* Where a node's record goes: a new one behind `deps`, or one that is changed. */
struct ex_graph_place {
    struct ex_session *session;
    struct ex_graph *graph;
    uint32_t index;
    CUgraphNodeType type;
    bool is_new;
    uint32_t bytes; /* charged for what the record holds */
    CUgraphNode deps[VGPU_GRAPH_DEPS_MAX];
    size_t count;
};

/* What a record says of its place. */
struct ex_graph_record {
    uint64_t graph;
    uint32_t node;
    CUgraphNodeType type;
    const uint8_t *deps;
    uint32_t deps_len;
    uint32_t bytes; /* that the driver will keep */
};

/*
 * Checks where a record goes.  Does not return when the guest numbers nodes out of order, changes
 * the kind of one, or has more than VGPU_GRAPH_NODES_MAX (broken peer).  400: no such graph.
 * CUDA_ERROR_OUT_OF_MEMORY: graphs cost more than VGPU_GRAPH_BYTES_MAX.
 */
CUresult ex_graph_enter(struct ex_session *x, const struct ex_graph_record *record,
                        struct ex_graph_place *place);

/* Files what became of it: the driver's node and the result.  Returns the result that the
 * operation has: while a graph is built, CUDA_SUCCESS. */
CUresult ex_graph_added(struct ex_graph_place *place, const struct ex_graph_node *node,
                        CUresult cu);

/* The node that is changed. */
struct ex_graph_node *ex_graph_changed(const struct ex_graph_place *place);

#endif
