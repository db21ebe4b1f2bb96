/* SPDX-License-Identifier: Apache-2.0 */
#include "nvml_api.h"

#include <stdlib.h>
#include <string.h>

#include "guest/libnvml/library.h"
#include "guest/libnvml/monitor.h"

#define NOT_A_MIG_INSTANCE 0xffffffffu

/* The device's place in a survey; false: its supervisor went and has not come back. */
static bool find(const struct nv_survey *survey, const struct nv_device *device, size_t *ordinal)
{
    for (size_t i = 0; i < survey->devices; i++) {
        if (memcmp(survey->uuid[i], device->uuid, sizeof(device->uuid)) == 0) {
            *ordinal = i;
            return true;
        }
    }
    return false;
}

/* On success *survey is to be freed. */
static nvmlReturn_t ask(const struct nv_device *device, struct nv_survey **survey, size_t *ordinal)
{
    nvmlReturn_t ret = NVML_ERROR_MEMORY;

    *survey = malloc(sizeof(**survey));
    if (*survey != NULL) {
        ret = nv_monitor_survey(*survey);
    }
    if (ret == NVML_SUCCESS && !find(*survey, device, ordinal)) {
        ret = NVML_ERROR_GPU_IS_LOST;
    }
    if (ret != NVML_SUCCESS) {
        free(*survey);
    }
    return ret;
}

/* Each process has the quota for itself: several may hold more than it together, and nobody
 * expects a card that is fuller than full. */
static nvmlReturn_t measure(const struct nv_device *device, nvmlMemory_t *memory)
{
    struct nv_survey *survey;
    size_t ordinal = 0;
    nvmlReturn_t ret = ask(device, &survey, &ordinal);

    if (ret != NVML_SUCCESS) {
        return ret;
    }
    memory->total = device->total_memory;
    memory->used = survey->used[ordinal] < memory->total ? survey->used[ordinal] : memory->total;
    memory->free = memory->total - memory->used;
    if (survey->free[ordinal] < memory->free) {
        memory->free = survey->free[ordinal];
    }
    free(survey);
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlDeviceGetMemoryInfo(const struct nv_device *device, nvmlMemory_t *memory)
{
    return measure(device, memory);
}

nvmlReturn_t nv_nvmlDeviceGetMemoryInfo_v2(const struct nv_device *device, nvmlMemory_v2_t *memory)
{
    unsigned int version = NVML_ABI_VERSION(nvmlMemory_v2_t, 2);
    nvmlMemory_t now;
    nvmlReturn_t ret = NVML_ERROR_ARGUMENT_VERSION_MISMATCH;

    if (memory->version == version) {
        ret = measure(device, &now);
    }
    if (ret == NVML_SUCCESS) {
        memory->total = now.total;
        memory->used = now.used;
        memory->free = now.free;
        memory->reserved = now.total - now.used - now.free;
    }
    return ret;
}

/* ---- processes ----------------------------------------------------------------- */

static void put_process(void *infos, size_t size, size_t at, const nvmlProcessInfo_t *info)
{
    memcpy((char *)infos + at * size, info, size); /* the older forms are its beginning */
}

static nvmlReturn_t list(const struct nv_device *device, unsigned int *count, void *infos,
                         size_t size)
{
    struct nv_survey *survey;
    size_t ordinal = 0;
    unsigned int found = 0;
    nvmlReturn_t ret = ask(device, &survey, &ordinal);

    if (ret != NVML_SUCCESS) {
        return ret;
    }
    for (size_t i = 0; i < survey->processes; i++) {
        nvmlProcessInfo_t info = {.pid = survey->process[i],
                                  .usedGpuMemory = survey->process_used[i],
                                  .gpuInstanceId = NOT_A_MIG_INSTANCE,
                                  .computeInstanceId = NOT_A_MIG_INSTANCE};

        if (survey->ordinal[i] == ordinal && infos != NULL && found < *count) {
            put_process(infos, size, found, &info);
        }
        found += survey->ordinal[i] == ordinal;
    }
    ret = found <= *count && (infos != NULL || found == 0) ? NVML_SUCCESS
                                                           : NVML_ERROR_INSUFFICIENT_SIZE;
    *count = found;
    free(survey);
    return ret;
}

nvmlReturn_t nv_nvmlDeviceGetComputeRunningProcesses_v3(const struct nv_device *device,
                                                        unsigned int *infoCount,
                                                        nvmlProcessInfo_t *infos)
{
    return list(device, infoCount, infos, sizeof(*infos));
}

nvmlReturn_t nv_nvmlDeviceGetComputeRunningProcesses_v2(const struct nv_device *device,
                                                        unsigned int *infoCount,
                                                        nvmlProcessInfo_v2_t *infos)
{
    return list(device, infoCount, infos, sizeof(*infos));
}

nvmlReturn_t nv_nvmlDeviceGetComputeRunningProcesses(const struct nv_device *device,
                                                     unsigned int *infoCount,
                                                     nvmlProcessInfo_v1_t *infos)
{
    return list(device, infoCount, infos, sizeof(*infos));
}

/* Neither graphics nor MPS reach a slice. */
static nvmlReturn_t none(unsigned int *count)
{
    *count = 0;
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlDeviceGetGraphicsRunningProcesses_v3(const struct nv_device *device,
                                                         unsigned int *infoCount,
                                                         nvmlProcessInfo_t *infos)
{
    (void)device;
    (void)infos;
    return none(infoCount);
}

nvmlReturn_t nv_nvmlDeviceGetGraphicsRunningProcesses_v2(const struct nv_device *device,
                                                         unsigned int *infoCount,
                                                         nvmlProcessInfo_v2_t *infos)
{
    (void)device;
    (void)infos;
    return none(infoCount);
}

nvmlReturn_t nv_nvmlDeviceGetGraphicsRunningProcesses(const struct nv_device *device,
                                                      unsigned int *infoCount,
                                                      nvmlProcessInfo_v1_t *infos)
{
    (void)device;
    (void)infos;
    return none(infoCount);
}

nvmlReturn_t nv_nvmlDeviceGetMPSComputeRunningProcesses_v3(const struct nv_device *device,
                                                           unsigned int *infoCount,
                                                           nvmlProcessInfo_t *infos)
{
    (void)device;
    (void)infos;
    return none(infoCount);
}

nvmlReturn_t nv_nvmlDeviceGetMPSComputeRunningProcesses_v2(const struct nv_device *device,
                                                           unsigned int *infoCount,
                                                           nvmlProcessInfo_v2_t *infos)
{
    (void)device;
    (void)infos;
    return none(infoCount);
}

nvmlReturn_t nv_nvmlDeviceGetMPSComputeRunningProcesses(const struct nv_device *device,
                                                        unsigned int *infoCount,
                                                        nvmlProcessInfo_v1_t *infos)
{
    (void)device;
    (void)infos;
    return none(infoCount);
}
