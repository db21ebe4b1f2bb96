/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/deferred.h"

#include "gs_calls.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/session.h"
#include "guest/libcuda/stream.h"
#include "guest/libcuda/thread.h"

void gs_deferred_init(struct gs_deferred *deferred)
{
    atomic_store(&deferred->asking, 0);
    atomic_store(&deferred->marked, false);
    deferred->mark = 0;
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
    /* First: what is answered meanwhile is counted before it is no longer asked for. */
    return atomic_load(&stream->session->deferred.asking) == 0 && only_copies(stream) &&
           others_idle(stream);
}

/* Under both locks. */
static bool take_locked(const struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    struct gs_deferred *deferred = &s->deferred;
    uint64_t debtor = atomic_load(&deferred->debtor);

    if ((debtor != 0 && debtor != debtor_of(stream)) || !gs_deferred_may(stream)) {
        return false;
    }
    deferred->sent = atomic_load(&s->sent[vgpu_handle_index_of(stream->wire)]);
    atomic_store(&deferred->debtor, debtor_of(stream));
    return true;
}

static bool take(const struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    bool taken;

    (void)pthread_mutex_lock(&s->deferred.lock);
    gs_lock_take(&s->link.submit_lock);
    taken = take_locked(stream);
    gs_lock_give(&s->link.submit_lock);
    (void)pthread_mutex_unlock(&s->deferred.lock);
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

    if (copies && take(stream)) {
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
        cu = gs_link_wait_fence(&s->link, thread->lane, args.value, GS_SPIN);
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
    uint32_t index = vgpu_handle_index_of(copied - 1);
    CUresult cu = CUDA_SUCCESS;

    if (copied != 0 && !gs_settled_by(s, index, deferred->copied_sent)) {
        if (!atomic_load(&deferred->marked)) {
            cu = wait_for_debtor(s, copied - 1, deferred->copied_sent);
        } else {
            cu = gs_link_wait_fence(&s->link, deferred->lane, deferred->mark, GS_SPIN);
            if (cu == CUDA_SUCCESS) {
                gs_settled_up_to(s, index, deferred->copied_sent);
            }
        }
    }
    atomic_store(&deferred->copied, 0);
    return cu;
}

/* With the lock: nothing behind the copies will be waited for with them. */
static CUresult mark_copied(struct gs_session *s)
{
    struct gs_deferred *deferred = &s->deferred;
    struct vgpu_args_vgpuFence args = {.stream = atomic_load(&deferred->copied) - 1};
    CUresult cu;

    if (!deferred->has_lane) {
        deferred->has_lane = gs_lane_take(&deferred->lane) == 0;
    }
    if (!deferred->has_lane ||
        gs_settled_by(s, vgpu_handle_index_of(args.stream), deferred->copied_sent)) {
        return end_copied(s);
    }
    /* An earlier fence may be another stream's: the lane's must be written in their order. */
    cu = gs_link_wait_fence(&s->link, deferred->lane, deferred->mark, GS_SPIN);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    args.lane = deferred->lane;
    args.value = ++s->link.fence_value[deferred->lane];
    cu = gs_send_vgpuFence(s, &args);
    if (cu == CUDA_SUCCESS) {
        deferred->mark = args.value;
        atomic_store(&deferred->marked, true);
    }
    return cu;
}

/* With the lock: the stream is the one with such copies, unless something is before them. */
static bool owe_copied(const struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    struct gs_deferred *deferred = &s->deferred;
    bool may;

    gs_lock_take(&s->link.submit_lock);
    may = gs_deferred_may(stream);
    if (may) {
        deferred->copied_sent = atomic_load(&s->sent[vgpu_handle_index_of(stream->wire)]);
        atomic_store(&deferred->marked, false);
        atomic_store(&deferred->copied, debtor_of(stream));
    }
    gs_lock_give(&s->link.submit_lock);
    return may;
}

CUresult gs_deferred_copied(struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    struct gs_deferred *deferred = &s->deferred;
    CUresult cu = CUDA_SUCCESS;
    uint64_t copied;
    bool owes;

    (void)pthread_mutex_lock(&deferred->lock);
    copied = atomic_load(&deferred->copied);
    if (copied != 0 && copied != debtor_of(stream)) {
        cu = end_copied(s);
    }
    owes = owe_copied(stream);
    (void)pthread_mutex_unlock(&deferred->lock);
    /* What is before the copy holds up its caller, as natively, and never those who owe. */
    return owes ? cu : gs_stream_wait(stream);
}

void gs_deferred_end(const struct gs_stream *stream)
{
    struct gs_session *s = stream->session;

    if (atomic_load(&s->deferred.copied) == debtor_of(stream)) {
        (void)pthread_mutex_lock(&s->deferred.lock);
        if (atomic_load(&s->deferred.copied) == debtor_of(stream)) {
            (void)end_copied(s);
        }
        (void)pthread_mutex_unlock(&s->deferred.lock);
    }
}

/* With the lock. */
static CUresult end_debt(struct gs_session *s)
{
    struct gs_deferred *deferred = &s->deferred;
    uint64_t debtor = atomic_load(&deferred->debtor);
    CUresult cu = CUDA_SUCCESS;

    if (debtor != 0 && !gs_settled_by(s, vgpu_handle_index_of(debtor - 1), deferred->sent)) {
        cu = wait_for_debtor(s, debtor - 1, deferred->sent);
    }
    atomic_store(&deferred->debtor, 0);
    return cu;
}

static bool bars_by_wait(const struct gs_deferred *deferred, const struct gs_stream *stream,
                         bool small_copy)
{
    uint64_t debtor = atomic_load_explicit(&deferred->debtor, memory_order_acquire);

    return debtor != 0 && !(small_copy && debtor == debtor_of(stream));
}

static bool bars_by_copies(const struct gs_deferred *deferred, const struct gs_stream *stream,
                           bool small_copy)
{
    uint64_t copied = atomic_load_explicit(&deferred->copied, memory_order_acquire);

    return copied != 0 &&
           (!follows(copied, stream) || (!small_copy && !atomic_load(&deferred->marked)));
}

bool gs_deferred_bars_now(const struct gs_deferred *deferred, const struct gs_stream *stream,
                          bool small_copy)
{
    return bars_by_wait(deferred, stream, small_copy) ||
           bars_by_copies(deferred, stream, small_copy);
}

CUresult gs_deferred_clear_now(struct gs_deferred *deferred, const struct gs_stream *stream,
                               bool small_copy)
{
    struct gs_session *s = stream->session;
    CUresult cu = CUDA_SUCCESS;

    if (!gs_deferred_bars_now(deferred, stream, small_copy)) {
        return CUDA_SUCCESS;
    }
    (void)pthread_mutex_lock(&deferred->lock);
    if (bars_by_wait(deferred, stream, small_copy)) {
        cu = end_debt(s);
    }
    if (cu == CUDA_SUCCESS && bars_by_copies(deferred, stream, small_copy)) {
        cu = follows(atomic_load(&deferred->copied), stream) ? mark_copied(s) : end_copied(s);
    }
    (void)pthread_mutex_unlock(&deferred->lock);
    return cu;
}

CUresult gs_deferred_settle(struct gs_session *s)
{
    CUresult cu;

    (void)pthread_mutex_lock(&s->deferred.lock);
    cu = end_debt(s);
    (void)pthread_mutex_unlock(&s->deferred.lock);
    return cu;
}
