/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "ctl/ctl.h"
#include "ctl/json.h"

void ct_error_set(struct ct_error *error, enum ct_status status, const char *fmt, ...)
{
    va_list args;

    error->status = status;
    va_start(args, fmt);
    (void)vsnprintf(error->text, sizeof(error->text), fmt, args);
    va_end(args);
}

enum ct_status ct_error_report(const struct ct_options *options, const struct ct_error *error)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "vgpuctl: %s\n", error->text);
    if (options->json) {
        json_t *inner = json_object();
        json_t *outer = json_object();

        ct_json_number(inner, "status", (uint64_t)error->status);
        ct_json_text(inner, "text", error->text);
        ct_json_put(outer, "error", inner);
        ct_json_print(outer);
    }
    return error->status;
}
