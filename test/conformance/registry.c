/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/runner.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bounds of the section that CONF_CASE() fills; made by the linker. */
extern const struct conf_case *const __start_conf_registry[];
extern const struct conf_case *const __stop_conf_registry[];

/* The same of CONF_ALONE(), which not every program has. */
extern const struct conf_case *const __start_conf_alone[] __attribute__((weak));
extern const struct conf_case *const __stop_conf_alone[] __attribute__((weak));

bool conf_case_is_alone(const struct conf_case *test)
{
    size_t count = (size_t)(__stop_conf_alone - __start_conf_alone);

    for (size_t i = 0; i < count; i++) {
        if (__start_conf_alone[i] == test) {
            return true;
        }
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    const struct conf_case *const *x = a;
    const struct conf_case *const *y = b;
    int order = (int)conf_case_is_alone(*x) - (int)conf_case_is_alone(*y);

    order = order ? order : strcmp((*x)->call, (*y)->call);
    return order ? order : strcmp((*x)->name, (*y)->name);
}

/* Whether a line of the text (NULL: any would do) is the name. */
static bool listed(const char *text, const char *name)
{
    size_t length = strlen(name);
    const char *at = text;

    while (at && (at = strstr(at, name))) {
        if ((at == text || at[-1] == '\n') && (at[length] == '\n' || !at[length])) {
            return true;
        }
        at += length;
    }
    return !text;
}

#define NAME_BYTES 256

static void name_of(const struct conf_case *test, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "%s.%s", test->call, test->name);
}

static bool matches(const struct conf_case *test, const char *pattern, const char *only)
{
    char name[NAME_BYTES];

    name_of(test, name);
    return (!pattern || strstr(name, pattern) || fnmatch(pattern, name, 0) == 0) &&
           listed(only, name);
}

char *conf_read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    if (!file) {
        return NULL;
    }
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

const struct conf_case **conf_cases(const char *pattern, const char *only, size_t *count)
{
    size_t all = (size_t)(__stop_conf_registry - __start_conf_registry), n = 0;
    const struct conf_case **list = calloc(all, sizeof(*list));
    char *names = only ? conf_read_text(only) : NULL;

    if (!list || (only && !names)) {
        free(names);
        free(list);
        return NULL;
    }
    for (size_t i = 0; i < all; i++) {
        if (matches(__start_conf_registry[i], pattern, names)) {
            list[n++] = __start_conf_registry[i];
        }
    }
    free(names);
    qsort(list, n, sizeof(*list), by_name);
    *count = n;
    return list;
}

bool conf_skips_are(const char *path, const struct conf_outcome *outcomes, size_t count)
{
    char *names = conf_read_text(path);
    char name[NAME_BYTES];
    bool good = names != NULL;

    for (size_t i = 0; i < count && names; i++) {
        bool skipped = outcomes[i].verdict == CONF_SKIP;

        name_of(outcomes[i].test, name);
        if (skipped != listed(names, name)) {
            printf("%s: %s\n", name, skipped ? "skipped, not in the list" : "in the list, but ran");
            good = false;
        }
    }
    free(names);
    return good;
}
