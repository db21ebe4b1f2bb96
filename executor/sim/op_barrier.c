/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_memory.h"
#include "executor/sim/op_warp.h"
#include "executor/sim/thr.h"

/*
 * Barriers of a block.  a: number, b: count of threads if imm has COUNT, c:
 * predicate of a reduction.
 */
enum {
    BAR_SYNC,
    BAR_ARRIVE,
    BAR_POPC,
    BAR_AND,
    BAR_OR,
    BAR_CLUSTER, /* it is waited for apart from the arrival */
};
#define BAR_KIND  15
#define BAR_COUNT 16

/* A thread's answer as it leaves. */
static void leave(struct thr *t, const struct barrier *bar)
{
    const struct insn *i = t->warp->pc[t->lane];

    switch (i->imm & BAR_KIND) {
    case BAR_POPC:
        op_set(t, i->d, bar->yes);
        break;
    case BAR_AND:
        op_set(t, i->d, bar->yes == bar->counted);
        break;
    case BAR_OR:
        op_set(t, i->d, bar->yes != 0);
        break;
    default:
        break;
    }
    t->warp->pc[t->lane] = i + 1;
    t->warp->barred &= ~(1u << t->lane);
    t->warp->run |= 1u << t->lane;
}

/* The thread waits at i, which is barrier id. */
static void wait_at(struct thr *t, const struct insn *i, uint32_t id)
{
    t->wait_id = id;
    t->warp->pc[t->lane] = i;
    t->warp->run &= ~(1u << t->lane);
    t->warp->barred |= 1u << t->lane;
    t->blk->waiting++;
}

void barrier_check(struct blk *b, uint32_t id)
{
    struct barrier *bar = &b->barrier[id];
    struct barrier was = *bar;

    if (bar->arrived == 0 || bar->arrived < (bar->needed != 0 ? bar->needed : b->live)) {
        return;
    }
    *bar = (struct barrier){0};
    b->stirred = true;
    b->cluster_phase += id == BARRIER_CLUSTER ? 1 : 0;
    for (uint32_t n = 0; n < b->warp_count; n++) {
        struct warp *w = &b->warp[n];

        if (w->plain != 0 && w->plain_id == id) {
            b->waiting -= (uint32_t)__builtin_popcount(w->plain);
            w->barred &= ~w->plain;
            w->run |= w->plain;
            warp_set(w, w->plain, w->plain_at + 1);
            w->plain = 0;
        }
        for (uint32_t m = w->barred & ~w->plain; m != 0; m &= m - 1) {
            struct thr *t = &w->thr[__builtin_ctz(m)];

            if (t->wait_id == id) {
                leave(t, &was);
                b->waiting--;
            }
        }
    }
}

HANDLER(bar_lane)
{
    uint32_t id = (uint32_t)op_get(t, i->a);
    uint32_t kind = (uint32_t)i->imm & BAR_KIND;
    struct barrier *bar;

    if (id >= BARRIER_CLUSTER) {
        return op_fault(t, i, CUDA_ERROR_ILLEGAL_INSTRUCTION);
    }
    bar = &t->blk->barrier[id];
    bar->arrived++;
    bar->needed = (i->imm & BAR_COUNT) != 0 ? (uint32_t)op_get(t, i->b) : 0;
    if (kind >= BAR_POPC) {
        bar->counted++;
        bar->yes += (uint32_t)op_get(t, i->c) & 1;
    }
    if (kind == BAR_ARRIVE) {
        barrier_check(t->blk, id);
        return i + 1;
    }
    wait_at(t, i, id);
    barrier_check(t->blk, id);
    return NULL;
}

/* Of all threads, its number known: the whole group arrives at once. */
static const struct insn *bar(struct warp *w, const struct insn *i, uint32_t mask)
{
    uint32_t id = (uint32_t)w->constant[i->a & ~PTX_CONST];

    w->blk->barrier[id].arrived += (uint32_t)__builtin_popcount(mask);
    w->blk->barrier[id].needed = 0;
    if (w->plain == 0) {
        w->plain = mask;
        w->plain_id = id;
        w->plain_at = i;
        w->barred |= mask;
        w->run &= ~mask;
        w->blk->waiting += (uint32_t)__builtin_popcount(mask);
    } else {
        for (uint32_t m = mask; m != 0; m &= m - 1) {
            wait_at(&w->thr[__builtin_ctz(m)], i, id);
        }
    }
    barrier_check(w->blk, id);
    return NULL;
}

HANDLER(cluster_arrive)
{
    t->cluster_phase = t->blk->cluster_phase;
    t->blk->barrier[BARRIER_CLUSTER].arrived++;
    barrier_check(t->blk, BARRIER_CLUSTER);
    return i + 1;
}

HANDLER(cluster_wait)
{
    if (t->cluster_phase != t->blk->cluster_phase) {
        return i + 1;
    }
    wait_at(t, i, BARRIER_CLUSTER);
    barrier_check(t->blk, BARRIER_CLUSTER); /* others may have ended since the arrival */
    return NULL;
}

static void lower_cluster(struct ptx_build *b, struct ptx_inst *in)
{
    static const char *const order[] = {"acquire", "release", "relaxed", "aligned", NULL};
    bool arrive = ptx_mod(in, "arrive");

    if (!arrive && !ptx_mod(in, "wait")) {
        ptx_unsupported(b, in);
    }
    b->module->sees_clusters = true;
    ptx_mod_ignore(in, order);
    ptx_operands(b, in, 0, 0);
    ptx_emit(b, arrive ? cluster_arrive : cluster_wait)->imm = BAR_CLUSTER;
}

static void lower_reduction(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t kind = ptx_mod(in, "popc")  ? BAR_POPC
                   : ptx_mod(in, "and") ? BAR_AND
                   : ptx_mod(in, "or")  ? BAR_OR
                                        : -1;
    bool counted = in->opd_count == 4;
    uint32_t s[3] = {0};
    struct insn *i;

    if (kind < 0 || !ptx_mod(in, kind == BAR_POPC ? "u32" : "pred")) {
        ptx_unsupported(b, in);
    }
    ptx_operands(b, in, 3, 4);
    s[0] = ptx_src(b, in, 1, T_U32);
    s[1] = counted ? ptx_src(b, in, 2, T_U32) : 0;
    s[2] = ptx_src(b, in, counted ? 3 : 2, T_PRED);
    i = ptx_emit(b, bar_lane);
    i->d = ptx_dst(b, in, 0);
    i->a = s[0];
    i->b = s[1];
    i->c = s[2];
    i->imm = kind | (counted ? BAR_COUNT : 0);
}

static void lower_bar(struct ptx_build *b, struct ptx_inst *in)
{
    static const char *const without_effect[] = {"cta", "aligned", NULL};
    bool arrive = false;
    bool counted;
    bool plain;
    uint32_t s[2];
    struct insn *i;

    ptx_mod_ignore(in, without_effect);
    if (ptx_mod(in, "warp")) {
        op_lower_syncwarp(b, in);
        return;
    }
    if (ptx_mod(in, "cluster")) {
        lower_cluster(b, in);
        return;
    }
    if (ptx_mod(in, "red")) {
        lower_reduction(b, in);
        return;
    }
    arrive = ptx_mod(in, "arrive");
    if (!arrive && !ptx_mod(in, "sync")) {
        ptx_unsupported(b, in);
    }
    ptx_operands(b, in, arrive ? 2 : 1, 2);
    counted = in->opd_count == 2;
    s[0] = ptx_src(b, in, 0, T_U32);
    s[1] = counted ? ptx_src(b, in, 1, T_U32) : 0;
    plain = !arrive && !counted && in->opd[0].kind == OPD_INT && in->opd[0].value < BARRIER_CLUSTER;
    i = ptx_emit(b, plain ? bar : bar_lane);
    i->a = s[0];
    i->b = s[1];
    i->imm = (arrive ? BAR_ARRIVE : BAR_SYNC) | (counted ? BAR_COUNT : 0);
}

static void lower_fence(struct ptx_build *b, struct ptx_inst *in)
{
    static const char *const scopes[] = {"cta",
                                         "gl",
                                         "sys",
                                         "gpu",
                                         "cluster",
                                         "sc",
                                         "acq_rel",
                                         "acquire",
                                         "release",
                                         "mbarrier_init",
                                         "proxy",
                                         "alias",
                                         "async",
                                         "async::generic",
                                         "global",
                                         "shared::cta",
                                         "shared::cluster",
                                         "sync_restrict::shared::cta",
                                         "sync_restrict::shared::cluster",
                                         NULL};

    ptx_mod_ignore(in, scopes);
    op_emit_fence(b);
}

const struct lower_row lower_barrier[] = {
    {"bar", lower_bar},     {"barrier", lower_bar}, {"membar", lower_fence},
    {"fence", lower_fence}, {NULL, NULL},
};
