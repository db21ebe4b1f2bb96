/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/deferred.h"

#include "gs_calls.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/session.h"
#include "guest/libcuda/stream.h"
#include "guest/libcuda/thread.h"

void gs_deferred_init(struct gs_deferred *deferred)
{
    atomic_store(&deferred->debtor, 0);
    atomic_store(&deferred->asked, 0);
    deferred->sent = 0;
    atomic_store(&deferred->copied, 0);
    (void)pthread_mutex_init(&deferred->lock, NULL);
    for (uint32_t i = 0; i < VGPU_STREAMS_MAX; i++) {
        atomic_store_explicit(&deferred->other[i], 0, memory_order_relaxed);
    }
}

static uint64_t debtor_of(const struct gs_stream *stream)
{
    return stream->wire + 1;
}

void gs_deferred_other(const struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    uint32_t index = vgpu_handle_index_of(stream->wire);
    _Atomic uint64_t *other = &s->deferred.other[index];
    uint64_t sent = atomic_load_explicit(&s->sent[index], memory_order_acquire);
    uint64_t now = atomic_load_explicit(other, memory_order_relaxed);

    while (now < sent && !atomic_compare_exchange_weak_explicit(
                             other, &now, sent, memory_order_release, memory_order_relaxed)) {
    }
}

/* Whether nothing of the stream's own is left but small copies, and no text of a kernel. */
static bool only_copies(const struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    uint32_t index = vgpu_handle_index_of(stream->wire);
    uint64_t other = atomic_load_explicit(&s->deferred.other[index], memory_order_acquire);

    return gs_settled_by(s, index, other) && !gs_console_owes(s);
}

static bool is_idle(struct gs_session *s, uint32_t index)
{
    return gs_settled_by(s, index, atomic_load(&s->sent[index]));
}

/* Whether the copies wait for no work of others. */
static bool others_idle(const struct gs_stream *stream)
{
    struct gs_session *s = stream->session;

    if (stream->wire != 0) {
        return (stream->flags & CU_STREAM_NON_BLOCKING) != 0 || is_idle(s, 0);
    }
    for (uint32_t i = 1; i < atomic_load(&s->settled.high); i++) {
        if (!is_idle(s, i)) {
            return false;
        }
    }
    return atomic_load(&s->settled.orphans_done) == atomic_load(&s->settled.orphans);
}

bool gs_deferred_may(const struct gs_stream *stream)
{
    return only_copies(stream) && others_idle(stream);
}

static bool take(const struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    struct gs_deferred *deferred = &s->deferred;
    uint32_t index = vgpu_handle_index_of(stream->wire);
    uint64_t debtor;
    bool taken;

    (void)pthread_mutex_lock(&deferred->lock);
    debtor = atomic_load(&deferred->debtor);
    taken = debtor == 0 || debtor == debtor_of(stream);
    if (taken) {
        deferred->sent = atomic_load_explicit(&s->sent[index], memory_order_acquire);
        atomic_store(&deferred->debtor, debtor_of(stream));
    }
    (void)pthread_mutex_unlock(&deferred->lock);
    return taken;
}

/* Programs fill memory in the legacy stream and never wait for it: asked once after each such use.
 */
static void ask_legacy(const struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    struct vgpu_args_cuStreamQuery args = {.stream = 0};
    struct vgpu_ret_cuStreamQuery ret;
    uint64_t sent = atomic_load(&s->sent[0]);

    if (others_idle(stream) || stream->wire == 0 ||
        atomic_exchange(&s->deferred.asked, sent) == sent) {
        return;
    }
    if (gs_call_cuStreamQuery(s, &args, &ret) == CUDA_SUCCESS) {
        gs_settled_up_to(s, 0, sent);
    }
}

CUresult gs_deferred_wait(struct gs_stream *stream)
{
    bool copies = only_copies(stream);
    CUresult cu;

    if (copies && gs_deferred_may(stream) && take(stream)) {
        return gs_session_error(stream->session);
    }
    cu = gs_stream_wait(stream);
    if (cu == CUDA_SUCCESS && copies) {
        ask_legacy(stream);
    }
    return cu;
}

static CUresult wait_for_debtor(struct gs_session *s, uint64_t wire, uint64_t sent)
{
    struct gs_thread *thread = gs_thread_get();
    struct vgpu_args_vgpuFence args = {.stream = wire};
    CUresult cu;

    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    args.lane = thread->lane;
    args.value = ++s->link.fence_value[thread->lane];
    cu = gs_send_vgpuFence(s, &args);
    if (cu == CUDA_SUCCESS) {
        cu = gs_link_wait_fence(&s->link, thread->lane, args.value);
    }
    if (cu == CUDA_SUCCESS) {
        gs_settled_up_to(s, vgpu_handle_index_of(wire), sent);
    }
    return cu;
}

/* Whether the order of streams makes the work of one wait for the other's copies: only the legacy
 * stream and those of threads have such, and these follow each other. */
static bool follows(uint64_t copied, const struct gs_stream *stream)
{
    return copied == debtor_of(stream) ||
           (copied == 1 ? (stream->flags & CU_STREAM_NON_BLOCKING) == 0 : stream->wire == 0);
}

/* With the lock: the copies of whoever made them last are done. */
static CUresult end_copied(struct gs_session *s)
{
    struct gs_deferred *deferred = &s->deferred;
    uint64_t copied = atomic_load(&deferred->copied);
    CUresult cu = CUDA_SUCCESS;

    if (copied != 0 && !gs_settled_by(s, vgpu_handle_index_of(copied - 1), deferred->copied_sent)) {
        cu = wait_for_debtor(s, copied - 1, deferred->copied_sent);
    }
    atomic_store(&deferred->copied, 0);
    return cu;
}

CUresult gs_deferred_copied(struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    struct gs_deferred *deferred = &s->deferred;
    uint32_t index = vgpu_handle_index_of(stream->wire);
    CUresult cu = CUDA_SUCCESS;
    uint64_t copied;

    /* What is before the copy holds up its caller, as natively, and never those who owe. */
    if (!gs_deferred_may(stream)) {
        return gs_stream_wait(stream);
    }
    (void)pthread_mutex_lock(&deferred->lock);
    copied = atomic_load(&deferred->copied);
    if (copied != 0 && copied != debtor_of(stream)) {
        cu = end_copied(s);
    }
    deferred->copied_sent = atomic_load_explicit(&s->sent[index], memory_order_acquire);
    atomic_store(&deferred->copied, debtor_of(stream));
    (void)pthread_mutex_unlock(&deferred->lock);
    return cu;
}

void gs_deferred_end(const struct gs_stream *stream)
{
    struct gs_session *s = stream->session;

    if (atomic_load(&s->deferred.copied) == debtor_of(stream)) {
        (void)pthread_mutex_lock(&s->deferred.lock);
        (void)end_copied(s);
        (void)pthread_mutex_unlock(&s->deferred.lock);
    }
}

CUresult gs_deferred_follow(const struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    uint64_t copied = atomic_load_explicit(&s->deferred.copied, memory_order_acquire);
    CUresult cu;

    if (__builtin_expect(copied == 0, 1) || follows(copied, stream)) {
        return CUDA_SUCCESS;
    }
    (void)pthread_mutex_lock(&s->deferred.lock);
    cu = end_copied(s);
    (void)pthread_mutex_unlock(&s->deferred.lock);
    return cu;
}

CUresult gs_deferred_settle(struct gs_session *s, const struct gs_stream *except)
{
    struct gs_deferred *deferred = &s->deferred;
    CUresult cu = CUDA_SUCCESS;
    uint64_t debtor;

    (void)pthread_mutex_lock(&deferred->lock);
    debtor = atomic_load(&deferred->debtor);
    if (debtor != 0 && (except == NULL || debtor != debtor_of(except))) {
        uint64_t wire = debtor - 1;

        if (!gs_settled_by(s, vgpu_handle_index_of(wire), deferred->sent)) {
            cu = wait_for_debtor(s, wire, deferred->sent);
        }
        atomic_store(&deferred->debtor, 0);
    }
    (void)pthread_mutex_unlock(&deferred->lock);
    return cu;
}
