/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/launch.h"

#include <string.h>

#include "gs_calls.h"
#include "guest/libcuda/capture.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/environment.h"
#include "guest/libcuda/event.h"
#include "guest/libcuda/graph_kernel.h"
#include "guest/libcuda/module.h"
#include "guest/libcuda/stream.h"

CUresult gs_launch_find(const struct gs_call *call, CUfunction f, CUstream stream,
                        struct gs_launch *launch)
{
    CUresult cu;

    if (vgpu_handle_kind_of((uint64_t)(uintptr_t)f) == VGPU_HANDLE_KERNEL) {
        struct gs_call there = *call;

        cu = gs_stream_find(call, stream, &launch->stream);
        if (cu == CUDA_SUCCESS) {
            there.context = launch->stream->context;
            there.session = launch->stream->session;
            cu = gs_function_in(&there, f, &launch->function);
        }
        return cu;
    }
    cu = gs_function_in(call, f, &launch->function);
    return cu == CUDA_SUCCESS ? gs_stream_find(call, stream, &launch->stream) : cu;
}

/* From 1 to the attribute's value; one that is not there is 0. */
static inline bool in(unsigned int value, const struct gs_device *device,
                      CUdevice_attribute attribute)
{
    return value - 1 < (unsigned int)device->facts.attributes[attribute];
}

/* What native refuses at the call, with its one code for all of it (measured). */
CUresult gs_launch_check(const struct gs_device *device, const struct gs_function *f,
                         const CUlaunchConfig *c)
{
    uint64_t threads = (uint64_t)c->blockDimX * c->blockDimY * c->blockDimZ;
    int32_t most = atomic_load_explicit(&f->attributes[CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK],
                                        memory_order_relaxed);
    int32_t shared = atomic_load_explicit(
        &f->attributes[CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES], memory_order_relaxed);

    if (!in(c->gridDimX, device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X) ||
        !in(c->gridDimY, device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y) ||
        !in(c->gridDimZ, device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z) ||
        !in(c->blockDimX, device, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X) ||
        !in(c->blockDimY, device, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y) ||
        !in(c->blockDimZ, device, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return threads > (uint64_t)(uint32_t)most || c->sharedMemBytes > (uint32_t)shared
               ? CUDA_ERROR_INVALID_VALUE
               : CUDA_SUCCESS;
}

/* kernelParams: one pointer per parameter, gathered as the kernel lays them out. */
static CUresult gather(const struct gs_function *f, void **params, uint8_t *bytes)
{
    memset(bytes, 0, f->param_bytes);
    for (uint32_t i = 0; i < f->param_count; i++) {
        if (params[i] == NULL) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        memcpy(bytes + f->params[i].offset, params[i], f->params[i].size);
    }
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

static CUresult take_extra(const struct gs_function *f, void **extra, uint8_t *buffer)
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
    return CUDA_SUCCESS;
}

CUresult gs_launch_params(const struct gs_function *f, void **params, void **extra, uint8_t *buffer,
                          size_t *len)
{
    *len = f->param_bytes;
    if (params != NULL && extra != NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (extra != NULL) {
        return take_extra(f, extra, buffer);
    }
    if (f->param_count == 0) {
        return CUDA_SUCCESS;
    }
    return params != NULL ? gather(f, params, buffer) : CUDA_ERROR_INVALID_VALUE;
}

static CUresult send_plain(const struct gs_launch *l, const uint8_t *params, size_t len)
{
    struct vgpu_args_cuLaunchKernel args = {.function = l->function->wire,
                                            .grid_x = l->config.gridDimX,
                                            .grid_y = l->config.gridDimY,
                                            .grid_z = l->config.gridDimZ,
                                            .block_x = l->config.blockDimX,
                                            .block_y = l->config.blockDimY,
                                            .block_z = l->config.blockDimZ,
                                            .shared_bytes = l->config.sharedMemBytes,
                                            .stream = l->stream->wire,
                                            .params = params,
                                            .params_len = (uint32_t)len};

    return gs_send_cuLaunchKernel(l->stream->session, &args);
}

static CUresult send_with(const struct gs_launch *l, const struct gs_attributes *a,
                          const uint8_t *params, size_t len)
{
    struct vgpu_args_cuLaunchKernelEx args = {
        .function = l->function->wire,
        .grid_x = l->config.gridDimX,
        .grid_y = l->config.gridDimY,
        .grid_z = l->config.gridDimZ,
        .block_x = l->config.blockDimX,
        .block_y = l->config.blockDimY,
        .block_z = l->config.blockDimZ,
        .shared_bytes = l->config.sharedMemBytes,
        .stream = l->stream->wire,
        .attributes = (const uint8_t *)a->list,
        .attributes_len = (uint32_t)(a->count * sizeof(a->list[0])),
        .params = params,
        .params_len = (uint32_t)len,
    };
    CUresult cu = gs_send_cuLaunchKernelEx(l->stream->session, &args);

    for (uint32_t i = 0; i < a->event_count; i++) {
        if (cu == CUDA_SUCCESS) {
            gs_event_recorded(a->events[i]);
        }
    }
    return cu;
}

static CUresult send(const struct gs_launch *l, const struct gs_attributes *a,
                     const uint8_t *params, size_t len)
{
    uint64_t form;
    bool known = gs_form_known(l->function, &l->config, a, &form);
    bool prints = atomic_load_explicit(&l->stream->session->prints, memory_order_relaxed);
    CUresult cu = gs_stream_room(l->stream);

    if (cu == CUDA_SUCCESS && prints) {
        cu = gs_console_before_launch(l->stream->session);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (__builtin_expect(!known, 0)) {
        gs_session_ask();
    }
    gs_stream_sends(l->stream, 1);
    cu = a != NULL && a->count > 0 ? send_with(l, a, params, len) : send_plain(l, params, len);
    cu = gs_stream_sent(cu);
    if (cu == CUDA_SUCCESS && prints) {
        gs_console_launched(l->stream);
    }
    if (!known && cu == CUDA_SUCCESS) {
        gs_form_learn(l->function, &l->config, form);
    }
    if (cu == CUDA_SUCCESS && gs_environment()->launch_blocking) {
        cu = gs_stream_wait(l->stream);
    }
    return cu;
}

static CUresult send_checked(const struct gs_call *call, const struct gs_launch *l,
                             const struct gs_attributes *a)
{
    GS_UNINITIALIZED _Alignas(16) uint8_t small[512];
    uint8_t *buffer = small;
    size_t len;
    CUresult cu;

    if (l->function->param_bytes > sizeof(small)) {
        buffer = gs_thread_buffer(call->thread, GS_BUFFER_PARAMS);
        if (buffer == NULL) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
    }
    cu = gs_launch_params(l->function, l->params, l->extra, buffer, &len);
    /* Not read again: NOLINTNEXTLINE(clang-analyzer-core.StackAddressEscape) */
    return cu == CUDA_SUCCESS ? send(l, a, buffer, len) : cu;
}

/* Of its own, so that the list takes no room on the way of plain launches. */
static CUresult __attribute__((noinline))
send_attributed(const struct gs_call *call, const struct gs_launch *l)
{
    GS_UNINITIALIZED struct gs_attributes attributes;
    CUresult cu = gs_attributes_take(&l->config, &attributes);

    return cu == CUDA_SUCCESS ? send_checked(call, l, &attributes) : cu;
}

static CUresult capture(const struct gs_launch *l)
{
    struct gs_node_params params;
    CUresult cu = gs_params_launch(l, &params);

    if (cu == CUDA_ERROR_NOT_SUPPORTED) {
        return gs_capture_refuse(l->stream, cu);
    }
    return cu == CUDA_SUCCESS ? gs_capture_add(l->stream, &params) : cu;
}

CUresult gs_launch_send(const struct gs_call *call, const struct gs_launch *l)
{
    CUresult cu;

    if (l->function->module->context != l->stream->context) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (gs_stream_captures(l->stream)) {
        return capture(l);
    }
    cu = gs_launch_check(l->stream->context->device, l->function, &l->config);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return l->config.numAttrs > 0 ? send_attributed(call, l) : send_checked(call, l, NULL);
}
