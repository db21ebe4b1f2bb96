/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/layers.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

#define SECCOMP_FILTER 2

/* Lines are short; a longer one is read in pieces that match no key. */
static int read_status(const char *path, struct ex_worker_layers *thread)
{
    VGPU_CLEANUP_FILE FILE *file = fopen(path, "re");
    char line[256];
    unsigned int found = 0;

    if (file == NULL) {
        return -errno;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "NoNewPrivs:", 11) == 0) {
            thread->no_new_privs = strtoul(line + 11, NULL, 10) == 1;
            found |= 1;
        } else if (strncmp(line, "Seccomp:", 8) == 0) {
            thread->seccomp_mode = (uint32_t)strtoul(line + 8, NULL, 10);
            found |= 2;
        } else if (strncmp(line, "Seccomp_filters:", 16) == 0) {
            thread->filters = (uint32_t)strtoul(line + 16, NULL, 10);
            found |= 4;
        }
    }
    return found == 7 ? 0 : -EPROTO;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static int add_thread(struct ex_worker_layers *layers, const char *path)
{
    struct ex_worker_layers thread = {.threads = 1};
    int rc = read_status(path, &thread);

    /* A thread that ended meanwhile holds nothing any more. */
    if (rc == -ENOENT || rc == -ESRCH) {
        return 0;
    }
    if (rc < 0) {
        return rc;
    }
    if (layers->threads == 0) {
        *layers = thread;
        return 0;
    }
    layers->seccomp_mode = least(layers->seccomp_mode, thread.seccomp_mode);
    layers->filters = least(layers->filters, thread.filters);
    layers->no_new_privs = layers->no_new_privs && thread.no_new_privs;
    layers->threads++;
    return 0;
}

int ex_layers_read(pid_t pid, struct ex_worker_layers *layers)
{
    char path[64];
    const struct dirent *entry;
    int rc = 0;

    memset(layers, 0, sizeof(*layers));
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);

    if (tasks == NULL) {
        return -errno;
    }
    while (rc == 0 && (entry = readdir(tasks)) != NULL) {
        unsigned long thread = strtoul(entry->d_name, NULL, 10);

        if (thread > 0) {
            (void)snprintf(path, sizeof(path), "/proc/%d/task/%lu/status", (int)pid, thread);
            rc = add_thread(layers, path);
        }
    }
    (void)closedir(tasks);
    return rc == 0 && layers->threads == 0 ? -ESRCH : rc;
}

bool ex_layers_suffice(const struct ex_worker_layers *layers, uint32_t before)
{
    return !VGPU_SANDBOX || (layers->no_new_privs && layers->seccomp_mode == SECCOMP_FILTER &&
                             layers->filters >= before + EX_LAYERS_FILTERS);
}
