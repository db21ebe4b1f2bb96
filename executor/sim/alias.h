/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_ALIAS_H
#define SIM_ALIAS_H

/*
 * Older names under which the driver exports a call that means the same or
 * nearly so; for programs that look symbols up themselves.
 */

#include "executor/sim/sim_api.h"

#pragma GCC visibility push(default)
CUresult cuCtxCreate_v2(CUcontext *pctx, unsigned int flags, CUdevice dev);
CUresult cuCtxCreate_v3(CUcontext *pctx, CUexecAffinityParam *paramsArray, int numParams,
                        unsigned int flags, CUdevice dev);
#undef cuDeviceTotalMem
CUresult cuDeviceTotalMem(unsigned int *bytes, CUdevice dev);
#undef cuGetProcAddress
CUresult cuGetProcAddress(const char *symbol, void **pfn, int cudaVersion, cuuint64_t flags);
#undef cuEventElapsedTime
CUresult cuEventElapsedTime(float *pMilliseconds, CUevent hStart, CUevent hEnd);
#undef cuDevicePrimaryCtxRelease
CUresult cuDevicePrimaryCtxRelease(CUdevice dev);
#undef cuDevicePrimaryCtxReset
CUresult cuDevicePrimaryCtxReset(CUdevice dev);
#undef cuDevicePrimaryCtxSetFlags
CUresult cuDevicePrimaryCtxSetFlags(CUdevice dev, unsigned int flags);
#undef cuDeviceGetUuid
CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice dev);
#undef cuStreamDestroy
CUresult cuStreamDestroy(CUstream hStream);
#undef cuEventDestroy
CUresult cuEventDestroy(CUevent hEvent);
#undef cuCtxDestroy
CUresult cuCtxDestroy(CUcontext ctx);
#undef cuCtxPushCurrent
CUresult cuCtxPushCurrent(CUcontext ctx);
#undef cuCtxPopCurrent
CUresult cuCtxPopCurrent(CUcontext *pctx);
#undef cuMemHostRegister
CUresult cuMemHostRegister(void *p, size_t bytesize, unsigned int Flags);
#pragma GCC visibility pop

#endif
