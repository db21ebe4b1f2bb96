/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/virtual_memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/range_alloc.h"
#include "gs_calls.h"
#include "guest/libcuda/address.h"
#include "guest/libcuda/device_memory.h"
#include "guest/libcuda/memory.h"
#include "guest/libcuda/process.h"

struct reservation {
    uint64_t base;
    uint64_t bytes;
    struct reservation *next;
};

/* One lock for all of it: these calls are rare, and each asks a worker. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct vgpu_range *zone;   /* what is reserved, and what the program took before us */
static uint64_t strip;            /* a mapping lies in one of the zone's strips */
static struct vgpu_range *mapped; /* each mapping by itself */
static struct reservation *reservations;

static bool prepare(void)
{
    uint64_t base;
    uint64_t bytes;

    if (zone != NULL) {
        return true;
    }
    if (!gs_address_zone(&base, &bytes, &strip)) {
        return false;
    }
    zone = vgpu_range_new(base, bytes, GS_MAPPING_BYTES);
    mapped = vgpu_range_new(base, bytes, GS_MAPPING_BYTES);
    if (zone == NULL || mapped == NULL) {
        vgpu_range_destroy(zone);
        vgpu_range_destroy(mapped);
        zone = NULL;
        return false;
    }
    vgpu_range_set_limit(zone, VGPU_RESERVATIONS_MAX);
    return true;
}

static struct reservation *find_reservation(uint64_t address)
{
    for (struct reservation *r = reservations; r != NULL; r = r->next) {
        if (address >= r->base && address - r->base < r->bytes) {
            return r;
        }
    }
    return NULL;
}

/* Where the strip ends that an address lies in. */
static uint64_t end_of_strip(uint64_t address)
{
    uint64_t base;
    uint64_t bytes;
    uint64_t each;

    (void)gs_address_zone(&base, &bytes, &each);
    return base + ((address - base) / each + 1) * each;
}

/* A free range that lies in one strip if it can. */
static int find_range(uint64_t bytes, uint64_t align, uint64_t *address)
{
    int rc = vgpu_range_alloc(zone, bytes, align, address);
    uint64_t at;

    if (rc != 0 || bytes > strip || bytes <= end_of_strip(*address) - *address) {
        return rc;
    }
    at = end_of_strip(*address);
    (void)vgpu_range_free(zone, *address);
    do {
        rc = vgpu_range_alloc_at(zone, at, bytes);
        *address = at;
        at += strip;
    } while (rc == -EEXIST);
    return rc == -EINVAL ? -ENOSPC : rc;
}

/* Takes a range of the zone that nothing of the program lies in.  Where something does, that much
 * is left out for ever. */
static int take_range(uint64_t bytes, uint64_t align, uint64_t hint, uint64_t *address)
{
    int rc = -EINVAL;

    if (hint != 0 && hint % GS_MAPPING_BYTES == 0) {
        rc = vgpu_range_alloc_at(zone, hint, bytes);
        *address = hint;
        if (rc == 0 && !gs_address_reserve(hint, bytes)) {
            (void)vgpu_range_free(zone, hint);
            rc = -EEXIST;
        }
    }
    while (rc != 0) {
        rc = find_range(bytes, align, address);
        if (rc != 0 || gs_address_reserve(*address, bytes)) {
            return rc;
        }
        rc = -EAGAIN;
    }
    return rc;
}

CUresult gs_reserve(uint64_t bytes, uint64_t align, uint64_t hint, uint64_t *address)
{
    struct reservation *made = calloc(1, sizeof(*made));
    bool taken = false;

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    (void)pthread_mutex_lock(&lock);
    if (prepare() && take_range(bytes, align, hint, &made->base) == 0) {
        made->bytes = bytes;
        made->next = reservations;
        reservations = made;
        *address = made->base;
        taken = true;
    }
    (void)pthread_mutex_unlock(&lock);
    if (!taken) {
        free(made);
    }
    return taken ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static bool is_empty(const struct reservation *r)
{
    uint64_t base;

    return vgpu_range_next(mapped, r->base, &base, NULL) < 0 || base - r->base >= r->bytes;
}

static CUresult unreserve(uint64_t address, uint64_t bytes)
{
    struct reservation **at = &reservations;
    struct reservation *r;

    while (*at != NULL && (*at)->base != address) {
        at = &(*at)->next;
    }
    r = *at;
    if (r == NULL || r->bytes != bytes || !is_empty(r)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    gs_address_release(r->base, r->bytes);
    (void)vgpu_range_free(zone, r->base);
    *at = r->next;
    free(r);
    return CUDA_SUCCESS;
}

CUresult gs_unreserve(uint64_t address, uint64_t bytes)
{
    CUresult cu;

    (void)pthread_mutex_lock(&lock);
    cu = unreserve(address, bytes);
    (void)pthread_mutex_unlock(&lock);
    return cu;
}

bool gs_reservation_find(uint64_t address, uint64_t *base, uint64_t *bytes)
{
    const struct reservation *r;
    uint64_t zone_base;
    uint64_t zone_bytes;
    uint64_t each;

    if (!gs_address_zone(&zone_base, &zone_bytes, &each) || address < zone_base ||
        address - zone_base >= zone_bytes) {
        return false;
    }
    (void)pthread_mutex_lock(&lock);
    r = find_reservation(address);
    if (r != NULL) {
        *base = r->base;
        *bytes = r->bytes;
    }
    (void)pthread_mutex_unlock(&lock);
    return r != NULL;
}

/* ---- physical memory ---- */

static CUresult create(struct gs_session *s, uint64_t bytes, unsigned char compression,
                       uint64_t *wire)
{
    struct vgpu_args_vgpuPhysicalCreate args = {.bytes = bytes, .compression = compression};
    struct vgpu_ret_vgpuPhysicalCreate ret;
    CUresult cu = gs_call_vgpuPhysicalCreate(s, &args, &ret);

    if (cu == CUDA_ERROR_OUT_OF_MEMORY && gs_device_memory_trim(s)) {
        cu = gs_call_vgpuPhysicalCreate(s, &args, &ret);
    }
    *wire = cu == CUDA_SUCCESS ? ret.physical : 0;
    return cu;
}

static CUresult release(struct gs_session *s, uint64_t wire)
{
    struct vgpu_args_vgpuPhysicalRelease args = {.physical = wire};
    struct vgpu_ret_vgpuPhysicalRelease ret;

    return gs_call_vgpuPhysicalRelease(s, &args, &ret);
}

CUresult gs_physical_new(struct gs_session *s, uint64_t bytes, const CUmemAllocationProp *prop,
                         CUmemGenericAllocationHandle *handle)
{
    struct gs_physical *made = calloc(1, sizeof(*made));
    CUresult cu;

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *made = (struct gs_physical){.session = s, .bytes = bytes, .prop = *prop, .handles = 1};
    cu = create(s, bytes, prop->allocFlags.compressionType, &made->wire);
    if (cu == CUDA_SUCCESS && vgpu_handles_accept(s->physicals, made->wire, made) != 0) {
        (void)release(s, made->wire);
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        free(made);
        return cu;
    }
    *handle = gs_handle_public(s, made->wire);
    return CUDA_SUCCESS;
}

/* With the lock: what a handle stands for that the program holds. */
static struct gs_physical *find_physical(CUmemGenericAllocationHandle handle)
{
    struct gs_session *s = gs_session_of(handle, VGPU_HANDLE_PHYSICAL);
    struct gs_physical *physical =
        s != NULL ? vgpu_handles_get(s->physicals, gs_handle_wire(handle)) : NULL;

    return physical != NULL && physical->handles > 0 ? physical : NULL;
}

/* With the lock: gives it back once nobody has a handle of it or sees it. */
static CUresult settle_physical(struct gs_physical *physical)
{
    struct gs_session *s = physical->session;
    uint64_t wire = physical->wire;

    if (physical->handles > 0 || physical->maps > 0) {
        return CUDA_SUCCESS;
    }
    /* First: another thread may be given the same handle as soon as the worker has let go of it. */
    (void)vgpu_handles_take(s->physicals, wire);
    free(physical);
    return gs_session_told(s, release(s, wire));
}

CUresult gs_physical_release(CUmemGenericAllocationHandle handle)
{
    CUresult cu = CUDA_ERROR_INVALID_VALUE;
    struct gs_physical *physical;

    (void)pthread_mutex_lock(&lock);
    physical = find_physical(handle);
    if (physical != NULL) {
        physical->handles--;
        cu = settle_physical(physical);
    }
    (void)pthread_mutex_unlock(&lock);
    return cu;
}

bool gs_physical_retain(uint64_t address, CUmemGenericAllocationHandle *handle)
{
    struct gs_alloc alloc;
    bool found;

    (void)pthread_mutex_lock(&lock);
    found = gs_memory_find(address, &alloc) != NULL && alloc.kind == GS_ALLOC_MAPPED;
    if (found) {
        alloc.physical->handles++;
        *handle = gs_handle_public(alloc.physical->session, alloc.physical->wire);
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

bool gs_physical_get(CUmemGenericAllocationHandle handle, struct gs_physical *physical)
{
    const struct gs_physical *found;

    (void)pthread_mutex_lock(&lock);
    found = find_physical(handle);
    if (found != NULL) {
        *physical = *found;
    }
    (void)pthread_mutex_unlock(&lock);
    return found != NULL;
}

/* ---- mappings ---- */

static CUresult map_in(struct gs_physical *physical, uint64_t address)
{
    struct vgpu_args_vgpuMap args = {.address = address, .physical = physical->wire};
    struct gs_alloc alloc = {.base = address,
                             .size = physical->bytes,
                             .kind = GS_ALLOC_MAPPED,
                             .access = CU_MEM_ACCESS_FLAGS_PROT_NONE,
                             .physical = physical};
    struct vgpu_args_vgpuUnmap back = {.address = address};
    struct gs_session *s = physical->session;
    struct vgpu_ret_vgpuMap ret;
    struct vgpu_ret_vgpuUnmap none;
    CUresult cu = gs_call_vgpuMap(s, &args, &ret);

    if (cu == CUDA_SUCCESS && gs_alloc_map_add(&s->allocs, &alloc) != 0) {
        (void)gs_call_vgpuUnmap(s, &back, &none);
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    return cu;
}

static CUresult map(uint64_t address, uint64_t bytes, CUmemGenericAllocationHandle handle)
{
    struct gs_physical *physical = find_physical(handle);
    struct reservation *r = find_reservation(address);
    CUresult cu;

    if (physical == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (bytes != physical->bytes) {
        return CUDA_ERROR_NOT_SUPPORTED; /* parts cannot be mapped natively either */
    }
    if (r == NULL || bytes > r->bytes - (address - r->base)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_session_error(physical->session);
    if (cu == CUDA_SUCCESS && vgpu_range_alloc_at(mapped, address, bytes) != 0) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = map_in(physical, address);
    if (cu != CUDA_SUCCESS) {
        (void)vgpu_range_free(mapped, address);
        return cu;
    }
    physical->maps++;
    return CUDA_SUCCESS;
}

CUresult gs_map(uint64_t address, uint64_t bytes, CUmemGenericAllocationHandle handle)
{
    CUresult cu;

    (void)pthread_mutex_lock(&lock);
    cu = map(address, bytes, handle);
    (void)pthread_mutex_unlock(&lock);
    return cu;
}

/* Whether the mappings that touch a range lie wholly in it; *covered: how much of it they fill. */
static bool are_whole(uint64_t address, uint64_t bytes, uint64_t *covered)
{
    uint64_t base = 0;
    uint64_t size = 0;
    uint64_t at = address;

    *covered = 0;
    if (vgpu_range_find(mapped, address, &base, NULL) == 0 && base != address) {
        return false;
    }
    while (at - address < bytes && vgpu_range_next(mapped, at, &base, &size) == 0 &&
           base - address < bytes) {
        if (size > bytes - (base - address)) {
            return false;
        }
        *covered += size;
        at = base + size;
    }
    return true;
}

static CUresult unmap_one(uint64_t address)
{
    struct vgpu_args_vgpuUnmap args = {.address = address};
    struct vgpu_ret_vgpuUnmap ret;
    struct gs_alloc alloc;
    struct gs_session *s = gs_memory_find(address, &alloc);
    CUresult cu;

    if (s == NULL || alloc.kind != GS_ALLOC_MAPPED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_session_told(s, gs_call_vgpuUnmap(s, &args, &ret));
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    (void)gs_alloc_map_take(&s->allocs, address, GS_ALLOC_MAPPED, &alloc);
    (void)vgpu_range_free(mapped, address);
    alloc.physical->maps--;
    return settle_physical(alloc.physical);
}

static CUresult unmap(uint64_t address, uint64_t bytes)
{
    const struct reservation *r = find_reservation(address);
    CUresult cu = CUDA_SUCCESS;
    uint64_t covered;
    uint64_t base;

    if (r == NULL || bytes > r->bytes - (address - r->base) ||
        !are_whole(address, bytes, &covered)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    while (cu == CUDA_SUCCESS && vgpu_range_next(mapped, address, &base, NULL) == 0 &&
           base - address < bytes) {
        cu = unmap_one(base);
    }
    return cu;
}

CUresult gs_unmap(uint64_t address, uint64_t bytes)
{
    CUresult cu;

    (void)pthread_mutex_lock(&lock);
    cu = unmap(address, bytes);
    (void)pthread_mutex_unlock(&lock);
    return cu;
}

/* One mapping after the other: neighbours may be of different devices. */
static CUresult set_access(uint64_t address, uint64_t bytes, CUdevice device, uint32_t flags)
{
    uint64_t covered;

    if (!are_whole(address, bytes, &covered) || covered != bytes) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (uint64_t done = 0; done < bytes;) {
        struct vgpu_args_vgpuSetAccess args = {.address = address + done, .flags = flags};
        struct vgpu_ret_vgpuSetAccess ret;
        struct gs_alloc alloc;
        struct gs_session *s = gs_memory_find(address + done, &alloc);
        CUresult cu;

        if (s == NULL || s->index != (uint32_t)device) {
            return CUDA_ERROR_NOT_SUPPORTED; /* devices do not reach each other's memory */
        }
        args.bytes = alloc.size;
        cu = gs_call_vgpuSetAccess(s, &args, &ret);
        if (cu != CUDA_SUCCESS) {
            return cu;
        }
        gs_alloc_map_set_access(&s->allocs, alloc.base, flags);
        done += alloc.size;
    }
    return CUDA_SUCCESS;
}

CUresult gs_set_access(uint64_t address, uint64_t bytes, const CUmemAccessDesc *desc)
{
    CUresult cu;

    (void)pthread_mutex_lock(&lock);
    cu = zone != NULL ? set_access(address, bytes, desc->location.id, desc->flags)
                      : CUDA_ERROR_INVALID_VALUE;
    (void)pthread_mutex_unlock(&lock);
    return cu;
}

static bool is_mapping(const struct gs_alloc *alloc, void *arg)
{
    (void)arg;
    return alloc->kind == GS_ALLOC_MAPPED;
}

static void drop_physical(void *object, uint64_t handle, void *arg)
{
    (void)handle;
    (void)arg;
    free(object);
}

void gs_virtual_memory_drop(struct gs_session *s)
{
    struct gs_alloc alloc;

    (void)pthread_mutex_lock(&lock);
    while (gs_alloc_map_take_if(&s->allocs, is_mapping, NULL, &alloc)) {
        (void)vgpu_range_free(mapped, alloc.base);
    }
    if (s->physicals != NULL) {
        vgpu_handles_each(s->physicals, drop_physical, NULL);
    }
    (void)pthread_mutex_unlock(&lock);
}
