/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/event.h"

#include "gs_calls.h"
#include "guest/libcuda/console.h"
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
    (void)pthread_mutex_lock(&event->lock);
    done = look(event);
    (void)pthread_mutex_unlock(&event->lock);
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
    (void)pthread_mutex_lock(&event->lock);
    last = event->last;
    records = atomic_load(&event->records);
    (void)pthread_mutex_unlock(&event->lock);
    args.lane = thread->lane;
    args.value = ++s->link.fence_value[thread->lane];
    cu = gs_send_vgpuEventWait(s, &args);
    if (cu == CUDA_SUCCESS) {
        cu = gs_link_wait_fence(&s->link, thread->lane, args.value);
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

/* Under the lock. */
static void recorded(struct gs_event *event, const struct gs_record *record)
{
    event->last = *record;
    (void)atomic_fetch_add(&event->records, 1);
    gs_patience_reset(&event->patience);
}

CUresult gs_event_record(struct gs_event *event, struct gs_stream *stream)
{
    struct gs_record record = {.index = vgpu_handle_index_of(stream->wire)};
    uint64_t news = gs_settled_news(event->session, record.index);
    CUresult cu = CUDA_ERROR_NOT_READY;

    (void)pthread_mutex_lock(&event->lock);
    if (event->asked && gs_stream_is_shallow(stream)) {
        cu = announce(event, stream, &record);
    }
    if (cu == CUDA_ERROR_NOT_READY) { /* not to be announced */
        cu = plain(event, stream, &record);
    }
    if (cu == CUDA_SUCCESS) {
        recorded(event, &record);
        event->news = news;
    }
    (void)pthread_mutex_unlock(&event->lock);
    return cu;
}

void gs_event_recorded(struct gs_event *event)
{
    const struct gs_record record = {.value = 0};

    (void)pthread_mutex_lock(&event->lock);
    recorded(event, &record);
    (void)pthread_mutex_unlock(&event->lock);
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
    (void)pthread_mutex_lock(&event->lock);
    if (!look(event)) {
        cu = is_pending(event) ? CUDA_ERROR_NOT_READY : ask(event);
    }
    (void)pthread_mutex_unlock(&event->lock);
    if (cu == CUDA_SUCCESS) {
        gs_console_seen_done(event->session);
        cu = gs_session_error(event->session); /* memory that is gone shows everything */
    }
    return cu;
}
