/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_STUB_H
#define GS_STUB_H

/* What every exported symbol does besides its call; `call_index` is an enum gs_call_index. */

#include "proto/cuda_abi.h"

/* Says once by name that the program asked for a call which vgpu refuses.  Returns
 * CUDA_ERROR_NOT_SUPPORTED, or CUDA_ERROR_NOT_INITIALIZED before cuInit.  Any thread. */
CUresult gs_unsupported(unsigned int call_index);

/* The version of the host's driver, at most this library's own; that until the host has been asked.
 * Any thread. */
int gs_driver_version(void);

/* The same as gs_unsupported() for a call that the host's driver is too old for. */
CUresult gs_absent(unsigned int call_index);

/* The same for a form of the calling thread's present call: "cuMemAllocAsync is not supported in a
 * capture" for `how` "in a capture".  CUDA_ERROR_NOT_SUPPORTED. */
CUresult gs_unsupported_here(const char *how);

/* Before a call that is potentially unsafe during captures (capture.h): 900, or CUDA_SUCCESS. */
CUresult gs_capture_unsafe(void);

/* Counts a call for the summary.  Any thread, no lock. */
void gs_count(unsigned int call_index);

/* Notes in the log (guest/libcuda/logs.h) that a call has failed.  Any thread. */
void gs_logs_failed(unsigned int call_index, CUresult cu);

/* The last thing of every implemented call: its result, which the log hears of. */
static inline CUresult gs_told(unsigned int call_index, CUresult cu)
{
    if (__builtin_expect(cu != CUDA_SUCCESS && cu != CUDA_ERROR_NOT_READY, 0)) {
        gs_logs_failed(call_index, cu);
    }
    return cu;
}

#endif
