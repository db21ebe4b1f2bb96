/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "common/overflow.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/memory.h"
#include "guest/libcuda/virtual_memory.h"

static bool is_whole(uint64_t value)
{
    return value % GS_MAPPING_BYTES == 0;
}

CUresult gs_cuMemAddressReserve(CUdeviceptr *ptr, size_t size, size_t alignment, CUdeviceptr addr,
                                unsigned long long flags)
{
    uint64_t address;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (ptr == NULL || flags != 0 || size == 0 || !is_whole(size) || !is_whole(addr) ||
        (alignment != 0 && !vgpu_is_pow2(alignment)) || addr + size < addr) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_reserve(size, alignment, addr, &address);
    if (cu == CUDA_SUCCESS) {
        *ptr = address;
    }
    return cu;
}

CUresult gs_cuMemAddressFree(CUdeviceptr ptr, size_t size)
{
    CUresult cu = gs_ready();

    return cu == CUDA_SUCCESS ? gs_unreserve(ptr, size) : cu;
}

/* What can be had: memory of a device that stays in this process.  PyTorch and NCCL ask for memory
 * that could be exported without ever exporting it, and without looking at the attribute that says
 * no: they get theirs, and cuMemExportToShareableHandle refuses. */
static CUresult check_prop(const CUmemAllocationProp *prop)
{
    if (prop == NULL || prop->type != CU_MEM_ALLOCATION_TYPE_PINNED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (prop->location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
        (prop->requestedHandleTypes != CU_MEM_HANDLE_TYPE_NONE &&
         prop->requestedHandleTypes != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR) ||
        prop->allocFlags.gpuDirectRDMACapable != 0 || prop->allocFlags.compressionType > 1 ||
        prop->allocFlags.usage != 0) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return gs_device_find(prop->location.id) != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult gs_cuMemCreate(CUmemGenericAllocationHandle *handle, size_t size,
                        const CUmemAllocationProp *prop, unsigned long long flags)
{
    struct gs_session *s;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (handle == NULL || flags != 0 || size == 0 || !is_whole(size)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = check_prop(prop);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    s = atomic_load(&gs_device_find(prop->location.id)->session);
    if (s == NULL || s->streams == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT; /* without a context there is no worker */
    }
    cu = gs_session_error(s);
    return cu == CUDA_SUCCESS ? gs_physical_new(s, size, prop, handle) : cu;
}

CUresult gs_cuMemRelease(CUmemGenericAllocationHandle handle)
{
    CUresult cu = gs_ready();

    return cu == CUDA_SUCCESS ? gs_physical_release(handle) : cu;
}

CUresult gs_cuMemMap(CUdeviceptr ptr, size_t size, size_t offset,
                     CUmemGenericAllocationHandle handle, unsigned long long flags)
{
    struct gs_physical physical;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (flags != 0 || size == 0 || !is_whole(ptr) || !gs_physical_get(handle, &physical)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return offset == 0 ? gs_map(ptr, size, handle) : CUDA_ERROR_NOT_SUPPORTED;
}

CUresult gs_cuMemUnmap(CUdeviceptr ptr, size_t size)
{
    CUresult cu = gs_ready();

    if (cu == CUDA_SUCCESS && (size == 0 || !is_whole(ptr) || !is_whole(size))) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    return cu == CUDA_SUCCESS ? gs_unmap(ptr, size) : cu;
}

static CUresult check_access(const CUmemAccessDesc *desc)
{
    if (desc->location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
        gs_device_find(desc->location.id) == NULL ||
        (desc->flags != CU_MEM_ACCESS_FLAGS_PROT_NONE &&
         desc->flags != CU_MEM_ACCESS_FLAGS_PROT_READ &&
         desc->flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

CUresult gs_cuMemSetAccess(CUdeviceptr ptr, size_t size, const CUmemAccessDesc *desc, size_t count)
{
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (desc == NULL || count == 0 || size == 0 || !is_whole(ptr) || !is_whole(size)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (size_t i = 0; i < count && cu == CUDA_SUCCESS; i++) {
        cu = check_access(&desc[i]);
    }
    for (size_t i = 0; i < count && cu == CUDA_SUCCESS; i++) {
        cu = gs_set_access(ptr, size, &desc[i]);
    }
    return cu;
}

CUresult gs_cuMemGetAccess(unsigned long long *flags, const CUmemLocation *location,
                           CUdeviceptr ptr)
{
    struct gs_alloc alloc;
    struct gs_session *s;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (flags == NULL || location == NULL || location->type != CU_MEM_LOCATION_TYPE_DEVICE ||
        gs_device_find(location->id) == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    s = gs_memory_find(ptr, &alloc);
    if (s == NULL || alloc.kind != GS_ALLOC_MAPPED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *flags = s->index == (uint32_t)location->id ? alloc.access : CU_MEM_ACCESS_FLAGS_PROT_NONE;
    return CUDA_SUCCESS;
}

CUresult gs_cuMemGetAllocationGranularity(size_t *granularity, const CUmemAllocationProp *prop,
                                          CUmemAllocationGranularity_flags option)
{
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (granularity == NULL || (unsigned int)option > CU_MEM_ALLOC_GRANULARITY_RECOMMENDED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = check_prop(prop);
    if (cu == CUDA_SUCCESS) {
        *granularity = GS_MAPPING_BYTES;
    }
    return cu;
}

CUresult gs_cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp *prop,
                                                   CUmemGenericAllocationHandle handle)
{
    struct gs_physical physical;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (prop == NULL || !gs_physical_get(handle, &physical)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *prop = physical.prop;
    return CUDA_SUCCESS;
}

CUresult gs_cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle, void *addr)
{
    CUmemGenericAllocationHandle found;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (handle == NULL || !gs_physical_retain((uint64_t)(uintptr_t)addr, &found)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *handle = found;
    return CUDA_SUCCESS;
}
