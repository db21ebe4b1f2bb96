/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/graph.h"

#include <stdlib.h>

#include "executor/worker/box.h"
#include "executor/worker/event.h"
#include "executor/worker/host_call.h"
#include "executor/worker/launch.h"
#include "executor/worker/memop.h"
#include "executor/worker/module.h"
#include "executor/worker/session.h"

/* The nodes of graphs: each record makes one or changes one. */

/* The dispatcher's: room for dependencies. */
static struct ex_graph_place place;

static CUresult set_attributes(const struct ex_driver *d, CUgraphNode node,
                               const CUlaunchConfig *config)
{
    CUresult cu = CUDA_SUCCESS;

    for (unsigned int i = 0; i < config->numAttrs && cu == CUDA_SUCCESS; i++) {
        cu = d->cuGraphKernelNodeSetAttribute(node, config->attrs[i].id, &config->attrs[i].value);
    }
    return cu;
}

/* An event may end while the graph still names it. */
static bool names_event(const CUlaunchConfig *config)
{
    bool found = false;

    for (unsigned int i = 0; i < config->numAttrs; i++) {
        found |= config->attrs[i].id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT ||
                 config->attrs[i].id == CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT;
    }
    return found;
}

static CUresult put_kernel(struct ex_session *x, const CUDA_KERNEL_NODE_PARAMS *params,
                           const struct vgpu_args_vgpuGraphKernel *args, CUgraphNode *node)
{
    CUlaunchConfig config = {.gridDimX = 0};
    CUresult cu;

    if (!place.is_new) {
        return x->driver->cuGraphExecKernelNodeSetParams(place.graph->exec,
                                                         ex_graph_changed(&place)->cu, params);
    }
    cu = ex_launch_attributes(x, args->attributes, args->attributes_len, &config);
    if (cu == CUDA_SUCCESS && names_event(&config)) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        cu =
            x->driver->cuGraphAddKernelNode(node, place.graph->cu, place.deps, place.count, params);
    }
    return cu == CUDA_SUCCESS ? set_attributes(x->driver, *node, &config) : cu;
}

CUresult ex_do_vgpuGraphKernel(struct ex_session *session,
                               const struct vgpu_args_vgpuGraphKernel *args,
                               struct vgpu_ret_vgpuGraphKernel *ret)
{
    struct ex_function *f = vgpu_handles_get(session->functions, args->function);
    struct ex_graph_node node = {.cu = NULL};
    struct ex_params params;
    CUDA_KERNEL_NODE_PARAMS kernel = {
        .gridDimX = args->grid_x,
        .gridDimY = args->grid_y,
        .gridDimZ = args->grid_z,
        .blockDimX = args->block_x,
        .blockDimY = args->block_y,
        .blockDimZ = args->block_z,
        .sharedMemBytes = args->shared_bytes,
        .extra = ex_params_of(&params, args->params, args->params_len),
    };
    const struct ex_graph_record record = {
        args->graph, args->node,     CU_GRAPH_NODE_TYPE_KERNEL,
        args->deps,  args->deps_len, args->params_len + args->attributes_len};
    CUresult cu = ex_graph_enter(session, &record, &place);

    (void)ret;
    if (cu == CUDA_SUCCESS && f == NULL) {
        cu = CUDA_ERROR_INVALID_HANDLE;
    }
    /* The driver reads as many bytes as the kernel declares. */
    if (cu == CUDA_SUCCESS && args->params_len < f->param_bytes) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        kernel.func = f->cu;
        cu = put_kernel(session, &kernel, args, &node.cu);
    }
    return ex_graph_added(&place, &node, cu);
}

CUresult ex_do_vgpuGraphCopy(struct ex_session *session, const struct vgpu_args_vgpuGraphCopy *args,
                             struct vgpu_ret_vgpuGraphCopy *ret)
{
    struct vgpu_args_vgpuCopy3D copy = {
        .dst = args->dst,
        .dst_pitch = args->dst_pitch,
        .dst_rows = args->dst_rows,
        .src = args->src,
        .src_pitch = args->src_pitch,
        .src_rows = args->src_rows,
        .width = args->width,
        .height = args->height,
        .depth = args->depth,
        .dst_type = args->dst_type,
        .src_type = args->src_type,
    };
    struct ex_graph_node node = {.cu = NULL};
    CUDA_MEMCPY3D box = {.srcXInBytes = 0};
    const struct ex_graph_record record = {args->graph, args->node,     CU_GRAPH_NODE_TYPE_MEMCPY,
                                           args->deps,  args->deps_len, 0};
    CUresult cu = ex_graph_enter(session, &record, &place);

    (void)ret;
    /* An array may end while the graph still names it. */
    if (cu == CUDA_SUCCESS &&
        (copy.dst_type == CU_MEMORYTYPE_ARRAY || copy.src_type == CU_MEMORYTYPE_ARRAY)) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        cu = ex_box_describe(session, &copy, &box);
    }
    if (cu == CUDA_SUCCESS && place.is_new) {
        cu = session->driver->cuGraphAddMemcpyNode(&node.cu, place.graph->cu, place.deps,
                                                   place.count, &box, session->context);
    } else if (cu == CUDA_SUCCESS) {
        cu = session->driver->cuGraphExecMemcpyNodeSetParams(
            place.graph->exec, ex_graph_changed(&place)->cu, &box, session->context);
    }
    return ex_graph_added(&place, &node, cu);
}

CUresult ex_do_vgpuGraphFill(struct ex_session *session, const struct vgpu_args_vgpuGraphFill *args,
                             struct vgpu_ret_vgpuGraphFill *ret)
{
    struct vgpu_args_vgpuFill2D fill = {
        .dst = args->dst,
        .pitch = args->pitch,
        .width = args->width,
        .height = args->height,
        .value = args->value,
        .element = args->element,
    };
    CUDA_MEMSET_NODE_PARAMS params = {
        .dst = args->dst,
        .pitch = args->pitch,
        .value = args->value,
        .elementSize = args->element,
        .width = args->width,
        .height = args->height,
    };
    struct ex_graph_node node = {.cu = NULL};
    const struct ex_graph_record record = {args->graph, args->node,     CU_GRAPH_NODE_TYPE_MEMSET,
                                           args->deps,  args->deps_len, 0};
    CUresult cu = ex_graph_enter(session, &record, &place);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = ex_fill_check(session, &fill);
    }
    if (cu == CUDA_SUCCESS && place.is_new) {
        cu = session->driver->cuGraphAddMemsetNode(&node.cu, place.graph->cu, place.deps,
                                                   place.count, &params, session->context);
    } else if (cu == CUDA_SUCCESS) {
        cu = session->driver->cuGraphExecMemsetNodeSetParams(
            place.graph->exec, ex_graph_changed(&place)->cu, &params, session->context);
    }
    return ex_graph_added(&place, &node, cu);
}

static CUresult put_host(struct ex_session *x, struct ex_graph_node *node)
{
    CUDA_HOST_NODE_PARAMS params = {.fn = ex_host_call_run, .userData = node->host};
    struct ex_graph_node *changed;
    CUresult cu;

    if (place.is_new) {
        return x->driver->cuGraphAddHostNode(&node->cu, place.graph->cu, place.deps, place.count,
                                             &params);
    }
    changed = ex_graph_changed(&place);
    cu = x->driver->cuGraphExecHostNodeSetParams(place.graph->exec, changed->cu, &params);
    if (cu == CUDA_SUCCESS) {
        ex_host_call_end(changed->host); /* runs that are under way still call it */
        changed->host = node->host;
        node->host = NULL;
    }
    return cu;
}

CUresult ex_do_vgpuGraphHost(struct ex_session *session, const struct vgpu_args_vgpuGraphHost *args,
                             struct vgpu_ret_vgpuGraphHost *ret)
{
    struct ex_graph_node node = {.cu = NULL};
    const struct ex_graph_record record = {args->graph, args->node,     CU_GRAPH_NODE_TYPE_HOST,
                                           args->deps,  args->deps_len, 0};
    CUresult cu = ex_graph_enter(session, &record, &place);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        node.host = ex_host_call_new(session, args->token, true);
        cu = node.host != NULL ? put_host(session, &node) : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        ex_host_call_end(node.host);
        node.host = NULL;
    }
    return ex_graph_added(&place, &node, cu);
}

static CUresult add_event(struct ex_session *x, struct ex_graph_node *node, bool record)
{
    if (record) {
        return x->driver->cuGraphAddEventRecordNode(&node->cu, place.graph->cu, place.deps,
                                                    place.count, node->ref->cu);
    }
    return x->driver->cuGraphAddEventWaitNode(&node->cu, place.graph->cu, place.deps, place.count,
                                              node->ref->cu);
}

static CUresult change_event(struct ex_session *x, struct ex_graph_node *node, bool record)
{
    struct ex_graph_node *changed = ex_graph_changed(&place);
    CUresult cu = record ? x->driver->cuGraphExecEventRecordNodeSetEvent(place.graph->exec,
                                                                         changed->cu, node->ref->cu)
                         : x->driver->cuGraphExecEventWaitNodeSetEvent(place.graph->exec,
                                                                       changed->cu, node->ref->cu);

    if (cu == CUDA_SUCCESS) {
        ex_event_release_node(x, changed->ref);
        changed->ref = node->ref;
        changed->event = node->event;
        node->ref = NULL;
    }
    return cu;
}

CUresult ex_do_vgpuGraphEvent(struct ex_session *session,
                              const struct vgpu_args_vgpuGraphEvent *args,
                              struct vgpu_ret_vgpuGraphEvent *ret)
{
    CUgraphNodeType type =
        args->record != 0 ? CU_GRAPH_NODE_TYPE_EVENT_RECORD : CU_GRAPH_NODE_TYPE_WAIT_EVENT;
    struct ex_graph_node node = {.event = args->event};
    const struct ex_graph_record record = {args->graph, args->node,     type,
                                           args->deps,  args->deps_len, 0};
    CUresult cu = ex_graph_enter(session, &record, &place);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        node.ref = ex_event_hold_node(session, args->event);
        cu = node.ref == NULL ? CUDA_ERROR_INVALID_HANDLE
             : place.is_new   ? add_event(session, &node, args->record != 0)
                              : change_event(session, &node, args->record != 0);
    }
    if (cu != CUDA_SUCCESS && node.ref != NULL) {
        ex_event_release_node(session, node.ref);
        node.ref = NULL;
    }
    return ex_graph_added(&place, &node, cu);
}

CUresult ex_do_vgpuGraphWords(struct ex_session *session,
                              const struct vgpu_args_vgpuGraphWords *args,
                              struct vgpu_ret_vgpuGraphWords *ret)
{
    static CUstreamBatchMemOpParams ops[VGPU_MEM_OPS_MAX]; /* the dispatcher's */
    CUDA_BATCH_MEM_OP_NODE_PARAMS params = {.ctx = session->context, .paramArray = ops};
    struct ex_graph_node node = {.cu = NULL};
    const struct ex_graph_record record = {
        args->graph, args->node,     CU_GRAPH_NODE_TYPE_BATCH_MEM_OP,
        args->deps,  args->deps_len, 2 * args->operations_len};
    CUresult cu = ex_graph_enter(session, &record, &place);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = ex_memops_read(session, args->operations, args->operations_len, ops, &params.count);
    }
    if (cu == CUDA_SUCCESS && place.is_new) {
        cu = session->driver->cuGraphAddBatchMemOpNode(&node.cu, place.graph->cu, place.deps,
                                                       place.count, &params);
    } else if (cu == CUDA_SUCCESS) {
        cu = session->driver->cuGraphExecBatchMemOpNodeSetParams(
            place.graph->exec, ex_graph_changed(&place)->cu, &params);
    }
    return ex_graph_added(&place, &node, cu);
}

CUresult ex_do_vgpuGraphEmpty(struct ex_session *session,
                              const struct vgpu_args_vgpuGraphEmpty *args,
                              struct vgpu_ret_vgpuGraphEmpty *ret)
{
    struct ex_graph_node node = {.cu = NULL};
    const struct ex_graph_record record = {args->graph, args->node,     CU_GRAPH_NODE_TYPE_EMPTY,
                                           args->deps,  args->deps_len, 0};
    CUresult cu = ex_graph_enter(session, &record, &place);

    (void)ret;
    if (cu == CUDA_SUCCESS && place.is_new) {
        cu = session->driver->cuGraphAddEmptyNode(&node.cu, place.graph->cu, place.deps,
                                                  place.count);
    }
    return ex_graph_added(&place, &node, cu);
}
