/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/console.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "common/clock.h"
#include "gs_calls.h"
#include "guest/libcuda/event.h"
#include "guest/libcuda/link.h"
#include "guest/libcuda/session.h"
#include "guest/libcuda/stream.h"
#include "proto/console.h"

/* One writer at a time, so that pieces keep their order. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* By the program's own streams, so that order is kept with what it prints itself. */
static void write_piece(uint32_t head, const uint8_t *bytes, uint32_t len)
{
    FILE *to = (head & VGPU_CONSOLE_ERROR) != 0 ? stderr : stdout;

    (void)fwrite(bytes, 1, len, to);
}

/* One piece at `tail`; 0: what is there is no piece. */
static uint32_t take_piece(const uint8_t *ring, uint64_t tail, uint64_t available)
{
    uint8_t bytes[VGPU_CONSOLE_PIECE_MAX];
    uint32_t head;
    uint32_t len;

    if (available < sizeof(head)) {
        return 0;
    }
    vgpu_console_get(ring, tail, &head, sizeof(head));
    len = head & ~VGPU_CONSOLE_ERROR;
    if (len > sizeof(bytes) || len > available - sizeof(head)) {
        return 0;
    }
    vgpu_console_get(ring, tail + sizeof(head), bytes, len);
    write_piece(head, bytes, len);
    return (uint32_t)sizeof(head) + len;
}

/* What was there at the start: a worker that never stops printing holds nobody up. */
static void drain_locked(void *base)
{
    struct vgpu_console_words *words = vgpu_console_words(base);
    uint64_t tail = atomic_load_explicit(&words->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&words->head, memory_order_acquire);

    while (head != tail) {
        uint32_t taken = head - tail <= VGPU_CHANNEL_CONSOLE_BYTES
                             ? take_piece(vgpu_console_data(base), tail, head - tail)
                             : 0;

        tail = taken != 0 ? tail + taken : head;
        atomic_store_explicit(&words->tail, tail, memory_order_release);
    }
    (void)fflush(stdout);
}

void gs_console_drain(struct gs_link *link)
{
    struct vgpu_console_words *words;

    if (link->control == NULL) {
        return;
    }
    words = vgpu_console_words(link->control);
    if (atomic_load_explicit(&words->head, memory_order_acquire) ==
        atomic_load_explicit(&words->tail, memory_order_relaxed)) {
        return;
    }
    (void)pthread_mutex_lock(&lock);
    drain_locked(link->control);
    (void)pthread_mutex_unlock(&lock);
}

/* More than fits at once comes as it is read. */
static CUresult read_up_to(struct gs_session *s, uint64_t end)
{
    const struct timespec nap = {.tv_sec = 0, .tv_nsec = 100 * (long)VGPU_NS_PER_US};
    const struct vgpu_console_words *words = vgpu_console_words(s->link.control);
    CUresult cu = CUDA_SUCCESS;

    gs_console_drain(&s->link);
    while (cu == CUDA_SUCCESS && atomic_load(&words->tail) < end) {
        (void)nanosleep(&nap, NULL);
        gs_console_drain(&s->link);
        cu = gs_session_error(s);
    }
    return cu;
}

void gs_speech_init(struct gs_speech *speech)
{
    atomic_store(&speech->launches, 0);
    atomic_store(&speech->heard, 0);
    for (uint32_t i = 0; i < VGPU_STREAMS_MAX; i++) {
        atomic_store_explicit(&speech->last[i], 0, memory_order_relaxed);
    }
}

/* Its stream's count first: who sees the launch then sees how far the stream must be. */
void gs_console_launched(const struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    uint32_t index = vgpu_handle_index_of(stream->wire);

    atomic_store(&s->speech.last[index], atomic_load(&s->sent[index]));
    (void)atomic_fetch_add(&s->speech.launches, 1);
}

bool gs_console_owes(struct gs_session *s)
{
    return atomic_load(&s->prints) &&
           atomic_load(&s->speech.launches) != atomic_load(&s->speech.heard);
}

/* Whether every launch so far is known to be done. */
static bool all_done(struct gs_session *s)
{
    uint32_t high = atomic_load(&s->settled.high);

    for (uint32_t i = 0; i < high; i++) {
        if (atomic_load(&s->settled.done[i]) < atomic_load(&s->speech.last[i])) {
            return false;
        }
    }
    return atomic_load(&s->settled.orphans_done) == atomic_load(&s->settled.orphans);
}

static void heard(struct gs_speech *speech, uint64_t launches)
{
    uint64_t now = atomic_load(&speech->heard);

    while (now < launches && !atomic_compare_exchange_weak(&speech->heard, &now, launches)) {
    }
}

static CUresult flush(struct gs_session *s, uint64_t stream, uint64_t event)
{
    struct vgpu_args_vgpuFlush args = {.stream = stream, .event = event};
    uint64_t launches = atomic_load(&s->speech.launches);
    struct vgpu_ret_vgpuFlush ret;
    bool all;
    CUresult cu;

    if (!atomic_load_explicit(&s->prints, memory_order_relaxed)) {
        return CUDA_SUCCESS;
    }
    atomic_store_explicit(&s->silent_done, false, memory_order_relaxed);
    if (!gs_console_owes(s)) {
        gs_console_drain(&s->link);
        return CUDA_SUCCESS;
    }
    all = all_done(s);
    cu = gs_call_vgpuFlush(s, &args, &ret);
    if (cu != CUDA_SUCCESS) {
        gs_console_drain(&s->link);
        return cu;
    }
    if (all) {
        heard(&s->speech, launches);
    }
    return read_up_to(s, ret.end);
}

CUresult gs_console_flush(struct gs_session *s)
{
    return flush(s, 0, 0);
}

CUresult gs_console_flush_stream(const struct gs_stream *stream)
{
    return flush(stream->session, stream->wire, 0);
}

CUresult gs_console_flush_event(const struct gs_event *event)
{
    return flush(event->session, 0, event->wire);
}

void gs_console_seen_done(struct gs_session *s)
{
    if (atomic_load_explicit(&s->prints, memory_order_relaxed)) {
        atomic_store_explicit(&s->silent_done, true, memory_order_relaxed);
    }
}

CUresult gs_console_before_launch(struct gs_session *s)
{
    if (atomic_load_explicit(&s->silent_done, memory_order_relaxed)) {
        return gs_console_flush(s);
    }
    gs_console_drain(&s->link);
    return CUDA_SUCCESS;
}
