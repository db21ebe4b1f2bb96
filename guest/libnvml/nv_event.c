/* SPDX-License-Identifier: Apache-2.0 */
#include "nvml_api.h"

#include <stdlib.h>

#include "guest/libnvml/library.h"
#include "guest/transport/nap.h"

/* Nothing can be registered in a set, so all that it does is to be there. */
struct nvmlEventSet_st {
    int unused;
};

nvmlReturn_t nv_nvmlEventSetCreate(nvmlEventSet_t *set)
{
    *set = calloc(1, sizeof(**set));
    return *set != NULL ? NVML_SUCCESS : NVML_ERROR_MEMORY;
}

nvmlReturn_t nv_nvmlEventSetFree(nvmlEventSet_t set)
{
    free(set);
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlDeviceGetSupportedEventTypes(const struct nv_device *device,
                                                 unsigned long long *eventTypes)
{
    (void)device;
    *eventTypes = 0;
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data,
                                    unsigned int timeoutms)
{
    (void)data;
    if (set == NULL) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    gs_nap_for(timeoutms * VGPU_NS_PER_MS);
    return NVML_ERROR_TIMEOUT;
}
