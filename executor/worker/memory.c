/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/memory.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/overflow.h"
#include "common/range_alloc.h"
#include "ex_driver_table.h"
#include "executor/worker/block.h"
#include "executor/worker/memory_private.h"
#include "executor/worker/room.h"

struct ex_memory *ex_memory_new(const struct ex_driver *driver, CUdevice device, uint64_t base,
                                uint64_t bytes, uint64_t quota)
{
    struct ex_memory *m = calloc(1, sizeof(*m));

    if (m == NULL) {
        return NULL;
    }
    (void)pthread_mutex_init(&m->lock, NULL);
    m->driver = driver;
    m->device = device;
    m->base = base;
    m->bytes = bytes;
    m->quota = quota;
    m->granted = VGPU_MEMORY_ALL;
    m->arena = vgpu_range_new(base, bytes, EX_BLOCK_BYTES);
    m->live = vgpu_range_new(base, bytes, EX_ALLOCATION_ALIGN);
    m->blocks = calloc(bytes / EX_BLOCK_BYTES, sizeof(struct ex_block *));
    if (m->arena == NULL || m->live == NULL || m->blocks == NULL) {
        ex_memory_free(m);
        return NULL;
    }
    vgpu_range_set_limit(m->live, VGPU_ALLOCATIONS_MAX);
    return m;
}

void ex_memory_free(struct ex_memory *m)
{
    if (m == NULL) {
        return;
    }
    for (uint64_t i = 0; m->blocks != NULL && i < m->bytes / EX_BLOCK_BYTES; i++) {
        if (m->blocks[i] != NULL) {
            vgpu_range_destroy(m->blocks[i]->small);
            free(m->blocks[i]);
        }
    }
    free(m->blocks);
    vgpu_range_destroy(m->arena);
    vgpu_range_destroy(m->live);
    free(m->globals);
    (void)pthread_mutex_destroy(&m->lock);
    free(m);
}

/* A place in a shared block; a new one when no other has room. */
static CUresult place_small(struct ex_memory *m, uint64_t bytes, uint64_t *ptr)
{
    struct ex_block *block = NULL;
    CUresult cu;

    for (block = m->shared; block != NULL; block = block->next) {
        if (vgpu_range_largest_hole(block->small) >= bytes &&
            vgpu_range_alloc(block->small, bytes, 0, ptr) == 0) {
            return CUDA_SUCCESS;
        }
    }
    cu = ex_block_new(m, EX_BLOCK_BYTES, true, &block);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (vgpu_range_alloc(block->small, bytes, 0, ptr) < 0) {
        (void)ex_block_free(m, block);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

static CUresult place(struct ex_memory *m, uint64_t bytes, uint64_t *ptr)
{
    struct ex_block *block = NULL;
    uint64_t rounded;
    CUresult cu;

    if (bytes <= EX_SMALL_MAX) {
        return place_small(m, bytes, ptr);
    }
    if (!vgpu_u64_align_up(bytes, EX_BLOCK_BYTES, &rounded)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = ex_block_new(m, rounded, false, &block);
    if (cu == CUDA_SUCCESS) {
        *ptr = block->base;
    }
    return cu;
}

/* Gives a place back; the lock is held. */
static CUresult unplace(struct ex_memory *m, uint64_t ptr)
{
    struct ex_block *block = m->blocks[(ptr - m->base) / EX_BLOCK_BYTES];

    if (block->small == NULL) {
        return ex_block_free(m, block);
    }
    (void)vgpu_range_free(block->small, ptr);
    /* The last shared block stays, so that a loop of alloc and free costs no physical memory. */
    if (vgpu_range_count(block->small) == 0 && m->shared->next != NULL) {
        return ex_block_free(m, block);
    }
    return CUDA_SUCCESS;
}

CUresult ex_memory_alloc(struct ex_memory *m, uint64_t bytes, uint64_t *ptr)
{
    uint64_t at = 0;
    CUresult cu;

    if (bytes == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    (void)pthread_mutex_lock(&m->lock);
    cu = place(m, bytes, &at);
    if (cu == CUDA_SUCCESS && vgpu_range_alloc_at(m->live, at, bytes) < 0) {
        (void)unplace(m, at);
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu == CUDA_SUCCESS) {
        *ptr = at;
    }
    (void)pthread_mutex_unlock(&m->lock);
    return cu;
}

bool ex_memory_retire(struct ex_memory *m, uint64_t ptr)
{
    (void)pthread_mutex_lock(&m->lock);
    int rc = vgpu_range_free(m->live, ptr);

    (void)pthread_mutex_unlock(&m->lock);
    return rc == 0;
}

CUresult ex_memory_reclaim(struct ex_memory *m, uint64_t ptr)
{
    (void)pthread_mutex_lock(&m->lock);
    CUresult cu = unplace(m, ptr);

    (void)pthread_mutex_unlock(&m->lock);
    return cu;
}

bool ex_memory_fits(struct ex_memory *m, uint64_t bytes)
{
    uint64_t sum;

    if (!vgpu_u64_add(m->used, bytes, &sum) || (m->quota != 0 && sum > m->quota)) {
        return false;
    }
    if (sum <= m->granted) {
        return true;
    }
    if (m->ledger) {
        ex_room_want(sum - m->granted);
    }
    return false;
}

bool ex_memory_charge(struct ex_memory *m, uint64_t bytes)
{
    bool fits;

    (void)pthread_mutex_lock(&m->lock);
    fits = ex_memory_fits(m, bytes);
    if (fits) {
        m->used += bytes;
    }
    (void)pthread_mutex_unlock(&m->lock);
    return fits;
}

void ex_memory_uncharge(struct ex_memory *m, uint64_t bytes)
{
    (void)pthread_mutex_lock(&m->lock);
    m->used -= bytes;
    (void)pthread_mutex_unlock(&m->lock);
}

void ex_memory_usage(struct ex_memory *m, uint64_t *used, uint64_t *quota)
{
    (void)pthread_mutex_lock(&m->lock);
    *used = m->used;
    *quota = m->quota;
    (void)pthread_mutex_unlock(&m->lock);
}

bool ex_memory_has_ledger(struct ex_memory *m)
{
    (void)pthread_mutex_lock(&m->lock);
    bool has = m->ledger;

    (void)pthread_mutex_unlock(&m->lock);
    return has;
}

void ex_memory_keep_ledger(struct ex_memory *m)
{
    (void)pthread_mutex_lock(&m->lock);
    m->ledger = true;
    m->granted = 0;
    (void)pthread_mutex_unlock(&m->lock);
}

void ex_memory_grant(struct ex_memory *m, uint64_t bytes)
{
    (void)pthread_mutex_lock(&m->lock);
    m->granted += bytes;
    m->reserved += bytes;
    (void)pthread_mutex_unlock(&m->lock);
}

void ex_memory_unreserve(struct ex_memory *m, uint64_t bytes)
{
    (void)pthread_mutex_lock(&m->lock);
    m->reserved -= bytes;
    (void)pthread_mutex_unlock(&m->lock);
}

/* The lock is held.  What is reserved may have been used by another operation meanwhile. */
static uint64_t spare(const struct ex_memory *m)
{
    uint64_t taken = m->used + m->reserved;

    return m->granted > taken ? m->granted - taken : 0;
}

uint64_t ex_memory_spare(const struct ex_memory *m)
{
    uint64_t granted = m->granted;
    uint64_t used = m->used;

    return granted != VGPU_MEMORY_ALL && granted > used ? granted - used : 0;
}

uint64_t ex_memory_yield(struct ex_memory *m, uint64_t keep)
{
    uint64_t bytes;

    (void)pthread_mutex_lock(&m->lock);
    bytes = spare(m);
    bytes = bytes > keep ? bytes - keep : 0;
    m->granted -= bytes;
    m->ledger = true;
    (void)pthread_mutex_unlock(&m->lock);
    return bytes;
}

void ex_memory_set_quota(struct ex_memory *m, uint64_t quota)
{
    (void)pthread_mutex_lock(&m->lock);
    m->quota = quota;
    (void)pthread_mutex_unlock(&m->lock);
}

const _Atomic uint64_t *ex_memory_used(const struct ex_memory *m)
{
    return &m->used;
}

static bool in_allocation(const struct ex_memory *m, uint64_t ptr, uint64_t bytes)
{
    uint64_t base;
    uint64_t size;

    return vgpu_range_find(m->live, ptr, &base, &size) == 0 &&
           vgpu_span_fits(ptr - base, bytes, size);
}

bool ex_memory_contains(struct ex_memory *m, uint64_t ptr, uint64_t bytes)
{
    (void)pthread_mutex_lock(&m->lock);
    bool found = in_allocation(m, ptr, bytes) || ex_memory_in_open_slab(m, ptr, bytes) ||
                 ex_memory_in_global(m, ptr, bytes);

    (void)pthread_mutex_unlock(&m->lock);
    return found;
}
