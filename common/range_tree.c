/* SPDX-License-Identifier: Apache-2.0 */
#include "common/range_tree.h"

#include <stddef.h>

#include "common/overflow.h"

/*
 * Recursion is as deep as the tree, which is O(log n) with overwhelming
 * probability: priorities are random and no caller can see or choose them.
 */

static uint64_t max_hole_of(const struct range_block *block)
{
    return block == NULL ? 0 : block->max_hole;
}

static void pull(struct range_block *block)
{
    uint64_t best = range_block_is_hole(block) ? block->size : 0;

    if (max_hole_of(block->left) > best) {
        best = max_hole_of(block->left);
    }
    if (max_hole_of(block->right) > best) {
        best = max_hole_of(block->right);
    }
    block->max_hole = best;
}

/* Splits into blocks below addr and the rest. */
static void split(struct range_block *root, uint64_t addr, struct range_block **low,
                  struct range_block **high)
{
    if (root == NULL) {
        *low = NULL;
        *high = NULL;
    } else if (root->addr < addr) {
        split(root->right, addr, &root->right, high);
        *low = root;
        pull(root);
    } else {
        split(root->left, addr, low, &root->left);
        *high = root;
        pull(root);
    }
}

/* Joins two trees; every address of low is below every address of high. */
static struct range_block *merge(struct range_block *low, struct range_block *high)
{
    if (low == NULL) {
        return high;
    }
    if (high == NULL) {
        return low;
    }
    if (low->priority > high->priority) {
        low->right = merge(low->right, high);
        pull(low);
        return low;
    }
    high->left = merge(low, high->left);
    pull(high);
    return high;
}

void range_tree_insert(struct range_block **root, struct range_block *block)
{
    struct range_block *top = *root;

    if (top == NULL || block->priority > top->priority) {
        split(top, block->addr, &block->left, &block->right);
        pull(block);
        *root = block;
        return;
    }
    range_tree_insert(block->addr < top->addr ? &top->left : &top->right, block);
    pull(top);
}

struct range_block *range_tree_remove(struct range_block **root, uint64_t addr)
{
    struct range_block *top = *root;
    struct range_block *taken;

    if (top == NULL) {
        return NULL;
    }
    if (top->addr == addr) {
        *root = merge(top->left, top->right);
        top->left = NULL;
        top->right = NULL;
        return top;
    }
    taken = range_tree_remove(addr < top->addr ? &top->left : &top->right, addr);
    pull(top);
    return taken;
}

void range_tree_refresh(struct range_block *root, uint64_t addr)
{
    if (root == NULL) {
        return;
    }
    if (addr != root->addr) {
        range_tree_refresh(addr < root->addr ? root->left : root->right, addr);
    }
    pull(root);
}

struct range_block *range_tree_floor(struct range_block *root, uint64_t addr)
{
    struct range_block *best = NULL;

    while (root != NULL) {
        if (root->addr <= addr) {
            best = root;
            root = root->right;
        } else {
            root = root->left;
        }
    }
    return best;
}

struct range_block *range_tree_next_live(struct range_block *root, uint64_t addr)
{
    struct range_block *block = range_tree_floor(root, addr);

    if (block != NULL && block->addr < addr) {
        block = range_tree_floor(root, block->addr + block->size);
        if (block != NULL && block->addr < addr) {
            return NULL;
        }
    }
    /* Neighbouring holes are always joined, so a hole is followed by a live block. */
    if (block != NULL && range_block_is_hole(block)) {
        uint64_t after = block->addr + block->size;

        block = range_tree_floor(root, after);
        if (block != NULL && block->addr != after) {
            return NULL;
        }
    }
    return block;
}

struct range_block *range_tree_first_hole(struct range_block *root, uint64_t size)
{
    while (root != NULL && root->max_hole >= size) {
        if (max_hole_of(root->left) >= size) {
            root = root->left;
        } else if (range_block_is_hole(root) && root->size >= size) {
            return root;
        } else {
            root = root->right;
        }
    }
    return NULL;
}

bool range_block_fit(const struct range_block *hole, uint64_t size, uint64_t align, uint64_t *start)
{
    uint64_t at;

    if (!vgpu_u64_align_up(hole->addr, align, &at) ||
        !vgpu_span_fits(at - hole->addr, size, hole->size)) {
        return false;
    }
    *start = at;
    return true;
}

struct range_block *range_tree_aligned_hole(struct range_block *root, uint64_t size, uint64_t align)
{
    struct range_block *found;
    uint64_t start;

    if (max_hole_of(root) < size) {
        return NULL;
    }
    found = range_tree_aligned_hole(root->left, size, align);
    if (found != NULL) {
        return found;
    }
    if (range_block_is_hole(root) && range_block_fit(root, size, align, &start)) {
        return root;
    }
    return range_tree_aligned_hole(root->right, size, align);
}
