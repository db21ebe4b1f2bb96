/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_GRAPH_PLAN_H
#define GS_GRAPH_PLAN_H

/*
 * A graph as the worker builds it: nodes in an order in which each follows only earlier ones, child
 * graphs laid out between two empty nodes, and each node's record ready to be sent.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_context;
struct gs_graph;
struct gs_session;

struct gs_flat {
    uint64_t node; /* its handle in the graph; 0: it joins others, or ends a child graph */
    CUgraphNodeType type;
    uint32_t end; /* of a child graph's first node: where its last one is */
    bool enabled;
    uint32_t *deps; /* owned: earlier nodes */
    uint32_t dep_count;
    struct gs_context *context;
    uint64_t function;   /* of a kernel: the program's handle */
    uint64_t attributes; /* of a kernel: a number that stands for them */
    CUDA_HOST_NODE_PARAMS host;
    uint64_t token; /* of a function of the program; 0: none yet */
    CUevent event;
    uint32_t op;   /* the record that changes the node, or makes it when `deps` are put in */
    uint8_t *body; /* owned */
    uint32_t len;
};

struct gs_plan {
    struct gs_context *context; /* of all nodes that have one; NULL: none has */
    uint64_t graph;             /* the worker's handle that the records name */
    uint32_t base;              /* the first node's number in them */
    struct gs_flat *nodes;      /* owned */
    uint32_t count;
    uint32_t room;
};

/* The one context of a graph's nodes, or NULL when they need none.  801 for nodes of different
 * devices; 709 when it has ended.  With the lock of graphs. */
CUresult gs_plan_context(struct gs_graph *graph, struct gs_context **context);

/*
 * Plans a graph whose records name `handle` and number nodes from `base`.  `inner`: as a child
 * graph, between two empty nodes.
 * 1: a circle; 400: a function or event that is gone; CUDA_ERROR_OUT_OF_MEMORY also above
 * VGPU_GRAPH_NODES_MAX.  `failed` becomes the node that is at fault.  With the lock of graphs.
 */
CUresult gs_plan_make(struct gs_graph *graph, uint64_t handle, uint32_t base, bool inner,
                      struct gs_plan *plan, uint64_t *failed);
void gs_plan_free(struct gs_plan *plan);

#endif
