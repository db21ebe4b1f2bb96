/* SPDX-License-Identifier: Apache-2.0 */

/* Calls about memory, pools, arrays and mappings after a kernel's illegal access. */
#include "test/conformance/after_fault.h"

#define PAGE ((size_t)2 << 20)

static const CUmemAllocationProp on_device = {
    .type = CU_MEM_ALLOCATION_TYPE_PINNED,
    .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
};
static const CUmemPoolProps pool_on_device = {
    .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
    .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
};
static const CUmemAccessDesc open_to_device = {
    .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
    .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE,
};
static CUmemLocation device = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0};
static char never[4096] __attribute__((aligned(4096)));
static const CUDA_ARRAY_DESCRIPTOR line = {
    .Width = 16, .Format = CU_AD_FORMAT_FLOAT, .NumChannels = 1};
static const CUDA_ARRAY3D_DESCRIPTOR square = {
    .Width = 16, .Height = 16, .Format = CU_AD_FORMAT_FLOAT, .NumChannels = 1};

/* Host memory and addresses */
AFTER_SOMEHOW(cuMemGetAddressRange_v2, cuMemGetAddressRange_v2(out, NULL, after.memory))
AFTER_SOMEHOW(cuMemFreeHost, cuMemFreeHost(after.host))
AFTER_ALL(cuMemHostGetDevicePointer_v2, cuMemHostGetDevicePointer_v2(out, after.host, 0))
AFTER_ALL(cuMemHostGetFlags, cuMemHostGetFlags(out, after.host))
AFTER_ALL(cuMemHostRegister_v2, cuMemHostRegister_v2(never, sizeof(never), 0))
AFTER_ALL(cuMemHostUnregister, cuMemHostUnregister(after.page))
AFTER_STILL(cuPointerGetAttribute,
            cuPointerGetAttribute(out, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, after.memory))

/* Pools */
AFTER_ALL(cuMemFreeAsync, cuMemFreeAsync(after.from_pool, after.stream))
AFTER_ALL(cuMemAllocFromPoolAsync, cuMemAllocFromPoolAsync(out, 4096, after.pool, after.stream))
AFTER_STILL(cuMemPoolCreate, cuMemPoolCreate(out, &pool_on_device))
AFTER_STILL(cuMemPoolDestroy, cuMemPoolDestroy(after.pool))
AFTER_STILL(cuMemPoolTrimTo, cuMemPoolTrimTo(after.pool, 0))
AFTER_STILL(cuMemPoolGetAttribute,
            cuMemPoolGetAttribute(after.pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, out))
AFTER_STILL(cuMemPoolSetAttribute,
            cuMemPoolSetAttribute(after.pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, out))
AFTER_STILL(cuMemPoolGetAccess, cuMemPoolGetAccess(out, after.pool, &device))
AFTER_STILL(cuMemPoolSetAccess, cuMemPoolSetAccess(after.pool, &open_to_device, 1))
AFTER_STILL(cuDeviceGetDefaultMemPool, cuDeviceGetDefaultMemPool(out, 0))
AFTER_STILL(cuDeviceGetMemPool, cuDeviceGetMemPool(out, 0))
AFTER_STILL(cuDeviceSetMemPool, cuDeviceSetMemPool(0, after.pool))

/* Physical memory and its mappings */
AFTER_SOMEHOW(cuMemCreate,
              cuMemCreate((CUmemGenericAllocationHandle *)after_out, PAGE, &on_device, 0))
AFTER_STILL(cuMemRelease, cuMemRelease(after.physical))
AFTER_SOMEHOW(cuMemMap, cuMemMap(after.mapped + PAGE, PAGE, 0, after.physical, 0))
AFTER_STILL(cuMemUnmap, cuMemUnmap(after.mapped, PAGE))
AFTER_SOMEHOW(cuMemSetAccess, cuMemSetAccess(after.mapped, PAGE, &open_to_device, 1))
AFTER_STILL(cuMemGetAccess, cuMemGetAccess(after_out, &device, after.mapped))
AFTER_STILL(cuMemAddressReserve, cuMemAddressReserve((CUdeviceptr *)after_out, PAGE, 0, 0, 0))
AFTER_STILL(cuMemAddressFree, cuMemAddressFree(after.reserved, PAGE))
AFTER_STILL(cuMemGetAllocationGranularity,
            cuMemGetAllocationGranularity(out, &on_device, CU_MEM_ALLOC_GRANULARITY_MINIMUM))
AFTER_STILL(cuMemGetAllocationPropertiesFromHandle,
            cuMemGetAllocationPropertiesFromHandle(out, after.physical))
AFTER_STILL(cuMemRetainAllocationHandle,
            cuMemRetainAllocationHandle((CUmemGenericAllocationHandle *)after_out,
                                        (void *)after.mapped))

CONF_NEGATIVE(cuMemAddressFree, unmapped_after_failed_calls)
{
    CUdeviceptr again = 0;

    conf_fault_of_everything();
    CONF_RESULT(cuStreamQuery(after.stream), CUDA_ERROR_ILLEGAL_ADDRESS);
    CONF_OK(cuMemUnmap(after.mapped, PAGE));
    CONF_OK(cuMemAddressFree(after.mapped, 2 * PAGE));
    CONF_OK(cuMemAddressReserve(&again, PAGE, 0, 0, 0));
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
}

/* Arrays, textures, surfaces */
AFTER_ALL(cuArrayCreate_v2, cuArrayCreate_v2(out, &line))
AFTER_ALL(cuArrayGetDescriptor_v2, cuArrayGetDescriptor_v2(out, after.array))
AFTER_ALL(cuArrayDestroy, cuArrayDestroy(after.array))
AFTER_ALL(cuMipmappedArrayCreate, cuMipmappedArrayCreate(out, &square, 2))
AFTER_ALL(cuMipmappedArrayGetLevel, cuMipmappedArrayGetLevel(out, after.mipmap, 0))
AFTER_ALL(cuMipmappedArrayDestroy, cuMipmappedArrayDestroy(after.mipmap))
AFTER_ALL(cuTexObjectGetResourceDesc, cuTexObjectGetResourceDesc(out, after.texture))
AFTER_ALL(cuTexObjectDestroy, cuTexObjectDestroy(after.texture))
AFTER_ALL(cuSurfObjectGetResourceDesc, cuSurfObjectGetResourceDesc(out, after.surface))
AFTER_ALL(cuSurfObjectDestroy, cuSurfObjectDestroy(after.surface))
AFTER_ALL(cuMemcpyAtoD_v2, cuMemcpyAtoD_v2(after.memory, after.array, 0, 8))
AFTER_ALL(cuMemsetD2D8_v2, cuMemsetD2D8_v2(after.memory, 64, 0, 8, 2))
