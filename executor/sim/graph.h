/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_GRAPH_H
#define SIM_GRAPH_H

/*
 * Graphs.  Nodes follow earlier nodes only, so the order in which they were
 * added is one in which they can run: a launch replays them one after the
 * other in its stream.  All fields need sim.lock.
 */

#include "executor/sim/sim.h"

#define GRAPH_ATTRIBUTES_MAX 16

struct CUgraphNode_st {
    struct CUgraph_st *graph;
    size_t index;
    CUgraphNodeType type;
    bool enabled;
    union {
        struct {
            CUDA_KERNEL_NODE_PARAMS params;
            uint8_t *bytes; /* owned: the parameters as a buffer */
            size_t len;
            CUlaunchAttribute attr[GRAPH_ATTRIBUTES_MAX];
            unsigned int attrs;
        } kernel;
        CUDA_MEMCPY3D copy;
        CUDA_MEMSET_NODE_PARAMS set;
        CUDA_HOST_NODE_PARAMS host;
        CUevent event;
        struct {
            CUstreamBatchMemOpParams *ops; /* owned */
            unsigned int count;
        } words;
    };
};

struct CUgraph_st {
    struct CUgraphNode_st **node; /* owned */
    size_t count;
};

struct CUgraphExec_st {
    struct CUgraph_st *graph;    /* borrowed: for the index of its nodes */
    struct CUgraphNode_st *node; /* owned copies */
    size_t count;
};

/* A copy that owns what it points to; false without memory. */
bool graph_node_copy(struct CUgraphNode_st *to, const struct CUgraphNode_st *from);

/* Free what a node owns, not the node. */
void graph_node_clear(struct CUgraphNode_st *node);

/* Whether the element of a fill has a size that there is. */
bool graph_set_fits(const CUDA_MEMSET_NODE_PARAMS *params);

/* Set what a node does from its parameters.  1, 2 or 400; the node then stays as it was. */
CUresult graph_set_kernel(struct CUgraphNode_st *node, const CUDA_KERNEL_NODE_PARAMS *params);
CUresult graph_set_words(struct CUgraphNode_st *node, const CUDA_BATCH_MEM_OP_NODE_PARAMS *params);

#endif
