/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/engine.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "executor/sim/engine_op.h"
#include "executor/sim/event.h"
#include "executor/sim/stream.h"

/* Enough that two endless kernels and a long copy leave one free. */
#define ENGINE_THREADS 4
/* How long a head that cannot proceed (a value to wait for) rests. */
#define POLL_NS 50000u
/* Operations up to this size run in the caller when nothing is before them. */
#define INLINE_MAX ((size_t)256 << 10)

__thread bool engine_replays;

static pthread_cond_t host_work = PTHREAD_COND_INITIALIZER;
static unsigned idle;    /* engine threads that wait for work */
static unsigned waiters; /* callers that wait on sim.done */
static unsigned ready;   /* threads that have come up, for engine_start() */

struct sim_op *engine_op_new(enum op_kind kind)
{
    struct sim_op *op = calloc(1, sizeof(*op));

    if (op != NULL) {
        op->kind = kind;
    }
    return op;
}

static bool blocking(const struct CUstream_st *s)
{
    return (s->flags & CU_STREAM_NON_BLOCKING) == 0;
}

/* Whether a stream still has something that was submitted up to seq. */
static bool unfinished(const struct CUstream_st *s, uint64_t seq)
{
    return s->head != NULL && s->head->seq <= seq;
}

/* The rule of the legacy default stream, for the head of s. */
static bool legacy_ready(const struct CUstream_st *s)
{
    const struct CUstream_st *null_stream = s->ctx->null_stream;

    if (!blocking(s) || null_stream == NULL) {
        return true;
    }
    if (s != null_stream) {
        return !unfinished(null_stream, s->head->seq);
    }
    for (const struct CUstream_st *o = sim.streams; o != NULL; o = o->next) {
        if (o != s && o->ctx == s->ctx && blocking(o) && unfinished(o, s->head->seq)) {
            return false;
        }
    }
    return true;
}

static bool head_ready(const struct CUstream_st *s)
{
    const struct sim_op *op = s->head;

    if (op == NULL || op->running || !legacy_ready(s)) {
        return false;
    }
    return op->kind != OP_WAIT_EVENT || op->point->done;
}

/* Take the head off its stream; the stream goes when that was its last wish. */
static void finish(struct CUstream_st *s)
{
    struct sim_op *op = s->head;

    s->head = op->next;
    if (s->head == NULL) {
        s->tail = NULL;
    }
    s->kernels -= op->counted;
    s->poll_ns = 0;
    op_complete(op);
    stream_reap(s);
    if (idle > 0) {
        pthread_cond_broadcast(&sim.work);
    }
    pthread_cond_signal(&host_work);
    if (waiters > 0) {
        pthread_cond_broadcast(&sim.done);
    }
}

/* After the sticky error nothing runs: drop all that no thread is at. */
static void discard_all(void)
{
    struct CUstream_st *next;

    for (struct CUstream_st *s = sim.streams; s != NULL; s = next) {
        next = s->next;
        while (s->head != NULL && !s->head->running) {
            bool last = s->head->next == NULL;

            finish(s); /* frees s when it was the last of a released stream */
            if (last) {
                break;
            }
        }
    }
}

/* Move a stream to the end, so that the next search begins behind it. */
static void rotate(struct CUstream_st *s)
{
    struct CUstream_st *last = s;

    if (s->next == NULL) {
        return;
    }
    while (last->next != NULL) {
        last = last->next;
    }
    if (s->prev != NULL) {
        s->prev->next = s->next;
    } else {
        sim.streams = s->next;
    }
    s->next->prev = s->prev;
    last->next = s;
    s->prev = last;
    s->next = NULL;
}

/* A stream whose head may run now; *poll_ns: when else to look again, or 0. */
static struct CUstream_st *pick(bool host, uint64_t *poll_ns)
{
    uint64_t now = 0;

    *poll_ns = 0;
    for (struct CUstream_st *s = sim.streams; s != NULL; s = s->next) {
        if (!head_ready(s) || (s->head->kind == OP_HOST) != host) {
            continue;
        }
        if (s->poll_ns != 0) {
            now = now != 0 ? now : sim_now_ns();
            if (s->poll_ns > now) {
                *poll_ns = *poll_ns == 0 || s->poll_ns < *poll_ns ? s->poll_ns : *poll_ns;
                continue;
            }
        }
        rotate(s);
        return s;
    }
    return NULL;
}

static void wait_for_work(bool host, uint64_t poll_ns)
{
    struct timespec ts = {(time_t)(poll_ns / 1000000000u), (long)(poll_ns % 1000000000u)};

    if (host) {
        pthread_cond_wait(&host_work, &sim.lock);
        return;
    }
    idle++;
    if (poll_ns != 0) {
        (void)pthread_cond_clockwait(&sim.work, &sim.lock, CLOCK_MONOTONIC, &ts);
    } else {
        pthread_cond_wait(&sim.work, &sim.lock);
    }
    idle--;
}

/* One slice of the head of s, the lock released meanwhile. */
static void run_slice(struct CUstream_st *s)
{
    struct sim_op *op = s->head;
    CUresult cu = CUDA_SUCCESS;
    enum op_step step;

    op->running = true;
    pthread_mutex_unlock(&sim.lock);
    step = op_slice(op, &cu);
    pthread_mutex_lock(&sim.lock);
    op->running = false;
    if (cu != CUDA_SUCCESS) {
        sim_poison(cu);
    }
    if (sim.sticky != CUDA_SUCCESS) {
        discard_all();
    } else if (step == OP_STEP_DONE) {
        finish(s);
    } else {
        s->poll_ns = step == OP_STEP_STALLED ? sim_now_ns() + POLL_NS : 0;
    }
}

static void *engine_main(void *arg)
{
    bool host = arg != NULL;
    uint64_t poll_ns;

    free(malloc(64)); /* the allocator sets itself up while it still may */
    pthread_mutex_lock(&sim.lock);
    ready++;
    pthread_cond_broadcast(&sim.done);
    for (;;) {
        struct CUstream_st *s = pick(host, &poll_ns);

        if (s == NULL) {
            wait_for_work(host, poll_ns);
        } else {
            run_slice(s);
        }
    }
    return NULL;
}

int engine_start(void)
{
    pthread_t thread;
    sigset_t all;
    sigset_t old;
    int rc = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (int i = 0; i <= ENGINE_THREADS && rc == 0; i++) {
        rc = pthread_create(&thread, NULL, engine_main, i == ENGINE_THREADS ? &sim : NULL);
        if (rc == 0) {
            pthread_detach(thread);
        }
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    while (rc == 0 && ready <= ENGINE_THREADS) {
        pthread_cond_wait(&sim.done, &sim.lock);
    }
    return -rc;
}

static void wait_done(void)
{
    waiters++;
    pthread_cond_wait(&sim.done, &sim.lock);
    waiters--;
}

/* Short work at the head of its stream is done by the caller itself. */
static void run_inline(struct CUstream_st *s)
{
    struct sim_op *op = s->head;
    CUresult cu = CUDA_SUCCESS;

    if (!op_is_short(op, INLINE_MAX) || !head_ready(s)) {
        return;
    }
    if (op_slice(op, &cu) == OP_STEP_DONE && cu == CUDA_SUCCESS) {
        finish(s);
    }
    if (cu != CUDA_SUCCESS) {
        sim_poison(cu);
        discard_all();
    }
}

/* A launch waits for room in its stream, and while others hold launches back. */
static CUresult wait_for_room(struct CUstream_st *stream)
{
    CUresult cu;

    stream->pins++;
    while (sim.sticky == CUDA_SUCCESS && !stream->gone &&
           (stream->kernels >= ENGINE_KERNELS_MAX || sim.exclusive != 0)) {
        wait_done();
    }
    stream->pins--;
    cu = sim.sticky == CUDA_SUCCESS && stream->gone ? CUDA_ERROR_INVALID_HANDLE : sim.sticky;
    stream_reap(stream);
    return cu;
}

CUresult engine_submit(struct CUstream_st *stream, struct sim_op *op)
{
    bool launch = op->kind == OP_KERNEL && !engine_replays;
    CUresult cu = launch ? wait_for_room(stream) : sim.sticky;

    if (cu != CUDA_SUCCESS) {
        op_complete(op);
        return cu;
    }
    op->stream = stream;
    op->seq = ++sim.seq;
    op->counted = launch;
    stream->kernels += launch;
    if (stream->tail != NULL) {
        stream->tail->next = op;
        stream->tail = op;
        return CUDA_SUCCESS;
    }
    stream->head = op;
    stream->tail = op;
    run_inline(stream);
    if (stream->head != NULL) {
        pthread_cond_signal(op->kind == OP_HOST ? &host_work : &sim.work);
    }
    return sim.sticky;
}

static bool context_busy(const struct CUctx_st *ctx, uint64_t seq)
{
    for (const struct CUstream_st *s = sim.streams; s != NULL; s = s->next) {
        if ((ctx == NULL || s->ctx == ctx) && unfinished(s, seq)) {
            return true;
        }
    }
    return false;
}

/* By identity, not by pointer: the stream may be destroyed while one waits. */
static bool stream_busy(uint64_t id, const struct CUctx_st *legacy_of, uint64_t seq)
{
    for (const struct CUstream_st *s = sim.streams; s != NULL; s = s->next) {
        bool mine = s->id == id || (legacy_of != NULL && s->ctx == legacy_of && blocking(s));

        if (mine && unfinished(s, seq)) {
            return true;
        }
    }
    return false;
}

CUresult engine_wait_stream(const struct CUstream_st *stream)
{
    uint64_t id = stream->id;
    const struct CUctx_st *legacy_of = stream == stream->ctx->null_stream ? stream->ctx : NULL;
    uint64_t seq = sim.seq;

    while (sim.sticky == CUDA_SUCCESS && stream_busy(id, legacy_of, seq)) {
        wait_done();
    }
    return sim.sticky;
}

CUresult engine_query_stream(const struct CUstream_st *stream)
{
    const struct CUctx_st *legacy_of = stream == stream->ctx->null_stream ? stream->ctx : NULL;

    return stream_busy(stream->id, legacy_of, sim.seq) ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

/* A running slice holds its stream even when the error has come: wait for it. */
static bool any_running(const struct CUctx_st *ctx)
{
    for (const struct CUstream_st *s = sim.streams; s != NULL; s = s->next) {
        if ((ctx == NULL || s->ctx == ctx) && s->head != NULL && s->head->running &&
            s->head->kind != OP_HOST) {
            return true;
        }
    }
    return false;
}

CUresult engine_wait_context(const struct CUctx_st *ctx)
{
    uint64_t seq = sim.seq;

    while (sim.sticky == CUDA_SUCCESS ? context_busy(ctx, seq) : any_running(ctx)) {
        wait_done();
    }
    return sim.sticky;
}

CUresult engine_wait_all(bool hold_launches)
{
    CUresult cu;

    sim.exclusive += hold_launches;
    cu = engine_wait_context(NULL);
    sim.exclusive -= hold_launches;
    if (hold_launches && waiters > 0) {
        pthread_cond_broadcast(&sim.done);
    }
    return cu;
}

void engine_wait_unheld(void)
{
    while (sim.sticky == CUDA_SUCCESS && sim.exclusive != 0) {
        wait_done();
    }
}

CUresult engine_wait_point(const struct sim_point *point)
{
    while (sim.sticky == CUDA_SUCCESS && !point->done) {
        wait_done();
    }
    return sim.sticky;
}
