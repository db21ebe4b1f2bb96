/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/launch.h"

static CUresult launch(CUfunction f, CUstream stream, struct gs_launch *l)
{
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS) {
        cu = gs_launch_find(&call, f, stream, l);
    }
    return cu == CUDA_SUCCESS ? gs_launch_send(&call, l) : cu;
}

CUresult gs_cuLaunchKernel(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,
                           unsigned int gridDimZ, unsigned int blockDimX, unsigned int blockDimY,
                           unsigned int blockDimZ, unsigned int sharedMemBytes, CUstream hStream,
                           void **kernelParams, void **extra)
{
    struct gs_launch l = {.config = {.gridDimX = gridDimX,
                                     .gridDimY = gridDimY,
                                     .gridDimZ = gridDimZ,
                                     .blockDimX = blockDimX,
                                     .blockDimY = blockDimY,
                                     .blockDimZ = blockDimZ,
                                     .sharedMemBytes = sharedMemBytes},
                          .params = kernelParams,
                          .extra = extra};

    return launch(f, hStream, &l);
}

CUresult gs_cuLaunchCooperativeKernel(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,
                                      unsigned int gridDimZ, unsigned int blockDimX,
                                      unsigned int blockDimY, unsigned int blockDimZ,
                                      unsigned int sharedMemBytes, CUstream hStream,
                                      void **kernelParams)
{
    CUlaunchAttribute cooperative = {.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE,
                                     .value = {.cooperative = 1}};
    struct gs_launch l = {.config = {.gridDimX = gridDimX,
                                     .gridDimY = gridDimY,
                                     .gridDimZ = gridDimZ,
                                     .blockDimX = blockDimX,
                                     .blockDimY = blockDimY,
                                     .blockDimZ = blockDimZ,
                                     .sharedMemBytes = sharedMemBytes,
                                     .attrs = &cooperative,
                                     .numAttrs = 1},
                          .params = kernelParams};

    return launch(f, hStream, &l);
}

CUresult gs_cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction f, void **kernelParams,
                             void **extra, CUstream implicit)
{
    struct gs_launch l = {.params = kernelParams, .extra = extra};
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (config == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    l.config = *config;
    return launch(f, config->hStream == NULL ? implicit : config->hStream, &l);
}
