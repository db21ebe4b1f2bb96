/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/warp.h"

#include <stdlib.h>

#include "executor/sim/thr.h"

/* Instructions of others after which a group comes first for once, and how many it then has. */
#define PATIENCE 512
#define QUOTA    512

struct group {
    uint32_t mask;
    const struct insn *pc;
    const struct insn *limit; /* others of this frame wait there: meet them */
    bool alone;               /* no other lane could go on */
};

#define NO_LIMIT ((const struct insn *)UINTPTR_MAX)

/* The lane whose group is to go on. */
static uint32_t leader(const struct warp *w, uint32_t able)
{
    uint32_t best = (uint32_t)__builtin_ctz(able);
    uint32_t oldest = best;

    for (uint32_t m = able & (able - 1); m != 0; m &= m - 1) {
        uint32_t k = (uint32_t)__builtin_ctz(m);

        if (w->order[k] < w->order[best] ||
            (w->order[k] == w->order[best] && w->pc[k] < w->pc[best])) {
            best = k;
        }
        oldest = w->passed[k] > w->passed[oldest] ? k : oldest;
    }
    return w->passed[oldest] >= PATIENCE ? oldest : best;
}

static void group_pick(const struct warp *w, uint32_t able, struct group *g)
{
    uint32_t first;

    g->limit = NO_LIMIT;
    g->alone = true;
    if (w->at != NULL) {
        g->mask = w->alive;
        g->pc = w->at;
        return;
    }
    first = leader(w, able);
    g->mask = 0;
    g->pc = w->pc[first];
    for (uint32_t m = able; m != 0; m &= m - 1) {
        uint32_t k = (uint32_t)__builtin_ctz(m);

        if (w->pc[k] == g->pc && w->base[k] == w->base[first]) {
            g->mask |= 1u << k;
        } else if (w->pc[k] > g->pc && w->pc[k] < g->limit && w->order[k] == w->order[first]) {
            g->limit = w->pc[k];
        }
    }
    g->alone = g->mask == w->run;
}

/* How many instructions the group ran; the lanes' places are up to date afterwards. */
static uint32_t group_run(struct warp *w, const struct group *g, uint32_t quota)
{
    const struct insn *pc = g->pc;
    uint32_t left = quota;

    w->at = NULL;
    while (left > 0 && pc < g->limit) {
        const struct insn *next = pc->fn(w, pc, g->mask);

        left--;
        if (next == NULL) {
            return quota - left; /* the routine has set each lane's place */
        }
        pc = next;
    }
    warp_set(w, g->mask, pc);
    return quota - left;
}

/* The others have waited for so long. */
static void account(struct warp *w, const struct group *g, uint32_t n)
{
    if (g->alone) {
        return;
    }
    for (uint32_t m = w->run; m != 0; m &= m - 1) {
        uint32_t k = (uint32_t)__builtin_ctz(m);

        w->passed[k] = (g->mask >> k & 1) != 0 ? 0 : w->passed[k] + n;
    }
}

uint32_t warp_run(struct warp *w, uint32_t budget)
{
    uint32_t used = 0;

    w->yielded = 0;
    while (used < budget && w->run != 0 && w->blk->fault == CUDA_SUCCESS) {
        uint32_t able = w->run & ~w->yielded;
        const struct thr *t;
        struct group g;
        uint32_t lanes;
        uint32_t quota;
        uint32_t n;

        if (able == 0) {
            break; /* the block's other warps first */
        }
        group_pick(w, able, &g);
        t = &w->thr[__builtin_ctz(g.mask)];
        w->reg = w->stack + (size_t)w->base[t->lane] * WARP;
        w->constant = t->bank[1];
        lanes = (uint32_t)__builtin_popcount(g.mask);
        quota = (budget - used + lanes - 1) / lanes;
        n = group_run(w, &g, g.alone || quota < QUOTA ? quota : QUOTA);
        account(w, &g, n);
        used += n * lanes;
    }
    return used;
}

void warp_set(struct warp *w, uint32_t mask, const struct insn *pc)
{
    if (mask == w->alive) {
        w->at = pc;
        return;
    }
    for (uint32_t m = mask; m != 0; m &= m - 1) {
        w->pc[__builtin_ctz(m)] = pc;
    }
}

bool warp_stack_grow(struct warp *w, uint32_t words)
{
    uint32_t room = w->stack_words * 2 > words ? w->stack_words * 2 : words * 2;
    uint64_t *stack = malloc((size_t)room * WARP * sizeof(*stack));

    if (stack == NULL) {
        return false;
    }
    memcpy(stack, w->stack, (size_t)w->stack_words * WARP * sizeof(*stack));
    if (w->stack_own) {
        free(w->stack);
    }
    w->stack = stack;
    w->stack_words = room;
    w->stack_own = true;
    for (uint32_t k = 0; k < WARP; k++) {
        if ((w->alive >> k & 1) != 0) {
            w->thr[k].bank[0] = stack + (size_t)w->base[k] * WARP + k;
        }
    }
    return true;
}

bool warp_start(struct warp *w, const struct ptx_func *entry)
{
    w->alive = 0;
    w->at = NULL;
    w->plain = 0;
    w->barred = 0;
    w->syncing = 0;
    w->yielded = 0;
    memset(w->stack, 0, (size_t)thr_words(entry) * WARP * sizeof(*w->stack));
    for (uint32_t k = 0; k < w->count; k++) {
        w->passed[k] = 0;
        w->alive |= 1u << k;
        if (!thr_start(&w->thr[k], entry)) {
            return false;
        }
    }
    w->run = w->alive;
    w->at = entry->code;
    return true;
}
