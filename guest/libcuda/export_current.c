/* SPDX-License-Identifier: Apache-2.0 */
/* The thread's current context, and whether the runtime may use it as it is. */
#include "guest/libcuda/export.h"

#include "gs_calls.h"

const struct gs_export_slot gs_export_current[] = {
    GS_EXPORT_SLOT(2, gs_cuCtxGetCurrent),
    GS_EXPORT_END,
};

/* No context stands in front of another here; *other stays then, as native. */
static CUresult check_context(CUcontext ctx, uint32_t *flag, void **other)
{
    (void)ctx;
    (void)other;
    if (flag == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *flag = 0;
    return CUDA_SUCCESS;
}

static uint32_t check_process(void)
{
    return 0;
}

const struct gs_export_slot gs_export_context_checks[] = {
    GS_EXPORT_SLOT(2, check_context),
    GS_EXPORT_SLOT(3, check_process),
    GS_EXPORT_END,
};
