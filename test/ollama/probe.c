/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ollama/ollama.h"

#include <ctype.h>

#include "proto/cuda_abi.h"
#include "test/ollama/library.h"

struct driver {
    CUresult (*cuInit)(unsigned int flags);
    CUresult (*cuDriverGetVersion)(int *version);
    CUresult (*cuDeviceGetCount)(int *count);
    CUresult (*cuDeviceGet)(CUdevice *device, int index);
    CUresult (*cuDeviceGetAttribute)(int *value, CUdevice_attribute attribute, CUdevice device);
    CUresult (*cuDeviceGetName)(char *name, int len, CUdevice device);
    CUresult (*cuDeviceTotalMem_v2)(size_t *bytes, CUdevice device);
    CUresult (*cuDeviceGetPCIBusId)(char *pci, int len, CUdevice device);
};

static void *open_first(const char *first, const char *second)
{
    void *handle = dlopen(first, RTLD_NOW | RTLD_LOCAL);

    return handle != NULL ? handle : dlopen(second, RTLD_NOW | RTLD_LOCAL);
}

static const char *bind_all(void *handle, struct driver *driver)
{
    const struct ollama_symbol symbols[] = {
        OLLAMA_SYMBOL(driver, cuInit),
        OLLAMA_SYMBOL(driver, cuDriverGetVersion),
        OLLAMA_SYMBOL(driver, cuDeviceGetCount),
        OLLAMA_SYMBOL(driver, cuDeviceGet),
        OLLAMA_SYMBOL(driver, cuDeviceGetAttribute),
        OLLAMA_SYMBOL(driver, cuDeviceGetName),
        OLLAMA_SYMBOL(driver, cuDeviceTotalMem_v2),
        OLLAMA_SYMBOL(driver, cuDeviceGetPCIBusId),
    };

    return ollama_bind(handle, symbols, sizeof(symbols) / sizeof(symbols[0]));
}

static CUresult ask_gpu(const struct driver *driver, int index, struct ollama_gpu *gpu)
{
    int integrated = 0;
    size_t total = 0;
    CUdevice device;
    CUresult cu = driver->cuDeviceGet(&device, index);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    (void)driver->cuDeviceGetAttribute(&gpu->major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                                       device);
    (void)driver->cuDeviceGetAttribute(&gpu->minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                                       device);
    (void)driver->cuDeviceGetAttribute(&integrated, CU_DEVICE_ATTRIBUTE_INTEGRATED, device);
    (void)driver->cuDeviceGetName(gpu->name, sizeof(gpu->name), device);
    (void)driver->cuDeviceTotalMem_v2(&total, device);
    (void)driver->cuDeviceGetPCIBusId(gpu->pci, sizeof(gpu->pci), device);
    for (char *c = gpu->pci; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    gpu->total = total;
    gpu->free = total;
    (void)snprintf(gpu->id, sizeof(gpu->id), "%d", index);
    return integrated == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

/* What NVML adds: without it the figures stay CUDA's. */
static void add_physical(struct ollama_gpu *gpu)
{
    uint64_t total;

    if (ollama_nvml_physical(gpu->pci, &total) && total < gpu->total) {
        (void)fprintf(stderr, "ollama: NVML's %s has less memory than CUDA's\n", gpu->pci);
    }
}

int ollama_probe(struct ollama_gpus *gpus)
{
    void *handle = open_first("libcuda.so.1", "libcuda.so");
    struct driver driver;
    int version = 0;
    int branch = 0;
    int count = 0;

    memset(gpus, 0, sizeof(*gpus));
    if (handle == NULL || bind_all(handle, &driver) != NULL || driver.cuInit(0) != CUDA_SUCCESS) {
        (void)fprintf(stderr, "ollama: no libcuda.so.1 that works\n");
        return -1;
    }
    (void)driver.cuDriverGetVersion(&version);
    (void)ollama_nvml_branch(&branch);
    if (driver.cuDeviceGetCount(&count) != CUDA_SUCCESS) {
        return -1;
    }
    for (int i = 0; i < count && gpus->count < OLLAMA_GPUS_MAX; i++) {
        struct ollama_gpu *gpu = &gpus->gpu[gpus->count];

        gpus->count += ask_gpu(&driver, i, gpu) == CUDA_SUCCESS;
        gpu->driver_major = version / 1000;
        gpu->driver_minor = version % 1000 / 10;
        gpu->branch = branch;
        add_physical(gpu);
    }
    return 0;
}
