/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ollama/ollama.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const patterns[] = {
    "/usr/local/cuda*/targets/*/lib/libcuda.so*",
    "/usr/lib/*-linux-gnu/nvidia/current/libcuda.so*",
    "/usr/lib/*-linux-gnu/libcuda.so*",
    "/usr/lib/wsl/lib/libcuda.so*",
    "/usr/lib/wsl/drivers/*/libcuda.so*",
    "/opt/cuda/lib*/libcuda.so*",
    "/usr/local/cuda/lib*/libcuda.so*",
    "/usr/lib*/libcuda.so*",
    "/usr/local/lib*/libcuda.so*",
};

/* One link after the other, as far as they lead; a path that is no link stays. */
static void follow(char path[static OLLAMA_PATH])
{
    char target[OLLAMA_PATH];
    char joined[2 * OLLAMA_PATH];

    for (unsigned int links = 0; links < 40; links++) {
        ssize_t len = readlink(path, target, sizeof(target) - 1);
        const char *slash = strrchr(path, '/');

        if (len <= 0) {
            return;
        }
        target[len] = '\0';
        if (target[0] == '/' || slash == NULL) {
            memcpy(path, target, (size_t)len + 1);
            continue;
        }
        (void)snprintf(joined, sizeof(joined), "%.*s/%s", (int)(slash - path), path, target);
        (void)snprintf(path, OLLAMA_PATH, "%.*s", (int)OLLAMA_PATH - 1, joined);
    }
}

static void add(struct ollama_paths *paths, const char *found)
{
    char path[OLLAMA_PATH];

    (void)snprintf(path, sizeof(path), "%s", found);
    follow(path);
    for (unsigned int i = 0; i < paths->count; i++) {
        if (strcmp(paths->path[i], path) == 0) {
            return;
        }
    }
    if (paths->count < OLLAMA_PATHS_MAX) {
        memcpy(paths->path[paths->count++], path, sizeof(path));
    }
}

static void add_matches(struct ollama_paths *paths, const char *pattern)
{
    glob_t found;

    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            add(paths, found.gl_pathv[i]);
        }
    }
    globfree(&found);
}

/* An empty part is the folder in which the server was started. */
static void search_environment(struct ollama_paths *paths)
{
    const char *value = getenv("LD_LIBRARY_PATH");
    const char *part = value != NULL ? value : "";
    char pattern[2 * OLLAMA_PATH];

    for (bool last = false; !last; part += strcspn(part, ":") + 1) {
        size_t len = strcspn(part, ":");

        last = part[len] == '\0';
        (void)snprintf(pattern, sizeof(pattern), "%.*s/libcuda.so**", len > 0 ? (int)len : 1,
                       len > 0 ? part : ".");
        add_matches(paths, pattern);
    }
}

void ollama_search(const char *root, struct ollama_paths *paths)
{
    char pattern[2 * OLLAMA_PATH];

    paths->count = 0;
    search_environment(paths);
    for (unsigned int i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        (void)snprintf(pattern, sizeof(pattern), "%s%s", root, patterns[i]);
        add_matches(paths, pattern);
    }
}
