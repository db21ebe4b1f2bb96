/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/context_flags.h"

static CUresult enter(CUdevice dev, struct gs_device **device)
{
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *device = gs_device_find(dev);
    return *device != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult gs_cuDevicePrimaryCtxRetain(CUcontext *pctx, CUdevice dev)
{
    struct gs_device *device;
    struct gs_context *primary;
    CUresult cu = enter(dev, &device);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pctx == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    primary = gs_context_primary(device);
    (void)pthread_mutex_lock(&device->lock);
    if (!gs_context_is_active(primary)) {
        cu = gs_context_activate(primary);
        device->primary_users = 0;
    }
    if (cu == CUDA_SUCCESS) {
        device->primary_users++;
        *pctx = gs_context_handle(primary);
    }
    (void)pthread_mutex_unlock(&device->lock);
    return cu;
}

CUresult gs_cuDevicePrimaryCtxRelease_v2(CUdevice dev)
{
    struct gs_stored *stored = NULL;
    struct gs_device *device;
    struct gs_context *primary;
    CUresult cu = enter(dev, &device);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    primary = gs_context_primary(device);
    (void)pthread_mutex_lock(&device->lock);
    if (device->primary_users == 0) {
        cu = CUDA_ERROR_INVALID_CONTEXT;
    } else if (--device->primary_users == 0 && gs_context_is_active(primary)) {
        stored = gs_context_deactivate(primary);
    }
    (void)pthread_mutex_unlock(&device->lock);
    gs_storage_end(gs_context_handle(primary), stored);
    return cu;
}

/* The first form of the call does not mind when there is no user (measured). */
CUresult gs_cuDevicePrimaryCtxRelease(CUdevice dev)
{
    CUresult cu = gs_cuDevicePrimaryCtxRelease_v2(dev);

    return cu == CUDA_ERROR_INVALID_CONTEXT ? CUDA_SUCCESS : cu;
}

/* The users stay counted: their releases come later. */
CUresult gs_cuDevicePrimaryCtxReset_v2(CUdevice dev)
{
    struct gs_stored *stored = NULL;
    struct gs_device *device;
    struct gs_context *primary;
    CUresult cu = enter(dev, &device);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    primary = gs_context_primary(device);
    (void)pthread_mutex_lock(&device->lock);
    if (gs_context_is_active(primary)) {
        stored = gs_context_deactivate(primary);
    }
    atomic_store(&primary->flags, 0);
    (void)pthread_mutex_unlock(&device->lock);
    gs_storage_end(gs_context_handle(primary), stored);
    return CUDA_SUCCESS;
}

CUresult gs_cuDevicePrimaryCtxSetFlags_v2(CUdevice dev, unsigned int flags)
{
    struct gs_device *device;
    CUresult cu = enter(dev, &device);

    if (cu == CUDA_SUCCESS && !gs_context_flags_valid(flags)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        atomic_store(&gs_context_primary(device)->flags, flags);
    }
    return cu;
}

/* The first form of the call refuses what an active context cannot take over any more. */
CUresult gs_cuDevicePrimaryCtxSetFlags(CUdevice dev, unsigned int flags)
{
    struct gs_device *device;
    CUresult cu = enter(dev, &device);

    if (cu == CUDA_SUCCESS && gs_context_flags_valid(flags) &&
        gs_context_is_active(gs_context_primary(device))) {
        return CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE;
    }
    return gs_cuDevicePrimaryCtxSetFlags_v2(dev, flags);
}

CUresult gs_cuDevicePrimaryCtxGetState(CUdevice dev, unsigned int *flags, int *active)
{
    struct gs_device *device;
    CUresult cu = enter(dev, &device);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (flags == NULL || active == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *flags = atomic_load(&gs_context_primary(device)->flags);
    *active = gs_context_is_active(gs_context_primary(device));
    return CUDA_SUCCESS;
}
