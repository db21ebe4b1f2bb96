/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/graph_node.h"

#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/event.h"
#include "guest/libcuda/graph.h"
#include "guest/libcuda/graph_block.h"
#include "guest/libcuda/stub.h"

/* Ownership of parameters, and the kinds that need no more than a look.  Kernels are in
 * graph_kernel.c, copies and fills in graph_memory.c. */

static void free_kernel(struct gs_kernel_node *kernel)
{
    free(kernel->shown.kernelParams);
    free(kernel->bytes);
    free(kernel->attributes);
}

void gs_node_params_free(struct gs_node_params *params)
{
    switch ((int)params->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
        free_kernel(&params->kernel);
        break;
    case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
        free(params->memops.shown);
        free(params->memops.ops);
        break;
    case CU_GRAPH_NODE_TYPE_GRAPH:
        if (params->child != NULL) {
            gs_graph_destroy(params->child);
        }
        break;
    case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
        gs_block_undo(params);
        break;
    default:
        break;
    }
    memset(params, 0, sizeof(*params));
    params->type = CU_GRAPH_NODE_TYPE_EMPTY;
}

/* A copy of `len` bytes; *good is cleared without memory. */
static void *duplicate(const void *bytes, size_t len, bool *good)
{
    void *copy = NULL;

    if (bytes != NULL && *good) {
        copy = malloc(len > 0 ? len : 1);
        *good = copy != NULL;
    }
    if (copy != NULL) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

static bool copy_kernel(const struct gs_kernel_node *from, struct gs_kernel_node *to)
{
    bool good = true;
    size_t count = 0;

    while (from->shown.kernelParams != NULL && from->shown.kernelParams[count] != NULL) {
        count++;
    }
    to->bytes = duplicate(from->bytes, from->len, &good);
    to->attributes =
        duplicate(from->attributes, VGPU_LAUNCH_ATTRIBUTES_MAX * sizeof(*from->attributes), &good);
    to->shown.kernelParams =
        duplicate(from->shown.kernelParams, (count + 1) * sizeof(void *), &good);
    for (size_t i = 0; good && i < count; i++) {
        to->shown.kernelParams[i] =
            to->bytes + ((uint8_t *)from->shown.kernelParams[i] - from->bytes);
    }
    return good;
}

static bool copy_memops(const struct gs_memops_node *from, struct gs_memops_node *to)
{
    bool good = true;

    to->shown = duplicate(from->shown, from->count * sizeof(*from->shown), &good);
    to->ops = duplicate(from->ops, from->count * sizeof(*from->ops), &good);
    return good;
}

CUresult gs_node_params_copy(const struct gs_node_params *from, struct gs_node_params *to)
{
    bool good = true;

    *to = *from;
    if (from->type == CU_GRAPH_NODE_TYPE_KERNEL) {
        good = copy_kernel(&from->kernel, &to->kernel);
    } else if (from->type == CU_GRAPH_NODE_TYPE_BATCH_MEM_OP) {
        good = copy_memops(&from->memops, &to->memops);
    } else if (from->type == CU_GRAPH_NODE_TYPE_GRAPH) {
        to->child = gs_graph_clone(from->child);
        good = to->child != NULL;
    }
    if (!good) {
        gs_node_params_free(to);
    }
    return good ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

void gs_params_set_context(struct gs_node_params *params, struct gs_context *context)
{
    params->context = context;
    params->context_handle = (uint64_t)(uintptr_t)gs_context_handle(context);
}

CUresult gs_params_context(CUcontext handle, struct gs_context **context)
{
    struct gs_call call;
    CUresult cu;

    if (handle == NULL) {
        cu = gs_enter(&call);
        *context = call.context;
        return cu;
    }
    cu = gs_ready();
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *context = gs_context_find(handle);
    if (*context == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    return gs_context_is_active(*context) ? gs_session_error((*context)->session)
                                          : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

CUresult gs_params_host(const CUDA_HOST_NODE_PARAMS *p, struct gs_node_params *params)
{
    if (p == NULL || p->fn == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *params = (struct gs_node_params){.type = CU_GRAPH_NODE_TYPE_HOST, .host = *p};
    return CUDA_SUCCESS;
}

CUresult gs_params_event(CUevent handle, CUgraphNodeType type, struct gs_node_params *params)
{
    struct gs_event *event;
    CUresult cu = handle != NULL ? gs_event_known(handle, &event) : CUDA_ERROR_INVALID_VALUE;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *params = (struct gs_node_params){.type = type, .event = handle};
    gs_params_set_context(params, event->context);
    return CUDA_SUCCESS;
}

CUresult gs_params_empty(struct gs_node_params *params)
{
    *params = (struct gs_node_params){.type = CU_GRAPH_NODE_TYPE_EMPTY};
    return CUDA_SUCCESS;
}

CUresult gs_params_child(CUgraph handle, struct gs_node_params *params)
{
    struct gs_graph *graph;
    CUresult cu = CUDA_ERROR_INVALID_VALUE;

    gs_graphs_lock();
    graph = gs_graph_find(handle);
    if (graph != NULL && graph->memory > 0) {
        cu = CUDA_ERROR_NOT_SUPPORTED;
    } else if (graph != NULL) {
        *params = (struct gs_node_params){.type = CU_GRAPH_NODE_TYPE_GRAPH};
        params->child = gs_graph_clone(graph);
        cu = params->child != NULL ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    }
    gs_graphs_unlock();
    return cu;
}

static CUresult any_child(const CUDA_CHILD_GRAPH_NODE_PARAMS *p, struct gs_node_params *params)
{
    if (p->ownership != CU_GRAPH_CHILD_GRAPH_OWNERSHIP_CLONE) {
        return gs_unsupported_here("with a child graph that is not copied");
    }
    return gs_params_child(p->graph, params);
}

static CUresult any_memcpy(const CUDA_MEMCPY_NODE_PARAMS *p, struct gs_node_params *params)
{
    struct gs_context *context;
    CUresult cu = gs_params_context(p->copyCtx, &context);

    return cu == CUDA_SUCCESS ? gs_params_memcpy(&p->copyParams, context, params) : cu;
}

static CUresult any_memset(const CUDA_MEMSET_NODE_PARAMS_v2 *p, struct gs_node_params *params)
{
    CUDA_MEMSET_NODE_PARAMS first;
    struct gs_context *context;
    CUresult cu = gs_params_context(p->ctx, &context);

    memcpy(&first, p, sizeof(first)); /* the new form is the old one and a context */
    return cu == CUDA_SUCCESS ? gs_params_memset(&first, context, params) : cu;
}

CUresult gs_params_any(const CUgraphNodeParams *p, struct gs_node_params *params)
{
    CUDA_HOST_NODE_PARAMS host;
    CUDA_KERNEL_NODE_PARAMS kernel;
    CUDA_BATCH_MEM_OP_NODE_PARAMS ops;

    switch ((int)p->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
        memcpy(&kernel, &p->kernel, sizeof(kernel)); /* same members in both forms */
        return gs_params_kernel(&kernel, params);
    case CU_GRAPH_NODE_TYPE_MEMCPY:
        return any_memcpy(&p->memcpy, params);
    case CU_GRAPH_NODE_TYPE_MEMSET:
        return any_memset(&p->memset, params);
    case CU_GRAPH_NODE_TYPE_HOST:
        host = (CUDA_HOST_NODE_PARAMS){.fn = p->host.fn, .userData = p->host.userData};
        return gs_params_host(&host, params);
    case CU_GRAPH_NODE_TYPE_GRAPH:
        return any_child(&p->graph, params);
    case CU_GRAPH_NODE_TYPE_EMPTY:
        return gs_params_empty(params);
    case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
        return gs_params_event(p->eventWait.event, CU_GRAPH_NODE_TYPE_WAIT_EVENT, params);
    case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
        return gs_params_event(p->eventRecord.event, CU_GRAPH_NODE_TYPE_EVENT_RECORD, params);
    case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
        memcpy(&ops, &p->memOp, sizeof(ops));
        return gs_params_memops(&ops, params);
    case CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL:
    case CU_GRAPH_NODE_TYPE_EXT_SEMAS_WAIT:
    case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
    case CU_GRAPH_NODE_TYPE_MEM_FREE:
    case CU_GRAPH_NODE_TYPE_CONDITIONAL:
        return gs_unsupported_here("with semaphores or conditions, or to change memory");
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}
