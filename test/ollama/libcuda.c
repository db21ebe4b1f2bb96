/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ollama/ollama.h"

#include "proto/cuda_abi.h"
#include "test/ollama/library.h"

struct libcuda {
    void *handle;
    int version;
    int devices;
    CUresult (*cuInit)(unsigned int flags);
    CUresult (*cuDriverGetVersion)(int *version);
    CUresult (*cuDeviceGetCount)(int *count);
    CUresult (*cuDeviceGet)(CUdevice *device, int index);
    CUresult (*cuDeviceGetAttribute)(int *value, CUdevice_attribute attribute, CUdevice device);
    CUresult (*cuDeviceGetUuid)(CUuuid *uuid, CUdevice device);
    CUresult (*cuDeviceGetName)(char *name, int len, CUdevice device);
    CUresult (*cuCtxCreate_v3)(CUcontext *context, void *affinity, int count, unsigned int flags,
                               CUdevice device);
    CUresult (*cuMemGetInfo_v2)(size_t *free_bytes, size_t *total);
    CUresult (*cuCtxDestroy)(CUcontext context);
};

static int refuse(struct libcuda *cuda, const char *path, const char *what, int code)
{
    (void)fprintf(stderr, "ollama: %s: %s (%d)\n", path, what, code);
    if (cuda->handle != NULL) {
        (void)dlclose(cuda->handle);
        cuda->handle = NULL;
    }
    return -1;
}

static const char *bind_all(struct libcuda *cuda)
{
    const struct ollama_symbol symbols[] = {
        OLLAMA_SYMBOL(cuda, cuInit),
        OLLAMA_SYMBOL(cuda, cuDriverGetVersion),
        OLLAMA_SYMBOL(cuda, cuDeviceGetCount),
        OLLAMA_SYMBOL(cuda, cuDeviceGet),
        OLLAMA_SYMBOL(cuda, cuDeviceGetAttribute),
        OLLAMA_SYMBOL(cuda, cuDeviceGetUuid),
        OLLAMA_SYMBOL(cuda, cuDeviceGetName),
        OLLAMA_SYMBOL(cuda, cuCtxCreate_v3),
        OLLAMA_SYMBOL(cuda, cuMemGetInfo_v2),
        OLLAMA_SYMBOL(cuda, cuCtxDestroy),
    };

    return ollama_bind(cuda->handle, symbols, sizeof(symbols) / sizeof(symbols[0]));
}

static int open_library(struct libcuda *cuda, const char *path)
{
    const char *missing;
    CUresult cu;

    *cuda = (struct libcuda){.handle = dlopen(path, RTLD_LAZY)};
    if (cuda->handle == NULL) {
        return refuse(cuda, path, dlerror(), 0);
    }
    missing = bind_all(cuda);
    if (missing != NULL) {
        return refuse(cuda, path, missing, 0);
    }
    cu = cuda->cuInit(0);
    if (cu != CUDA_SUCCESS) {
        return refuse(cuda, path, "cuInit", (int)cu);
    }
    (void)cuda->cuDriverGetVersion(&cuda->version);
    cu = cuda->cuDeviceGetCount(&cuda->devices);
    return cu != CUDA_SUCCESS ? refuse(cuda, path, "cuDeviceGetCount", (int)cu) : 0;
}

/* Total and free memory are those of a context made for it. */
static CUresult ask_memory(const struct libcuda *cuda, CUdevice device, struct ollama_gpu *gpu)
{
    CUcontext context = NULL;
    size_t free_bytes = 0;
    size_t total = 0;
    CUresult cu = cuda->cuCtxCreate_v3(&context, NULL, 0, 0, device);
    CUresult end;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = cuda->cuMemGetInfo_v2(&free_bytes, &total);
    end = cuda->cuCtxDestroy(context);
    gpu->free = free_bytes;
    gpu->total = total;
    return cu != CUDA_SUCCESS ? cu : end;
}

static CUresult ask_gpu(const struct libcuda *cuda, int index, struct ollama_gpu *gpu)
{
    CUuuid uuid = {{0}};
    CUdevice device = -1;
    CUresult cu = cuda->cuDeviceGet(&device, index);

    if (cu == CUDA_SUCCESS) {
        cu = cuda->cuDeviceGetAttribute(&gpu->major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                                        device);
    }
    if (cu == CUDA_SUCCESS) {
        cu = cuda->cuDeviceGetAttribute(&gpu->minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                                        device);
    }
    if (cu == CUDA_SUCCESS) {
        cu = cuda->cuDeviceGetUuid(&uuid, device);
        ollama_format_id((const unsigned char *)uuid.bytes, gpu->id);
    }
    if (cu == CUDA_SUCCESS) {
        cu = cuda->cuDeviceGetName(gpu->name, sizeof(gpu->name), device);
    }
    return cu == CUDA_SUCCESS ? ask_memory(cuda, device, gpu) : cu;
}

static int ask_all(struct libcuda *cuda, const char *path, struct ollama_gpus *gpus)
{
    memset(gpus, 0, sizeof(*gpus));
    for (int i = 0; i < cuda->devices && gpus->count < OLLAMA_GPUS_MAX; i++) {
        struct ollama_gpu *gpu = &gpus->gpu[gpus->count];
        CUresult cu = ask_gpu(cuda, i, gpu);

        if (cu != CUDA_SUCCESS) {
            return refuse(cuda, path, "asking a device", (int)cu);
        }
        gpu->driver_major = cuda->version / 1000;
        gpu->driver_minor = cuda->version % 1000 / 10;
        gpus->count++;
    }
    (void)dlclose(cuda->handle);
    return 0;
}

int ollama_ask_libcuda(const struct ollama_paths *paths, struct ollama_gpus *gpus)
{
    struct libcuda cuda;

    for (unsigned int i = 0; i < paths->count; i++) {
        if (open_library(&cuda, paths->path[i]) == 0) {
            return ask_all(&cuda, paths->path[i], gpus);
        }
    }
    (void)fprintf(stderr, "ollama: none of %u files is a libcuda that works\n", paths->count);
    return -1;
}
