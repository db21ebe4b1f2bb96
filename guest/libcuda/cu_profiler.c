/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/stats.h"
#include "guest/libcuda/thread.h"

/* No tool can listen in a guest: what a program marks by these calls are its statistics. */
static CUresult mark(const char *at)
{
    const struct gs_thread *thread = gs_thread_peek();
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (thread == NULL || thread->depth == 0) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    gs_stats_mark(at);
    return CUDA_SUCCESS;
}

CUresult gs_cuProfilerStart(void)
{
    return mark("start");
}

CUresult gs_cuProfilerStop(void)
{
    return mark("stop");
}
