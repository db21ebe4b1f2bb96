/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/hostd.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/log.h"

void hd_hostd_error(struct hd_hostd *hostd, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(hostd->last_error, sizeof(hostd->last_error), fmt, args);
    va_end(args);
    vgpu_log(VGPU_LOG_ERROR, "%s", hostd->last_error);
}
