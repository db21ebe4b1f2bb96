/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <string.h>

#define NO_DEVICE ((CUdevice)9999)

CONF_POSITIVE(cuDeviceGet, first)
{
    CUdevice dev = 99;

    conf_device();
    CONF_OK(cuDeviceGet(&dev, 0));
    CONF_VALUE(dev);
}

CONF_NEGATIVE(cuDeviceGet, negative_ordinal)
{
    CUdevice dev = 99;

    conf_device();
    CONF_RESULT(cuDeviceGet(&dev, -1), CUDA_ERROR_INVALID_DEVICE);
    CONF_VALUE(dev);
}

CONF_NEGATIVE(cuDeviceGet, ordinal_too_large)
{
    CUdevice dev = 99;

    conf_device();
    CONF_RESULT(cuDeviceGet(&dev, 9999), CUDA_ERROR_INVALID_DEVICE);
    CONF_VALUE(dev);
}

CONF_NEGATIVE(cuDeviceGet, null_out)
{
    conf_device();
    CONF_RESULT(cuDeviceGet(NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGet, before_init)
{
    CUdevice dev = 0;

    CONF_RESULT(cuDeviceGet(&dev, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDeviceGetCount, plain)
{
    int n = 0;

    conf_device();
    CONF_OK(cuDeviceGetCount(&n));
    CONF_EXPECT(n >= 1);
}

CONF_NEGATIVE(cuDeviceGetCount, null_out)
{
    conf_device();
    CONF_RESULT(cuDeviceGetCount(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGetCount, before_init)
{
    int n = -5;

    CONF_RESULT(cuDeviceGetCount(&n), CUDA_ERROR_NOT_INITIALIZED);
    CONF_VALUE(n);
}

CONF_POSITIVE(cuDeviceGetName, plain)
{
    CUdevice dev = conf_device();
    char name[256] = "";

    CONF_OK(cuDeviceGetName(name, sizeof(name), dev));
    CONF_EXPECT(name[0] && strlen(name) < sizeof(name));
}

CONF_POSITIVE(cuDeviceGetName, short_buffer)
{
    CUdevice dev = conf_device();
    char name[8] = "#######";

    CONF_OK(cuDeviceGetName(name, 4, dev));
    CONF_EXPECT(name[3] == '\0' && name[4] == '#');
}

CONF_NEGATIVE(cuDeviceGetName, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDeviceGetName(NULL, 16, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGetName, bad_device)
{
    char name[8] = "";

    conf_device();
    CONF_RESULT(cuDeviceGetName(name, sizeof(name), NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDeviceGetName, before_init)
{
    char name[8] = "";

    CONF_RESULT(cuDeviceGetName(name, sizeof(name), 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDeviceGetUuid, same_as_v2)
{
    CUdevice dev = conf_device();
    CUuuid a = {{0}};
    CUuuid b = {{0}};
    CUuuid zero = {{0}};

    CONF_OK(cuDeviceGetUuid(&a, dev));
    CONF_OK(cuDeviceGetUuid_v2(&b, dev));
    CONF_EXPECT(!memcmp(&a, &b, sizeof(a)) && memcmp(&a, &zero, sizeof(a)));
}

CONF_NEGATIVE(cuDeviceGetUuid, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDeviceGetUuid(NULL, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGetUuid, bad_device)
{
    CUuuid id;

    conf_device();
    CONF_RESULT(cuDeviceGetUuid(&id, NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDeviceGetUuid, before_init)
{
    CUuuid id;

    CONF_RESULT(cuDeviceGetUuid(&id, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDeviceGetUuid_v2, stable)
{
    CUdevice dev = conf_device();
    CUuuid a = {{0}};
    CUuuid b = {{0}};

    CONF_OK(cuDeviceGetUuid_v2(&a, dev));
    CONF_OK(cuDeviceGetUuid_v2(&b, dev));
    CONF_EXPECT(!memcmp(&a, &b, sizeof(a)));
}

CONF_NEGATIVE(cuDeviceGetUuid_v2, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDeviceGetUuid_v2(NULL, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGetUuid_v2, bad_device)
{
    CUuuid id;

    conf_device();
    CONF_RESULT(cuDeviceGetUuid_v2(&id, -1), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDeviceGetUuid_v2, before_init)
{
    CUuuid id;

    CONF_RESULT(cuDeviceGetUuid_v2(&id, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDeviceTotalMem_v2, plain)
{
    CUdevice dev = conf_device();
    size_t n = 0;

    CONF_OK(cuDeviceTotalMem_v2(&n, dev));
    CONF_EXPECT(n >= (64u << 20));
}

CONF_NEGATIVE(cuDeviceTotalMem_v2, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDeviceTotalMem_v2(NULL, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceTotalMem_v2, bad_device)
{
    size_t n = 0;

    conf_device();
    CONF_RESULT(cuDeviceTotalMem_v2(&n, NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDeviceTotalMem_v2, before_init)
{
    size_t n = 0;

    CONF_RESULT(cuDeviceTotalMem_v2(&n, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDeviceGetAttribute, universal_values)
{
    CUdevice dev = conf_device();
    int v = 0;

    CONF_OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_WARP_SIZE, dev));
    CONF_EXPECT(v == 32);
    CONF_OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, dev));
    CONF_EXPECT(v == 1024);
    CONF_OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, dev));
    CONF_EXPECT(v == 1024);
    CONF_OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, dev));
    CONF_EXPECT(v == 64);
    CONF_OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, dev));
    CONF_EXPECT(v == 2147483647);
    CONF_OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, dev));
    CONF_EXPECT(v == 65535);
    CONF_OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY, dev));
    CONF_EXPECT(v == 65536);
    CONF_OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING, dev));
    CONF_EXPECT(v == 1);
    CONF_OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY, dev));
    CONF_EXPECT(v == 1);
    CONF_OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, dev));
    CONF_EXPECT(v >= 7);
}

CONF_POSITIVE(cuDeviceGetAttribute, all_known)
{
    CUdevice dev = conf_device();
    int v = 0;
    int refused = 0;

    for (int a = 1; a < CU_DEVICE_ATTRIBUTE_MAX; a++) {
        refused += drv.cuDeviceGetAttribute(&v, (CUdevice_attribute)a, dev) != CUDA_SUCCESS;
    }
    CONF_VALUE(refused);
}

CONF_NEGATIVE(cuDeviceGetAttribute, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDeviceGetAttribute(NULL, CU_DEVICE_ATTRIBUTE_WARP_SIZE, dev),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGetAttribute, attribute_zero)
{
    CUdevice dev = conf_device();
    int v = 7;

    CONF_RESULT(cuDeviceGetAttribute(&v, (CUdevice_attribute)0, dev), CUDA_ERROR_INVALID_VALUE);
    CONF_VALUE(v);
}

CONF_NEGATIVE(cuDeviceGetAttribute, attribute_unknown)
{
    CUdevice dev = conf_device();
    int v = 7;

    CONF_RESULT(cuDeviceGetAttribute(&v, (CUdevice_attribute)9999, dev), CUDA_ERROR_INVALID_VALUE);
    CONF_VALUE(v);
}

CONF_NEGATIVE(cuDeviceGetAttribute, bad_device)
{
    int v = 7;

    conf_device();
    CONF_RESULT(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_WARP_SIZE, NO_DEVICE),
                CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDeviceGetAttribute, before_init)
{
    int v = 7;

    CONF_RESULT(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0),
                CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDeviceGetProperties, agrees_with_attributes)
{
    CUdevice dev = conf_device();
    CUdevprop p = {0};
    int v = 0;

    CONF_OK(cuDeviceGetProperties(&p, dev));
    CONF_OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, dev));
    CONF_EXPECT(p.sharedMemPerBlock == v);
    CONF_EXPECT(p.maxThreadsPerBlock == 1024 && p.SIMDWidth == 32 && p.maxThreadsDim[2] == 64 &&
                p.maxGridSize[1] == 65535);
}

CONF_NEGATIVE(cuDeviceGetProperties, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDeviceGetProperties(NULL, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGetProperties, bad_device)
{
    CUdevprop p;

    conf_device();
    CONF_RESULT(cuDeviceGetProperties(&p, NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_POSITIVE(cuDeviceComputeCapability, agrees_with_attributes)
{
    CUdevice dev = conf_device();
    int major = 0, minor = -1, a = 0, b = 0;

    CONF_OK(cuDeviceComputeCapability(&major, &minor, dev));
    CONF_OK(cuDeviceGetAttribute(&a, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, dev));
    CONF_OK(cuDeviceGetAttribute(&b, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, dev));
    CONF_EXPECT(major == a && minor == b);
}

CONF_NEGATIVE(cuDeviceComputeCapability, null_out)
{
    CUdevice dev = conf_device();
    int v = 0;

    CONF_RESULT(cuDeviceComputeCapability(NULL, &v, dev), CUDA_ERROR_INVALID_VALUE);
    CONF_RESULT(cuDeviceComputeCapability(&v, NULL, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceComputeCapability, bad_device)
{
    int v = 0;

    conf_device();
    CONF_RESULT(cuDeviceComputeCapability(&v, &v, NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_POSITIVE(cuDeviceGetPCIBusId, round_trip)
{
    CUdevice dev = conf_device();
    char id[32] = "";
    CUdevice again = 99;

    CONF_OK(cuDeviceGetPCIBusId(id, sizeof(id), dev));
    CONF_EXPECT(strlen(id) >= 12 && strchr(id, ':') && strchr(id, '.'));
    CONF_OK(cuDeviceGetByPCIBusId(&again, id));
    CONF_EXPECT(again == dev);
}

CONF_NEGATIVE(cuDeviceGetPCIBusId, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDeviceGetPCIBusId(NULL, 32, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGetPCIBusId, bad_device)
{
    char id[32] = "";

    conf_device();
    CONF_RESULT(cuDeviceGetPCIBusId(id, sizeof(id), NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDeviceGetPCIBusId, zero_length)
{
    CUdevice dev = conf_device();
    char id[32] = "";

    CONF_RESULT(cuDeviceGetPCIBusId(id, 0, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuDeviceGetByPCIBusId, without_domain)
{
    CUdevice dev = conf_device();
    char id[32] = "";
    CUdevice again = 99;

    CONF_SETUP(cuDeviceGetPCIBusId(id, sizeof(id), dev));
    if (!strncmp(id, "0000:", 5)) {
        CONF_SETUP(cuDeviceGetByPCIBusId(&again, id + 5));
    } else {
        again = dev;
    }
    CONF_EXPECT(again == dev);
}

CONF_NEGATIVE(cuDeviceGetByPCIBusId, null_name)
{
    CUdevice dev = 99;

    conf_device();
    CONF_RESULT(cuDeviceGetByPCIBusId(&dev, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGetByPCIBusId, null_out)
{
    conf_device();
    CONF_RESULT(cuDeviceGetByPCIBusId(NULL, "0000:00:00.0"), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGetByPCIBusId, no_such_device)
{
    CUdevice dev = 99;

    conf_device();
    CONF_RESULT(cuDeviceGetByPCIBusId(&dev, "ffff:fe:1f.0"), CUDA_ERROR_INVALID_DEVICE);
}

CONF_POSITIVE(cuDeviceCanAccessPeer, itself)
{
    CUdevice dev = conf_device();
    int can = 9;

    CONF_OK(cuDeviceCanAccessPeer(&can, dev, dev));
    CONF_VALUE(can);
}

CONF_NEGATIVE(cuDeviceCanAccessPeer, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDeviceCanAccessPeer(NULL, dev, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceCanAccessPeer, bad_device)
{
    CUdevice dev = conf_device();
    int can = 9;

    CONF_RESULT(cuDeviceCanAccessPeer(&can, dev, NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
    CONF_RESULT(cuDeviceCanAccessPeer(&can, NO_DEVICE, dev), CUDA_ERROR_INVALID_DEVICE);
}
