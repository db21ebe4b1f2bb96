/* SPDX-License-Identifier: Apache-2.0 */
#include "common/range_alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "common/overflow.h"
#include "common/range_tree.h"

struct vgpu_range {
    struct range_block *root;
    uint64_t base;
    uint64_t size;
    uint64_t min_align;
    uint64_t free_bytes;
    size_t live;
    size_t live_max;
    uint64_t random;
};

/*
 * The kernel's random bytes for this process: they cost no system call, so an
 * allocator can be made inside a locked worker.
 */
static uint64_t random_seed(const struct vgpu_range *r)
{
    const void *bytes = (const void *)getauxval(AT_RANDOM);
    uint64_t seed = 0;

    if (bytes != NULL) {
        memcpy(&seed, bytes, sizeof(seed));
    }
    return seed ^ ((uint64_t)(uintptr_t)r * UINT64_C(0x9e3779b97f4a7c15));
}

/* splitmix64 */
static uint64_t next_random(struct vgpu_range *r)
{
    uint64_t z = (r->random += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct range_block *new_block(struct vgpu_range *r)
{
    struct range_block *block = calloc(1, sizeof(*block));

    if (block != NULL) {
        block->priority = next_random(r);
    }
    return block;
}

struct vgpu_range *vgpu_range_new(uint64_t base, uint64_t size, uint64_t min_align)
{
    struct vgpu_range *r;
    uint64_t end;

    if (!vgpu_is_pow2(min_align) || size == 0 || !vgpu_u64_add(base, size, &end) ||
        ((base | size) & (min_align - 1)) != 0) {
        return NULL;
    }
    r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return NULL;
    }
    r->base = base;
    r->size = size;
    r->min_align = min_align;
    r->free_bytes = size;
    r->live_max = SIZE_MAX;
    r->random = random_seed(r);
    r->root = new_block(r);
    if (r->root == NULL) {
        free(r);
        return NULL;
    }
    r->root->addr = base;
    r->root->size = size;
    r->root->max_hole = size;
    return r;
}

void vgpu_range_destroy(struct vgpu_range *r)
{
    if (r == NULL) {
        return;
    }
    while (r->root != NULL) {
        free(range_tree_remove(&r->root, r->root->addr));
    }
    free(r);
}

void vgpu_range_set_limit(struct vgpu_range *r, size_t live_max)
{
    r->live_max = live_max;
}

static void add_hole(struct vgpu_range *r, struct range_block *block, uint64_t addr, uint64_t size)
{
    block->addr = addr;
    block->size = size;
    block->want = 0;
    range_tree_insert(&r->root, block);
}

/* Makes [start, start + size) of the hole a live block; what is left stays holes. */
static int take(struct vgpu_range *r, struct range_block *hole, uint64_t start, uint64_t size,
                uint64_t want)
{
    uint64_t before = start - hole->addr;
    uint64_t after = hole->size - before - size;
    struct range_block *low = NULL;
    struct range_block *high = NULL;

    if (r->live >= r->live_max) {
        return -EDQUOT;
    }
    if (before > 0 && (low = new_block(r)) == NULL) {
        return -ENOMEM;
    }
    if (after > 0 && (high = new_block(r)) == NULL) {
        free(low);
        return -ENOMEM;
    }
    (void)range_tree_remove(&r->root, hole->addr);
    if (low != NULL) {
        add_hole(r, low, hole->addr, before);
    }
    if (high != NULL) {
        add_hole(r, high, start + size, after);
    }
    hole->addr = start;
    hole->size = size;
    hole->want = want;
    range_tree_insert(&r->root, hole);
    r->free_bytes -= size;
    r->live++;
    return 0;
}

static struct range_block *choose_hole(struct vgpu_range *r, uint64_t size, uint64_t align)
{
    struct range_block *hole = NULL;
    uint64_t worst;

    /* Holes start at multiples of min_align: this much room always has an aligned start. */
    if (vgpu_u64_add(size, align - r->min_align, &worst)) {
        hole = range_tree_first_hole(r->root, worst);
    }
    if (hole == NULL && align > r->min_align) {
        hole = range_tree_aligned_hole(r->root, size, align);
    }
    return hole;
}

int vgpu_range_alloc(struct vgpu_range *r, uint64_t size, uint64_t align, uint64_t *out)
{
    struct range_block *hole;
    uint64_t rounded;
    uint64_t start;
    int rc;

    if (size == 0 || (align != 0 && !vgpu_is_pow2(align))) {
        return -EINVAL;
    }
    if (align < r->min_align) {
        align = r->min_align;
    }
    if (!vgpu_u64_align_up(size, r->min_align, &rounded)) {
        return -ENOSPC;
    }
    hole = choose_hole(r, rounded, align);
    if (hole == NULL || !range_block_fit(hole, rounded, align, &start)) {
        return -ENOSPC;
    }
    rc = take(r, hole, start, rounded, size);
    if (rc == 0) {
        *out = start;
    }
    return rc;
}

int vgpu_range_alloc_at(struct vgpu_range *r, uint64_t addr, uint64_t size)
{
    struct range_block *hole;
    uint64_t rounded;

    if (size == 0 || (addr & (r->min_align - 1)) != 0 ||
        !vgpu_u64_align_up(size, r->min_align, &rounded) || addr < r->base ||
        !vgpu_span_fits(addr - r->base, rounded, r->size)) {
        return -EINVAL;
    }
    hole = range_tree_floor(r->root, addr);
    if (hole == NULL || !range_block_is_hole(hole) ||
        !vgpu_span_fits(addr - hole->addr, rounded, hole->size)) {
        return -EEXIST;
    }
    return take(r, hole, addr, rounded, size);
}

/* Joins the block with the hole that starts where it ends, if there is one. */
static void join_next(struct vgpu_range *r, struct range_block *block)
{
    uint64_t after = block->addr + block->size;
    struct range_block *next = range_tree_floor(r->root, after);

    if (next != NULL && next->addr == after && range_block_is_hole(next)) {
        block->size += next->size;
        free(range_tree_remove(&r->root, after));
        range_tree_refresh(r->root, block->addr);
    }
}

int vgpu_range_free(struct vgpu_range *r, uint64_t addr)
{
    struct range_block *block = range_tree_floor(r->root, addr);
    struct range_block *before;

    if (block == NULL || block->addr != addr || range_block_is_hole(block)) {
        return -ENOENT;
    }
    r->free_bytes += block->size;
    r->live--;
    block->want = 0;
    range_tree_refresh(r->root, addr);
    join_next(r, block);
    before = addr == r->base ? NULL : range_tree_floor(r->root, addr - 1);
    if (before != NULL && range_block_is_hole(before)) {
        join_next(r, before);
    }
    return 0;
}

static void report(const struct range_block *block, uint64_t *base, uint64_t *size)
{
    if (base != NULL) {
        *base = block->addr;
    }
    if (size != NULL) {
        *size = block->want;
    }
}

int vgpu_range_find(const struct vgpu_range *r, uint64_t addr, uint64_t *base, uint64_t *size)
{
    const struct range_block *block = range_tree_floor(r->root, addr);

    if (block == NULL || range_block_is_hole(block) || addr - block->addr >= block->want) {
        return -ENOENT;
    }
    report(block, base, size);
    return 0;
}

int vgpu_range_next(const struct vgpu_range *r, uint64_t addr, uint64_t *base, uint64_t *size)
{
    const struct range_block *block;

    block = range_tree_next_live(r->root, addr < r->base ? r->base : addr);
    if (block == NULL) {
        return -ENOENT;
    }
    report(block, base, size);
    return 0;
}

size_t vgpu_range_count(const struct vgpu_range *r)
{
    return r->live;
}

uint64_t vgpu_range_free_bytes(const struct vgpu_range *r)
{
    return r->free_bytes;
}

uint64_t vgpu_range_largest_hole(const struct vgpu_range *r)
{
    return r->root->max_hole;
}
