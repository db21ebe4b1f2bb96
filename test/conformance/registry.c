/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/runner.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bounds of the section that CONF_CASE() fills; made by the linker. */
extern const struct conf_case *const __start_conf_registry[];
extern const struct conf_case *const __stop_conf_registry[];

static int by_name(const void *a, const void *b)
{
    const struct conf_case *const *x = a;
    const struct conf_case *const *y = b;
    int order = strcmp((*x)->call, (*y)->call);

    return order ? order : strcmp((*x)->name, (*y)->name);
}

static bool matches(const struct conf_case *test, const char *pattern)
{
    char name[256];

    snprintf(name, sizeof(name), "%s.%s", test->call, test->name);
    return !pattern || strstr(name, pattern) || fnmatch(pattern, name, 0) == 0;
}

const struct conf_case **conf_cases(const char *pattern, size_t *count)
{
    size_t all = (size_t)(__stop_conf_registry - __start_conf_registry), n = 0;
    const struct conf_case **list = calloc(all, sizeof(*list));

    if (!list) {
        return NULL;
    }
    for (size_t i = 0; i < all; i++) {
        if (matches(__start_conf_registry[i], pattern)) {
            list[n++] = __start_conf_registry[i];
        }
    }
    qsort(list, n, sizeof(*list), by_name);
    *count = n;
    return list;
}
