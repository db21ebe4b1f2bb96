/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/graph.h"
#include "guest/libcuda/graph_enter.h"
#include "guest/libcuda/graph_kernel.h"

/* What nodes were told, and telling them something else. */

static CUresult leave(CUresult cu)
{
    gs_graphs_unlock();
    return cu;
}

/* The kind of a node, to be asked before its new parameters are read without the lock. */
static CUresult expect(CUgraphNode handle, CUgraphNodeType type, struct gs_context **context)
{
    struct gs_node *node;
    CUresult cu = gs_node_enter(handle, type, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *context = node->params.context;
    return leave(CUDA_SUCCESS);
}

/* The same where addresses are looked up in the node's context: also its sticky error. */
static CUresult expect_memory(CUgraphNode handle, CUgraphNodeType type, struct gs_context **context)
{
    CUresult cu = expect(handle, type, context);

    return cu == CUDA_SUCCESS ? gs_session_error((*context)->session) : cu;
}

/* Exchanges the parameters of a node; a kernel keeps its attributes. */
static CUresult replace(CUgraphNode handle, struct gs_node_params *params)
{
    struct gs_node *node;
    CUresult cu = gs_node_enter(handle, params->type, &node);
    struct gs_node_params old;

    if (cu != CUDA_SUCCESS) {
        gs_node_params_free(params);
        return cu;
    }
    old = node->params;
    node->params = *params;
    if (params->type == CU_GRAPH_NODE_TYPE_KERNEL) {
        node->params.kernel.attributes = old.kernel.attributes;
        node->params.kernel.attribute_count = old.kernel.attribute_count;
        old.kernel.attributes = NULL;
    }
    if (params->type == CU_GRAPH_NODE_TYPE_GRAPH) {
        node->params.child->owner = node;
    }
    gs_node_params_free(&old);
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphKernelNodeGetParams_v2(CUgraphNode hNode, CUDA_KERNEL_NODE_PARAMS *nodeParams)
{
    struct gs_node *node;
    CUresult cu = gs_node_enter(hNode, CU_GRAPH_NODE_TYPE_KERNEL, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (nodeParams == NULL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    *nodeParams = node->params.kernel.shown;
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphKernelNodeGetParams(CUgraphNode hNode, CUDA_KERNEL_NODE_PARAMS_v1 *nodeParams)
{
    CUDA_KERNEL_NODE_PARAMS newer;
    CUresult cu = gs_cuGraphKernelNodeGetParams_v2(hNode, nodeParams != NULL ? &newer : NULL);

    if (cu == CUDA_SUCCESS) {
        memcpy(nodeParams, &newer, sizeof(*nodeParams));
    }
    return cu;
}

CUresult gs_cuGraphKernelNodeSetParams_v2(CUgraphNode hNode,
                                          const CUDA_KERNEL_NODE_PARAMS *nodeParams)
{
    struct gs_node_params params;
    struct gs_context *context;
    CUresult cu = expect(hNode, CU_GRAPH_NODE_TYPE_KERNEL, &context);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_kernel(nodeParams, &params);
    }
    return cu == CUDA_SUCCESS ? replace(hNode, &params) : cu;
}

CUresult gs_cuGraphKernelNodeSetParams(CUgraphNode hNode,
                                       const CUDA_KERNEL_NODE_PARAMS_v1 *nodeParams)
{
    CUDA_KERNEL_NODE_PARAMS newer = {.func = NULL};

    if (nodeParams == NULL) {
        return gs_cuGraphKernelNodeSetParams_v2(hNode, NULL);
    }
    memcpy(&newer, nodeParams, sizeof(*nodeParams));
    return gs_cuGraphKernelNodeSetParams_v2(hNode, &newer);
}

CUresult gs_cuGraphMemcpyNodeGetParams(CUgraphNode hNode, CUDA_MEMCPY3D *nodeParams)
{
    struct gs_node *node;
    CUresult cu = gs_node_enter(hNode, CU_GRAPH_NODE_TYPE_MEMCPY, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (nodeParams == NULL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    *nodeParams = node->params.memcpy.shown;
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphMemcpyNodeSetParams(CUgraphNode hNode, const CUDA_MEMCPY3D *nodeParams)
{
    struct gs_node_params params;
    struct gs_context *context;
    CUresult cu = expect_memory(hNode, CU_GRAPH_NODE_TYPE_MEMCPY, &context);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_memcpy(nodeParams, context, &params);
    }
    return cu == CUDA_SUCCESS ? replace(hNode, &params) : cu;
}

CUresult gs_cuGraphMemsetNodeGetParams(CUgraphNode hNode, CUDA_MEMSET_NODE_PARAMS *nodeParams)
{
    struct gs_node *node;
    CUresult cu = gs_node_enter(hNode, CU_GRAPH_NODE_TYPE_MEMSET, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (nodeParams == NULL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    *nodeParams = node->params.memset;
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphMemsetNodeSetParams(CUgraphNode hNode, const CUDA_MEMSET_NODE_PARAMS *nodeParams)
{
    struct gs_node_params params;
    struct gs_context *context;
    CUresult cu = expect_memory(hNode, CU_GRAPH_NODE_TYPE_MEMSET, &context);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_memset(nodeParams, context, &params);
    }
    return cu == CUDA_SUCCESS ? replace(hNode, &params) : cu;
}

CUresult gs_cuGraphHostNodeGetParams(CUgraphNode hNode, CUDA_HOST_NODE_PARAMS *nodeParams)
{
    struct gs_node *node;
    CUresult cu = gs_node_enter(hNode, CU_GRAPH_NODE_TYPE_HOST, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (nodeParams == NULL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    *nodeParams = node->params.host;
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphHostNodeSetParams(CUgraphNode hNode, const CUDA_HOST_NODE_PARAMS *nodeParams)
{
    struct gs_node_params params;
    struct gs_context *context;
    CUresult cu = expect(hNode, CU_GRAPH_NODE_TYPE_HOST, &context);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_host(nodeParams, &params);
    }
    return cu == CUDA_SUCCESS ? replace(hNode, &params) : cu;
}

CUresult gs_cuGraphBatchMemOpNodeGetParams(CUgraphNode hNode,
                                           CUDA_BATCH_MEM_OP_NODE_PARAMS *nodeParams)
{
    struct gs_node *node;
    CUresult cu = gs_node_enter(hNode, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (nodeParams == NULL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    *nodeParams = (CUDA_BATCH_MEM_OP_NODE_PARAMS){
        .ctx = (CUcontext)(uintptr_t)node->params.context_handle,
        .count = node->params.memops.count,
        .paramArray = node->params.memops.shown,
    };
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphBatchMemOpNodeSetParams(CUgraphNode hNode,
                                           const CUDA_BATCH_MEM_OP_NODE_PARAMS *nodeParams)
{
    struct gs_node_params params;
    struct gs_context *context;
    CUresult cu = expect(hNode, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, &context);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_memops(nodeParams, &params);
    }
    return cu == CUDA_SUCCESS ? replace(hNode, &params) : cu;
}

CUresult gs_cuGraphChildGraphNodeGetGraph(CUgraphNode hNode, CUgraph *phGraph)
{
    struct gs_node *node;
    CUresult cu = gs_node_enter(hNode, CU_GRAPH_NODE_TYPE_GRAPH, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (phGraph == NULL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    *phGraph = gs_graph_handle(node->params.child);
    return leave(CUDA_SUCCESS);
}

static CUresult get_event(CUgraphNode handle, CUgraphNodeType type, CUevent *event)
{
    struct gs_node *node;
    CUresult cu = gs_node_enter(handle, type, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (event == NULL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    *event = node->params.event;
    return leave(CUDA_SUCCESS);
}

static CUresult set_event(CUgraphNode handle, CUgraphNodeType type, CUevent event)
{
    struct gs_node_params params;
    struct gs_context *context;
    CUresult cu;

    if (event == NULL) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = expect(handle, type, &context);
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_event(event, type, &params);
    }
    return cu == CUDA_SUCCESS ? replace(handle, &params) : cu;
}

CUresult gs_cuGraphEventRecordNodeGetEvent(CUgraphNode hNode, CUevent *event_out)
{
    return get_event(hNode, CU_GRAPH_NODE_TYPE_EVENT_RECORD, event_out);
}

CUresult gs_cuGraphEventRecordNodeSetEvent(CUgraphNode hNode, CUevent event)
{
    return set_event(hNode, CU_GRAPH_NODE_TYPE_EVENT_RECORD, event);
}

CUresult gs_cuGraphEventWaitNodeGetEvent(CUgraphNode hNode, CUevent *event_out)
{
    return get_event(hNode, CU_GRAPH_NODE_TYPE_WAIT_EVENT, event_out);
}

CUresult gs_cuGraphEventWaitNodeSetEvent(CUgraphNode hNode, CUevent event)
{
    return set_event(hNode, CU_GRAPH_NODE_TYPE_WAIT_EVENT, event);
}

CUresult gs_cuGraphNodeSetParams(CUgraphNode hNode, CUgraphNodeParams *nodeParams)
{
    struct gs_node_params params;
    struct gs_context *context;
    CUresult cu = gs_ready();

    if (cu == CUDA_SUCCESS && nodeParams == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        cu = expect(hNode, nodeParams->type, &context);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_any(nodeParams, &params);
    }
    return cu == CUDA_SUCCESS ? replace(hNode, &params) : cu;
}

/* ---- attributes ---- */

CUresult gs_cuGraphKernelNodeGetAttribute(CUgraphNode hNode, CUkernelNodeAttrID attr,
                                          CUkernelNodeAttrValue *value_out)
{
    static const CUlaunchMemSyncDomainMap domains = {.default_ = 0, .remote = 1};
    const CUlaunchAttribute *found;
    struct gs_node *node;
    CUresult cu = gs_node_enter(hNode, CU_GRAPH_NODE_TYPE_KERNEL, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (value_out == NULL || !gs_kernel_attribute_is_known(attr)) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    found = gs_kernel_attribute(&node->params.kernel, attr);
    memset(value_out, 0, sizeof(*value_out));
    if (found != NULL) {
        *value_out = found->value;
    } else if (attr == CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP) {
        value_out->memSyncDomainMap = domains;
    }
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphKernelNodeSetAttribute(CUgraphNode hNode, CUkernelNodeAttrID attr,
                                          const CUkernelNodeAttrValue *value)
{
    struct gs_node *node;
    CUresult cu = gs_node_enter(hNode, CU_GRAPH_NODE_TYPE_KERNEL, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (value == NULL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    return leave(gs_kernel_set_attribute(&node->params.kernel, attr, value));
}

CUresult gs_cuGraphKernelNodeCopyAttributes(CUgraphNode dst, CUgraphNode src)
{
    const struct gs_kernel_node *from;
    struct gs_node *node;
    struct gs_node *other;
    CUresult cu = gs_node_enter(dst, CU_GRAPH_NODE_TYPE_KERNEL, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    other = gs_node_find(src);
    if (other == NULL || other->params.type != CU_GRAPH_NODE_TYPE_KERNEL) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    from = &other->params.kernel;
    for (uint32_t i = 0; i < from->attribute_count && cu == CUDA_SUCCESS; i++) {
        cu = gs_kernel_set_attribute(&node->params.kernel, from->attributes[i].id,
                                     &from->attributes[i].value);
    }
    return leave(cu);
}
