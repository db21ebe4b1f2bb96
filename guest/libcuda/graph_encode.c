/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/graph_encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/event.h"
#include "guest/libcuda/module.h"
#include "vgpu_ops.h"

/* Keeps a record that was put into `body`. */
static CUresult keep(struct gs_flat *flat, uint32_t op, const uint8_t *body, ssize_t len)
{
    uint8_t *copy;

    if (len < 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    copy = malloc((size_t)len);
    if (copy == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memcpy(copy, body, (size_t)len);
    free(flat->body);
    flat->body = copy;
    flat->op = op;
    flat->len = (uint32_t)len;
    return CUDA_SUCCESS;
}

static uint8_t *buffer(void)
{
    struct gs_thread *thread = gs_thread_get();

    return thread != NULL ? gs_thread_buffer(thread, GS_BUFFER_SCRATCH) : NULL;
}

static uint64_t hash_attributes(const struct gs_kernel_node *kernel)
{
    const uint8_t *bytes = (const uint8_t *)kernel->attributes;
    size_t len = kernel->attribute_count * sizeof(*kernel->attributes);
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    return hash;
}

static CUresult encode_kernel(const struct gs_kernel_node *kernel, uint64_t graph, uint32_t index,
                              struct gs_flat *flat, uint8_t *body)
{
    struct vgpu_args_vgpuGraphKernel args = {
        .graph = graph,
        .node = index,
        .grid_x = kernel->shown.gridDimX,
        .grid_y = kernel->shown.gridDimY,
        .grid_z = kernel->shown.gridDimZ,
        .block_x = kernel->shown.blockDimX,
        .block_y = kernel->shown.blockDimY,
        .block_z = kernel->shown.blockDimZ,
        .shared_bytes = kernel->shown.sharedMemBytes,
        .attributes = (const uint8_t *)kernel->attributes,
        .attributes_len = kernel->attribute_count * (uint32_t)sizeof(*kernel->attributes),
        .params = kernel->bytes,
        .params_len = kernel->len,
    };
    const struct gs_function *f = gs_function_known(kernel->shown.func);

    if (f == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    args.function = f->wire;
    flat->function = (uint64_t)(uintptr_t)kernel->shown.func;
    flat->attributes = hash_attributes(kernel);
    return keep(flat, VGPU_OP_vgpuGraphKernel, body,
                vgpu_put_args_vgpuGraphKernel(body, VGPU_RECORD_BYTES_MAX, &args));
}

static void put_end(const struct gs_session *s, const struct gs_end *end, uint64_t *at,
                    uint32_t *type)
{
    bool device = end->place == GS_PLACE_DEVICE;

    *type = device ? CU_MEMORYTYPE_DEVICE : CU_MEMORYTYPE_HOST;
    *at = device ? end->address : end->address - (uint64_t)(uintptr_t)s->window;
}

static CUresult encode_copy(const struct gs_copy *copy, uint64_t graph, uint32_t index,
                            struct gs_flat *flat, uint8_t *body)
{
    struct vgpu_args_vgpuGraphCopy args = {
        .graph = graph,
        .node = index,
        .dst_pitch = copy->dst.pitch,
        .dst_rows = copy->dst.rows,
        .src_pitch = copy->src.pitch,
        .src_rows = copy->src.rows,
        .width = copy->width,
        .height = copy->height,
        .depth = copy->depth,
    };

    if (copy->height * copy->depth == 1) {
        args.dst_pitch = copy->width; /* one row: whatever the program said of more */
        args.src_pitch = copy->width;
        args.dst_rows = 1;
        args.src_rows = 1;
    }
    put_end(copy->session, &copy->dst, &args.dst, &args.dst_type);
    put_end(copy->session, &copy->src, &args.src, &args.src_type);
    return keep(flat, VGPU_OP_vgpuGraphCopy, body,
                vgpu_put_args_vgpuGraphCopy(body, VGPU_RECORD_BYTES_MAX, &args));
}

static CUresult encode_fill(const CUDA_MEMSET_NODE_PARAMS *p, uint64_t graph, uint32_t index,
                            struct gs_flat *flat, uint8_t *body)
{
    struct vgpu_args_vgpuGraphFill args = {
        .graph = graph,
        .node = index,
        .dst = p->dst,
        .pitch = p->height > 1 ? p->pitch : p->width * p->elementSize,
        .width = p->width,
        .height = p->height,
        .value = p->value,
        .element = p->elementSize,
    };

    return keep(flat, VGPU_OP_vgpuGraphFill, body,
                vgpu_put_args_vgpuGraphFill(body, VGPU_RECORD_BYTES_MAX, &args));
}

static CUresult encode_event(CUevent handle, uint64_t graph, uint32_t index, struct gs_flat *flat,
                             uint8_t *body)
{
    struct vgpu_args_vgpuGraphEvent args = {
        .graph = graph,
        .node = index,
        .record = flat->type == CU_GRAPH_NODE_TYPE_EVENT_RECORD,
    };
    struct gs_event *event;
    CUresult cu = gs_event_known(handle, &event);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    args.event = event->wire;
    flat->event = handle;
    return keep(flat, VGPU_OP_vgpuGraphEvent, body,
                vgpu_put_args_vgpuGraphEvent(body, VGPU_RECORD_BYTES_MAX, &args));
}

static CUresult encode_words(const struct gs_memops_node *node, uint64_t graph, uint32_t index,
                             struct gs_flat *flat, uint8_t *body)
{
    struct vgpu_args_vgpuGraphWords args = {
        .graph = graph,
        .node = index,
        .operations = (const uint8_t *)node->ops,
        .operations_len = node->count * (uint32_t)sizeof(*node->ops),
    };

    return keep(flat, VGPU_OP_vgpuGraphWords, body,
                vgpu_put_args_vgpuGraphWords(body, VGPU_RECORD_BYTES_MAX, &args));
}

static CUresult encode_empty(uint64_t graph, uint32_t index, struct gs_flat *flat, uint8_t *body)
{
    struct vgpu_args_vgpuGraphEmpty args = {.graph = graph, .node = index};

    return keep(flat, VGPU_OP_vgpuGraphEmpty, body,
                vgpu_put_args_vgpuGraphEmpty(body, VGPU_RECORD_BYTES_MAX, &args));
}

CUresult gs_flat_encode_host(uint64_t graph, uint32_t index, struct gs_flat *flat)
{
    struct vgpu_args_vgpuGraphHost args = {.graph = graph, .node = index, .token = flat->token};
    uint8_t *body = buffer();

    if (body == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return keep(flat, VGPU_OP_vgpuGraphHost, body,
                vgpu_put_args_vgpuGraphHost(body, VGPU_RECORD_BYTES_MAX, &args));
}

CUresult gs_flat_encode(const struct gs_node_params *params, uint64_t graph, uint32_t index,
                        struct gs_flat *flat)
{
    uint8_t *body = buffer();

    if (body == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (params == NULL) {
        return encode_empty(graph, index, flat, body);
    }
    flat->type = params->type;
    flat->context = params->context;
    switch ((int)params->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
        return encode_kernel(&params->kernel, graph, index, flat, body);
    case CU_GRAPH_NODE_TYPE_MEMCPY:
        return encode_copy(&params->memcpy.copy, graph, index, flat, body);
    case CU_GRAPH_NODE_TYPE_MEMSET:
        return encode_fill(&params->memset, graph, index, flat, body);
    case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
    case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
        return encode_event(params->event, graph, index, flat, body);
    case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
        return encode_words(&params->memops, graph, index, flat, body);
    case CU_GRAPH_NODE_TYPE_HOST:
        flat->host = params->host;
        return CUDA_SUCCESS;
    default:
        return encode_empty(graph, index, flat, body);
    }
}

/* Reads the record, puts the dependencies in, writes it again. */
#define WITH_DEPS(name)                                                                            \
    do {                                                                                           \
        struct vgpu_args_##name args;                                                              \
                                                                                                   \
        if (vgpu_get_args_##name(flat->body, flat->len, &args) != 0) {                             \
            return -EINVAL;                                                                        \
        }                                                                                          \
        args.deps = (const uint8_t *)flat->deps;                                                   \
        args.deps_len = flat->dep_count * (uint32_t)sizeof(*flat->deps);                           \
        return vgpu_put_args_##name(body, VGPU_RECORD_BYTES_MAX, &args);                           \
    } while (0)

ssize_t gs_flat_with_deps(const struct gs_flat *flat, uint8_t *body)
{
    switch (flat->op) {
    case VGPU_OP_vgpuGraphKernel:
        WITH_DEPS(vgpuGraphKernel);
    case VGPU_OP_vgpuGraphCopy:
        WITH_DEPS(vgpuGraphCopy);
    case VGPU_OP_vgpuGraphFill:
        WITH_DEPS(vgpuGraphFill);
    case VGPU_OP_vgpuGraphHost:
        WITH_DEPS(vgpuGraphHost);
    case VGPU_OP_vgpuGraphEvent:
        WITH_DEPS(vgpuGraphEvent);
    case VGPU_OP_vgpuGraphWords:
        WITH_DEPS(vgpuGraphWords);
    case VGPU_OP_vgpuGraphEmpty:
        WITH_DEPS(vgpuGraphEmpty);
    default:
        return -EINVAL;
    }
}
