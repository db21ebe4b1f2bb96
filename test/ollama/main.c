/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-ollama [--root DIR [--loader DIR]] [--runner FILE] [--shared] [--nvml] [--model MIB]
 * GENERATION
 *
 *   find the GPU ──► start a runner ──► tokens ──► idle: kill it ──► its memory is free again
 *        │                 ▲                                              │
 *        └── each generation of Ollama in its own way ───── asks again ◄──┘
 *
 *   nvml     the first: NVML by a list of paths, memory by index
 *   libcuda  to about 0.11: libcuda by a list of patterns, memory by a context
 *   runner   from about 0.12: a runner without a model tells of the GPUs, a second one proves each
 *   probe    the newest: a process of its own asks libcuda.so.1 and NVML, runners do the rest
 *
 * --root: below which folder the patterns are; --loader: where the runner's loader finds libraries,
 * as it would by its cache.  --shared: this process sees in CUDA's figure of free
 * memory what the runner takes; a simulator's contexts have each memory of their own.  --nvml:
 * libnvidia-ml.so.1 must be there.
 *
 * Exit status: 0 passed, 1 failed, 2 bad arguments.  "gpu-discover" is what `probe` runs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/ollama/child.h"
#include "test/ollama/ollama.h"

#define TOKENS 24u
/* Ollama keeps a runner for five minutes; this server has less time. */
#define KEEP_MS         200
#define RECOVERY_MS     5000
#define RECOVERY_STEP   250
#define RECOVERY_SHARE  0.75
#define RECOVERY_MARGIN (16 * OLLAMA_MIB)

struct server {
    const char *generation;
    const char *root;
    const char *loader;
    char runner[OLLAMA_PATH];
    char self[OLLAMA_PATH];
    unsigned long mib;
    bool shared;
    bool nvml;
    struct ollama_paths paths;
    struct ollama_gpus gpus;
};

static bool is(const struct server *server, const char *generation)
{
    return strcmp(server->generation, generation) == 0;
}

/* A runner that has no model, for its word on the GPUs. */
static int ask_a_runner(const struct server *server, const char *devices, bool deep,
                        struct ollama_gpus *gpus)
{
    static const char *const none[] = {NULL};
    struct child child;
    int rc = child_start(&child, server->runner, none, devices, deep);

    if (rc == 0) {
        rc = child_ask_gpus(&child, gpus);
        child_kill(&child);
    }
    return rc;
}

/* In a second pass each GPU by itself, initialised deeply: what fails is left out. */
static int discover_by_runners(struct server *server)
{
    struct ollama_gpus found;
    struct ollama_gpus one;

    if (ask_a_runner(server, NULL, false, &found) != 0) {
        return -1;
    }
    server->gpus.count = 0;
    for (unsigned int i = 0; i < found.count; i++) {
        if (ask_a_runner(server, found.gpu[i].id, true, &one) == 0 && one.count == 1 &&
            strcmp(one.gpu[0].id, found.gpu[i].id) == 0) {
            server->gpus.gpu[server->gpus.count++] = found.gpu[i];
        }
    }
    return server->gpus.count > 0 ? 0 : -1;
}

/* The runner knows the UUIDs; both must speak of the same GPUs. */
static int discover_by_probe(struct server *server)
{
    struct ollama_gpus probed;

    if (child_discover(server->self, &probed) != 0 || discover_by_runners(server) != 0) {
        return -1;
    }
    for (unsigned int i = 0; i < server->gpus.count; i++) {
        if (i >= probed.count || strcasecmp(probed.gpu[i].pci, server->gpus.gpu[i].pci) != 0) {
            (void)fprintf(stderr, "ollama: probe and runner name different devices\n");
            return -1;
        }
        server->gpus.gpu[i].branch = probed.gpu[i].branch;
    }
    return 0;
}

static void search(struct server *server)
{
    ollama_search(server->root, &server->paths);
    for (unsigned int i = 0; i < server->paths.count; i++) {
        printf("search: %s\n", server->paths.path[i]);
    }
    if (server->loader != NULL) {
        (void)setenv("LD_LIBRARY_PATH", server->loader, 1);
    }
}

static int discover(struct server *server)
{
    if (is(server, "libcuda")) {
        search(server);
        return ollama_ask_libcuda(&server->paths, &server->gpus);
    }
    if (is(server, "nvml")) {
        return ollama_ask_nvml(server->root, &server->gpus);
    }
    return is(server, "probe") ? discover_by_probe(server) : discover_by_runners(server);
}

/* Free memory of all GPUs as this generation learns it, from the runner where there is one. */
static int ask_free(const struct server *server, const struct child *child, uint64_t *bytes)
{
    struct ollama_gpus now;
    int rc;

    if (is(server, "libcuda")) {
        rc = ollama_ask_libcuda(&server->paths, &now);
    } else if (is(server, "nvml")) {
        rc = ollama_ask_nvml(server->root, &now);
    } else if (child != NULL) {
        rc = child_ask_gpus(child, &now);
    } else {
        rc = ask_a_runner(server, server->gpus.gpu[0].id, false, &now);
    }
    *bytes = 0;
    for (unsigned int i = 0; rc == 0 && i < now.count; i++) {
        *bytes += now.gpu[i].free;
    }
    return rc;
}

/* The first versions set no CUDA_VISIBLE_DEVICES. */
static int start_model(const struct server *server, struct child *child)
{
    char mib[24];
    const char *const old[] = {"--model", mib, NULL};
    const char *const later[] = {NULL};
    bool loads_by_request = is(server, "runner") || is(server, "probe");
    const char *devices = is(server, "nvml") ? NULL : server->gpus.gpu[0].id;

    (void)snprintf(mib, sizeof(mib), "%lu", server->mib);
    if (child_start(child, server->runner, loads_by_request ? later : old, devices, false) != 0) {
        return -1;
    }
    return loads_by_request ? child_load(child, server->mib) : 0;
}

/* As soon as most of what the runner had is free again; not at all is an error here. */
static int wait_for_recovery(const struct server *server, uint64_t before, uint64_t at_start)
{
    uint64_t wanted = at_start - RECOVERY_MARGIN;
    uint64_t now = 0;

    if (server->shared || (server->nvml && !is(server, "libcuda"))) {
        wanted = before + (uint64_t)((double)(server->mib * OLLAMA_MIB) * RECOVERY_SHARE);
    }
    for (unsigned int ms = 0; ms < RECOVERY_MS; ms += RECOVERY_STEP) {
        child_sleep_ms(RECOVERY_STEP);
        if (ask_free(server, NULL, &now) != 0) {
            return -1;
        }
        if (now > wanted) {
            printf("unload: free memory is back after %u ms: %" PRIu64 " MiB\n", ms + RECOVERY_STEP,
                   now / OLLAMA_MIB);
            return 0;
        }
    }
    (void)fprintf(stderr, "ollama: free memory is %" PRIu64 " MiB, wanted %" PRIu64 " MiB\n",
                  now / OLLAMA_MIB, wanted / OLLAMA_MIB);
    return -1;
}

/* From the first request until the runner is unloaded. */
static int serve(const struct server *server, uint32_t seed)
{
    struct child child;
    uint64_t at_start;
    uint64_t loaded;
    int rc;

    if (ask_free(server, NULL, &at_start) != 0 || start_model(server, &child) != 0) {
        return -1;
    }
    rc = child_complete(&child, seed, TOKENS);
    if (rc == 0) {
        rc = child_complete(&child, seed + 1, TOKENS);
    }
    child_sleep_ms(KEEP_MS);
    if (rc == 0) {
        rc = ask_free(server, &child, &loaded);
    }
    child_kill(&child);
    if (rc != 0) {
        return -1;
    }
    printf("runner: %u tokens, free memory %" PRIu64 " MiB before and %" PRIu64 " MiB with it\n",
           2 * TOKENS, at_start / OLLAMA_MIB, loaded / OLLAMA_MIB);
    return wait_for_recovery(server, loaded, at_start);
}

/* The generations whose runners ask NVML by UUID; a simulator has no driver whose version it could
 * tell. */
static int check_nvml(const struct server *server)
{
    uint64_t free_bytes = 0;
    uint64_t total = 0;
    int branch = 0;
    int code;

    if (!server->nvml || is(server, "nvml") || is(server, "libcuda")) {
        return 0;
    }
    code = ollama_nvml_memory(server->gpus.gpu[0].id, &free_bytes, &total);
    if (code != 0 || free_bytes > total || total != server->gpus.gpu[0].total ||
        (!ollama_nvml_branch(&branch) && server->shared)) {
        (void)fprintf(stderr, "ollama: NVML does not know %s: %d, %" PRIu64 " MiB, driver %d\n",
                      server->gpus.gpu[0].id, code, total / OLLAMA_MIB, branch);
        return -1;
    }
    return 0;
}

/* What NVIDIA's kernel module would tell; no version needs it, so it is only shown. */
static void look_for_versions(void)
{
    static const char *const files[] = {"/proc/driver/nvidia/version", "/sys/module/nvidia/version",
                                        "/dev/nvidiactl"};

    for (unsigned int i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        printf("version: %s %s\n", files[i], access(files[i], F_OK) == 0 ? "is there" : "absent");
    }
}

static int discover_process(void)
{
    struct ollama_gpus gpus;
    char line[512];

    if (ollama_probe(&gpus) != 0) {
        return 1;
    }
    for (unsigned int i = 0; i < gpus.count; i++) {
        ollama_write_gpu(&gpus.gpu[i], line, sizeof(line));
        (void)puts(line);
    }
    return 0;
}

static int run(struct server *server)
{
    look_for_versions();
    if (discover(server) != 0 || server->gpus.count == 0) {
        printf("FAIL %s found no GPU\n", server->generation);
        return 1;
    }
    ollama_print_gpus(server->generation, &server->gpus);
    if (check_nvml(server) != 0 || serve(server, 7) != 0 || serve(server, 99) != 0) {
        printf("FAIL %s\n", server->generation);
        return 1;
    }
    printf("PASS %s gpus=%u\n", server->generation, server->gpus.count);
    return 0;
}

static bool parse(struct server *server, int argc, char **argv)
{
    static const char *const generations[] = {"nvml", "libcuda", "runner", "probe"};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--shared") == 0) {
            server->shared = true;
        } else if (strcmp(argv[i], "--nvml") == 0) {
            server->nvml = true;
        } else if (strcmp(argv[i], "--root") == 0 && i + 1 < argc) {
            server->root = argv[++i];
        } else if (strcmp(argv[i], "--loader") == 0 && i + 1 < argc) {
            server->loader = argv[++i];
        } else if (strcmp(argv[i], "--runner") == 0 && i + 1 < argc) {
            (void)snprintf(server->runner, sizeof(server->runner), "%s", argv[++i]);
        } else if (strcmp(argv[i], "--model") == 0 && i + 1 < argc) {
            server->mib = strtoul(argv[++i], NULL, 10);
        } else {
            server->generation = argv[i];
        }
    }
    for (unsigned int i = 0; i < sizeof(generations) / sizeof(generations[0]); i++) {
        if (server->generation != NULL && strcmp(server->generation, generations[i]) == 0) {
            return server->mib > 0;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    static struct server server = {.root = "", .mib = 64};
    ssize_t len = readlink("/proc/self/exe", server.self, sizeof(server.self) - 1);

    if (argc > 1 && strcmp(argv[1], "gpu-discover") == 0) {
        return discover_process();
    }
    if (len > 0) {
        server.self[len] = '\0';
        (void)snprintf(server.runner, sizeof(server.runner), "%.500s-runner", server.self);
    }
    if (!parse(&server, argc, argv)) {
        (void)fprintf(stderr,
                      "usage: vgpu-ollama [--root DIR [--loader DIR]] [--runner FILE] [--shared] "
                      "[--nvml] [--model MIB] nvml|libcuda|runner|probe\n");
        return 2;
    }
    return run(&server);
}
