/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/module.h"
#include "guest/libcuda/stream.h"

static bool in(unsigned int value, const struct gs_device *device, CUdevice_attribute attribute)
{
    return value != 0 && value <= (unsigned int)gs_device_attribute(device, attribute, 0);
}

/* What native refuses at the call, with its one code for all of it (measured). */
static CUresult check_shape(const struct gs_device *device, const struct gs_function *f,
                            const struct vgpu_args_cuLaunchKernel *a)
{
    uint64_t threads = (uint64_t)a->block_x * a->block_y * a->block_z;
    int32_t most = atomic_load_explicit(&f->attributes[CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK],
                                        memory_order_relaxed);
    int32_t shared = atomic_load_explicit(
        &f->attributes[CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES], memory_order_relaxed);

    if (!in(a->grid_x, device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X) ||
        !in(a->grid_y, device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y) ||
        !in(a->grid_z, device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z) ||
        !in(a->block_x, device, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X) ||
        !in(a->block_y, device, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y) ||
        !in(a->block_z, device, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return threads > (uint64_t)(uint32_t)most || a->shared_bytes > (uint32_t)shared
               ? CUDA_ERROR_INVALID_VALUE
               : CUDA_SUCCESS;
}

/* kernelParams: one pointer per parameter, gathered as the kernel lays them out. */
static CUresult gather(const struct gs_function *f, void **params, uint8_t *bytes,
                       struct vgpu_args_cuLaunchKernel *args)
{
    memset(bytes, 0, f->param_bytes);
    for (uint32_t i = 0; i < f->param_count; i++) {
        if (params[i] == NULL) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        memcpy(bytes + f->params[i].offset, params[i], f->params[i].size);
    }
    args->params = bytes;
    args->params_len = f->param_bytes;
    return CUDA_SUCCESS;
}

/* extra: pairs of a key and a value up to CU_LAUNCH_PARAM_END. */
static CUresult read_extra(void **extra, const void **bytes, size_t *len)
{
    const size_t *size = NULL;

    *bytes = NULL;
    *len = 0;
    for (unsigned int i = 0; extra[i] != CU_LAUNCH_PARAM_END; i += 2) {
        if (extra[i] == CU_LAUNCH_PARAM_BUFFER_POINTER) {
            *bytes = extra[i + 1];
        } else if (extra[i] == CU_LAUNCH_PARAM_BUFFER_SIZE) {
            size = extra[i + 1];
        } else {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    if ((*bytes == NULL) != (size == NULL)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *len = size != NULL ? *size : 0;
    return CUDA_SUCCESS;
}

static CUresult take_extra(const struct gs_function *f, void **extra, uint8_t *buffer,
                           struct vgpu_args_cuLaunchKernel *args)
{
    const void *bytes;
    size_t len;
    CUresult cu = read_extra(extra, &bytes, &len);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (len == 0 && f->param_bytes > 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (len > f->param_bytes) {
        return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
    }
    /* Native takes too short a buffer and leaves the rest to chance; here the rest is 0. */
    memset(buffer, 0, f->param_bytes);
    if (len > 0) {
        memcpy(buffer, bytes, len);
    }
    args->params = buffer;
    args->params_len = f->param_bytes;
    return CUDA_SUCCESS;
}

static CUresult take_params(const struct gs_function *f, void **params, void **extra,
                            uint8_t *buffer, struct vgpu_args_cuLaunchKernel *args)
{
    if (params != NULL && extra != NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (extra != NULL) {
        return take_extra(f, extra, buffer, args);
    }
    if (f->param_count == 0) {
        return CUDA_SUCCESS;
    }
    return params != NULL ? gather(f, params, buffer, args) : CUDA_ERROR_INVALID_VALUE;
}

/* Whether the driver has accepted this block shape before.  What a kernel demands of its block
 * (.reqntid, clusters) is not among its attributes, so the first launch of a shape is asked. */
static bool shape_known(struct gs_function *f, const struct vgpu_args_cuLaunchKernel *args)
{
    uint64_t xy = (uint64_t)args->block_x << 32 | args->block_y;

    for (unsigned int i = 0; i < GS_SHAPES; i++) {
        if (atomic_load_explicit(&f->shapes[i].xy, memory_order_relaxed) == xy &&
            atomic_load_explicit(&f->shapes[i].z, memory_order_relaxed) == args->block_z) {
            return true;
        }
    }
    return false;
}

static void learn_shape(struct gs_function *f, const struct vgpu_args_cuLaunchKernel *args)
{
    uint32_t at = atomic_fetch_add(&f->next_shape, 1) % GS_SHAPES;

    /* A mixture of two entries can only make a launch ask once more or, where two threads learn
     * at once, trust a shape of which each half was accepted. */
    atomic_store(&f->shapes[at].z, 0);
    atomic_store(&f->shapes[at].xy, (uint64_t)args->block_x << 32 | args->block_y);
    atomic_store(&f->shapes[at].z, args->block_z);
}

static CUresult send(struct gs_stream *stream, struct gs_function *f,
                     const struct vgpu_args_cuLaunchKernel *args)
{
    bool known = shape_known(f, args);
    CUresult cu = gs_stream_room(stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (__builtin_expect(!known, 0)) {
        gs_session_ask();
    }
    cu = gs_stream_sent(stream, gs_send_cuLaunchKernel(stream->session, args));
    if (!known && cu == CUDA_SUCCESS) {
        learn_shape(f, args);
    }
    if (cu == CUDA_SUCCESS && gs_process_launch_blocking()) {
        cu = gs_stream_wait(stream);
    }
    return cu;
}

static CUresult launch(struct gs_call *call, struct gs_stream *stream, struct gs_function *f,
                       struct vgpu_args_cuLaunchKernel *args, void **params, void **extra)
{
    GS_UNINITIALIZED _Alignas(16) uint8_t small[512];
    uint8_t *buffer = small;
    CUresult cu;

    if (f->module->context != stream->context) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    cu = check_shape(stream->context->device, f, args);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (f->param_bytes > sizeof(small)) {
        buffer = gs_thread_buffer(call->thread, GS_BUFFER_PARAMS);
        if (buffer == NULL) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
    }
    cu = take_params(f, params, extra, buffer, args);
    /* Not read again: NOLINTNEXTLINE(clang-analyzer-core.StackAddressEscape) */
    return cu == CUDA_SUCCESS ? send(stream, f, args) : cu;
}

/* A kernel has a function for each context, so its stream says which. */
static CUresult find(const struct gs_call *call, CUfunction f, CUstream handle,
                     struct gs_function **function, struct gs_stream **stream)
{
    CUresult cu;

    if (vgpu_handle_kind_of((uint64_t)(uintptr_t)f) == VGPU_HANDLE_KERNEL) {
        struct gs_call there = *call;

        cu = gs_stream_find(call, handle, stream);
        if (cu == CUDA_SUCCESS) {
            there.context = (*stream)->context;
            there.session = (*stream)->session;
            cu = gs_function_in(&there, f, function);
        }
        return cu;
    }
    cu = gs_function_in(call, f, function);
    return cu == CUDA_SUCCESS ? gs_stream_find(call, handle, stream) : cu;
}

CUresult gs_cuLaunchKernel(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,
                           unsigned int gridDimZ, unsigned int blockDimX, unsigned int blockDimY,
                           unsigned int blockDimZ, unsigned int sharedMemBytes, CUstream hStream,
                           void **kernelParams, void **extra)
{
    struct vgpu_args_cuLaunchKernel args = {.grid_x = gridDimX,
                                            .grid_y = gridDimY,
                                            .grid_z = gridDimZ,
                                            .block_x = blockDimX,
                                            .block_y = blockDimY,
                                            .block_z = blockDimZ,
                                            .shared_bytes = sharedMemBytes};
    struct gs_function *function;
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS) {
        cu = find(&call, f, hStream, &function, &stream);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    args.function = function->wire;
    args.stream = stream->wire;
    return launch(&call, stream, function, &args, kernelParams, extra);
}
