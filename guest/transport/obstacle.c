/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/obstacle.h"

#include <stdarg.h>
#include <stdio.h>

int gs_obstacle_set(struct gs_obstacle *obstacle, enum gs_obstacle_kind kind, int rc,
                    const char *fmt, ...)
{
    va_list args;

    obstacle->kind = kind;
    va_start(args, fmt);
    (void)vsnprintf(obstacle->text, sizeof(obstacle->text), fmt, args);
    va_end(args);
    return rc;
}
