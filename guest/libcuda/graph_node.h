/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_GRAPH_NODE_H
#define GS_GRAPH_NODE_H

/*
 * What a node does: its parameters, as the program gave them and as they can be given back.
 * Nothing in them points into the program's memory but what the ABI says stays there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/libcuda/copy.h"
#include "guest/libcuda/memop.h"
#include "proto/cuda_abi.h"
#include "proto/limits.h"

struct gs_block;
struct gs_context;
struct gs_graph;
struct gs_session;

struct gs_kernel_node {
    CUDA_KERNEL_NODE_PARAMS shown; /* its kernelParams point into `bytes` */
    uint8_t *bytes;                /* owned */
    uint32_t len;
    uint32_t attribute_count;
    CUlaunchAttribute *attributes; /* owned; VGPU_LAUNCH_ATTRIBUTES_MAX, or NULL without any */
};

struct gs_memcpy_node {
    CUDA_MEMCPY3D shown;
    struct gs_copy copy; /* resolved; its stream is not used */
};

struct gs_memops_node {
    CUstreamBatchMemOpParams *shown; /* owned */
    struct gs_memop *ops;            /* owned */
    uint32_t count;
};

struct gs_alloc_node {
    struct gs_session *session;
    struct gs_block *block;
    uint64_t bytes;
    uint64_t address;
    CUmemPoolProps props;
    CUmemAccessDesc access[VGPU_DEVICES_MAX];
    size_t access_count;
    bool reused; /* the graph had the block before */
    bool placed; /* the node is in a graph */
};

struct gs_free_node {
    uint64_t address;
    uint64_t block; /* its id */
};

struct gs_node_params {
    CUgraphNodeType type;
    struct gs_context *context; /* where it works; NULL: nowhere */
    uint64_t context_handle;    /* of `context`, so that its end is noticed */
    union {
        struct gs_kernel_node kernel;
        struct gs_memcpy_node memcpy;
        CUDA_MEMSET_NODE_PARAMS memset;
        CUDA_HOST_NODE_PARAMS host;
        CUevent event;
        struct gs_graph *child; /* owned */
        struct gs_memops_node memops;
        struct gs_alloc_node alloc;
        struct gs_free_node free;
    };
};

struct gs_node {
    uint64_t handle;
    struct gs_graph *graph;
    struct gs_node *next;
    struct gs_node *previous;
    uint64_t origin; /* the handle of the node that it is a copy of, or 0 */
    struct gs_node_params params;
    struct gs_node **from;      /* owned: whom it follows */
    CUgraphEdgeData *from_data; /* owned: how, of each */
    uint32_t from_count;
    struct gs_node **to; /* owned: who follows it */
    uint32_t to_count;
    uint32_t mark; /* of whoever walks the graph */
    uint32_t plan_in;
    uint32_t plan_out;
};

/* Frees what params owns. */
void gs_node_params_free(struct gs_node_params *params);

/* A copy that owns everything itself.  CUDA_ERROR_OUT_OF_MEMORY. */
CUresult gs_node_params_copy(const struct gs_node_params *from, struct gs_node_params *to);

/*
 * Reading the program's parameters.  Each checks what native refuses at the call; *params is
 * owned by the caller on CUDA_SUCCESS.  `context` is where the node works.  A sticky error matters
 * to kernels and to what names a context, not to an event.  Without the lock of graphs: a kernel
 * may have to be loaded.
 */
CUresult gs_params_kernel(const CUDA_KERNEL_NODE_PARAMS *p, struct gs_node_params *params);
CUresult gs_params_memcpy(const CUDA_MEMCPY3D *p, struct gs_context *context,
                          struct gs_node_params *params);
CUresult gs_params_memset(const CUDA_MEMSET_NODE_PARAMS *p, struct gs_context *context,
                          struct gs_node_params *params);
CUresult gs_params_host(const CUDA_HOST_NODE_PARAMS *p, struct gs_node_params *params);
CUresult gs_params_event(CUevent event, CUgraphNodeType type, struct gs_node_params *params);
CUresult gs_params_memops(const CUDA_BATCH_MEM_OP_NODE_PARAMS *p, struct gs_node_params *params);
/* A copy of the graph. */
CUresult gs_params_child(CUgraph graph, struct gs_node_params *params);
CUresult gs_params_empty(struct gs_node_params *params);

/* Memory of the context's device; it has a block when the node's place is known (graph_block.h). */
CUresult gs_params_alloc(const CUDA_MEM_ALLOC_NODE_PARAMS *p, struct gs_context *context,
                         struct gs_node_params *params);

/* Whatever kind of node but memory, from the general form; 801 for kinds that vgpu does not have.
 */
CUresult gs_params_any(const CUgraphNodeParams *p, struct gs_node_params *params);

/* The context of a handle, the thread's current one for NULL: 201, 709, the sticky error. */
CUresult gs_params_context(CUcontext handle, struct gs_context **context);

/* Files where a node works. */
void gs_params_set_context(struct gs_node_params *params, struct gs_context *context);

#endif
