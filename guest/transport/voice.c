/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/voice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool wishes(const char *word)
{
    const char *wish = getenv("VGPU_LOG");

    return wish != NULL && strcmp(wish, word) == 0;
}

/* Not common/log.h: that is the voice of daemons and may go to the journal. */
void gs_voice_copy(char text[GS_VOICE_LINE], const char *fmt, va_list args)
{
    char line[GS_VOICE_LINE + 8];
    int saved = errno;
    int len;

    (void)vsnprintf(text, GS_VOICE_LINE, fmt, args);
    if (!wishes("off")) {
        len = snprintf(line, sizeof(line), "vgpu: %s\n", text);
        if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0) {
            /* Nobody listens. */
        }
    }
    errno = saved;
}

void gs_voice(const char *fmt, ...)
{
    char text[GS_VOICE_LINE];
    va_list args;

    va_start(args, fmt);
    gs_voice_copy(text, fmt, args);
    va_end(args);
}

bool gs_voice_calls(void)
{
    return wishes("calls");
}
