/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/kexec.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "executor/sim/blk.h"
#include "executor/sim/rule.h"

/* Instructions in one slice: some hundred microseconds at most. */
#define SLICE_INSNS 60000
/* Slices without a block's end before another block joins. */
#define PATIENCE 16
/* Blocks that the device holds at once; more never start before others end. */
#define RESIDENT_MAX (UINT64_C(16) * SIM_SM_COUNT)

struct kexec {
    struct blk_shape shape;
    uint64_t next;  /* block to start next */
    uint64_t count; /* of blocks */
    uint64_t resident_max;
    uint64_t resident; /* blocks that may be under way */
    uint64_t running;
    uint32_t slices;  /* since a block ended or joined */
    uint32_t stalled; /* blocks in a row that could do nothing */
    struct blk *head; /* under way, the next to go on first */
    struct blk *tail;
    struct blk *spare; /* memory of a block that ended */
    CUresult rule;     /* it ends with that, by rule */
    bool hangs;        /* it never ends, by rule */
    alignas(16) uint8_t workspace[GRID_WORKSPACE];
    alignas(16) uint8_t params[];
};

struct kexec *kexec_new(const struct kexec_launch *l)
{
    struct kexec *k = calloc(1, sizeof(*k) + l->func->param_bytes + 1);

    if (k == NULL) {
        return NULL;
    }
    memcpy(k->params, l->params, l->func->param_bytes);
    k->rule = sim_rule_kernel(&k->hangs);
    k->count = (uint64_t)l->grid[0] * l->grid[1] * l->grid[2];
    k->resident_max = l->cooperative ? k->count : RESIDENT_MAX;
    k->resident = l->cooperative ? k->count : 1;
    k->shape.func = l->func;
    k->shape.params = k->params;
    k->shape.workspace = l->cooperative ? k->workspace : NULL;
    k->shape.shared_dynamic = l->shared_dynamic;
    k->shape.local_bytes =
        l->func->stack_bytes + (l->func->recursive ? (uint32_t)l->stack_limit : 0);
    for (int i = 0; i < 3; i++) {
        k->shape.grid[i] = l->grid[i];
        k->shape.block[i] = l->block[i];
    }
    return k;
}

void kexec_free(struct kexec *k)
{
    struct blk *next;

    for (struct blk *b = k->head; b != NULL; b = next) {
        next = b->next;
        blk_free(b);
    }
    if (k->spare != NULL) {
        blk_free(k->spare);
    }
    free(k);
}

static void append(struct kexec *k, struct blk *b)
{
    b->next = NULL;
    if (k->tail != NULL) {
        k->tail->next = b;
    } else {
        k->head = b;
    }
    k->tail = b;
}

/* Start blocks as far as they may be under way; false without memory. */
static bool admit(struct kexec *k)
{
    while (k->running < k->resident && k->next < k->count) {
        struct blk *b = k->spare != NULL ? k->spare : blk_new(&k->shape);

        k->spare = NULL;
        if (b == NULL) {
            return k->running != 0;
        }
        if (!blk_start(b, &k->shape, k->next)) {
            blk_free(b);
            return k->running != 0;
        }
        k->next++;
        k->running++;
        append(k, b);
    }
    return true;
}

/* Nothing ended for a while: one more block may help the others along. */
static void more_blocks(struct kexec *k)
{
    k->slices = 0;
    if (k->resident < k->resident_max) {
        k->resident++;
    }
}

static void block_ended(struct kexec *k, struct blk *b)
{
    k->running--;
    k->slices = 0;
    if (k->spare == NULL) {
        k->spare = b;
    } else {
        blk_free(b);
    }
}

/* Run the first block until the slice's instructions are used up or it stops. */
static enum blk_state run_first(struct kexec *k, uint32_t *budget, CUresult *cu)
{
    struct blk *b = k->head;
    enum blk_state state;

    k->head = b->next;
    if (k->head == NULL) {
        k->tail = NULL;
    }
    state = blk_run(b, budget, cu);
    if (state == BLK_DONE) {
        block_ended(k, b);
    } else {
        append(k, b);
    }
    return state;
}

enum kexec_state kexec_slice(struct kexec *k, CUresult *cu)
{
    uint32_t budget = SLICE_INSNS;

    if (k->hangs) {
        return KEXEC_STALLED;
    }
    if (k->rule != CUDA_SUCCESS) {
        *cu = k->rule;
        return KEXEC_DONE;
    }
    for (struct blk *b = k->head; b != NULL; b = b->next) {
        blk_forget(b); /* the table of ranges may have changed */
    }
    while (budget > 0) {
        enum blk_state state;

        if (!admit(k)) {
            *cu = CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
            return KEXEC_DONE;
        }
        if (k->head == NULL) {
            return KEXEC_DONE;
        }
        state = run_first(k, &budget, cu);
        if (*cu != CUDA_SUCCESS) {
            return KEXEC_DONE;
        }
        k->stalled = state == BLK_STALLED ? k->stalled + 1 : 0;
        if (k->stalled > k->running) {
            if (k->next == k->count || k->resident == k->resident_max) {
                return KEXEC_STALLED;
            }
            more_blocks(k);
        }
    }
    if (++k->slices >= PATIENCE) {
        more_blocks(k);
    }
    return KEXEC_MORE;
}
