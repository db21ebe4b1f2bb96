/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/blk.h"

#include <stdlib.h>

#include "executor/sim/sim.h"

/* Instructions that a thread runs before the next has its turn. */
#define TURN_INSNS 2048

struct blk *blk_new(const struct blk_shape *s)
{
    struct blk *b = calloc(1, sizeof(*b));
    uint32_t n = s->block[0] * s->block[1] * s->block[2];
    size_t words = thr_words(s->func);

    if (b == NULL) {
        return NULL;
    }
    b->func = s->func;
    b->thr_count = n;
    b->shared_static = (uint32_t)sim_round_up(s->func->shared_bytes, 16);
    b->shared_bytes = b->shared_static + s->shared_dynamic;
    b->local_bytes = s->local_bytes;
    b->params = s->params;
    b->workspace = s->workspace;
    b->thr = calloc(n, sizeof(*b->thr));
    b->words = calloc(n * words, sizeof(*b->words));
    b->locals = calloc(n, sim_round_up(s->local_bytes + 1, 16));
    b->shared = calloc(1, sim_round_up(b->shared_bytes, 16) + PTX_SHARED_RESERVED_BYTES);
    if (b->thr == NULL || b->words == NULL || b->locals == NULL || b->shared == NULL) {
        blk_free(b);
        return NULL;
    }
    for (uint32_t k = 0; k < n; k++) {
        b->thr[k].stack = b->words + k * words;
        b->thr[k].stack_words = (uint32_t)words;
        b->thr[k].local = b->locals + k * sim_round_up(s->local_bytes + 1, 16);
    }
    return b;
}

void blk_free(struct blk *b)
{
    for (uint32_t k = 0; b->thr != NULL && k < b->thr_count; k++) {
        if (b->thr[k].stack_own) {
            free(b->thr[k].stack);
        }
        free(b->thr[k].frame);
    }
    free(b->thr);
    free(b->words);
    free(b->locals);
    free(b->shared);
    free(b);
}

static void thread_place(struct blk *b, uint32_t k)
{
    struct thr *t = &b->thr[k];

    t->blk = b;
    t->lin = k;
    t->tid[0] = k % b->ntid[0];
    t->tid[1] = k / b->ntid[0] % b->ntid[1];
    t->tid[2] = k / b->ntid[0] / b->ntid[1];
    t->carry = 0;
    t->cluster_phase = UINT32_MAX; /* waits without having arrived: not at all */
}

bool blk_start(struct blk *b, const struct blk_shape *s, uint64_t n)
{
    for (int k = 0; k < 3; k++) {
        b->ntid[k] = s->block[k];
        b->nctaid[k] = s->grid[k];
    }
    b->number = n;
    b->ctaid[0] = (uint32_t)(n % s->grid[0]);
    b->ctaid[1] = (uint32_t)(n / s->grid[0] % s->grid[1]);
    b->ctaid[2] = (uint32_t)(n / s->grid[0] / s->grid[1]);
    b->live = b->thr_count;
    b->waiting = 0;
    b->cursor = 0;
    memset(b->barrier, 0, sizeof(b->barrier));
    b->cluster_phase = 0;
    blk_forget(b);
    for (uint32_t k = 0; k < b->thr_count; k++) {
        thread_place(b, k);
        if (!thr_start(&b->thr[k], b->func)) {
            return false;
        }
    }
    return true;
}

void blk_forget(struct blk *b)
{
    b->hit_base = 0;
    b->hit_limit = 0;
    b->hit_access = 0;
}

/* Up to n instructions of one thread; how many it ran. */
static uint32_t thread_run(struct thr *t, uint32_t n)
{
    const struct insn *pc = t->pc;
    uint32_t left = n;

    while (left > 0) {
        const struct insn *next = pc->fn(t, pc);

        left--;
        if (next == NULL) {
            return n - left; /* the routine has set pc and state */
        }
        pc = next;
    }
    t->pc = pc;
    return n;
}

/* A thread's end may complete what others wait for. */
static void thread_ended(struct blk *b, const struct thr *t)
{
    uint32_t first = t->lin / WARP * WARP;

    b->live--;
    for (uint32_t id = 0; id < BARRIERS && b->waiting != 0; id++) {
        if (b->barrier[id].needed == 0) {
            barrier_check(b, id);
        }
    }
    for (uint32_t k = 0; k < WARP && first + k < b->thr_count; k++) {
        if (b->thr[first + k].state == THR_WARP && b->thr[first + k].wait_mask != 0) {
            warp_check(b, &b->thr[first + k]);
        }
    }
}

/* One turn of each thread of a warp; false when the budget or the luck is out. */
static bool warp_run(struct blk *b, uint32_t warp, uint32_t *budget)
{
    uint32_t end = (warp + 1) * WARP < b->thr_count ? (warp + 1) * WARP : b->thr_count;

    for (; b->cursor < end; b->cursor++) {
        struct thr *t = &b->thr[b->cursor];
        uint32_t n = *budget < TURN_INSNS ? *budget : TURN_INSNS;

        if (t->state != THR_RUN) {
            continue;
        }
        if (n == 0) {
            return false;
        }
        b->stirred = true;
        *budget -= thread_run(t, n);
        if (b->fault != CUDA_SUCCESS) {
            return false;
        }
        if (t->state == THR_DONE) {
            thread_ended(b, t);
        }
    }
    warp_settle(b, warp);
    return true;
}

static void report(const struct blk *b, CUresult cu)
{
    const char *name = "?";

    (void)cuGetErrorName(cu, &name);
    sim_log("kernel %s, block (%u,%u,%u): %s at line %u of its PTX", b->func->name, b->ctaid[0],
            b->ctaid[1], b->ctaid[2], name, b->fault_at->line);
}

enum blk_state blk_run(struct blk *b, uint32_t *budget, CUresult *cu)
{
    uint32_t warps = (b->thr_count + WARP - 1) / WARP;

    while (b->live > 0) {
        if (b->cursor == 0) {
            b->stirred = false;
        }
        for (uint32_t w = b->cursor / WARP; w < warps; w++) {
            if (!warp_run(b, w, budget)) {
                if (b->fault != CUDA_SUCCESS) {
                    report(b, b->fault);
                    *cu = b->fault;
                }
                return BLK_MORE;
            }
        }
        b->cursor = 0;
        if (!b->stirred) {
            return BLK_STALLED;
        }
    }
    return BLK_DONE;
}
