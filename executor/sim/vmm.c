/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/vmm.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "executor/sim/memory.h"
#include "executor/sim/vmm_phys.h"

struct reservation {
    struct reservation *next;
    uintptr_t base;
    size_t size;
};

struct mapping {
    struct mapping *next;
    uintptr_t base;
    size_t size;
    struct vmm_phys *phys; /* a reference */
};

static struct reservation *reservations;
static struct mapping *mappings;

static struct reservation *reservation_of(uintptr_t base, size_t size)
{
    for (struct reservation *r = reservations; r != NULL; r = r->next) {
        if (base >= r->base && base - r->base < r->size && size <= r->size - (base - r->base)) {
            return r;
        }
    }
    return NULL;
}

bool vmm_reservation(uintptr_t addr, uintptr_t *base, size_t *size)
{
    const struct reservation *r = reservation_of(addr, 1);

    if (r != NULL) {
        *base = r->base;
        *size = r->size;
    }
    return r != NULL;
}

/* Address space of that size: at hint if that is free, else aligned anywhere. */
static uintptr_t reserve_space(uintptr_t hint, size_t size, size_t align)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    uintptr_t at;
    uintptr_t base;
    void *p;

    if (hint != 0) {
        p = mmap((void *)hint, size, PROT_NONE, flags | MAP_FIXED_NOREPLACE, -1, 0);
        if (p == (void *)hint) {
            return hint;
        }
        if (p != MAP_FAILED) {
            (void)munmap(p, size);
        }
    }
    p = mmap(NULL, size + align, PROT_NONE, flags, -1, 0);
    if (p == MAP_FAILED) {
        return 0;
    }
    at = (uintptr_t)p;
    base = sim_round_up(at, align);
    if (base > at) {
        (void)munmap((void *)at, base - at);
    }
    (void)munmap((void *)(base + size), at + align - base);
    return base;
}

static CUresult reserve(CUdeviceptr *ptr, size_t size, size_t align, uintptr_t hint)
{
    struct reservation *r;

    if (ptr == NULL || size == 0 || size % SIM_PAGE != 0 || (align & (align - 1)) != 0 ||
        hint % SIM_PAGE != 0 || size + hint < size) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    r->base = reserve_space(hint, size, align > SIM_PAGE ? align : SIM_PAGE);
    r->size = size;
    if (r->base == 0) {
        free(r);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    r->next = reservations;
    reservations = r;
    *ptr = r->base;
    return CUDA_SUCCESS;
}

CUresult cuMemAddressReserve(CUdeviceptr *ptr, size_t size, size_t alignment, CUdeviceptr addr,
                             unsigned long long flags)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return sim_end(flags != 0 ? CUDA_ERROR_INVALID_VALUE
                              : reserve(ptr, size, alignment, (uintptr_t)addr));
}

static bool any_mapping(uintptr_t base, size_t size)
{
    for (const struct mapping *m = mappings; m != NULL; m = m->next) {
        if (m->base < base + size && base < m->base + m->size) {
            return true;
        }
    }
    return false;
}

static CUresult unreserve(uintptr_t base, size_t size)
{
    for (struct reservation **p = &reservations; *p != NULL; p = &(*p)->next) {
        struct reservation *r = *p;

        if (r->base != base) {
            continue;
        }
        if (r->size != size || any_mapping(base, size)) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        (void)munmap((void *)base, size);
        *p = r->next;
        free(r);
        return CUDA_SUCCESS;
    }
    return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemAddressFree(CUdeviceptr ptr, size_t size)
{
    CUresult cu = sim_begin(__func__);

    return cu != CUDA_SUCCESS ? cu : sim_end(unreserve((uintptr_t)ptr, size));
}

static CUresult prop_check(const CUmemAllocationProp *prop)
{
    if (prop == NULL || prop->type != CU_MEM_ALLOCATION_TYPE_PINNED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (prop->location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
        (prop->requestedHandleTypes != CU_MEM_HANDLE_TYPE_NONE &&
         prop->requestedHandleTypes != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (prop->location.id < 0 || prop->location.id >= sim.device_count) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    return CUDA_SUCCESS;
}

static CUresult create(CUmemGenericAllocationHandle *handle, size_t size,
                       const CUmemAllocationProp *prop)
{
    struct vmm_phys *phys;
    CUresult cu;

    if (handle == NULL || size == 0 || size % SIM_PAGE != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = prop_check(prop);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (sim.sticky != CUDA_SUCCESS) {
        return sim.sticky;
    }
    cu = sim_start();
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    phys = phys_new(&sim.device[prop->location.id], size);
    if (phys == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *handle = phys->handle;
    return CUDA_SUCCESS;
}

CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t size,
                     const CUmemAllocationProp *prop, unsigned long long flags)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return sim_end(flags != 0 ? CUDA_ERROR_INVALID_VALUE : create(handle, size, prop));
}

CUresult cuMemRelease(CUmemGenericAllocationHandle handle)
{
    CUresult cu = sim_begin(__func__);
    struct vmm_phys *phys;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    phys = phys_find(handle);
    if (phys == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    phys->released = true;
    phys_unref(phys);
    return sim_end(CUDA_SUCCESS);
}

CUresult cuMemGetAllocationGranularity(size_t *granularity, const CUmemAllocationProp *prop,
                                       CUmemAllocationGranularity_flags option)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (granularity == NULL || prop == NULL ||
        (unsigned)option > CU_MEM_ALLOC_GRANULARITY_RECOMMENDED) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *granularity = SIM_PAGE;
    return sim_end(CUDA_SUCCESS);
}

static CUresult map_new(uintptr_t base, struct vmm_phys *phys)
{
    struct range r = {.base = base, .size = phys->size, .kind = RANGE_VMM, .dev = phys->dev};
    struct mapping *m = calloc(1, sizeof(*m));

    if (m == NULL || phys_map(phys, base) != 0 || memory_add(r) != 0) {
        free(m);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *m = (struct mapping){mappings, base, phys->size, phys};
    mappings = m;
    phys->refs++;
    return CUDA_SUCCESS;
}

static CUresult map(uintptr_t base, size_t size, size_t offset, uint64_t handle)
{
    struct vmm_phys *phys = phys_find(handle);

    if (phys == NULL || base % SIM_PAGE != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (offset != 0 || size != phys->size) {
        return CUDA_ERROR_NOT_SUPPORTED; /* parts of an allocation cannot be mapped */
    }
    if (reservation_of(base, size) == NULL || any_mapping(base, size)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return map_new(base, phys);
}

CUresult cuMemMap(CUdeviceptr ptr, size_t size, size_t offset, CUmemGenericAllocationHandle handle,
                  unsigned long long flags)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return sim_end(flags != 0 ? CUDA_ERROR_INVALID_VALUE
                              : map((uintptr_t)ptr, size, offset, handle));
}

/* Whether the mappings in the range lie wholly in it; *bytes: what they cover. */
static bool whole_mappings(uintptr_t base, size_t size, size_t *bytes)
{
    *bytes = 0;
    for (const struct mapping *m = mappings; m != NULL; m = m->next) {
        if (m->base + m->size <= base || base + size <= m->base) {
            continue;
        }
        if (m->base < base || m->base + m->size > base + size) {
            return false;
        }
        *bytes += m->size;
    }
    return true;
}

static void unmap_all(uintptr_t base, size_t size)
{
    for (struct mapping **p = &mappings; *p != NULL;) {
        struct mapping *m = *p;

        if (m->base < base || m->base >= base + size) {
            p = &m->next;
            continue;
        }
        memory_remove(m->base);
        (void)mmap((void *)m->base, m->size, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        phys_unref(m->phys);
        *p = m->next;
        free(m);
    }
}

CUresult cuMemUnmap(CUdeviceptr ptr, size_t size)
{
    CUresult cu = sim_begin(__func__);
    size_t bytes;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (size == 0 || ptr % SIM_PAGE != 0 || size % SIM_PAGE != 0 ||
        reservation_of((uintptr_t)ptr, size) == NULL ||
        !whole_mappings((uintptr_t)ptr, size, &bytes)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    unmap_all((uintptr_t)ptr, size);
    return sim_end(CUDA_SUCCESS);
}

/*
 * Only the table tells reading from writing; the pages are open or closed.
 * The table is closed first and opened last, so no running kernel faults.
 */
static CUresult mapping_access(const struct mapping *m, unsigned access)
{
    int prot = access == CU_MEM_ACCESS_FLAGS_PROT_NONE ? PROT_NONE : PROT_READ | PROT_WRITE;

    memory_set_access(m->base, CU_MEM_ACCESS_FLAGS_PROT_NONE);
    if (mprotect((void *)m->base, m->size, prot) != 0) {
        return CUDA_ERROR_OPERATING_SYSTEM;
    }
    memory_set_access(m->base, access);
    return CUDA_SUCCESS;
}

static CUresult set_access(uintptr_t base, size_t size, const CUmemAccessDesc *desc)
{
    CUresult cu = CUDA_SUCCESS;
    size_t bytes;

    if (desc->location.type != CU_MEM_LOCATION_TYPE_DEVICE || desc->location.id < 0 ||
        desc->location.id >= sim.device_count ||
        (desc->flags != CU_MEM_ACCESS_FLAGS_PROT_NONE &&
         desc->flags != CU_MEM_ACCESS_FLAGS_PROT_READ &&
         desc->flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE) ||
        !whole_mappings(base, size, &bytes) || bytes != size) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (const struct mapping *m = mappings; m != NULL && cu == CUDA_SUCCESS; m = m->next) {
        if (m->base >= base && m->base < base + size) {
            cu = mapping_access(m, desc->flags);
        }
    }
    return cu;
}

CUresult cuMemSetAccess(CUdeviceptr ptr, size_t size, const CUmemAccessDesc *desc, size_t count)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (desc == NULL || count == 0 || size == 0 || size % SIM_PAGE != 0 || ptr % SIM_PAGE != 0) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    for (size_t i = 0; i < count && cu == CUDA_SUCCESS; i++) {
        cu = set_access((uintptr_t)ptr, size, &desc[i]);
    }
    return sim_end(cu);
}
