/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/environment.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Everything else is dropped: LD_*, CUDA_INJECTION*, CUDA_COREDUMP*, MPS and the like steer code
 * or files into the process. */
static const struct {
    const char *name; /* a trailing '*' stands for any rest */
    const char *reason;
} kept[] = {
    {"CUDA_VISIBLE_DEVICES", "GPU numbers count in it"},
    {"CUDA_DEVICE_ORDER", "GPU numbers depend on it"},
    {"JOURNAL_STREAM", "tells where standard error goes"},
    {"VGPU_LOG_TARGET", "the same"},
    {"VGPU_SIM_*", "devices and faults of the simulator"},
    {"ASAN_OPTIONS", "sanitizer builds"},
    {"UBSAN_OPTIONS", "sanitizer builds"},
    {"TSAN_OPTIONS", "sanitizer builds"},
};

static char cache_disable[] = "CUDA_CACHE_DISABLE=1"; /* a hit would hide an unloaded compiler */
static char module_loading[] = "CUDA_MODULE_LOADING=EAGER"; /* nothing is loaded after the lock */

static bool is_kept(const char *variable)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        size_t len = strlen(kept[i].name);

        if (kept[i].name[len - 1] == '*') {
            if (strncmp(variable, kept[i].name, len - 1) == 0) {
                return true;
            }
        } else if (strncmp(variable, kept[i].name, len) == 0 && variable[len] == '=') {
            return true;
        }
    }
    return false;
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
        if (is_kept(parent[i])) {
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
