/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-ptx [--variant NAME] [--module NAME] [--case NAME] [--list] [--bench]
 *
 *   kernels' PTX, built in --load--> driver (native, simulator or ours)
 *   each case: data --HtoD--> kernel --DtoH--> compared with the CPU's result
 *
 * Without a filter all cases run on every variant of their module.
 */
#include <stdio.h>
#include <stdlib.h>

#include "test/ptx/runner.h"

extern const struct px_case *const __start_px_registry[];
extern const struct px_case *const __stop_px_registry[];

static const char *only_variant;
static const char *only_module;
static const char *only_case;
static bool list;

static bool selected(const char *wanted, const char *name)
{
    return wanted == NULL || strcmp(wanted, name) == 0;
}

static unsigned passed;
static unsigned failed;

static void run_image(const struct px_image *image)
{
    for (const struct px_case *const *c = __start_px_registry; c < __stop_px_registry; c++) {
        if (strcmp((*c)->module, image->module) != 0 || !selected(only_case, (*c)->name)) {
            continue;
        }
        if (list) {
            printf("%s/%s/%s\n", image->variant, image->module, (*c)->name);
        } else if (px_case_run(*c, image->variant, image->text)) {
            passed++;
        } else {
            failed++;
        }
    }
}

static int usage(void)
{
    (void)fputs("usage: vgpu-ptx [--variant NAME] [--module NAME] [--case NAME] [--list] "
                "[--bench]\n",
                stderr);
    return 2;
}

static int run_all(void)
{
    if (!list) {
        px_begin();
    }
    for (const struct px_image *i = px_images; i->variant != NULL; i++) {
        if (selected(only_variant, i->variant) && selected(only_module, i->module)) {
            run_image(i);
        }
    }
    if (list) {
        return 0;
    }
    px_end();
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 && passed != 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--variant") == 0  ? &only_variant
                             : strcmp(argv[i], "--module") == 0 ? &only_module
                             : strcmp(argv[i], "--case") == 0   ? &only_case
                                                                : NULL;

        if (value != NULL && i + 1 < argc) {
            *value = argv[++i];
        } else if (strcmp(argv[i], "--list") == 0) {
            list = true;
        } else if (strcmp(argv[i], "--bench") == 0) {
            px_begin();
            px_bench();
            px_end();
            return 0;
        } else {
            return usage();
        }
    }
    return run_all();
}
