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

/*
 * One writer at a time, so that pieces keep their order.  Pieces go by the program's own streams,
 * so that order is kept with what it prints itself; and a thread may have locked one of them and
 * wait here.  So a stream's lock is taken first, and no other stream's beside it.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct piece {
    uint32_t len;
    FILE *to;
    uint8_t bytes[VGPU_CONSOLE_PIECE_MAX];
};

/* How much of the ring the piece at `tail` takes; 0: what is there is no piece. */
static uint32_t get_piece(const uint8_t *ring, uint64_t tail, uint64_t available,
                          struct piece *piece)
{
    uint32_t head;

    if (available > VGPU_CHANNEL_CONSOLE_BYTES || available < sizeof(head)) {
        return 0;
    }
    vgpu_console_get(ring, tail, &head, sizeof(head));
    piece->to = (head & VGPU_CONSOLE_ERROR) != 0 ? stderr : stdout;
    piece->len = head & ~VGPU_CONSOLE_ERROR;
    if (piece->len > sizeof(piece->bytes) || piece->len > available - sizeof(head)) {
        return 0;
    }
    vgpu_console_get(ring, tail + sizeof(head), piece->bytes, piece->len);
    return (uint32_t)sizeof(head) + piece->len;
}

/* Under the lock, and that of `locked` (NULL: none): writes what is for that stream, up to *most
 * bytes of the ring.  The stream that the next piece is for, NULL when nothing is left. */
static FILE *drain_for(void *base, uint64_t *most, FILE *locked)
{
    struct vgpu_console_words *words = vgpu_console_words(base);
    uint64_t tail = atomic_load_explicit(&words->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&words->head, memory_order_acquire);
    struct piece piece;

    while (head != tail && *most > 0) {
        uint32_t taken = get_piece(vgpu_console_data(base), tail, head - tail, &piece);

        if (taken != 0 && piece.to != locked) {
            return piece.to;
        }
        if (taken != 0) {
            (void)fwrite(piece.bytes, 1, piece.len, piece.to);
        }
        *most = taken != 0 && taken < *most ? *most - taken : 0;
        tail = taken != 0 ? tail + taken : head;
        atomic_store_explicit(&words->tail, tail, memory_order_release);
    }
    return NULL;
}

static FILE *drain_locked(void *base, uint64_t *most, FILE *locked)
{
    FILE *next;

    if (locked != NULL) {
        flockfile(locked);
    }
    (void)pthread_mutex_lock(&lock);
    next = drain_for(base, most, locked);
    (void)pthread_mutex_unlock(&lock);
    if (locked != NULL) {
        funlockfile(locked);
    }
    return next;
}

/* As much as was there at the start: a worker that never stops printing holds nobody up. */
void gs_console_drain(struct gs_link *link)
{
    struct vgpu_console_words *words;
    FILE *to = NULL;
    uint64_t most;

    if (link->control == NULL) {
        return;
    }
    words = vgpu_console_words(link->control);
    most = atomic_load_explicit(&words->head, memory_order_acquire) -
           atomic_load_explicit(&words->tail, memory_order_relaxed);
    if (most == 0) {
        return;
    }
    do {
        to = drain_locked(link->control, &most, to);
    } while (to != NULL);
    (void)fflush(stdout);
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
