/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/limits.h"

/* Everything else is dropped: LD_*, CUDA_INJECTION*, CUDA_COREDUMP*, MPS and the like steer code
 * or files into the process. */
static const struct {
    const char *name; /* a trailing '*' stands for any rest */
    bool travels;     /* from the supervisor to a worker of systemd's */
    const char *reason;
} kept[] = {
    {"CUDA_VISIBLE_DEVICES", true, "GPU numbers count in it"},
    {"CUDA_DEVICE_ORDER", true, "GPU numbers depend on it"},
    {"JOURNAL_STREAM", false, "tells where standard error goes"},
    {"VGPU_LOG_TARGET", false, "the same"},
    {"VGPU_SIM_*", true, "devices and faults of the simulator"},
    {"ASAN_OPTIONS", false, "sanitizer builds"},
    {"UBSAN_OPTIONS", false, "sanitizer builds"},
    {"TSAN_OPTIONS", false, "sanitizer builds"},
};

static char cache_disable[] = "CUDA_CACHE_DISABLE=1"; /* a hit would hide an unloaded compiler */
static char module_loading[] = "CUDA_MODULE_LOADING=EAGER"; /* nothing is loaded after the lock */

/* The row of a variable, or -1. */
static int row_of(const char *variable)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        size_t len = strlen(kept[i].name);
        bool any_rest = kept[i].name[len - 1] == '*';

        if (any_rest ? strncmp(variable, kept[i].name, len - 1) == 0
                     : strncmp(variable, kept[i].name, len) == 0 && variable[len] == '=') {
            return (int)i;
        }
    }
    return -1;
}

bool ex_environment_travels(const char *variable)
{
    int row = row_of(variable);

    return row >= 0 && kept[row].travels && strchr(variable, '=') != NULL &&
           strlen(variable) < VGPU_TEXT_BYTES_MAX;
}

size_t ex_environment_travelling(char **parent, char **out, size_t cap)
{
    size_t count = 0;

    for (; *parent != NULL && count < cap; parent++) {
        if (ex_environment_travels(*parent)) {
            out[count++] = *parent;
        }
    }
    return count;
}

char **ex_environment_make(char **parent)
{
    size_t count = 0;
    size_t used = 0;
    char **made;

    while (parent[count] != NULL) {
        count++;
    }
    made = calloc(count + 3, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (row_of(parent[i]) >= 0) {
            made[used++] = parent[i];
        }
    }
    made[used++] = cache_disable;
    made[used] = module_loading;
    return made;
}

int ex_environment_scrub(void)
{
    char **made = ex_environment_make(environ);

    if (made == NULL) {
        return -ENOMEM;
    }
    environ = made;
    return 0;
}
