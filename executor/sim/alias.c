/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/alias.h"

#include <limits.h>

CUresult cuCtxCreate_v2(CUcontext *pctx, unsigned int flags, CUdevice dev)
{
    return cuCtxCreate_v4(pctx, NULL, flags, dev);
}

CUresult cuCtxCreate_v3(CUcontext *pctx, CUexecAffinityParam *paramsArray, int numParams,
                        unsigned int flags, CUdevice dev)
{
    (void)paramsArray;
    return numParams == 0 ? cuCtxCreate_v4(pctx, NULL, flags, dev) : CUDA_ERROR_NOT_SUPPORTED;
}

/* The form of CUDA 2: what does not fit its 32 bits is the most that does. */
CUresult cuDeviceTotalMem(unsigned int *bytes, CUdevice dev)
{
    size_t all = 0;
    CUresult cu = cuDeviceTotalMem_v2(bytes != NULL ? &all : NULL, dev);

    if (cu == CUDA_SUCCESS) {
        *bytes = all < UINT_MAX ? (unsigned int)all : UINT_MAX;
    }
    return cu;
}

/* Where nothing is found the output stays. */
CUresult cuGetProcAddress(const char *symbol, void **pfn, int cudaVersion, cuuint64_t flags)
{
    void *found = NULL;
    CUresult cu =
        cuGetProcAddress_v2(symbol, pfn != NULL ? &found : NULL, cudaVersion, flags, NULL);

    if (cu != CUDA_SUCCESS || found == NULL) {
        return cu != CUDA_SUCCESS ? cu : CUDA_ERROR_NOT_FOUND;
    }
    *pfn = found;
    return CUDA_SUCCESS;
}

CUresult cuEventElapsedTime(float *pMilliseconds, CUevent hStart, CUevent hEnd)
{
    return cuEventElapsedTime_v2(pMilliseconds, hStart, hEnd);
}

CUresult cuDevicePrimaryCtxRelease(CUdevice dev)
{
    CUresult cu = cuDevicePrimaryCtxRelease_v2(dev);

    return cu == CUDA_ERROR_INVALID_CONTEXT ? CUDA_SUCCESS : cu; /* nobody's: no error here */
}

CUresult cuDevicePrimaryCtxReset(CUdevice dev)
{
    return cuDevicePrimaryCtxReset_v2(dev);
}

CUresult cuDevicePrimaryCtxSetFlags(CUdevice dev, unsigned int flags)
{
    unsigned int before;
    int active = 0;
    CUresult cu = cuDevicePrimaryCtxGetState(dev, &before, &active);

    if (cu == CUDA_SUCCESS && active) {
        return CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE;
    }
    return cuDevicePrimaryCtxSetFlags_v2(dev, flags);
}

CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice dev)
{
    return cuDeviceGetUuid_v2(uuid, dev);
}

CUresult cuStreamDestroy(CUstream hStream)
{
    return cuStreamDestroy_v2(hStream);
}

CUresult cuEventDestroy(CUevent hEvent)
{
    return cuEventDestroy_v2(hEvent);
}

CUresult cuCtxDestroy(CUcontext ctx)
{
    return cuCtxDestroy_v2(ctx);
}

CUresult cuCtxPushCurrent(CUcontext ctx)
{
    return cuCtxPushCurrent_v2(ctx);
}

CUresult cuCtxPopCurrent(CUcontext *pctx)
{
    return cuCtxPopCurrent_v2(pctx);
}

CUresult cuMemHostRegister(void *p, size_t bytesize, unsigned int Flags)
{
    return cuMemHostRegister_v2(p, bytesize, Flags);
}
