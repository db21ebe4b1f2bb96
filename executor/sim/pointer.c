/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/memory.h"

#include <string.h>

#include "executor/sim/vmm.h"

/* What an attribute answers: so many bytes of value, and a code. */
struct answer {
    CUresult cu;
    size_t size; /* 4 or 8; 0: nothing is written */
    uint64_t value;
};

static struct answer word(uint64_t value)
{
    return (struct answer){CUDA_SUCCESS, 4, value};
}

static struct answer wide(uint64_t value)
{
    return (struct answer){CUDA_SUCCESS, 8, value};
}

/* Refused, but zero is written, as the driver does. */
static struct answer refused(void)
{
    return (struct answer){CUDA_ERROR_INVALID_VALUE, 8, 0};
}

static struct answer extent(const struct range *r, CUpointer_attribute attribute)
{
    uintptr_t base = r->base;
    size_t size = r->size;

    if (r->kind == RANGE_VMM) {
        (void)vmm_reservation(r->base, &base, &size);
    }
    return wide(attribute == CU_POINTER_ATTRIBUTE_RANGE_START_ADDR ? base : size);
}

static struct answer attribute_of(const struct range *r, CUpointer_attribute attribute,
                                  uintptr_t ptr)
{
    bool host = r->kind == RANGE_HOST || r->kind == RANGE_REGISTER;

    switch (attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
        return wide((uintptr_t)r->ctx);
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
        return word(host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE);
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
        return r->access == 0 ? refused() : wide(ptr);
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
        return host ? wide(ptr) : refused();
    case CU_POINTER_ATTRIBUTE_P2P_TOKENS:
        return refused();
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
        return word(!host);
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
        return wide(r->id);
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
        return word((uint64_t)r->dev->ordinal);
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
        return extent(r, attribute);
    case CU_POINTER_ATTRIBUTE_MAPPED:
        return word(1);
    case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
        return word(r->access);
    case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
        return wide(r->kind == RANGE_REGISTER ? r->size : sim_round_up(r->size, SIM_PAGE));
    case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
        return wide(r->base);
    case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
    case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
        return wide(0);
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
    case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
        return word(0); /* none of these is simulated */
    default:
        return (struct answer){CUDA_ERROR_INVALID_VALUE, 0, 0};
    }
}

static bool known(CUpointer_attribute attribute)
{
    return attribute >= CU_POINTER_ATTRIBUTE_CONTEXT &&
           attribute <= CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE;
}

/* The list form answers for plain host memory too: "no such thing", in zeroes. */
static struct answer attribute_of_plain(CUpointer_attribute attribute, uintptr_t ptr)
{
    switch ((int)attribute) {
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
        return wide(ptr);
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
        return word((uint32_t)-2);
    case CU_POINTER_ATTRIBUTE_CONTEXT:
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
    case CU_POINTER_ATTRIBUTE_P2P_TOKENS:
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
    case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
    case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
    case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
    case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
        return wide(0);
    default:
        return word(0);
    }
}

static void put(void *data, struct answer a)
{
    uint32_t low = (uint32_t)a.value;

    memcpy(data, a.size == 4 ? (const void *)&low : (const void *)&a.value, a.size);
}

CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr ptr)
{
    CUresult cu = sim_begin(__func__);
    const struct range *r;
    struct answer a;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    r = memory_find((uintptr_t)ptr);
    if (data == NULL || r == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    a = attribute_of(r, attribute, (uintptr_t)ptr);
    put(data, a);
    return sim_end(a.cu);
}

CUresult cuPointerGetAttributes(unsigned int numAttributes, CUpointer_attribute *attributes,
                                void **data, CUdeviceptr ptr)
{
    CUresult cu = sim_begin(__func__);
    const struct range *r;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (numAttributes == 0 || attributes == NULL || data == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    for (unsigned int i = 0; i < numAttributes; i++) {
        if (!known(attributes[i]) || data[i] == NULL) {
            return sim_end(CUDA_ERROR_INVALID_VALUE);
        }
    }
    r = memory_find((uintptr_t)ptr);
    for (unsigned int i = 0; i < numAttributes; i++) {
        put(data[i], r != NULL ? attribute_of(r, attributes[i], (uintptr_t)ptr)
                               : attribute_of_plain(attributes[i], (uintptr_t)ptr));
    }
    return sim_end(CUDA_SUCCESS);
}
