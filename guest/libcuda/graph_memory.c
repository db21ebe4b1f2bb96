/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/graph_node.h"

#include <stdlib.h>
#include <string.h>

#include "common/overflow.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/graph.h"
#include "guest/libcuda/stub.h"

/* Nodes that copy, fill, and write or wait for words. */

CUresult gs_params_memcpy(const CUDA_MEMCPY3D *p, struct gs_context *context,
                          struct gs_node_params *params)
{
    struct gs_copy copy = {.session = context->session, .stream = &context->null_stream};
    CUresult cu;

    if (p == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_copy_of_box(p, &copy);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (copy.dst.place == GS_PLACE_ARRAY || copy.src.place == GS_PLACE_ARRAY) {
        return gs_unsupported_here("from or to arrays in a graph");
    }
    if (copy.dst.place == GS_PLACE_PAGEABLE || copy.src.place == GS_PLACE_PAGEABLE) {
        /* Native reads and writes it when the graph runs: only pinned memory is there then. */
        return gs_unsupported_here("from or to pageable memory in a graph");
    }
    *params = (struct gs_node_params){.type = CU_GRAPH_NODE_TYPE_MEMCPY};
    params->memcpy.shown = *p;
    params->memcpy.copy = copy;
    params->memcpy.copy.stream = NULL;
    gs_params_set_context(params, context);
    return CUDA_SUCCESS;
}

static bool fill_is_sound(const CUDA_MEMSET_NODE_PARAMS *p, uint64_t *span)
{
    uint64_t row;

    if ((p->elementSize != 1 && p->elementSize != 2 && p->elementSize != 4) || p->dst == 0 ||
        p->dst % p->elementSize != 0 || p->width == 0 || p->height == 0 ||
        !vgpu_u64_mul(p->width, p->elementSize, &row)) {
        return false;
    }
    if (p->height > 1 && (p->pitch < row || p->pitch % p->elementSize != 0)) {
        return false;
    }
    return vgpu_u64_mul(p->height - 1, p->pitch, span) && vgpu_u64_add(*span, row, span);
}

CUresult gs_params_memset(const CUDA_MEMSET_NODE_PARAMS *p, struct gs_context *context,
                          struct gs_node_params *params)
{
    enum gs_place place;
    uint64_t span;
    uint64_t dst;

    if (p == NULL || !fill_is_sound(p, &span)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    dst = p->dst;
    place = gs_place_of(context->session, &dst, span, true);
    if (place == GS_PLACE_OTHER_DEVICE) {
        return gs_unsupported_here("for memory of another device");
    }
    if (place != GS_PLACE_DEVICE && place != GS_PLACE_PINNED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *params = (struct gs_node_params){.type = CU_GRAPH_NODE_TYPE_MEMSET, .memset = *p};
    params->memset.dst = dst;
    gs_params_set_context(params, context);
    return CUDA_SUCCESS;
}

static bool take_memops(const CUDA_BATCH_MEM_OP_NODE_PARAMS *p, struct gs_memops_node *node)
{
    node->count = p->count;
    node->shown = calloc(p->count, sizeof(*node->shown));
    node->ops = calloc(p->count, sizeof(*node->ops));
    if (node->shown == NULL || node->ops == NULL) {
        return false;
    }
    memcpy(node->shown, p->paramArray, p->count * sizeof(*node->shown));
    return true;
}

CUresult gs_params_memops(const CUDA_BATCH_MEM_OP_NODE_PARAMS *p, struct gs_node_params *params)
{
    struct gs_context *context;
    CUresult cu;

    if (p == NULL || p->count == 0 || p->count > VGPU_MEM_OPS_MAX || p->paramArray == NULL ||
        p->flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_params_context(p->ctx, &context);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *params = (struct gs_node_params){.type = CU_GRAPH_NODE_TYPE_BATCH_MEM_OP};
    gs_params_set_context(params, context);
    cu = take_memops(p, &params->memops)
             ? gs_memop_read(context->session, p->paramArray, p->count, params->memops.ops)
             : CUDA_ERROR_OUT_OF_MEMORY;
    if (cu != CUDA_SUCCESS) {
        gs_node_params_free(params);
    }
    return cu;
}
