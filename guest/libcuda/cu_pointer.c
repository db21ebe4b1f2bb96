/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/memory.h"
#include "guest/libcuda/pool.h"
#include "guest/libcuda/registration.h"
#include "guest/libcuda/virtual_memory.h"

static void put_int(void *data, int value)
{
    memcpy(data, &value, sizeof(value));
}

static void put_u64(void *data, uint64_t value)
{
    memcpy(data, &value, sizeof(value));
}

/* Attributes with the width of an int. */
static CUresult int_attribute(void *data, CUpointer_attribute attribute, const struct gs_session *s,
                              const struct gs_alloc *a)
{
    int value;

    switch ((unsigned int)attribute) {
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
        value = gs_alloc_is_host(a) ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
        break;
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
        value = !gs_alloc_is_host(a);
        break;
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
    case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
        value = 0;
        break;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
        value = (int)s->index;
        break;
    case CU_POINTER_ATTRIBUTE_MAPPED:
        value = 1;
        break;
    case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
        value = a->kind == GS_ALLOC_MAPPED ? (int)a->access : CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
        break;
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
    put_int(data, value);
    return CUDA_SUCCESS;
}

static CUresult host_pointer(void *data, const struct gs_alloc *a, uint64_t ptr)
{
    bool host = gs_alloc_is_host(a);

    if (a->kind == GS_ALLOC_ALIAS) {
        ptr = gs_registration_origin(a, ptr);
    }
    put_u64(data, host ? ptr : 0);
    return host ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* Of mapped memory the range is what was reserved; of other memory the allocation. */
static uint64_t range_of(CUpointer_attribute attribute, const struct gs_alloc *a)
{
    uint64_t base = a->base;
    uint64_t size = a->size;

    if (a->kind == GS_ALLOC_MAPPED) {
        (void)gs_reservation_find(a->base, &base, &size);
    }
    return attribute == CU_POINTER_ATTRIBUTE_RANGE_START_ADDR ? base : size;
}

static CUresult device_pointer(void *data, const struct gs_session *s, const struct gs_alloc *a,
                               uint64_t ptr)
{
    bool closed = a->kind == GS_ALLOC_MAPPED && a->access == CU_MEM_ACCESS_FLAGS_PROT_NONE;

    if (a->kind == GS_ALLOC_REGISTERED) {
        ptr = gs_registration_alias(s, a, ptr);
    }
    put_u64(data, closed ? 0 : ptr);
    return closed ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

/* An attribute of an address in an allocation of the session. */
static CUresult attribute_of(void *data, CUpointer_attribute attribute, const struct gs_session *s,
                             const struct gs_alloc *a, uint64_t ptr)
{
    uint64_t value;

    switch ((unsigned int)attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
        value = a->context != NULL ? (uint64_t)(uintptr_t)gs_context_handle(a->context) : 0;
        break;
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
        return device_pointer(data, s, a, ptr);
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
        return host_pointer(data, a, ptr);
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
        value = a->id;
        break;
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
        value = range_of(attribute, a);
        break;
    case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
        value = a->base;
        break;
    case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
        value = a->size;
        break;
    case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
        value = a->kind == GS_ALLOC_POOL ? (uint64_t)(uintptr_t)gs_pool_handle(a->pool) : 0;
        break;
    case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
        value = 0;
        break;
    default:
        return int_attribute(data, attribute, s, a);
    }
    put_u64(data, value);
    return CUDA_SUCCESS;
}

CUresult gs_cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr ptr)
{
    const struct gs_session *s;
    struct gs_alloc alloc;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    s = gs_memory_find(ptr, &alloc);
    if (data == NULL || s == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return attribute_of(data, attribute, s, &alloc, ptr);
}

/* What the form for several says of memory that is not CUDA's; the rest stays untouched. */
static void put_foreign(void *data, CUpointer_attribute attribute, uint64_t ptr)
{
    switch ((unsigned int)attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
        put_u64(data, 0);
        break;
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
        put_u64(data, ptr);
        break;
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
        put_int(data, 0);
        break;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
        put_int(data, -2);
        break;
    default:
        break;
    }
}

CUresult gs_cuPointerGetAttributes(unsigned int numAttributes, CUpointer_attribute *attributes,
                                   void **data, CUdeviceptr ptr)
{
    const struct gs_session *s;
    struct gs_alloc alloc;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (numAttributes == 0 || attributes == NULL || data == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned int i = 0; i < numAttributes; i++) {
        if (attributes[i] < CU_POINTER_ATTRIBUTE_CONTEXT ||
            attributes[i] > CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE ||
            attributes[i] == CU_POINTER_ATTRIBUTE_P2P_TOKENS) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    s = gs_memory_find(ptr, &alloc);
    for (unsigned int i = 0; i < numAttributes; i++) {
        if (data[i] == NULL) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        if (s != NULL) {
            (void)attribute_of(data[i], attributes[i], s, &alloc, ptr);
        } else {
            put_foreign(data[i], attributes[i], ptr);
        }
    }
    return CUDA_SUCCESS;
}
