/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/hostmem.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "common/overflow.h"
#include "common/range_alloc.h"
#include "gs_calls.h"
#include "guest/libcuda/session.h"

#define SLAB_BYTES (32ull << 20)
#define SLAB_ALIGN (2ull << 20)
#define PAGE       4096ull
#define PIECE      512ull

struct gs_slab {
    uint64_t offset;
    struct vgpu_range *pieces;
    struct gs_slab *next;
};

int gs_hostmem_init(struct gs_hostmem *host, uint64_t bytes)
{
    (void)pthread_mutex_init(&host->lock, NULL);
    host->slabs = NULL;
    host->area = vgpu_range_new(VGPU_CHANNEL_DATA_OFFSET, bytes - VGPU_CHANNEL_DATA_OFFSET, PAGE);
    return host->area != NULL ? 0 : -ENOMEM;
}

static void free_slab(struct gs_slab *slab)
{
    vgpu_range_destroy(slab->pieces);
    free(slab);
}

void gs_hostmem_fini(struct gs_hostmem *host)
{
    while (host->slabs != NULL) {
        struct gs_slab *slab = host->slabs;

        host->slabs = slab->next;
        free_slab(slab);
    }
    vgpu_range_destroy(host->area);
    host->area = NULL;
}

static CUresult register_slab(struct gs_session *s, uint64_t offset, uint64_t bytes)
{
    struct vgpu_args_vgpuHostRegister args = {.offset = offset, .bytes = bytes};
    struct vgpu_ret_vgpuHostRegister ret;

    return gs_call_vgpuHostRegister(s, &args, &ret);
}

static CUresult unregister_slab(struct gs_session *s, uint64_t offset)
{
    struct vgpu_args_vgpuHostUnregister args = {.offset = offset};
    struct vgpu_ret_vgpuHostUnregister ret;

    return gs_call_vgpuHostUnregister(s, &args, &ret);
}

static CUresult file_slab(struct gs_session *s, uint64_t offset, uint64_t bytes)
{
    struct gs_slab *slab = calloc(1, sizeof(*slab));
    CUresult cu = CUDA_ERROR_OUT_OF_MEMORY;

    if (slab != NULL) {
        slab->offset = offset;
        slab->pieces = vgpu_range_new(offset, bytes, PIECE);
    }
    if (slab != NULL && slab->pieces != NULL) {
        cu = register_slab(s, offset, bytes);
    }
    if (cu != CUDA_SUCCESS) {
        if (slab != NULL) {
            free_slab(slab);
        }
        (void)vgpu_range_free(s->host.area, offset);
        return cu;
    }
    slab->next = s->host.slabs;
    s->host.slabs = slab;
    return CUDA_SUCCESS;
}

/* Unregisters slabs in which nothing lives; true if there was one. */
static bool reclaim(struct gs_session *s)
{
    struct gs_slab **at = &s->host.slabs;
    bool any = false;

    while (*at != NULL) {
        struct gs_slab *slab = *at;

        if (vgpu_range_count(slab->pieces) > 0 ||
            unregister_slab(s, slab->offset) != CUDA_SUCCESS) {
            at = &slab->next;
            continue;
        }
        *at = slab->next;
        (void)vgpu_range_free(s->host.area, slab->offset);
        free_slab(slab);
        any = true;
    }
    return any;
}

/* The usual size, or where the window is nearly full what the request needs. */
static CUresult add_slab(struct gs_session *s, uint64_t size)
{
    uint64_t bytes;
    uint64_t offset;

    if (!vgpu_u64_align_up(size, SLAB_ALIGN, &bytes)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (bytes < SLAB_BYTES &&
        vgpu_range_alloc(s->host.area, SLAB_BYTES, SLAB_ALIGN, &offset) == 0) {
        return file_slab(s, offset, SLAB_BYTES);
    }
    if (vgpu_range_alloc(s->host.area, bytes, SLAB_ALIGN, &offset) == 0 ||
        (reclaim(s) && vgpu_range_alloc(s->host.area, bytes, SLAB_ALIGN, &offset) == 0)) {
        return file_slab(s, offset, bytes);
    }
    return CUDA_ERROR_OUT_OF_MEMORY;
}

static int alloc_in_slabs(struct gs_hostmem *host, uint64_t size, uint64_t *offset)
{
    uint64_t align = size >= PAGE ? PAGE : PIECE;

    for (struct gs_slab *slab = host->slabs; slab != NULL; slab = slab->next) {
        if (vgpu_range_alloc(slab->pieces, size, align, offset) == 0) {
            return 0;
        }
    }
    return -ENOSPC;
}

CUresult gs_hostmem_alloc(struct gs_session *s, uint64_t size, uint64_t *offset)
{
    CUresult cu = CUDA_SUCCESS;

    (void)pthread_mutex_lock(&s->host.lock);
    if (alloc_in_slabs(&s->host, size, offset) != 0) {
        cu = add_slab(s, size);
        if (cu == CUDA_SUCCESS && alloc_in_slabs(&s->host, size, offset) != 0) {
            cu = CUDA_ERROR_OUT_OF_MEMORY;
        }
    }
    (void)pthread_mutex_unlock(&s->host.lock);
    return cu;
}

void gs_hostmem_free(struct gs_session *s, uint64_t offset)
{
    (void)pthread_mutex_lock(&s->host.lock);
    for (struct gs_slab *slab = s->host.slabs; slab != NULL; slab = slab->next) {
        if (vgpu_range_free(slab->pieces, offset) == 0) {
            break;
        }
    }
    (void)pthread_mutex_unlock(&s->host.lock);
}

CUresult gs_hostmem_take(struct gs_session *s, uint64_t size, uint64_t *offset)
{
    CUresult cu = CUDA_ERROR_OUT_OF_MEMORY;

    (void)pthread_mutex_lock(&s->host.lock);
    if (vgpu_range_alloc(s->host.area, size, PAGE, offset) == 0 ||
        (reclaim(s) && vgpu_range_alloc(s->host.area, size, PAGE, offset) == 0)) {
        cu = CUDA_SUCCESS;
    }
    (void)pthread_mutex_unlock(&s->host.lock);
    return cu;
}

CUresult gs_hostmem_pin(struct gs_session *s, uint64_t offset, uint64_t size)
{
    return register_slab(s, offset, size);
}

CUresult gs_hostmem_unpin(struct gs_session *s, uint64_t offset)
{
    return unregister_slab(s, offset);
}

int gs_hostmem_keep(struct gs_hostmem *host, uint64_t offset, uint64_t size)
{
    int rc;

    (void)pthread_mutex_lock(&host->lock);
    rc = vgpu_range_alloc_at(host->area, offset, size);
    (void)pthread_mutex_unlock(&host->lock);
    return rc;
}

CUresult gs_hostmem_borrow(struct gs_hostmem *host, uint64_t size, uint64_t *offset)
{
    int rc;

    (void)pthread_mutex_lock(&host->lock);
    rc = vgpu_range_alloc(host->area, size, PAGE, offset);
    (void)pthread_mutex_unlock(&host->lock);
    return rc == 0 ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

void gs_hostmem_return(struct gs_session *s, uint64_t offset, uint64_t size)
{
    uint64_t bytes = (size + PAGE - 1) & ~(PAGE - 1);

    (void)madvise(s->window + offset, bytes, MADV_REMOVE);
    (void)pthread_mutex_lock(&s->host.lock);
    (void)vgpu_range_free(s->host.area, offset);
    (void)pthread_mutex_unlock(&s->host.lock);
}
