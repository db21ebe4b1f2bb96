/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/stream.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "gs_calls.h"
#include "guest/libcuda/capture.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/manner.h"
#include "guest/libcuda/staging.h"

static _Atomic uint64_t last_id;
/* Stands in the table where index 0 would be. */
static struct gs_stream legacy_mark;

/* Native's, for every new stream. */
static const struct gs_stream_attributes attributes_at_first = {
    .sync_policy = (CUsynchronizationPolicy)-1, /* until one is set: measured */
    .domains = {.default_ = 0, .remote = 1},
};

static uint32_t index_of(const struct gs_stream *stream)
{
    return vgpu_handle_index_of(stream->wire);
}

void gs_stream_init_null(struct gs_stream *stream, struct gs_session *s, struct gs_context *context)
{
    stream->session = s;
    stream->context = context;
    stream->wire = 0;
    stream->flags = CU_STREAM_DEFAULT;
    stream->priority = 0;
    stream->id = atomic_fetch_add(&last_id, 1) + 1;
    stream->first = 0;
    stream->attributes = attributes_at_first;
    (void)pthread_mutex_init(&stream->lock, NULL);
    memset(&stream->announced, 0, sizeof(stream->announced));
    memset(&stream->asked, 0, sizeof(stream->asked));
}

static void give_beacons(struct gs_stream *stream)
{
    gs_beacon_give(stream->session, &stream->announced);
    gs_beacon_give(stream->session, &stream->asked.beacon);
}

void gs_stream_end_null(struct gs_stream *stream)
{
    give_beacons(stream);
    (void)pthread_mutex_destroy(&stream->lock);
}

void gs_stream_free(struct gs_stream *stream)
{
    (void)pthread_mutex_destroy(&stream->lock);
    free(stream);
}

int gs_streams_keep_legacy(struct gs_session *s)
{
    uint64_t handle;

    return vgpu_handles_mint(s->streams, &legacy_mark, &handle);
}

CUstream gs_stream_handle(const struct gs_stream *stream)
{
    return (CUstream)(uintptr_t)gs_handle_public(stream->session, stream->wire);
}

static int clamp_priority(const struct gs_facts *facts, int priority)
{
    if (priority > facts->priority_least) {
        return facts->priority_least;
    }
    return priority < facts->priority_greatest ? facts->priority_greatest : priority;
}

CUresult gs_stream_new(struct gs_session *s, struct gs_context *context, unsigned int flags,
                       int priority, struct gs_stream **stream)
{
    struct gs_stream *made = calloc(1, sizeof(*made));
    struct vgpu_args_cuStreamCreateWithPriority args;
    CUresult cu;

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->session = s;
    made->context = context;
    if (vgpu_handles_mint(s->streams, made, &made->wire) != 0) {
        free(made);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    (void)pthread_mutex_init(&made->lock, NULL);
    made->attributes = attributes_at_first;
    made->flags = flags;
    made->priority = clamp_priority(&context->device->facts, priority);
    made->id = atomic_fetch_add(&last_id, 1) + 1;
    made->first = atomic_load(&s->sent[index_of(made)]);
    gs_settled_use(s, index_of(made), (flags & CU_STREAM_NON_BLOCKING) == 0);
    atomic_store(&made->synced, made->first);
    args.stream = made->wire;
    args.flags = flags;
    args.priority = made->priority;
    cu = gs_send_cuStreamCreateWithPriority(s, &args);
    if (cu != CUDA_SUCCESS) {
        (void)vgpu_handles_take(s->streams, made->wire);
        gs_stream_free(made);
        return cu;
    }
    *stream = made;
    return CUDA_SUCCESS;
}

CUresult gs_stream_destroy(struct gs_stream *stream)
{
    struct vgpu_args_cuStreamDestroy_v2 args = {.stream = stream->wire};
    struct gs_session *s = stream->session;
    CUresult cu;

    (void)gs_deferred_pay(s, &s->deferred);
    gs_deferred_end(stream);
    gs_capture_stream_ended(stream);
    gs_staging_close_stream(s, stream);
    gs_settled_end(s, index_of(stream));
    cu = gs_send_cuStreamDestroy_v2(s, &args);
    if (vgpu_handles_take(s->streams, stream->wire) != NULL) {
        give_beacons(stream);
        gs_stream_free(stream);
    }
    return cu;
}

static bool still_there(const struct gs_thread_stream *at)
{
    const struct gs_context *context = gs_context_find((CUcontext)(uintptr_t)at->context);

    return context != NULL && gs_context_lives(context, at->epoch);
}

/* Where one more is noted: in place of one that went with its context, or behind all. */
static struct gs_thread_stream *place_of_one_more(struct gs_thread *thread)
{
    struct gs_thread_stream *at = thread->streams;

    while (at < thread->streams + thread->stream_count && still_there(at)) {
        at++;
    }
    return at < thread->streams + GS_THREAD_STREAMS_MAX ? at : NULL;
}

static CUresult per_thread_stream(const struct gs_call *call, struct gs_stream **stream)
{
    struct gs_thread *thread = call->thread;
    struct gs_thread_stream want = {
        .context = (uint64_t)(uintptr_t)gs_context_handle(call->context),
        .epoch = atomic_load_explicit(&call->context->epoch, memory_order_relaxed),
    };
    struct gs_thread_stream *place;
    CUresult cu;

    for (unsigned int i = 0; i < thread->stream_count; i++) {
        struct gs_thread_stream *at = &thread->streams[i];

        if (at->context == want.context && at->epoch == want.epoch) {
            *stream = at->stream;
            return CUDA_SUCCESS;
        }
    }
    place = place_of_one_more(thread);
    if (place == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = gs_stream_new(call->session, call->context, CU_STREAM_DEFAULT, 0, &want.stream);
    if (cu == CUDA_SUCCESS) {
        thread->stream_count += place == &thread->streams[thread->stream_count];
        *place = want;
        *stream = want.stream;
    }
    return cu;
}

void gs_thread_streams_end(struct gs_thread *thread)
{
    for (unsigned int i = 0; i < thread->stream_count; i++) {
        if (still_there(&thread->streams[i])) {
            (void)gs_stream_destroy(thread->streams[i].stream);
        }
    }
    thread->stream_count = 0;
}

static bool is_special(CUstream handle)
{
    return (uintptr_t)handle <= (uintptr_t)CU_STREAM_PER_THREAD;
}

static inline struct gs_stream *lookup(CUstream handle)
{
    uint64_t value = (uint64_t)(uintptr_t)handle;
    struct gs_session *s = gs_session_of(value, VGPU_HANDLE_STREAM);
    struct gs_stream *stream;

    if (s == NULL) {
        return NULL;
    }
    stream = vgpu_handles_get(s->streams, gs_handle_wire(value));
    return stream != &legacy_mark ? stream : NULL;
}

CUresult gs_stream_find(const struct gs_call *call, CUstream handle, struct gs_stream **stream)
{
    if (!is_special(handle)) {
        *stream = lookup(handle);
        return *stream != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
    }
    if (handle == CU_STREAM_PER_THREAD) {
        return per_thread_stream(call, stream);
    }
    *stream = &call->context->null_stream;
    return CUDA_SUCCESS;
}

CUresult gs_stream_enter(CUstream handle, struct gs_call *call, struct gs_stream **stream)
{
    CUresult cu;

    if (__builtin_expect(is_special(handle), 0)) {
        cu = gs_enter(call);
        return cu == CUDA_SUCCESS ? gs_stream_find(call, handle, stream) : cu;
    }
    cu = gs_ready();
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *stream = lookup(handle);
    call->thread = gs_thread_get();
    if (*stream == NULL || call->thread == NULL) {
        return *stream == NULL ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_OUT_OF_MEMORY;
    }
    call->session = (*stream)->session;
    call->context = (*stream)->context;
    return gs_session_error(call->session);
}

/* What an earlier stream of the index left undone is no load of this one. */
static inline bool is_shallow(uint64_t sent, uint64_t done, uint64_t first)
{
    return (int64_t)(sent - done) < (int64_t)VGPU_STREAM_DEPTH_GUEST ||
           sent - first < VGPU_STREAM_DEPTH_GUEST;
}

struct depth_wait {
    _Atomic uint64_t *progress;
    uint64_t first;
    uint64_t sent;
};

static bool is_shallow_now(void *arg)
{
    const struct depth_wait *wait = arg;
    uint64_t done = atomic_load_explicit(wait->progress, memory_order_acquire);

    return is_shallow(wait->sent, done, wait->first);
}

static __attribute__((noinline)) CUresult wait_shallow(struct gs_stream *stream, uint64_t sent)
{
    struct gs_session *s = stream->session;
    struct depth_wait wait = {
        .progress = vgpu_channel_progress(s->link.control, index_of(stream)),
        .first = stream->first,
        .sent = sent,
    };

    return gs_link_wait(&s->link, is_shallow_now, &wait, gs_manner_of_stream(stream));
}

static inline CUresult room(struct gs_stream *stream, bool small_copy)
{
    struct gs_session *s = stream->session;
    uint32_t index = index_of(stream);
    CUresult cu = gs_deferred_clear(&s->deferred, stream, small_copy);
    uint64_t sent;
    uint64_t done;

    if (cu == CUDA_SUCCESS && gs_captures_any()) {
        cu = gs_capture_room(stream);
    }
    if (__builtin_expect(cu != CUDA_SUCCESS, 0)) {
        return cu;
    }
    sent = atomic_load_explicit(&s->sent[index], memory_order_relaxed);
    done =
        atomic_load_explicit(vgpu_channel_progress(s->link.control, index), memory_order_acquire);
    return __builtin_expect(is_shallow(sent, done, stream->first), 1) ? CUDA_SUCCESS
                                                                      : wait_shallow(stream, sent);
}

CUresult gs_stream_room(struct gs_stream *stream)
{
    return room(stream, false);
}

CUresult gs_stream_room_small_copy(struct gs_stream *stream)
{
    return room(stream, true);
}

bool gs_stream_is_shallow(struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    uint32_t index = index_of(stream);
    uint64_t sent = atomic_load_explicit(&s->sent[index], memory_order_relaxed);
    uint64_t done =
        atomic_load_explicit(vgpu_channel_progress(s->link.control, index), memory_order_relaxed);

    return (int64_t)(sent - done) < (int64_t)VGPU_STREAM_DEPTH_GUEST / 3;
}

void gs_stream_note_time(struct gs_stream *stream)
{
    atomic_store_explicit(&stream->asked.sent_ns, vgpu_clock_ns(), memory_order_relaxed);
}

/* The legacy stream waits for work of others, which its own count does not show: nothing at all
 * may have been sent since. */
static bool is_waited_for(const struct gs_stream *stream, uint64_t sent, uint64_t all)
{
    const struct gs_settled *settled = &stream->session->settled;

    if (stream->wire == 0) {
        return atomic_load(&settled->legacy) == all;
    }
    return atomic_load(&stream->synced) == sent ||
           atomic_load(&settled->done[index_of(stream)]) >= sent;
}

CUresult gs_stream_wait(struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    struct gs_thread *thread = gs_thread_get();
    uint64_t sent = atomic_load_explicit(&s->sent[index_of(stream)], memory_order_acquire);
    uint64_t all = stream->wire == 0 ? gs_settled_sent(s) : 0;
    struct vgpu_args_vgpuFence args = {.stream = stream->wire};
    CUresult cu;

    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (is_waited_for(stream, sent, all)) {
        cu = gs_session_error(s);
        return cu == CUDA_SUCCESS ? gs_console_flush_stream(stream) : cu;
    }
    args.lane = thread->lane;
    args.value = ++s->link.fence_value[thread->lane];
    cu = gs_send_vgpuFence(s, &args);
    if (cu == CUDA_SUCCESS) {
        cu = gs_link_wait_fence(&s->link, thread->lane, args.value, gs_manner_of_stream(stream));
    }
    if (cu == CUDA_SUCCESS) {
        atomic_store(&stream->synced, sent);
        gs_settled_up_to(s, index_of(stream), sent);
        gs_settled_legacy(s, all);
        cu = gs_session_error(s);
    }
    return cu == CUDA_SUCCESS ? gs_console_flush_stream(stream) : cu;
}
