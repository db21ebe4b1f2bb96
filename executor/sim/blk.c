/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/blk.h"

#include <stdlib.h>

#include "executor/sim/sim.h"

/* Instructions of all its threads that a warp runs before the next has its turn. */
#define TURN_INSNS 8192

/* The parts of a block's memory that each thread has its own of. */
static bool lanes_new(struct blk *b)
{
    uint32_t n = b->thr_count;
    size_t words = thr_words(b->func);
    size_t args = thr_args(b->func);
    size_t local = sim_round_up(b->local_bytes + 1, 16);

    b->words = calloc(b->warp_count * words * WARP, sizeof(*b->words));
    b->args = calloc(n, args + 1);
    b->locals = calloc(n, local);
    if (b->words == NULL || b->args == NULL || b->locals == NULL) {
        return false;
    }
    for (uint32_t k = 0; k < n; k++) {
        b->thr[k].args = b->args + k * args;
        b->thr[k].args_room = (uint32_t)args;
        b->thr[k].local = b->locals + k * local;
        b->thr[k].lane = k % WARP;
        b->thr[k].warp = &b->warp[k / WARP];
    }
    for (uint32_t k = 0; k < b->warp_count; k++) {
        b->warp[k].stack = b->words + k * words * WARP;
        b->warp[k].stack_words = (uint32_t)words;
        b->warp[k].blk = b;
        b->warp[k].thr = &b->thr[(size_t)k * WARP];
        b->warp[k].count = n - k * WARP < WARP ? n - k * WARP : WARP;
    }
    return true;
}

struct blk *blk_new(const struct blk_shape *s)
{
    struct blk *b = calloc(1, sizeof(*b));

    if (b == NULL) {
        return NULL;
    }
    b->func = s->func;
    b->thr_count = s->block[0] * s->block[1] * s->block[2];
    b->warp_count = (b->thr_count + WARP - 1) / WARP;
    b->shared_static = (uint32_t)sim_round_up(s->func->shared_bytes, 16);
    b->shared_bytes = b->shared_static + s->shared_dynamic;
    b->local_bytes = s->local_bytes;
    b->params = s->params;
    b->workspace = s->workspace;
    b->thr = calloc(b->thr_count, sizeof(*b->thr));
    b->warp = calloc(b->warp_count, sizeof(*b->warp));
    b->shared = calloc(1, sim_round_up(b->shared_bytes, 16) + PTX_SHARED_RESERVED_BYTES);
    if (b->thr == NULL || b->warp == NULL || b->shared == NULL || !lanes_new(b)) {
        blk_free(b);
        return NULL;
    }
    return b;
}

void blk_free(struct blk *b)
{
    for (uint32_t k = 0; b->thr != NULL && k < b->thr_count; k++) {
        if (b->thr[k].args_own) {
            free(b->thr[k].args);
        }
        free(b->thr[k].frame);
    }
    for (uint32_t k = 0; b->warp != NULL && k < b->warp_count; k++) {
        if (b->warp[k].stack_own) {
            free(b->warp[k].stack);
        }
    }
    free(b->thr);
    free(b->warp);
    free(b->words);
    free(b->args);
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
    }
    for (uint32_t k = 0; k < b->warp_count; k++) {
        if (!warp_start(&b->warp[k], b->func)) {
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

static void report(const struct blk *b, CUresult cu)
{
    const char *name = "?";

    (void)cuGetErrorName(cu, &name);
    sim_log("kernel %s, block (%u,%u,%u): %s at line %u of its PTX", b->func->name, b->ctaid[0],
            b->ctaid[1], b->ctaid[2], name, b->fault_at->line);
}

enum blk_state blk_run(struct blk *b, uint32_t *budget, CUresult *cu)
{
    while (b->live > 0) {
        if (b->cursor == 0) {
            b->stirred = false;
        }
        for (; b->cursor < b->warp_count; b->cursor++) {
            uint32_t turn = *budget < TURN_INSNS ? *budget : TURN_INSNS;
            uint32_t used;

            if (turn == 0) {
                return BLK_MORE;
            }
            used = warp_run(&b->warp[b->cursor], turn);
            b->stirred |= used != 0;
            *budget -= used < *budget ? used : *budget;
            if (b->fault != CUDA_SUCCESS) {
                report(b, b->fault);
                *cu = b->fault;
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
