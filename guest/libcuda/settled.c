/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/settled.h"

#include <stdlib.h>
#include <string.h>

#include "gs_calls.h"
#include "guest/libcuda/session.h"

void gs_settled_init(struct gs_settled *settled)
{
    atomic_store(&settled->high, 1); /* the legacy stream */
    for (uint32_t i = 0; i < VGPU_STREAMS_MAX; i++) {
        atomic_store_explicit(&settled->done[i], 0, memory_order_relaxed);
    }
}

static void raise_to(_Atomic uint32_t *word, uint32_t value)
{
    uint32_t now = atomic_load(word);

    while (now < value && !atomic_compare_exchange_weak(word, &now, value)) {
    }
}

void gs_settled_use(struct gs_session *s, uint32_t index)
{
    raise_to(&s->settled.high, index + 1);
}

void gs_settled_up_to(struct gs_session *s, uint32_t index, uint64_t sent)
{
    _Atomic uint64_t *word = &s->settled.done[index];
    uint64_t now = atomic_load_explicit(word, memory_order_relaxed);

    while (now < sent && !atomic_compare_exchange_weak_explicit(
                             word, &now, sent, memory_order_release, memory_order_relaxed)) {
    }
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
    return true;
}

CUresult gs_synchronize(struct gs_session *s)
{
    struct vgpu_args_cuCtxSynchronize none;
    struct vgpu_ret_cuCtxSynchronize ret;
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
    free(sent);
    return cu;
}

CUresult gs_settle(struct gs_session *s)
{
    return gs_settled_all(s) ? gs_session_error(s) : gs_synchronize(s);
}
