/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/stream.h"

/* One lock for all streams: attributes are set once, if at all. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Where an attribute is kept and how long it is; false: streams have none of that name. */
static bool place_of(struct gs_stream *stream, CUstreamAttrID attr, void **place, size_t *size)
{
    switch ((int)attr) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
        *place = &stream->attributes.window;
        *size = sizeof(stream->attributes.window);
        return true;
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
        *place = &stream->attributes.sync_policy;
        *size = sizeof(stream->attributes.sync_policy);
        return true;
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
        *place = &stream->priority;
        *size = sizeof(stream->priority);
        return true;
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
        *place = &stream->attributes.domains;
        *size = sizeof(stream->attributes.domains);
        return true;
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
        *place = &stream->attributes.domain;
        *size = sizeof(stream->attributes.domain);
        return true;
    default:
        return false;
    }
}

CUresult gs_cuStreamGetAttribute(CUstream hStream, CUstreamAttrID attr, CUstreamAttrValue *value)
{
    struct gs_stream *stream;
    struct gs_call call;
    void *place;
    size_t size;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (value == NULL || !place_of(stream, attr, &place, &size)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    (void)pthread_mutex_lock(&lock);
    memcpy(value, place, size);
    (void)pthread_mutex_unlock(&lock);
    return CUDA_SUCCESS;
}

CUresult gs_cuStreamSetAttribute(CUstream hStream, CUstreamAttrID attr,
                                 const CUstreamAttrValue *value)
{
    struct vgpu_args_cuStreamSetAttribute args = {.attr = (uint32_t)attr};
    struct vgpu_ret_cuStreamSetAttribute ret;
    struct gs_stream *stream;
    struct gs_call call;
    void *place;
    size_t size;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (value == NULL || !place_of(stream, attr, &place, &size)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    args.stream = stream->wire;
    args.value = (const uint8_t *)value;
    args.value_len = sizeof(*value);
    cu = gs_call_cuStreamSetAttribute(stream->session, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        (void)pthread_mutex_lock(&lock);
        memcpy(place, value, size);
        atomic_store(&stream->sync_policy, (int)stream->attributes.sync_policy);
        (void)pthread_mutex_unlock(&lock);
    }
    return cu;
}

CUresult gs_cuStreamCopyAttributes(CUstream dst, CUstream src)
{
    struct vgpu_args_cuStreamCopyAttributes args;
    struct vgpu_ret_cuStreamCopyAttributes ret;
    struct gs_stream *from;
    struct gs_stream *to;
    struct gs_call call;
    CUresult cu = gs_stream_enter(dst, &call, &to);

    if (cu == CUDA_SUCCESS) {
        cu = gs_stream_enter(src, &call, &from);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (to->context != from->context) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    args.dst = to->wire;
    args.src = from->wire;
    cu = gs_call_cuStreamCopyAttributes(to->session, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        (void)pthread_mutex_lock(&lock);
        to->attributes = from->attributes;
        to->priority = from->priority;
        atomic_store(&to->sync_policy, (int)to->attributes.sync_policy);
        (void)pthread_mutex_unlock(&lock);
    }
    return cu;
}

CUresult gs_cuStreamGetDevice(CUstream hStream, CUdevice *device)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu == CUDA_SUCCESS && device == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *device = gs_device_index(stream->context->device);
    }
    return cu;
}

CUresult gs_cuStreamGetCtx_v2(CUstream hStream, CUcontext *pCtx, CUgreenCtx *pGreenCtx)
{
    CUcontext context;
    CUresult cu = gs_cuStreamGetCtx(hStream, pCtx != NULL ? pCtx : &context);

    if (cu == CUDA_SUCCESS && pGreenCtx != NULL) {
        *pGreenCtx = NULL;
    }
    return cu;
}
