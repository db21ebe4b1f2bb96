/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/settled.h"

#include <stdlib.h>
#include <string.h>

#include "gs_calls.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/session.h"

void gs_settled_init(struct gs_settled *settled)
{
    atomic_store(&settled->high, 1); /* the legacy stream */
    atomic_store(&settled->orphans, 0);
    atomic_store(&settled->orphans_done, 0);
    atomic_store(&settled->legacy, 0);
    memset(settled->last, 0, sizeof(settled->last));
    (void)pthread_mutex_init(&settled->lock, NULL);
    for (uint32_t i = 0; i < VGPU_STREAMS_MAX; i++) {
        atomic_store_explicit(&settled->done[i], 0, memory_order_relaxed);
        atomic_store_explicit(&settled->joins[i], GS_JOINS_NONE, memory_order_relaxed);
    }
    atomic_store(&settled->joins[0], GS_JOINS_EVENTS);
}

/* True when it was less. */
static bool raise_to(_Atomic uint64_t *word, uint64_t value)
{
    uint64_t now = atomic_load_explicit(word, memory_order_relaxed);

    while (now < value) {
        if (atomic_compare_exchange_weak_explicit(word, &now, value, memory_order_release,
                                                  memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

void gs_settled_use(struct gs_session *s, uint32_t index, bool blocking)
{
    uint32_t now = atomic_load(&s->settled.high);

    atomic_store(&s->settled.joins[index], blocking ? GS_JOINS_LEGACY : GS_JOINS_NONE);
    while (now <= index && !atomic_compare_exchange_weak(&s->settled.high, &now, index + 1)) {
    }
}

static bool is_orphaned(const struct gs_settled *settled, const struct gs_orphan *orphan)
{
    return orphan->number > atomic_load_explicit(&settled->orphans_done, memory_order_acquire);
}

void gs_settled_end(struct gs_session *s, uint32_t index)
{
    struct gs_settled *settled = &s->settled;
    struct gs_orphan *last = &settled->last[index];
    uint64_t done = atomic_load(&settled->done[index]);
    uint64_t sent = atomic_load(&s->sent[index]);

    if (done >= sent) {
        return;
    }
    (void)pthread_mutex_lock(&settled->lock);
    /* An earlier orphan of the index that is still open is a part of this one. */
    last->from = is_orphaned(settled, last) ? last->from : done;
    last->to = sent;
    last->number = atomic_fetch_add(&settled->orphans, 1) + 1;
    (void)pthread_mutex_unlock(&settled->lock);
}

void gs_settled_join(struct gs_session *s, uint32_t index)
{
    _Atomic uint8_t *how = &s->settled.joins[index];

    /* Most who wait for an event have before: a look is cheaper than a store that all must see. */
    if (atomic_load_explicit(how, memory_order_relaxed) != GS_JOINS_EVENTS) {
        atomic_store(how, GS_JOINS_EVENTS);
    }
}

static bool joins(struct gs_session *s, uint32_t index)
{
    uint8_t how = atomic_load_explicit(&s->settled.joins[index], memory_order_relaxed);

    return how == GS_JOINS_EVENTS ||
           (how == GS_JOINS_LEGACY && atomic_load_explicit(&s->sent[0], memory_order_relaxed) > 0);
}

uint64_t gs_settled_news(struct gs_session *s, uint32_t index)
{
    struct gs_settled *settled = &s->settled;

    return atomic_load(&settled->news) - atomic_load(&settled->own_news[index]) +
           gs_link_host_functions();
}

void gs_settled_up_to(struct gs_session *s, uint32_t index, uint64_t sent)
{
    bool further = raise_to(&s->settled.done[index], sent);

    /* The legacy stream waits for others even where nothing is its own. */
    if ((further && joins(s, index)) || index == 0) {
        (void)atomic_fetch_add(&s->settled.own_news[index], 1);
        (void)atomic_fetch_add(&s->settled.news, 1);
    }
}

bool gs_settled_by(struct gs_session *s, uint32_t index, uint64_t sent)
{
    struct gs_settled *settled = &s->settled;
    const struct gs_orphan *last = &settled->last[index];
    uint64_t orphans;
    bool open;

    if (atomic_load_explicit(&settled->done[index], memory_order_acquire) < sent) {
        return false;
    }
    /* An orphan that this is about was made before a later stream of the index raised `done`. */
    orphans = atomic_load_explicit(&settled->orphans, memory_order_acquire);
    if (atomic_load_explicit(&settled->orphans_done, memory_order_acquire) >= orphans) {
        return true;
    }
    (void)pthread_mutex_lock(&settled->lock);
    open = is_orphaned(settled, last) && sent > last->from && sent <= last->to;
    (void)pthread_mutex_unlock(&settled->lock);
    return !open;
}

uint64_t gs_settled_sent(struct gs_session *s)
{
    uint32_t high = atomic_load(&s->settled.high);
    uint64_t sent = 0;

    for (uint32_t i = 0; i < high; i++) {
        sent += atomic_load_explicit(&s->sent[i], memory_order_acquire);
    }
    return sent;
}

void gs_settled_legacy(struct gs_session *s, uint64_t sent)
{
    (void)raise_to(&s->settled.legacy, sent);
}

bool gs_settled_all(struct gs_session *s)
{
    uint32_t high = atomic_load(&s->settled.high);

    for (uint32_t i = 0; i < high; i++) {
        uint64_t sent = atomic_load_explicit(&s->sent[i], memory_order_acquire);

        if (atomic_load_explicit(&s->settled.done[i], memory_order_acquire) < sent) {
            return false;
        }
    }
    return atomic_load(&s->settled.orphans_done) == atomic_load(&s->settled.orphans);
}

CUresult gs_synchronize(struct gs_session *s)
{
    struct vgpu_args_cuCtxSynchronize none;
    struct vgpu_ret_cuCtxSynchronize ret;
    uint64_t orphans = atomic_load(&s->settled.orphans);
    uint32_t high = atomic_load(&s->settled.high);
    uint64_t *sent = calloc(high, sizeof(*sent)); /* without it less is known, not more */
    CUresult cu;

    for (uint32_t i = 0; i < high && sent != NULL; i++) {
        sent[i] = atomic_load_explicit(&s->sent[i], memory_order_acquire);
    }
    memset(&none, 0, sizeof(none));
    cu = gs_call_cuCtxSynchronize(s, &none, &ret);
    for (uint32_t i = 0; i < high && sent != NULL && cu == CUDA_SUCCESS; i++) {
        gs_settled_up_to(s, i, sent[i]);
    }
    if (cu == CUDA_SUCCESS) {
        (void)raise_to(&s->settled.orphans_done, orphans);
    }
    free(sent);
    return cu == CUDA_SUCCESS ? gs_console_flush(s) : cu;
}

CUresult gs_settle(struct gs_session *s)
{
    return gs_settled_all(s) ? gs_session_error(s) : gs_synchronize(s);
}
