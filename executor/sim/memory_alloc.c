/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "executor/sim/context.h"

/* Device allocations are aligned to this; smaller ones share a page-sized slab. */
#define GRAIN           512
#define GRAINS_PER_SLAB (SIM_PAGE / GRAIN)
#define SMALL_MAX       (SIM_PAGE / 2)

struct slab {
    struct slab *next;
    uintptr_t base;
    CUcontext ctx;
    size_t free_grains;
    uint8_t used[GRAINS_PER_SLAB];
};

static struct slab *slabs;

bool memory_charge(struct sim_device *dev, size_t bytes)
{
    if (bytes > dev->total_bytes - dev->used_bytes) {
        return false;
    }
    dev->used_bytes += bytes;
    return true;
}

void memory_uncharge(struct sim_device *dev, size_t bytes)
{
    dev->used_bytes -= bytes;
}

/* Anonymous memory aligned to SIM_PAGE; 0 without any. */
static uintptr_t map_pages(size_t bytes)
{
    void *p = mmap(NULL, bytes + SIM_PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uintptr_t at;
    uintptr_t base;

    if (p == MAP_FAILED) {
        return 0;
    }
    at = (uintptr_t)p;
    base = sim_round_up(at, SIM_PAGE);
    if (base > at) {
        (void)munmap((void *)at, base - at);
    }
    (void)munmap((void *)(base + bytes), at + SIM_PAGE - base);
    return base;
}

/* Charge and map whole pages of dev's memory. */
static uintptr_t pages_new(struct sim_device *dev, size_t bytes)
{
    uintptr_t base;

    if (!memory_charge(dev, bytes)) {
        return 0;
    }
    base = map_pages(bytes);
    if (base == 0) {
        memory_uncharge(dev, bytes);
    }
    return base;
}

/* The first run of n free grains, or GRAINS_PER_SLAB. */
static size_t slab_find(const struct slab *slab, size_t n)
{
    size_t run = 0;

    for (size_t i = 0; i < GRAINS_PER_SLAB && slab->free_grains >= n; i++) {
        run = slab->used[i] ? 0 : run + 1;
        if (run == n) {
            return i + 1 - n;
        }
    }
    return GRAINS_PER_SLAB;
}

static struct slab *slab_new(CUcontext ctx)
{
    struct slab *slab = calloc(1, sizeof(*slab));

    if (slab == NULL) {
        return NULL;
    }
    slab->base = pages_new(ctx->dev, SIM_PAGE);
    if (slab->base == 0) {
        free(slab);
        return NULL;
    }
    slab->ctx = ctx;
    slab->free_grains = GRAINS_PER_SLAB;
    slab->next = slabs;
    slabs = slab;
    return slab;
}

static uintptr_t slab_take(struct slab *slab, size_t at, size_t n)
{
    memset(&slab->used[at], 1, n);
    slab->free_grains -= n;
    return slab->base + at * GRAIN;
}

static uintptr_t small_alloc(CUcontext ctx, size_t n, struct slab **owner)
{
    struct slab *slab;

    for (slab = slabs; slab != NULL; slab = slab->next) {
        size_t at = slab->ctx == ctx ? slab_find(slab, n) : GRAINS_PER_SLAB;

        if (at != GRAINS_PER_SLAB) {
            *owner = slab;
            return slab_take(slab, at, n);
        }
    }
    slab = slab_new(ctx);
    *owner = slab;
    return slab == NULL ? 0 : slab_take(slab, 0, n);
}

static void small_free(struct slab *slab, uintptr_t base, size_t n)
{
    memset(&slab->used[(base - slab->base) / GRAIN], 0, n);
    slab->free_grains += n;
    if (slab->free_grains != GRAINS_PER_SLAB) {
        return;
    }
    for (struct slab **p = &slabs; *p != NULL; p = &(*p)->next) {
        if (*p == slab) {
            *p = slab->next;
            break;
        }
    }
    memory_uncharge(slab->ctx->dev, SIM_PAGE);
    (void)munmap((void *)slab->base, SIM_PAGE);
    free(slab);
}

CUresult memory_alloc(CUcontext ctx, size_t size, uintptr_t *base)
{
    struct range r = {.size = size, .kind = RANGE_DEVICE, .ctx = ctx, .dev = ctx->dev};
    struct slab *slab = NULL;

    if (size > ctx->dev->total_bytes) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (size <= SMALL_MAX) {
        r.base = small_alloc(ctx, sim_round_up(size, GRAIN) / GRAIN, &slab);
        r.slab = slab;
    } else {
        r.mapped = sim_round_up(size, SIM_PAGE);
        r.base = pages_new(ctx->dev, r.mapped);
    }
    r.access = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    if (r.base == 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (memory_add(r) != 0) {
        if (slab != NULL) {
            small_free(slab, r.base, sim_round_up(size, GRAIN) / GRAIN);
        } else {
            (void)munmap((void *)r.base, r.mapped);
            memory_uncharge(ctx->dev, r.mapped);
        }
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *base = r.base;
    return CUDA_SUCCESS;
}

void memory_release(uintptr_t base)
{
    const struct range *found = memory_find(base);
    struct range r;

    if (found == NULL || found->base != base) {
        return;
    }
    r = *found;
    memory_remove(base);
    if (r.slab != NULL) {
        small_free(r.slab, base, sim_round_up(r.size, GRAIN) / GRAIN);
    } else {
        (void)munmap((void *)base, r.mapped);
        if (r.kind == RANGE_DEVICE) {
            memory_uncharge(r.dev, r.mapped);
        }
    }
}
