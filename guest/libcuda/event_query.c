/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/event.h"

#include "gs_calls.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/manner.h"
#include "guest/libcuda/session.h"
#include "guest/libcuda/stream.h"
#include "guest/libcuda/thread.h"

static bool is_done(const struct gs_event *event)
{
    return atomic_load(&event->done) == atomic_load(&event->records);
}

/* A record has happened, and with it what its stream held before. */
static void learn(struct gs_event *event, const struct gs_record *record, uint64_t records)
{
    atomic_store(&event->done, records);
    if (record->sent != 0) {
        gs_settled_up_to(event->session, record->index, record->sent);
    }
}

/* Under the lock. */
static bool look(struct gs_event *event)
{
    struct gs_session *s = event->session;
    const struct gs_record *last = &event->last;

    if (is_done(event)) {
        return true;
    }
    if ((last->value != 0 && gs_beacon_shows(s, last->slot, last->value)) ||
        (last->sent != 0 && gs_settled_by(s, last->index, last->sent))) {
        learn(event, last, atomic_load(&event->records));
        return true;
    }
    return false;
}

bool gs_event_look(struct gs_event *event)
{
    bool done;

    if (is_done(event)) {
        return true;
    }
    gs_lock_take(&event->lock);
    done = look(event);
    gs_lock_give(&event->lock);
    return done;
}

CUresult gs_event_wait(struct gs_event *event)
{
    struct gs_session *s = event->session;
    struct gs_thread *thread = gs_thread_get();
    struct vgpu_args_vgpuEventWait args = {.event = event->wire};
    struct gs_record last;
    uint64_t records;
    CUresult cu;

    if (gs_event_look(event)) {
        cu = gs_session_error(s);
        return cu == CUDA_SUCCESS ? gs_console_flush_event(event) : cu;
    }
    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    gs_lock_take(&event->lock);
    last = event->last;
    records = atomic_load(&event->records);
    gs_lock_give(&event->lock);
    args.lane = thread->lane;
    args.value = ++s->link.fence_value[thread->lane];
    cu = gs_send_vgpuEventWait(s, &args);
    if (cu == CUDA_SUCCESS) {
        cu = gs_link_wait_fence(&s->link, thread->lane, args.value, gs_manner_of_event(event));
    }
    if (cu == CUDA_SUCCESS) {
        learn(event, &last, records);
        cu = gs_session_error(s);
    }
    return cu == CUDA_SUCCESS ? gs_console_flush_event(event) : cu;
}

/*
 * The record, and directly behind it a write to the stream's beacon.  Values of a beacon are sent
 * in order, under the stream's lock.
 */
static CUresult announce(struct gs_event *event, struct gs_stream *stream, struct gs_record *record)
{
    struct gs_beacon *beacon = &stream->announced;
    struct vgpu_args_vgpuRecord args = {.event = event->wire, .stream = stream->wire};
    CUresult cu;

    (void)pthread_mutex_lock(&stream->lock);
    if (!gs_beacon_take(event->session, beacon)) {
        (void)pthread_mutex_unlock(&stream->lock);
        return CUDA_ERROR_NOT_READY;
    }
    args.lane = beacon->slot;
    args.value = beacon->last + 1;
    gs_stream_sends(stream, 2);
    cu = gs_stream_sent(gs_send_vgpuRecord(event->session, &args));
    if (cu == CUDA_SUCCESS) {
        beacon->last = args.value;
        record->slot = args.lane;
        record->value = args.value;
        record->sent = gs_stream_number();
    }
    (void)pthread_mutex_unlock(&stream->lock);
    return cu;
}

static CUresult plain(struct gs_event *event, struct gs_stream *stream, struct gs_record *record)
{
    struct vgpu_args_cuEventRecordWithFlags args = {
        .event = event->wire, .stream = stream->wire, .flags = CU_EVENT_RECORD_DEFAULT};
    CUresult cu;

    gs_stream_sends(stream, 1);
    cu = gs_stream_sent(gs_send_cuEventRecordWithFlags(event->session, &args));
    if (cu == CUDA_SUCCESS) {
        record->sent = gs_stream_number();
    }
    return cu;
}

/* Under the lock, which everybody has who writes these. */
static inline void recorded(struct gs_event *event, const struct gs_record *record, uint64_t news)
{
    uint64_t records = atomic_load_explicit(&event->records, memory_order_relaxed);

    event->last.index = record->index;
    event->last.sent = record->sent;
    event->last.slot = record->slot;
    event->last.value = record->value;
    event->news = news;
    atomic_store_explicit(&event->records, records + 1, memory_order_release);
    gs_patience_reset(&event->patience);
}

/* Of its own, so that other records stay in registers. */
static __attribute__((noinline)) CUresult record_asked(struct gs_event *event,
                                                       struct gs_stream *stream)
{
    struct gs_record record = {.index = vgpu_handle_index_of(stream->wire)};
    uint64_t news = gs_settled_news(event->session, record.index);
    CUresult cu = announce(event, stream, &record);

    if (cu == CUDA_SUCCESS) {
        recorded(event, &record, news);
    }
    return cu;
}

/* Nobody asks for it, or it is not to be announced: nothing is known of it by a look. */
static inline CUresult record_plain(struct gs_event *event, struct gs_stream *stream)
{
    struct gs_record record = {.index = vgpu_handle_index_of(stream->wire)};
    CUresult cu = plain(event, stream, &record);

    if (cu == CUDA_SUCCESS) {
        recorded(event, &record, 0);
    }
    return cu;
}

CUresult gs_event_record(struct gs_event *event, struct gs_stream *stream)
{
    CUresult cu = CUDA_ERROR_NOT_READY;

    gs_lock_take(&event->lock);
    if (__builtin_expect(event->asked, 0) && gs_stream_is_shallow(stream)) {
        cu = record_asked(event, stream);
    }
    if (cu == CUDA_ERROR_NOT_READY) {
        cu = record_plain(event, stream);
    }
    gs_lock_give(&event->lock);
    return cu;
}

void gs_event_recorded(struct gs_event *event)
{
    const struct gs_record record = {.value = 0};

    gs_lock_take(&event->lock);
    recorded(event, &record, 0);
    gs_lock_give(&event->lock);
}

/* Under the lock: later queries of this record look, and later records are announced. */
static void expect_more(struct gs_event *event)
{
    struct gs_session *s = event->session;
    struct vgpu_args_vgpuEventWait args = {.event = event->wire};

    event->asked = true;
    if (event->last.value != 0 || !gs_beacon_take(s, &event->own) ||
        !gs_beacon_shows(s, event->own.slot, event->own.last)) {
        return;
    }
    args.lane = event->own.slot;
    args.value = event->own.last + 1;
    if (gs_send_vgpuEventWait(s, &args) == CUDA_SUCCESS) {
        event->own.last = args.value;
        event->last.slot = args.lane;
        event->last.value = args.value;
    }
}

/* Under the lock. */
static CUresult ask(struct gs_event *event)
{
    struct vgpu_args_cuEventQuery args = {.event = event->wire};
    struct vgpu_ret_cuEventQuery ret;
    uint64_t news = gs_settled_news(event->session, event->last.index);
    CUresult cu = gs_call_cuEventQuery(event->session, &args, &ret);

    if (cu == CUDA_SUCCESS) {
        learn(event, &event->last, atomic_load(&event->records));
    } else if (cu == CUDA_ERROR_NOT_READY) {
        event->news = news;
        expect_more(event);
    }
    return cu;
}

/* Under the lock: true when nothing but its beacon can tell that the event has happened. */
static bool is_pending(struct gs_event *event)
{
    return event->last.value != 0 &&
           event->news == gs_settled_news(event->session, event->last.index) &&
           !gs_patience_is_over(&event->patience);
}

CUresult gs_event_query(struct gs_event *event)
{
    CUresult cu = CUDA_SUCCESS;

    if (is_done(event)) {
        return cu;
    }
    gs_lock_take(&event->lock);
    if (!look(event)) {
        cu = is_pending(event) ? CUDA_ERROR_NOT_READY : ask(event);
    }
    gs_lock_give(&event->lock);
    if (cu == CUDA_SUCCESS) {
        gs_console_seen_done(event->session);
        cu = gs_session_error(event->session); /* memory that is gone shows everything */
    }
    return cu;
}
