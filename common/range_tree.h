/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_RANGE_TREE_H
#define VGPU_COMMON_RANGE_TREE_H

/*
 * The tree under range_alloc.c (private to common/): a treap of blocks, ordered
 * by address, in which every node knows the largest hole below it.  Blocks tile
 * the interval without gaps.  The tree borrows its blocks.
 */

#include <stdbool.h>
#include <stdint.h>

struct range_block {
    uint64_t addr;
    uint64_t size;
    /* Bytes asked for; 0 marks a hole. */
    uint64_t want;
    /* Size of the largest hole in this subtree. */
    uint64_t max_hole;
    uint64_t priority;
    struct range_block *left;
    struct range_block *right;
};

static inline bool range_block_is_hole(const struct range_block *block)
{
    return block->want == 0;
}

/* Adds a block whose address is not in the tree yet; the priority must be random. */
void range_tree_insert(struct range_block **root, struct range_block *block);

/* Takes the block with this address out and returns it; NULL if there is none. */
struct range_block *range_tree_remove(struct range_block **root, uint64_t addr);

/* Recomputes what depends on the block at addr, after its size or kind changed. */
void range_tree_refresh(struct range_block *root, uint64_t addr);

/* The block with the highest address not above addr; NULL if there is none. */
struct range_block *range_tree_floor(struct range_block *root, uint64_t addr);

/* The lowest live block that starts at addr or above; NULL if there is none. */
struct range_block *range_tree_next_live(struct range_block *root, uint64_t addr);

/* The lowest hole of at least size bytes; NULL if there is none. */
struct range_block *range_tree_first_hole(struct range_block *root, uint64_t size);

/*
 * The lowest hole in which size bytes aligned to align (a power of two) fit; NULL
 * if there is none.  Looks at every hole of that size in the worst case.
 */
struct range_block *range_tree_aligned_hole(struct range_block *root, uint64_t size,
                                            uint64_t align);

/* Where size bytes aligned to align start in this hole; false if they do not fit. */
bool range_block_fit(const struct range_block *hole, uint64_t size, uint64_t align,
                     uint64_t *start);

#endif
