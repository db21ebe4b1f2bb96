/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/launch.h"
#include "guest/libcuda/module.h"

/* Launches as they were before cuLaunchKernel: a function is told its block, its shared memory and
 * its parameters one by one. */

/* The function's record, with its lock held; made at the first call. */
static CUresult open_record(CUfunction handle, struct gs_function **f)
{
    CUresult cu = gs_function_find(handle, f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    (void)pthread_mutex_lock(&(*f)->lock);
    if ((*f)->old == NULL) {
        (*f)->old = calloc(1, sizeof(*(*f)->old));
    }
    if ((*f)->old == NULL) {
        (void)pthread_mutex_unlock(&(*f)->lock);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

static CUresult close_record(struct gs_function *f, CUresult cu)
{
    (void)pthread_mutex_unlock(&f->lock);
    return cu;
}

CUresult gs_cuFuncSetBlockShape(CUfunction hfunc, int x, int y, int z)
{
    struct gs_function *f;
    CUresult cu = open_record(hfunc, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (x <= 0 || y <= 0 || z <= 0) {
        return close_record(f, CUDA_ERROR_INVALID_VALUE);
    }
    f->old->block[0] = (uint32_t)x;
    f->old->block[1] = (uint32_t)y;
    f->old->block[2] = (uint32_t)z;
    return close_record(f, CUDA_SUCCESS);
}

CUresult gs_cuFuncSetSharedSize(CUfunction hfunc, unsigned int bytes)
{
    struct gs_function *f;
    CUresult cu = open_record(hfunc, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    f->old->shared_bytes = bytes;
    return close_record(f, CUDA_SUCCESS);
}

CUresult gs_cuFuncSetSharedMemConfig(CUfunction hfunc, CUsharedconfig config)
{
    struct gs_function *f;
    CUresult cu = gs_function_find(hfunc, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return (unsigned int)config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE
               ? CUDA_ERROR_INVALID_VALUE
               : CUDA_SUCCESS;
}

CUresult gs_cuParamSetSize(CUfunction hfunc, unsigned int numbytes)
{
    struct gs_function *f;
    CUresult cu = open_record(hfunc, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (numbytes > VGPU_PARAM_BYTES_MAX) {
        return close_record(f, CUDA_ERROR_INVALID_VALUE);
    }
    f->old->param_bytes = numbytes;
    return close_record(f, CUDA_SUCCESS);
}

CUresult gs_cuParamSetv(CUfunction hfunc, int offset, void *ptr, unsigned int numbytes)
{
    struct gs_function *f;
    CUresult cu = open_record(hfunc, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (ptr == NULL || offset < 0 || numbytes > VGPU_PARAM_BYTES_MAX ||
        (unsigned int)offset > VGPU_PARAM_BYTES_MAX - numbytes) {
        return close_record(f, CUDA_ERROR_INVALID_VALUE);
    }
    memcpy(f->old->params + offset, ptr, numbytes);
    return close_record(f, CUDA_SUCCESS);
}

CUresult gs_cuParamSeti(CUfunction hfunc, int offset, unsigned int value)
{
    return gs_cuParamSetv(hfunc, offset, &value, sizeof(value));
}

CUresult gs_cuParamSetf(CUfunction hfunc, int offset, float value)
{
    return gs_cuParamSetv(hfunc, offset, &value, sizeof(value));
}

/* The record is copied, so that the launch waits without its lock. */
static CUresult launch_with(const struct gs_call *call, struct gs_launch *l)
{
    struct gs_function *f = l->function;
    struct gs_old_launch *old = malloc(sizeof(*old));
    size_t bytes;
    CUresult cu;

    if (old == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memset(old, 0, offsetof(struct gs_old_launch, params));
    (void)pthread_mutex_lock(&f->lock);
    if (f->old != NULL) {
        memcpy(old, f->old, sizeof(*old));
    }
    (void)pthread_mutex_unlock(&f->lock);
    bytes = old->param_bytes;
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, old->params, CU_LAUNCH_PARAM_BUFFER_SIZE,
                     &bytes, CU_LAUNCH_PARAM_END};

    l->config.blockDimX = old->block[0];
    l->config.blockDimY = old->block[1];
    l->config.blockDimZ = old->block[2];
    l->config.sharedMemBytes = old->shared_bytes;
    l->extra = bytes > 0 ? extra : NULL;
    cu = gs_launch_send(call, l);
    l->extra = NULL;
    free(old);
    return cu;
}

static CUresult launch(CUfunction f, int width, int height, CUstream stream)
{
    struct gs_launch l = {.config = {.gridDimZ = 1}};
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS) {
        cu = gs_launch_find(&call, f, stream, &l);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (width <= 0 || height <= 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    l.config.gridDimX = (unsigned int)width;
    l.config.gridDimY = (unsigned int)height;
    return launch_with(&call, &l);
}

CUresult gs_cuLaunch(CUfunction f)
{
    return launch(f, 1, 1, NULL);
}

CUresult gs_cuLaunchGrid(CUfunction f, int grid_width, int grid_height)
{
    return launch(f, grid_width, grid_height, NULL);
}

CUresult gs_cuLaunchGridAsync(CUfunction f, int grid_width, int grid_height, CUstream hStream)
{
    return launch(f, grid_width, grid_height, hStream);
}
