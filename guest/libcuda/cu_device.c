/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <stdio.h>
#include <string.h>

#include "guest/libcuda/process.h"

/* The device of a call that has been initialised: 3, 101. */
static CUresult enter(CUdevice dev, struct gs_device **device)
{
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *device = gs_device_find(dev);
    return *device != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult gs_cuDeviceGet(CUdevice *device, int ordinal)
{
    struct gs_device *found;
    CUresult cu = gs_ready();

    if (cu == CUDA_SUCCESS && device == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = enter(ordinal, &found);
    if (cu == CUDA_SUCCESS) {
        *device = ordinal;
    }
    return cu;
}

CUresult gs_cuDeviceGetCount(int *count)
{
    CUresult cu = gs_ready();

    if (cu == CUDA_SUCCESS && count == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *count = gs_device_count();
    }
    return cu;
}

CUresult gs_cuDeviceGetName(char *name, int len, CUdevice dev)
{
    struct gs_device *device;
    CUresult cu = enter(dev, &device);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (name == NULL || len <= 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    (void)snprintf(name, (size_t)len, "%s", device->facts.name);
    return CUDA_SUCCESS;
}

CUresult gs_cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice dev)
{
    struct gs_device *device;
    CUresult cu = enter(dev, &device);

    if (cu == CUDA_SUCCESS && uuid == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        memcpy(uuid->bytes, device->facts.uuid, sizeof(uuid->bytes));
    }
    return cu;
}

CUresult gs_cuDeviceTotalMem_v2(size_t *bytes, CUdevice dev)
{
    struct gs_device *device;
    CUresult cu = enter(dev, &device);

    if (cu == CUDA_SUCCESS && bytes == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *bytes = device->facts.total_memory;
    }
    return cu;
}

/* The form of CUDA 2: what does not fit its 32 bits is the most that does. */
CUresult gs_cuDeviceTotalMem(unsigned int *bytes, CUdevice dev)
{
    size_t all = 0;
    CUresult cu = gs_cuDeviceTotalMem_v2(bytes != NULL ? &all : NULL, dev);

    if (cu == CUDA_SUCCESS) {
        *bytes = all < UINT32_MAX ? (unsigned int)all : UINT32_MAX;
    }
    return cu;
}

CUresult gs_cuDeviceGetAttribute(int *pi, CUdevice_attribute attrib, CUdevice dev)
{
    unsigned int i = (unsigned int)attrib;
    struct gs_device *device;
    CUresult cu = enter(dev, &device);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pi == NULL || i >= VGPU_ATTRIBUTES_MAX || !device->facts.valid[i]) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pi = device->facts.attributes[i];
    return CUDA_SUCCESS;
}

CUresult gs_cuDeviceGetProperties(CUdevprop *prop, CUdevice dev)
{
    static const CUdevice_attribute order[] = {
        CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK,
        CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X,
        CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y,
        CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z,
        CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X,
        CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y,
        CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z,
        CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK,
        CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY,
        CU_DEVICE_ATTRIBUTE_WARP_SIZE,
        CU_DEVICE_ATTRIBUTE_MAX_PITCH,
        CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK,
        CU_DEVICE_ATTRIBUTE_CLOCK_RATE,
        CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT,
    };
    int values[sizeof(order) / sizeof(order[0])];
    struct gs_device *device;
    CUresult cu = enter(dev, &device);

    _Static_assert(sizeof(values) == sizeof(*prop), "CUdevprop is these numbers in this order");
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (prop == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned int i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        values[i] = gs_device_attribute(device, order[i], 0);
    }
    memcpy(prop, values, sizeof(*prop));
    return CUDA_SUCCESS;
}

CUresult gs_cuDeviceComputeCapability(int *major, int *minor, CUdevice dev)
{
    struct gs_device *device;
    CUresult cu = enter(dev, &device);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (major == NULL || minor == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *major = gs_device_attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0);
    *minor = gs_device_attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0);
    return CUDA_SUCCESS;
}

CUresult gs_cuDeviceGetPCIBusId(char *pciBusId, int len, CUdevice dev)
{
    struct gs_device *device;
    CUresult cu = enter(dev, &device);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pciBusId == NULL || len <= 0 || strlen(device->facts.pci_bus_id) >= (size_t)len) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    (void)snprintf(pciBusId, (size_t)len, "%s", device->facts.pci_bus_id);
    return CUDA_SUCCESS;
}

/* [domain:]bus:device.function, hexadecimal. */
static bool parse_bus_id(const char *text, unsigned int id[4])
{
    char rest;

    if (sscanf(text, "%x:%x:%x.%x%c", &id[0], &id[1], &id[2], &id[3], &rest) == 4 ||
        sscanf(text, "%x:%x:%x%c", &id[0], &id[1], &id[2], &rest) == 3) {
        return true;
    }
    id[0] = 0;
    id[3] = 0;
    return sscanf(text, "%x:%x.%x%c", &id[1], &id[2], &id[3], &rest) == 3 ||
           sscanf(text, "%x:%x%c", &id[1], &id[2], &rest) == 2;
}

CUresult gs_cuDeviceGetByPCIBusId(CUdevice *dev, const char *pciBusId)
{
    unsigned int wanted[4] = {0};
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (dev == NULL || pciBusId == NULL || !parse_bus_id(pciBusId, wanted)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (int i = 0; i < gs_device_count(); i++) {
        unsigned int id[4] = {0};

        if (parse_bus_id(gs_device_find(i)->facts.pci_bus_id, id) &&
            memcmp(id, wanted, 3 * sizeof(id[0])) == 0) {
            *dev = i;
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_INVALID_DEVICE;
}

CUresult gs_cuDeviceCanAccessPeer(int *canAccessPeer, CUdevice dev, CUdevice peerDev)
{
    struct gs_device *device;
    CUresult cu = enter(dev, &device);

    if (cu == CUDA_SUCCESS) {
        cu = enter(peerDev, &device);
    }
    if (cu == CUDA_SUCCESS && canAccessPeer == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *canAccessPeer = 0; /* workers do not reach each other */
    }
    return cu;
}
