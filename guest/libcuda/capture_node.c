/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/capture.h"

#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/graph_node.h"
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
