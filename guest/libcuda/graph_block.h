/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_GRAPH_BLOCK_H
#define GS_GRAPH_BLOCK_H

/*
 * Memory that nodes of graphs allocate and free.
 *
 *   node ──► block: an address with memory behind it, from the node's start on
 *              │ held by its graph, by the graph's executable form, and while an allocation lives
 *              │ that a run left unfreed
 *              ▼ nobody holds it
 *           gone ──(the last stream that used it has come so far)──► device memory
 *
 * The worker knows nothing of it: there both kinds of node are empty, and the memory is charged as
 * any other.  An allocation of a graph takes the block of an earlier one that is freed before it in
 * every order of the graph.
 *
 * Everything wants the lock of graphs held, unless it says otherwise.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/libcuda/limbo.h"
#include "proto/cuda_abi.h"

struct gs_device;
struct gs_graph;
struct gs_node;
struct gs_node_params;
struct gs_session;
struct gs_stream;

struct gs_block {
    uint64_t address;
    uint64_t room;
    uint64_t id;                /* no other block of the process has had it */
    struct gs_session *session; /* NULL: its worker has ended */
    uint32_t device;
    uint32_t holders;
    uint64_t graph;    /* handle of its graph, which may have ended */
    uint64_t freed_by; /* handle of the node of its graph that frees its last allocation; 0: none */
    bool taken;        /* no further allocation of its graph may have it */
    bool foreign;      /* a node of another graph frees its last allocation */
    bool live;         /* a run left it unfreed */
    struct gs_point point; /* where it was used last */
    struct gs_block *next;
};

/* Blocks of an executable graph. */
struct gs_exec_blocks {
    uint32_t count;
    struct gs_exec_block {
        struct gs_block *block;
        bool unfreed; /* by the graph's own nodes */
    } * own;          /* owned, and holds the blocks */
    uint32_t free_count;
    uint64_t *frees; /* owned: ids of blocks of other graphs */
};

/* Adding such nodes, by whichever call; without the lock.  p->dptr becomes the address. */
CUresult gs_graph_add_alloc(CUgraphNode *out, CUgraph graph, const CUgraphNode *deps,
                            const CUgraphEdgeData *data, size_t count,
                            CUDA_MEM_ALLOC_NODE_PARAMS *p);
CUresult gs_graph_add_free(CUgraphNode *out, CUgraph graph, const CUgraphNode *deps,
                           const CUgraphEdgeData *data, size_t count, CUdeviceptr dptr);

/* A block for `params`, a node that allocates, behind nodes `deps` of the graph: one that the graph
 * has, or false.  The graph alone holds it, so the node is added under the same hold of the lock,
 * or the block is given up there (gs_block_undo). */
bool gs_block_reuse(struct gs_graph *graph, const CUgraphNode *deps, size_t count,
                    struct gs_node_params *params);

/* A new one, which the node holds until it is placed.  Without the lock; may wait for the session's
 * work when memory is short.  CUDA_ERROR_OUT_OF_MEMORY. */
CUresult gs_block_new(struct gs_session *s, struct gs_node_params *params);

/* The node did not come to be. */
void gs_block_undo(struct gs_node_params *params);

/* The node is there: its graph has the block. */
void gs_block_placed(struct gs_node *node);

/* Whether a node of the graph may free the address: 1 otherwise. */
CUresult gs_block_may_free(const struct gs_graph *graph, uint64_t address);

/* A node that frees is there. */
void gs_block_freed(struct gs_node *node);

/* The graph ends. */
void gs_blocks_let_go(const struct gs_graph *graph);

/* What an executable form of the graph has and frees: 1 when it frees what is gone,
 * CUDA_ERROR_OUT_OF_MEMORY. */
CUresult gs_exec_blocks_take(const struct gs_graph *graph, struct gs_exec_blocks *blocks);
void gs_exec_blocks_drop(struct gs_exec_blocks *blocks);

/* Before a run: 1 when a block is still unfreed, unless `again`, or one is freed that is not
 * allocated.  And after it was sent. */
CUresult gs_exec_blocks_check(const struct gs_exec_blocks *blocks, bool again);
void gs_exec_blocks_ran(const struct gs_exec_blocks *blocks, const struct gs_stream *stream);

/* Frees what a run left unfreed, in a stream's order or at once (NULL): 1 when it is not.  Takes
 * the lock itself. */
CUresult gs_block_free(uint64_t address, const struct gs_stream *stream);

/* Gives back what is gone and out of use.  Takes the lock itself. */
void gs_blocks_reap(struct gs_session *s);

/* Forgets all memory of a session; its worker is gone or going.  Takes the lock itself. */
void gs_blocks_forget(struct gs_session *s);

/* How much graphs of a device have: `used` is held, `reserved` not yet given back. */
struct gs_block_sums {
    uint64_t used;
    uint64_t used_high;
    uint64_t reserved;
    uint64_t reserved_high;
};
struct gs_block_sums *gs_block_sums(uint32_t device);

#endif
