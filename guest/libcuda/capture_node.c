/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/capture.h"

#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/capture_state.h"
#include "guest/libcuda/graph_block.h"
#include "guest/libcuda/graph_node.h"
#include "guest/libcuda/pool.h"
#include "guest/libcuda/stub.h"

/* What operations of streams become as nodes. */

static CUmemorytype type_of(const struct gs_end *end)
{
    return end->place == GS_PLACE_DEVICE ? CU_MEMORYTYPE_DEVICE : CU_MEMORYTYPE_HOST;
}

/* How native shows a copy that a stream captured. */
static CUDA_MEMCPY3D show(const struct gs_copy *copy)
{
    return (CUDA_MEMCPY3D){
        .srcMemoryType = type_of(&copy->src),
        .srcHost = (const void *)(uintptr_t)copy->src.address,
        .srcDevice = copy->src.address,
        .srcPitch = copy->src.pitch != 0 ? copy->src.pitch : copy->width,
        .srcHeight = copy->src.rows != 0 ? copy->src.rows : copy->height,
        .dstMemoryType = type_of(&copy->dst),
        .dstHost = (void *)(uintptr_t)copy->dst.address,
        .dstDevice = copy->dst.address,
        .dstPitch = copy->dst.pitch != 0 ? copy->dst.pitch : copy->width,
        .dstHeight = copy->dst.rows != 0 ? copy->dst.rows : copy->height,
        .WidthInBytes = copy->width,
        .Height = copy->height,
        .Depth = copy->depth,
    };
}

CUresult gs_capture_copy(const struct gs_copy *copy)
{
    struct gs_node_params params = {.type = CU_GRAPH_NODE_TYPE_MEMCPY};

    if (copy->dst.place == GS_PLACE_ARRAY || copy->src.place == GS_PLACE_ARRAY) {
        return gs_capture_refuse(copy->stream,
                                 gs_unsupported_here("from or to arrays in a capture"));
    }
    if (copy->dst.place == GS_PLACE_PAGEABLE || copy->src.place == GS_PLACE_PAGEABLE) {
        /* Native reads and writes it when the graph runs; only pinned memory is there then. */
        return gs_capture_refuse(copy->stream,
                                 gs_unsupported_here("from or to pageable memory in a capture"));
    }
    params.memcpy.shown = show(copy);
    params.memcpy.copy = *copy;
    params.memcpy.copy.stream = NULL;
    gs_params_set_context(&params, copy->stream->context);
    return gs_capture_add(copy->stream, &params);
}

CUresult gs_capture_fill(struct gs_stream *stream, const CUDA_MEMSET_NODE_PARAMS *fill)
{
    struct gs_node_params params = {.type = CU_GRAPH_NODE_TYPE_MEMSET, .memset = *fill};

    gs_params_set_context(&params, stream->context);
    return gs_capture_add(stream, &params);
}

static void show_op(const struct gs_memop *op, CUstreamBatchMemOpParams *shown)
{
    shown->operation = (CUstreamBatchMemOpType)op->operation;
    if (op->operation == CU_STREAM_MEM_OP_BARRIER) {
        shown->memoryBarrier.flags = op->flags;
    } else {
        shown->waitValue.address = op->address;
        shown->waitValue.value64 = op->value;
        shown->waitValue.flags = op->flags;
    }
}

CUresult gs_capture_memops(struct gs_stream *stream, const struct gs_memop *ops, unsigned int count)
{
    struct gs_node_params params = {.type = CU_GRAPH_NODE_TYPE_BATCH_MEM_OP};

    params.memops.count = count;
    params.memops.ops = calloc(count, sizeof(*ops));
    params.memops.shown = calloc(count, sizeof(*params.memops.shown));
    if (params.memops.ops == NULL || params.memops.shown == NULL) {
        gs_node_params_free(&params);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memcpy(params.memops.ops, ops, count * sizeof(*ops));
    for (unsigned int i = 0; i < count; i++) {
        show_op(&ops[i], &params.memops.shown[i]);
    }
    gs_params_set_context(&params, stream->context);
    return gs_capture_add(stream, &params);
}

/* With the lock: the stream's capture, if it may go on. */
static CUresult alive(struct gs_stream *stream, struct gs_capture **c)
{
    *c = gs_capture_of(stream);
    return *c != NULL && !(*c)->invalid ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
}

/* The node, in a block that the capture's graph has; false: there is none, and nothing came of it.
 */
static bool put_reused(struct gs_stream *stream, struct gs_node_params *params, uint64_t *address,
                       CUresult *cu)
{
    const struct gs_stream_capture *at = &stream->capture;
    struct gs_capture *c;
    bool settled;

    gs_graphs_lock();
    *cu = alive(stream, &c);
    settled = *cu != CUDA_SUCCESS;
    if (!settled && gs_block_reuse(c->graph, at->deps, at->count, params)) {
        settled = true;
        *address = params->alloc.block->address;
        *cu = gs_capture_put(stream, params);
    }
    gs_graphs_unlock();
    return settled;
}

static CUresult put_new(struct gs_stream *stream, struct gs_node_params *params, uint64_t *address)
{
    CUresult cu = gs_block_new(stream->session, params);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *address = params->alloc.block->address;
    return gs_capture_add(stream, params);
}

CUresult gs_capture_alloc(struct gs_stream *stream, const struct gs_pool *pool, size_t bytes,
                          CUdeviceptr *dptr)
{
    CUDA_MEM_ALLOC_NODE_PARAMS want = {.bytesize = bytes};
    struct gs_node_params params;
    uint64_t address;
    CUresult cu;

    if (pool == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (pool->device != stream->context->device) {
        return CUDA_ERROR_NOT_SUPPORTED; /* devices do not reach each other's memory */
    }
    want.poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
    want.poolProps.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    want.poolProps.location.id = gs_device_index(pool->device);
    cu = gs_params_alloc(&want, stream->context, &params);
    if (cu == CUDA_SUCCESS && !put_reused(stream, &params, &address, &cu)) {
        cu = put_new(stream, &params, &address);
    }
    *dptr = cu == CUDA_SUCCESS ? address : *dptr;
    return cu;
}

CUresult gs_capture_free(struct gs_stream *stream, CUdeviceptr dptr)
{
    struct gs_node_params params = {.type = CU_GRAPH_NODE_TYPE_MEM_FREE, .free = {.address = dptr}};
    struct gs_capture *c;
    CUresult cu;

    gs_graphs_lock();
    cu = alive(stream, &c);
    if (cu == CUDA_SUCCESS) {
        cu = gs_block_may_free(c->graph, dptr);
    }
    if (cu == CUDA_SUCCESS) {
        gs_params_set_context(&params, stream->context);
        cu = gs_capture_put(stream, &params);
    }
    gs_graphs_unlock();
    return cu;
}
