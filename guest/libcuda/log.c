/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/log.h"

#include <stdarg.h>

#include "guest/libcuda/logs.h"
#include "guest/transport/voice.h"

void gs_log(const char *fmt, ...)
{
    char text[GS_VOICE_LINE];
    va_list args;

    va_start(args, fmt);
    gs_voice_copy(text, fmt, args);
    va_end(args);
    gs_logs_text(text);
}
