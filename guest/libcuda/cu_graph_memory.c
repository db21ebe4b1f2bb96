/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/graph.h"
#include "guest/libcuda/graph_block.h"
#include "guest/libcuda/graph_enter.h"
#include "guest/libcuda/stub.h"

/* Nodes that allocate and free memory, and what a device's graphs have of it. */

static CUresult check_access(const CUDA_MEM_ALLOC_NODE_PARAMS *p)
{
    if (p->accessDescCount > VGPU_DEVICES_MAX ||
        (p->accessDescs == NULL && p->accessDescCount > 0)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (size_t i = 0; i < p->accessDescCount; i++) {
        const CUmemAccessDesc *desc = &p->accessDescs[i];

        if (desc->location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
            gs_device_find(desc->location.id) == NULL) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        if (desc->location.id != p->poolProps.location.id) {
            return gs_unsupported_here("for another device's access");
        }
    }
    return CUDA_SUCCESS;
}

static CUresult check_place(const CUmemPoolProps *props, const struct gs_context *context)
{
    const struct gs_device *device;

    if (props->allocType != CU_MEM_ALLOCATION_TYPE_PINNED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (props->location.type != CU_MEM_LOCATION_TYPE_DEVICE) {
        return gs_unsupported_here("for memory that is no device's");
    }
    if (props->handleTypes != CU_MEM_HANDLE_TYPE_NONE) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    device = gs_device_find(props->location.id);
    if (device == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return device == context->device ? CUDA_SUCCESS
                                     : gs_unsupported_here("for memory of another device");
}

CUresult gs_params_alloc(const CUDA_MEM_ALLOC_NODE_PARAMS *p, struct gs_context *context,
                         struct gs_node_params *params)
{
    CUresult cu = check_place(&p->poolProps, context);

    if (cu == CUDA_SUCCESS) {
        cu = check_access(p);
    }
    if (cu == CUDA_SUCCESS && p->bytesize == 0) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS && p->bytesize > context->device->facts.total_memory) {
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *params = (struct gs_node_params){.type = CU_GRAPH_NODE_TYPE_MEM_ALLOC};
    params->alloc.session = context->session;
    params->alloc.bytes = p->bytesize;
    params->alloc.props = p->poolProps;
    params->alloc.access_count = p->accessDescCount;
    if (p->accessDescCount > 0) {
        memcpy(params->alloc.access, p->accessDescs, p->accessDescCount * sizeof(*p->accessDescs));
    }
    gs_params_set_context(params, context);
    return CUDA_SUCCESS;
}

/* A node on its way into a graph. */
struct addition {
    CUgraphNode *out;
    CUgraph graph;
    const CUgraphNode *deps;
    size_t count;
    const CUgraphEdgeData *data;
    struct gs_node_params params;
    bool needs_block; /* a new one: it is not there yet, and owns its parameters still */
};

/* With the lock: true when the node allocates and neither has a block nor finds one. */
static bool finds_none(struct gs_graph *graph, struct addition *a)
{
    return a->params.type == CU_GRAPH_NODE_TYPE_MEM_ALLOC && a->params.alloc.block == NULL &&
           !gs_block_reuse(graph, a->deps, a->count, &a->params);
}

/* Of an allocation, the address goes to `dptr`. */
static CUresult add(struct addition *a, CUdeviceptr *dptr)
{
    struct gs_graph *graph;
    struct gs_node *node;
    CUresult cu = CUDA_ERROR_INVALID_VALUE;

    gs_graphs_lock();
    graph = gs_graph_find(a->graph);
    a->needs_block = graph != NULL && finds_none(graph, a);
    if (graph == NULL) {
        gs_node_params_free(&a->params);
    } else if (!a->needs_block) {
        cu = gs_graph_add(graph, a->deps, a->data, a->count, &a->params, &node);
    }
    if (cu == CUDA_SUCCESS) {
        *a->out = gs_node_handle(node);
    }
    if (cu == CUDA_SUCCESS && dptr != NULL) {
        *dptr = node->params.alloc.address;
    }
    gs_graphs_unlock();
    return cu;
}

CUresult gs_graph_add_alloc(CUgraphNode *out, CUgraph graph, const CUgraphNode *deps,
                            const CUgraphEdgeData *data, size_t count,
                            CUDA_MEM_ALLOC_NODE_PARAMS *p)
{
    struct addition a = {.out = out, .graph = graph, .deps = deps, .count = count, .data = data};
    struct gs_context *context;
    CUresult cu = gs_graph_enter(graph, out, deps, count);

    if (cu == CUDA_SUCCESS && p == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_context(NULL, &context);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_alloc(p, context, &a.params);
    }
    if (cu == CUDA_SUCCESS) {
        cu = add(&a, &p->dptr);
    }
    if (a.needs_block) {
        cu = gs_block_new(context->session, &a.params);
    }
    if (a.needs_block && cu == CUDA_SUCCESS) {
        cu = add(&a, &p->dptr);
    }
    return cu;
}

CUresult gs_graph_add_free(CUgraphNode *out, CUgraph graph, const CUgraphNode *deps,
                           const CUgraphEdgeData *data, size_t count, CUdeviceptr dptr)
{
    struct addition a = {.out = out, .graph = graph, .deps = deps, .count = count, .data = data};
    CUresult cu = gs_graph_enter(graph, out, deps, count);

    a.params.type = CU_GRAPH_NODE_TYPE_MEM_FREE;
    a.params.free.address = dptr;
    return cu == CUDA_SUCCESS ? add(&a, NULL) : cu;
}

CUresult gs_cuGraphAddMemAllocNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                   const CUgraphNode *dependencies, size_t numDependencies,
                                   CUDA_MEM_ALLOC_NODE_PARAMS *nodeParams)
{
    return gs_graph_add_alloc(phGraphNode, hGraph, dependencies, NULL, numDependencies, nodeParams);
}

CUresult gs_cuGraphAddMemFreeNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                  const CUgraphNode *dependencies, size_t numDependencies,
                                  CUdeviceptr dptr)
{
    return gs_graph_add_free(phGraphNode, hGraph, dependencies, NULL, numDependencies, dptr);
}

CUresult gs_cuGraphMemAllocNodeGetParams(CUgraphNode hNode, CUDA_MEM_ALLOC_NODE_PARAMS *params_out)
{
    const struct gs_alloc_node *alloc;
    struct gs_node *node;
    CUresult cu = gs_node_enter(hNode, CU_GRAPH_NODE_TYPE_MEM_ALLOC, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (params_out == NULL) {
        gs_graphs_unlock();
        return CUDA_ERROR_INVALID_VALUE;
    }
    alloc = &node->params.alloc;
    *params_out = (CUDA_MEM_ALLOC_NODE_PARAMS){
        .poolProps = alloc->props,
        .accessDescs = alloc->access_count > 0 ? alloc->access : NULL,
        .accessDescCount = alloc->access_count,
        .bytesize = alloc->bytes,
        .dptr = alloc->address,
    };
    gs_graphs_unlock();
    return CUDA_SUCCESS;
}

CUresult gs_cuGraphMemFreeNodeGetParams(CUgraphNode hNode, CUdeviceptr *dptr_out)
{
    struct gs_node *node;
    CUresult cu = gs_node_enter(hNode, CU_GRAPH_NODE_TYPE_MEM_FREE, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (dptr_out != NULL) {
        *dptr_out = node->params.free.address;
    } else {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    gs_graphs_unlock();
    return cu;
}

/* ---- the device's ---- */

static CUresult find_device(CUdevice handle, struct gs_device **device)
{
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *device = gs_device_find(handle);
    return *device != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult gs_cuDeviceGraphMemTrim(CUdevice device)
{
    struct gs_device *found;
    struct gs_session *s;
    CUresult cu = find_device(device, &found);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    s = atomic_load(&found->session);
    if (s != NULL && s->streams != NULL) {
        gs_blocks_reap(s);
    }
    return CUDA_SUCCESS;
}

static uint64_t *sum_of(struct gs_block_sums *sums, CUgraphMem_attribute attr)
{
    switch ((unsigned int)attr) {
    case CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT:
        return &sums->used;
    case CU_GRAPH_MEM_ATTR_USED_MEM_HIGH:
        return &sums->used_high;
    case CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT:
        return &sums->reserved;
    case CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH:
        return &sums->reserved_high;
    default:
        return NULL;
    }
}

CUresult gs_cuDeviceGetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attr, void *value)
{
    struct gs_device *found;
    uint64_t *sum;
    CUresult cu = find_device(device, &found);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    sum = sum_of(gs_block_sums((uint32_t)device), attr);
    if (value == NULL || sum == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    gs_graphs_lock();
    memcpy(value, sum, sizeof(*sum));
    gs_graphs_unlock();
    return CUDA_SUCCESS;
}

/* The high marks can be taken back to what is the case, nothing else. */
CUresult gs_cuDeviceSetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attr, void *value)
{
    struct gs_block_sums *sums;
    struct gs_device *found;
    uint64_t wanted;
    CUresult cu = find_device(device, &found);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (value == NULL ||
        (attr != CU_GRAPH_MEM_ATTR_USED_MEM_HIGH && attr != CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memcpy(&wanted, value, sizeof(wanted));
    if (wanted != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    sums = gs_block_sums((uint32_t)device);
    gs_graphs_lock();
    if (attr == CU_GRAPH_MEM_ATTR_USED_MEM_HIGH) {
        sums->used_high = sums->used;
    } else {
        sums->reserved_high = sums->reserved;
    }
    gs_graphs_unlock();
    return CUDA_SUCCESS;
}
