/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/sim.h"

#include <stdio.h>
#include <string.h>

#include "executor/sim/device_attr.h"

static const char device_name[] = "vgpu simulator";

static bool device_ok(CUdevice dev)
{
    return dev >= 0 && dev < sim.device_count;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (device == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    if (!device_ok(ordinal)) {
        return sim_end(CUDA_ERROR_INVALID_DEVICE);
    }
    *device = ordinal;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuDeviceGetCount(int *count)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (count == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *count = sim.device_count;
    return sim_end(CUDA_SUCCESS);
}

/* Begin a query of a device with one output that must not be NULL. */
static CUresult begin_query(const char *call, const void *out, CUdevice dev)
{
    CUresult cu = sim_begin(call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (out == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    return device_ok(dev) ? CUDA_SUCCESS : sim_end(CUDA_ERROR_INVALID_DEVICE);
}

CUresult cuDeviceGetName(char *name, int len, CUdevice dev)
{
    CUresult cu = begin_query(__func__, name, dev);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (len <= 0) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    (void)snprintf(name, (size_t)len, "%s", device_name);
    return sim_end(CUDA_SUCCESS);
}

CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice dev)
{
    static const CUuuid base = {"vgpu-sim\x80\x00\x40\x00\x00\x00\x00"};
    CUresult cu = begin_query(__func__, uuid, dev);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *uuid = base;
    uuid->bytes[15] = (char)(dev + 1);
    return sim_end(CUDA_SUCCESS);
}

CUresult cuDeviceTotalMem(size_t *bytes, CUdevice dev)
{
    CUresult cu = begin_query(__func__, bytes, dev);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *bytes = sim.device[dev].total_bytes;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuDeviceGetAttribute(int *pi, CUdevice_attribute attrib, CUdevice dev)
{
    CUresult cu = begin_query(__func__, pi, dev);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((int)attrib < 1 || attrib >= CU_DEVICE_ATTRIBUTE_MAX) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *pi = attrib == CU_DEVICE_ATTRIBUTE_PCI_BUS_ID ? dev + 1 : device_attr[attrib];
    return sim_end(CUDA_SUCCESS);
}

CUresult cuDeviceGetProperties(CUdevprop *prop, CUdevice dev)
{
    CUresult cu = begin_query(__func__, prop, dev);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *prop = (CUdevprop){
        .maxThreadsPerBlock = device_attr[CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK],
        .maxThreadsDim = {device_attr[CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X],
                          device_attr[CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y],
                          device_attr[CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z]},
        .maxGridSize = {device_attr[CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X],
                        device_attr[CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y],
                        device_attr[CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z]},
        .sharedMemPerBlock = device_attr[CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK],
        .totalConstantMemory = device_attr[CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY],
        .SIMDWidth = device_attr[CU_DEVICE_ATTRIBUTE_WARP_SIZE],
        .memPitch = device_attr[CU_DEVICE_ATTRIBUTE_MAX_PITCH],
        .regsPerBlock = device_attr[CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK],
        .clockRate = device_attr[CU_DEVICE_ATTRIBUTE_CLOCK_RATE],
        .textureAlign = device_attr[CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT],
    };
    return sim_end(CUDA_SUCCESS);
}

CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice dev)
{
    CUresult cu = begin_query(__func__, major, dev);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (minor == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *major = device_attr[CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR];
    *minor = device_attr[CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR];
    return sim_end(CUDA_SUCCESS);
}

CUresult cuDeviceGetPCIBusId(char *pciBusId, int len, CUdevice dev)
{
    CUresult cu = begin_query(__func__, pciBusId, dev);
    char text[16];

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    (void)snprintf(text, sizeof(text), "0000:%02x:00.0", (unsigned)dev + 1);
    if (len <= (int)strlen(text)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    memcpy(pciBusId, text, strlen(text) + 1);
    return sim_end(CUDA_SUCCESS);
}

/* "[domain:]bus:device[.function]" in hex; false when it is no such thing. */
static bool pci_parse(const char *text, unsigned *domain, unsigned *bus, unsigned *slot)
{
    unsigned function = 0;

    if (sscanf(text, "%x:%x:%x.%x", domain, bus, slot, &function) >= 3) {
        return true;
    }
    *domain = 0;
    return sscanf(text, "%x:%x.%x", bus, slot, &function) >= 2;
}

CUresult cuDeviceGetByPCIBusId(CUdevice *dev, const char *pciBusId)
{
    CUresult cu = begin_query(__func__, dev, 0);
    unsigned domain;
    unsigned bus;
    unsigned slot;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pciBusId == NULL || !pci_parse(pciBusId, &domain, &bus, &slot)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    if (domain != 0 || slot != 0 || bus < 1 || bus > (unsigned)sim.device_count) {
        return sim_end(CUDA_ERROR_INVALID_DEVICE);
    }
    *dev = (CUdevice)bus - 1;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuDeviceCanAccessPeer(int *canAccessPeer, CUdevice dev, CUdevice peerDev)
{
    CUresult cu = begin_query(__func__, canAccessPeer, dev);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!device_ok(peerDev)) {
        return sim_end(CUDA_ERROR_INVALID_DEVICE);
    }
    *canAccessPeer = 0; /* peer access is not simulated */
    return sim_end(CUDA_SUCCESS);
}
