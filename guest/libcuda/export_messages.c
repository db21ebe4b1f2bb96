/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime and the libraries report to the driver's log. */
#include "guest/libcuda/export.h"

#include <stdarg.h>

#include "guest/libcuda/logs.h"

/* The level is one of cuLogs'; a name and a format that are not there are not read. */
__attribute__((format(printf, 3, 0))) static void report(const char *domain, int level,
                                                         const char *fmt, va_list args)
{
    if (fmt != NULL) {
        gs_logs_said(domain != NULL ? domain : "CUDA",
                     level == 0 ? CU_LOG_LEVEL_ERROR : CU_LOG_LEVEL_WARNING, fmt, args);
    }
}

/* A release after 13.0 asks whether the driver is fit for it; every driver of that release says
 * yes. */
static CUresult requirement(uint32_t what, const void *a, const void *b)
{
    (void)what;
    (void)a;
    (void)b;
    return CUDA_SUCCESS;
}

const struct gs_export_slot gs_export_messages[] = {
    GS_EXPORT_SLOT(1, report),
    GS_EXPORT_SLOT(25, requirement),
    GS_EXPORT_END,
};
