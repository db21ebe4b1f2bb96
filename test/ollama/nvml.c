/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ollama/ollama.h"

#include <stdlib.h>

#include "test/ollama/library.h"

#define NVML_NAME "libnvidia-ml.so.1"

struct nvml_memory {
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;
};

struct nvml {
    void *handle;
    int (*nvmlInit_v2)(void);
    int (*nvmlShutdown)(void);
    int (*nvmlDeviceGetCount_v2)(unsigned int *count);
    int (*nvmlDeviceGetHandleByIndex)(unsigned int index, void **device);
    int (*nvmlDeviceGetHandleByUUID)(const char *uuid, void **device);
    int (*nvmlDeviceGetHandleByPciBusId_v2)(const char *pci, void **device);
    int (*nvmlDeviceGetMemoryInfo)(void *device, struct nvml_memory *memory);
    int (*nvmlDeviceGetCudaComputeCapability)(void *device, int *major, int *minor);
    int (*nvmlDeviceGetName)(void *device, char *name, unsigned int len);
    int (*nvmlSystemGetDriverVersion)(char *version, unsigned int len);
    const char *(*nvmlErrorString)(int code);
};

/* Initialised; the handle is NULL where there is no such library.  0 or NVML's code. */
static int start(struct nvml *nvml, const char *name, const struct ollama_symbol *symbols,
                 unsigned int count)
{
    const char *missing;
    int code;

    nvml->handle = dlopen(name, RTLD_LAZY);
    if (nvml->handle == NULL) {
        return 12; /* NVML_ERROR_LIBRARY_NOT_FOUND */
    }
    missing = ollama_bind(nvml->handle, symbols, count);
    code = missing != NULL ? 13 : nvml->nvmlInit_v2(); /* NVML_ERROR_FUNCTION_NOT_FOUND */
    if (code != 0) {
        (void)fprintf(stderr, "ollama: %s: %s (%d)\n", name,
                      missing != NULL ? missing : "nvmlInit_v2", code);
        (void)dlclose(nvml->handle);
        nvml->handle = NULL;
    }
    return code;
}

static void stop(const struct nvml *nvml)
{
    (void)nvml->nvmlShutdown();
    (void)dlclose(nvml->handle);
}

#define START(nvml, name, ...)                                                                     \
    start(nvml, name, (const struct ollama_symbol[]){__VA_ARGS__},                                 \
          sizeof((const struct ollama_symbol[]){__VA_ARGS__}) / sizeof(struct ollama_symbol))

static int ask_by_index(const struct nvml *nvml, unsigned int index, struct ollama_gpu *gpu)
{
    struct nvml_memory memory = {0};
    void *device = NULL;
    int code = nvml->nvmlDeviceGetHandleByIndex(index, &device);

    if (code == 0) {
        code = nvml->nvmlDeviceGetMemoryInfo(device, &memory);
    }
    if (code == 0) {
        code = nvml->nvmlDeviceGetCudaComputeCapability(device, &gpu->major, &gpu->minor);
    }
    gpu->total = memory.total;
    gpu->free = memory.free;
    (void)snprintf(gpu->id, sizeof(gpu->id), "%u", index);
    return code;
}

static int start_old(const char *root, struct nvml *nvml)
{
    static const char *const names[] = {
        "/usr/local/cuda/lib64/libnvidia-ml.so",
        "/usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ml.so",
        "/usr/lib/x86_64-linux-gnu/" NVML_NAME,
        "/usr/lib/wsl/lib/" NVML_NAME,
    };
    char path[OLLAMA_PATH] = "libnvidia-ml.so";
    unsigned int next = 0;
    int code;

    do {
        code =
            START(nvml, path, OLLAMA_SYMBOL(nvml, nvmlInit_v2), OLLAMA_SYMBOL(nvml, nvmlShutdown),
                  OLLAMA_SYMBOL(nvml, nvmlDeviceGetHandleByIndex),
                  OLLAMA_SYMBOL(nvml, nvmlDeviceGetMemoryInfo),
                  OLLAMA_SYMBOL(nvml, nvmlDeviceGetCount_v2),
                  OLLAMA_SYMBOL(nvml, nvmlDeviceGetCudaComputeCapability));
        if (next < sizeof(names) / sizeof(names[0])) {
            (void)snprintf(path, sizeof(path), "%s%s", root, names[next]);
        }
    } while (code == 12 && next++ < sizeof(names) / sizeof(names[0]));
    return code;
}

int ollama_ask_nvml(const char *root, struct ollama_gpus *gpus)
{
    struct nvml nvml = {.handle = NULL};
    unsigned int count = 0;
    int code = start_old(root, &nvml);

    memset(gpus, 0, sizeof(*gpus));
    if (code == 0) {
        code = nvml.nvmlDeviceGetCount_v2(&count);
    }
    for (unsigned int i = 0; code == 0 && i < count && i < OLLAMA_GPUS_MAX; i++) {
        code = ask_by_index(&nvml, i, &gpus->gpu[i]);
        gpus->count += code == 0;
    }
    if (nvml.handle != NULL) {
        stop(&nvml);
    }
    if (code != 0) {
        (void)fprintf(stderr, "ollama: NVML answers %d\n", code);
    }
    return code == 0 ? 0 : -1;
}

int ollama_nvml_memory(const char *id, uint64_t *free_bytes, uint64_t *total)
{
    struct nvml nvml;
    struct nvml_memory memory = {0};
    void *device = NULL;
    int code =
        START(&nvml, NVML_NAME, OLLAMA_SYMBOL(&nvml, nvmlInit_v2),
              OLLAMA_SYMBOL(&nvml, nvmlShutdown), OLLAMA_SYMBOL(&nvml, nvmlDeviceGetHandleByUUID),
              OLLAMA_SYMBOL(&nvml, nvmlDeviceGetMemoryInfo),
              OLLAMA_SYMBOL(&nvml, nvmlDeviceGetName), OLLAMA_SYMBOL(&nvml, nvmlErrorString));

    if (code != 0) {
        return code;
    }
    code = nvml.nvmlDeviceGetHandleByUUID(id, &device);
    if (code == 0) {
        code = nvml.nvmlDeviceGetMemoryInfo(device, &memory);
        *free_bytes = memory.free;
        *total = memory.total;
    }
    if (code != 0) {
        (void)fprintf(stderr, "ollama: memory of %s: %s (%d)\n", id, nvml.nvmlErrorString(code),
                      code);
    }
    stop(&nvml);
    return code;
}

bool ollama_nvml_branch(int *branch)
{
    struct nvml nvml;
    char version[80] = "";

    if (START(&nvml, NVML_NAME, OLLAMA_SYMBOL(&nvml, nvmlInit_v2),
              OLLAMA_SYMBOL(&nvml, nvmlShutdown),
              OLLAMA_SYMBOL(&nvml, nvmlSystemGetDriverVersion)) != 0) {
        return false;
    }
    *branch = nvml.nvmlSystemGetDriverVersion(version, sizeof(version)) == 0
                  ? (int)strtol(version, NULL, 10)
                  : 0;
    stop(&nvml);
    return *branch > 0;
}

bool ollama_nvml_physical(const char *pci, uint64_t *total)
{
    struct nvml nvml;
    struct nvml_memory memory = {0};
    void *device = NULL;
    bool known;

    if (START(&nvml, NVML_NAME, OLLAMA_SYMBOL(&nvml, nvmlInit_v2),
              OLLAMA_SYMBOL(&nvml, nvmlShutdown),
              OLLAMA_SYMBOL(&nvml, nvmlDeviceGetHandleByPciBusId_v2),
              OLLAMA_SYMBOL(&nvml, nvmlDeviceGetMemoryInfo)) != 0) {
        return false;
    }
    known = nvml.nvmlDeviceGetHandleByPciBusId_v2(pci, &device) == 0 &&
            nvml.nvmlDeviceGetMemoryInfo(device, &memory) == 0;
    *total = memory.total;
    stop(&nvml);
    return known;
}
