/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest/libcuda/logs.h"

/* Not common/log.h: that is the voice of daemons and may go to the journal. */
void gs_log(const char *fmt, ...)
{
    const char *wish = getenv("VGPU_LOG");
    char line[512];
    va_list args;
    int saved = errno;
    int len;

    memcpy(line, "vgpu: ", 6);
    va_start(args, fmt);
    len = vsnprintf(line + 6, sizeof(line) - 7, fmt, args);
    va_end(args);
    gs_logs_text(line + 6);
    if (wish != NULL && strcmp(wish, "off") == 0) {
        errno = saved;
        return;
    }
    len = len < 0 ? 0 : len;
    len = (size_t)len > sizeof(line) - 8 ? (int)sizeof(line) - 8 : len;
    line[6 + len] = '\n';
    if (write(STDERR_FILENO, line, (size_t)len + 7) < 0) {
        /* Nobody listens. */
    }
    errno = saved;
}
