/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/vmm.h"

#include <errno.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>

#include "common/range_alloc.h"
#include "ex_dispatch.h"
#include "executor/worker/reservation.h"
#include "executor/worker/session.h"

/*
 * Mapping and unmapping happen under the lock, because two of one place must not overtake each
 * other; they wait for nobody's work.  What takes longer is done outside of it: filed first and
 * taken out again when the driver refuses.
 */

struct physical {
    CUmemGenericAllocationHandle cu;
    uint64_t bytes;
    uint32_t maps;
    bool released;
};

struct mapping {
    uint64_t base;
    struct physical *physical;
};

struct ex_vmm {
    pthread_mutex_t lock;
    const struct ex_driver *driver;
    CUdevice device;
    struct ex_memory *memory;
    uint64_t zone;
    uint64_t strip;
    struct vgpu_range *mapped; /* each mapping by itself */
    void *mappings;            /* by base */
    struct vgpu_handles *physicals;
};

struct ex_vmm *ex_vmm_new(const struct ex_driver *driver, CUdevice device, struct ex_memory *memory,
                          const struct ex_place *place)
{
    struct ex_vmm *v = calloc(1, sizeof(*v));

    if (v == NULL) {
        return NULL;
    }
    (void)pthread_mutex_init(&v->lock, NULL);
    v->driver = driver;
    v->device = device;
    v->memory = memory;
    v->zone = place->zone;
    v->strip = place->zone_strip;
    v->mapped = vgpu_range_new(place->zone, place->zone_bytes, EX_BLOCK_BYTES);
    v->physicals = vgpu_handles_new(VGPU_HANDLE_PHYSICAL, VGPU_PHYSICALS_MAX);
    if (v->mapped == NULL || v->physicals == NULL) {
        vgpu_range_destroy(v->mapped);
        vgpu_handles_free(v->physicals);
        free(v);
        return NULL;
    }
    vgpu_range_set_limit(v->mapped, VGPU_MAPPINGS_MAX);
    return v;
}

bool ex_vmm_contains(struct ex_vmm *v, uint64_t ptr, uint64_t bytes)
{
    uint64_t base;
    uint64_t size;
    bool inside = true;

    (void)pthread_mutex_lock(&v->lock);
    while (bytes > 0 && (inside = vgpu_range_find(v->mapped, ptr, &base, &size) == 0)) {
        uint64_t here = size - (ptr - base);

        if (here >= bytes) {
            break;
        }
        ptr += here;
        bytes -= here;
    }
    (void)pthread_mutex_unlock(&v->lock);
    return inside;
}

static bool is_whole(uint64_t address, uint64_t bytes)
{
    return bytes != 0 && address % EX_BLOCK_BYTES == 0 && bytes % EX_BLOCK_BYTES == 0;
}

/* What the guest asked for is taken already, or there is no more. */
static CUresult result_of(int rc)
{
    return rc == -ENOMEM || rc == -EDQUOT ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_ERROR_INVALID_VALUE;
}

static CUresult create(struct ex_vmm *v, uint64_t bytes, uint32_t compression,
                       struct physical *made)
{
    CUmemAllocationProp prop = {
        .type = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = v->device},
        .allocFlags = {.compressionType = (unsigned char)compression},
    };
    CUresult cu = CUDA_ERROR_OUT_OF_MEMORY;

    if (ex_memory_charge(v->memory, bytes)) {
        cu = v->driver->cuMemCreate(&made->cu, bytes, &prop, 0);
        if (cu != CUDA_SUCCESS) {
            ex_memory_uncharge(v->memory, bytes);
        }
    }
    made->bytes = bytes;
    return cu;
}

CUresult ex_do_vgpuPhysicalCreate(struct ex_session *session,
                                  const struct vgpu_args_vgpuPhysicalCreate *args,
                                  struct vgpu_ret_vgpuPhysicalCreate *ret)
{
    struct ex_vmm *v = session->vmm;
    struct physical *made;
    CUresult cu;

    if (!is_whole(0, args->bytes) || args->compression > 1) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = create(v, args->bytes, args->compression, made);
    if (cu == CUDA_SUCCESS && vgpu_handles_mint(v->physicals, made, &ret->physical) != 0) {
        (void)v->driver->cuMemRelease(made->cu);
        ex_memory_uncharge(v->memory, args->bytes);
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        free(made);
    }
    return cu;
}

/* Nobody can map it any more and nobody has: its memory is the device's again. */
static void end_physical(struct ex_vmm *v, struct physical *physical)
{
    ex_memory_uncharge(v->memory, physical->bytes);
    free(physical);
}

CUresult ex_do_vgpuPhysicalRelease(struct ex_session *session,
                                   const struct vgpu_args_vgpuPhysicalRelease *args,
                                   struct vgpu_ret_vgpuPhysicalRelease *ret)
{
    struct ex_vmm *v = session->vmm;
    struct physical *physical;
    bool last;
    CUresult cu;

    (void)ret;
    (void)pthread_mutex_lock(&v->lock);
    physical = vgpu_handles_take(v->physicals, args->physical);
    if (physical == NULL) {
        (void)pthread_mutex_unlock(&v->lock);
        return CUDA_ERROR_INVALID_HANDLE;
    }
    physical->released = true;
    last = physical->maps == 0;
    cu = v->driver->cuMemRelease(physical->cu);
    (void)pthread_mutex_unlock(&v->lock);
    if (last) {
        end_physical(v, physical);
    }
    return cu;
}

static int by_base(const void *a, const void *b)
{
    const struct mapping *left = a;
    const struct mapping *right = b;

    return (left->base > right->base) - (left->base < right->base);
}

/* A mapping lies in one reservation of the driver. */
static bool crosses(const struct ex_vmm *v, uint64_t address, uint64_t bytes)
{
    return bytes > v->strip - (address - v->zone) % v->strip;
}

/* Files a mapping of a living physical allocation; the lock is held. */
static CUresult file_mapping(struct ex_vmm *v, const struct vgpu_args_vgpuMap *args,
                             struct mapping *made)
{
    int rc;

    made->base = args->address;
    made->physical = vgpu_handles_get(v->physicals, args->physical);
    if (made->physical == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (!is_whole(args->address, made->physical->bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    rc = vgpu_range_alloc_at(v->mapped, args->address, made->physical->bytes);
    if (rc < 0) {
        return result_of(rc);
    }
    if (crosses(v, args->address, made->physical->bytes)) {
        (void)vgpu_range_free(v->mapped, args->address);
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (tsearch(made, &v->mappings, by_base) == NULL) {
        (void)vgpu_range_free(v->mapped, args->address);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->physical->maps++;
    return CUDA_SUCCESS;
}

/* Takes the mapping out; the lock is held.  True when its physical memory ends with it. */
static bool unfile_mapping(struct ex_vmm *v, struct mapping *mapping)
{
    struct physical *physical = mapping->physical;

    (void)tdelete(mapping, &v->mappings, by_base);
    (void)vgpu_range_free(v->mapped, mapping->base);
    free(mapping);
    return --physical->maps == 0 && physical->released;
}

CUresult ex_do_vgpuMap(struct ex_session *session, const struct vgpu_args_vgpuMap *args,
                       struct vgpu_ret_vgpuMap *ret)
{
    struct mapping *made = calloc(1, sizeof(*made));
    struct ex_vmm *v = session->vmm;
    CUresult cu;

    (void)ret;
    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    (void)pthread_mutex_lock(&v->lock);
    cu = file_mapping(v, args, made);
    if (cu == CUDA_SUCCESS) {
        cu = v->driver->cuMemMap(made->base, made->physical->bytes, 0, made->physical->cu, 0);
        if (cu != CUDA_SUCCESS) {
            (void)unfile_mapping(v, made); /* the handle lives: the lock was held */
        }
    } else {
        free(made);
    }
    (void)pthread_mutex_unlock(&v->lock);
    return cu;
}

CUresult ex_do_vgpuUnmap(struct ex_session *session, const struct vgpu_args_vgpuUnmap *args,
                         struct vgpu_ret_vgpuUnmap *ret)
{
    struct mapping key = {.base = args->address};
    struct physical *physical = NULL;
    struct ex_vmm *v = session->vmm;
    struct mapping **node;
    bool last = false;
    CUresult cu = CUDA_ERROR_INVALID_VALUE;

    (void)ret;
    (void)pthread_mutex_lock(&v->lock);
    node = tfind(&key, &v->mappings, by_base);
    if (node != NULL) {
        physical = (*node)->physical;
        cu = v->driver->cuMemUnmap(key.base, physical->bytes);
        if (cu == CUDA_SUCCESS) {
            last = unfile_mapping(v, *node);
        }
    }
    (void)pthread_mutex_unlock(&v->lock);
    if (last) {
        end_physical(v, physical);
    }
    return cu;
}

CUresult ex_do_vgpuSetAccess(struct ex_session *session, const struct vgpu_args_vgpuSetAccess *args,
                             struct vgpu_ret_vgpuSetAccess *ret)
{
    CUmemAccessDesc access = {
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = session->device},
        .flags = (CUmemAccess_flags)args->flags,
    };

    (void)ret;
    if (!is_whole(args->address, args->bytes) ||
        (args->flags != CU_MEM_ACCESS_FLAGS_PROT_NONE &&
         args->flags != CU_MEM_ACCESS_FLAGS_PROT_READ &&
         args->flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE) ||
        !ex_vmm_contains(session->vmm, args->address, args->bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return session->driver->cuMemSetAccess(args->address, args->bytes, &access, 1);
}
