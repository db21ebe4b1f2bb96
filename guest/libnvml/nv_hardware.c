/* SPDX-License-Identifier: Apache-2.0 */
#include "nvml_api.h"

#include "guest/libnvml/library.h"

static nvmlReturn_t attribute(const struct nv_device *device, CUdevice_attribute wanted, int *value)
{
    return nv_device_attribute(device, wanted, value) ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t count(const struct nv_device *device, CUdevice_attribute wanted,
                          unsigned int divisor, unsigned int *value)
{
    int number = 0;
    nvmlReturn_t ret = attribute(device, wanted, &number);

    if (ret == NVML_SUCCESS) {
        *value = (unsigned int)number / divisor;
    }
    return ret;
}

nvmlReturn_t nv_nvmlDeviceGetCudaComputeCapability(const struct nv_device *device, int *major,
                                                   int *minor)
{
    nvmlReturn_t ret = attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, major);

    return ret == NVML_SUCCESS
               ? attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, minor)
               : ret;
}

nvmlReturn_t nv_nvmlDeviceGetArchitecture(const struct nv_device *device,
                                          nvmlDeviceArchitecture_t *arch)
{
    static const struct {
        int capability;
        nvmlDeviceArchitecture_t arch;
    } since[] = {
        {120, NVML_DEVICE_ARCH_BLACKWELL}, {100, NVML_DEVICE_ARCH_BLACKWELL},
        {90, NVML_DEVICE_ARCH_HOPPER},     {89, NVML_DEVICE_ARCH_ADA},
        {80, NVML_DEVICE_ARCH_AMPERE},     {75, NVML_DEVICE_ARCH_TURING},
        {70, NVML_DEVICE_ARCH_VOLTA},
    };
    int major = 0;
    int minor = 0;
    nvmlReturn_t ret = nv_nvmlDeviceGetCudaComputeCapability(device, &major, &minor);

    *arch = NVML_DEVICE_ARCH_UNKNOWN;
    for (size_t i = 0; i < sizeof(since) / sizeof(since[0]); i++) {
        if (major < 13 && 10 * major + minor >= since[i].capability) {
            *arch = since[i].arch;
            break;
        }
    }
    return ret;
}

nvmlReturn_t nv_nvmlDeviceGetComputeMode(const struct nv_device *device, nvmlComputeMode_t *mode)
{
    int value = 0;
    nvmlReturn_t ret = attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_MODE, &value);

    if (ret == NVML_SUCCESS) {
        *mode = (nvmlComputeMode_t)value; /* the numbers are the same */
    }
    return ret;
}

nvmlReturn_t nv_nvmlDeviceGetMaxClockInfo(const struct nv_device *device, nvmlClockType_t type,
                                          unsigned int *clock)
{
    if ((unsigned int)type >= NVML_CLOCK_COUNT) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    if (type == NVML_CLOCK_VIDEO) {
        return NVML_ERROR_NOT_SUPPORTED;
    }
    return count(device,
                 type == NVML_CLOCK_MEM ? CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE
                                        : CU_DEVICE_ATTRIBUTE_CLOCK_RATE,
                 1000, clock);
}

nvmlReturn_t nv_nvmlDeviceGetMemoryBusWidth(const struct nv_device *device, unsigned int *busWidth)
{
    return count(device, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, 1, busWidth);
}

nvmlReturn_t nv_nvmlDeviceGetMultiGpuBoard(const struct nv_device *device,
                                           unsigned int *multiGpuBool)
{
    return count(device, CU_DEVICE_ATTRIBUTE_MULTI_GPU_BOARD, 1, multiGpuBool);
}

nvmlReturn_t nv_nvmlDeviceGetDisplayActive(const struct nv_device *device,
                                           nvmlEnableState_t *isActive)
{
    (void)device;
    *isActive = NVML_FEATURE_DISABLED;
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlDeviceGetDisplayMode(const struct nv_device *device, nvmlEnableState_t *display)
{
    (void)device;
    *display = NVML_FEATURE_DISABLED;
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlDeviceGetFieldValues(const struct nv_device *device, int valuesCount,
                                         nvmlFieldValue_t *values)
{
    (void)device;
    if (valuesCount <= 0) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    for (int i = 0; i < valuesCount; i++) {
        values[i].timestamp = 0;
        values[i].latencyUsec = 0;
        values[i].nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
    }
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlDeviceGetP2PStatus(const struct nv_device *device1,
                                       const struct nv_device *device2,
                                       nvmlGpuP2PCapsIndex_t p2pIndex,
                                       nvmlGpuP2PStatus_t *p2pStatus)
{
    if ((unsigned int)p2pIndex >= NVML_P2P_CAPS_INDEX_UNKNOWN) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    *p2pStatus = device1 == device2 ? NVML_P2P_STATUS_OK : NVML_P2P_STATUS_NOT_SUPPORTED;
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlDeviceIsMigDeviceHandle(const struct nv_device *device,
                                            unsigned int *isMigDevice)
{
    (void)device;
    *isMigDevice = 0;
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlDeviceGetMaxMigDeviceCount(const struct nv_device *device, unsigned int *number)
{
    (void)device;
    *number = 0;
    return NVML_SUCCESS;
}
