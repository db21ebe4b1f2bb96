/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/human.h"

#include <stddef.h>
#include <stdio.h>

/* `value` in the largest unit in which it is 1 or more. */
static void scale(char *dst, double value, double step, const char *const *units, size_t count)
{
    size_t unit = 0;

    while (unit + 1 < count && value >= step) {
        value /= step;
        unit++;
    }
    (void)snprintf(dst, CT_HUMAN, unit == 0 || value >= 100 ? "%.0f%s" : "%.1f%s", value,
                   units[unit]);
}

const char *ct_bytes(char dst[static CT_HUMAN], uint64_t bytes)
{
    static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};

    scale(dst, (double)bytes, 1024, units, sizeof(units) / sizeof(units[0]));
    return dst;
}

const char *ct_count(char dst[static CT_HUMAN], uint64_t count)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};

    if (count < 100000) {
        (void)snprintf(dst, CT_HUMAN, "%llu", (unsigned long long)count);
    } else {
        scale(dst, (double)count, 1000, units, sizeof(units) / sizeof(units[0]));
    }
    return dst;
}

const char *ct_duration(char dst[static CT_HUMAN], uint64_t ms)
{
    unsigned long long s = ms / 1000;

    if (ms < 1000) {
        (void)snprintf(dst, CT_HUMAN, "%u ms", (unsigned int)ms);
    } else if (s < 60) {
        (void)snprintf(dst, CT_HUMAN, "%.1f s", (double)ms / 1e3);
    } else if (s < 3600) {
        (void)snprintf(dst, CT_HUMAN, "%llu min", s / 60);
    } else if (s < 86400) {
        (void)snprintf(dst, CT_HUMAN, "%llu h %llu min", s / 3600, s / 60 % 60);
    } else {
        (void)snprintf(dst, CT_HUMAN, "%llu d %llu h", s / 86400, s / 3600 % 24);
    }
    return dst;
}

const char *ct_nanoseconds(char dst[static CT_HUMAN], uint64_t ns)
{
    if (ns < 1000) {
        (void)snprintf(dst, CT_HUMAN, "%u ns", (unsigned int)ns);
    } else if (ns < 1000000) {
        (void)snprintf(dst, CT_HUMAN, "%.1f us", (double)ns / 1e3);
    } else if (ns < 1000000000) {
        (void)snprintf(dst, CT_HUMAN, "%.2f ms", (double)ns / 1e6);
    } else {
        (void)snprintf(dst, CT_HUMAN, "%.2f s", (double)ns / 1e9);
    }
    return dst;
}
