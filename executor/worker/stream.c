/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/stream.h"

#include <stdlib.h>

#include "executor/worker/error.h"
#include "executor/worker/session.h"

/* A guest may be parked at VGPU_STREAM_DEPTH_GUEST, and how far it is ahead of us only it knows:
 * it is woken every so many operations, well before it would run dry. */
#define WAKE_STEP (VGPU_STREAM_DEPTH_GUEST / 4)

static struct ex_stream *lookup(struct ex_session *x, uint64_t handle)
{
    return handle == 0 ? &x->legacy : vgpu_handles_get(x->streams, handle);
}

CUresult ex_get_stream(struct ex_session *x, uint64_t handle, CUstream *stream)
{
    struct ex_stream *found = lookup(x, handle);

    if (found == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *stream = found->cu;
    return CUDA_SUCCESS;
}

/* A stream's counts go on where the last stream of its index ended: the guest counts so. */
static void set_counts(struct ex_stream *s, uint64_t sent)
{
    s->submitted = sent;
    s->done = sent;
    s->marked = sent;
}

void ex_streams_attach(struct ex_session *x)
{
    for (uint32_t i = 0; i < VGPU_STREAMS_MAX; i++) {
        ex_window_publish(&x->window, i, 0);
    }
}

static uint64_t unfinished(const struct ex_stream *s)
{
    return s->submitted - s->done + s->own - s->own_done;
}

CUresult ex_stream_enter(struct ex_session *x, uint64_t handle, struct ex_stream **stream)
{
    struct ex_stream *s = lookup(x, handle);

    if (s == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (unfinished(s) >= VGPU_STREAM_DEPTH_WORKER) {
        (void)ex_streams_poll(x);
        if (unfinished(s) >= VGPU_STREAM_DEPTH_WORKER) {
            ex_session_broken(x, "more operations in a stream than allowed");
        }
    }
    *stream = s;
    return CUDA_SUCCESS;
}

void ex_stream_entered(struct ex_session *x, struct ex_stream *s)
{
    s->submitted++;
    x->sent[s->index] = s->submitted;
    x->last_stream = s;
    if (s->submitted - s->marked >= VGPU_PROGRESS_STEP && s->mark_count < EX_STREAM_OWN_MAX) {
        CUresult cu = ex_stream_mark(x, s, NULL);

        if (cu != CUDA_SUCCESS) {
            ex_session_fatal(x, cu, "progress mark");
        }
    }
}

bool ex_stream_has_room(const struct ex_stream *s, uint32_t own)
{
    return s->own - s->own_done + own <= EX_STREAM_OWN_MAX - EX_STREAM_OWN_PROGRESS &&
           s->mark_count < EX_STREAM_OWN_MAX - EX_STREAM_OWN_PROGRESS;
}

CUresult ex_stream_mark(struct ex_session *x, struct ex_stream *s, const struct ex_mark *fence)
{
    struct ex_mark mark = {.event = NULL};
    CUresult cu;

    if (fence != NULL) {
        mark = *fence;
    }
    cu = ex_event_pool_get(&x->event_pool, &mark.event);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = x->driver->cuEventRecordWithFlags(mark.event, s->cu, CU_EVENT_RECORD_DEFAULT);
    if (cu != CUDA_SUCCESS) {
        ex_event_pool_put(&x->event_pool, mark.event);
        return cu;
    }
    s->own++;
    s->marked = s->submitted;
    mark.at = s->submitted;
    mark.own_at = s->own;
    mark.graphs = s->graphs;
    s->graphs = 0;
    s->marks[(s->mark_first + s->mark_count) % EX_STREAM_OWN_MAX] = mark;
    s->mark_count++;
    if (!s->active) {
        s->active = true;
        s->next_active = x->active;
        x->active = s;
    }
    return CUDA_SUCCESS;
}

static struct ex_mark *last_mark(struct ex_stream *s)
{
    return &s->marks[(s->mark_first + s->mark_count - 1) % EX_STREAM_OWN_MAX];
}

void ex_stream_hold(struct ex_stream *s)
{
    s->holders++;
}

/* Its work goes on, and threads may still wait for it: marks outlive the stream. */
static void free_ended(struct ex_stream *s)
{
    if (s->destroyed && !s->active && s->holders == 0) {
        free(s);
    }
}

void ex_stream_let_go(struct ex_stream *s)
{
    s->holders--;
    free_ended(s);
}

void ex_stream_settle_graphs(struct ex_session *x, struct ex_stream *s)
{
    if (s->graphs > 0 && x->driver->cuStreamQuery(s->cu) == CUDA_SUCCESS) {
        x->graph_bytes -= s->graphs;
        s->graphs = 0;
    }
}

/* A mark in the legacy stream would hold back the others: there the next one has to do. */
void ex_stream_end_graph(struct ex_session *x, struct ex_stream *s, uint64_t at, uint64_t bytes)
{
    if (s->done >= at || (s->destroyed && s->mark_count == 0)) {
        x->graph_bytes -= bytes;
    } else if (s->marked >= at || s->destroyed) {
        last_mark(s)->graphs += bytes;
    } else {
        s->graphs += bytes;
        ex_stream_settle_graphs(x, s);
        if (s->graphs > 0 && s != &x->legacy && s->mark_count < EX_STREAM_OWN_MAX) {
            (void)ex_stream_mark(x, s, NULL);
        }
    }
}

/* True when the guest may be waiting for what passed. */
static bool mark_passed(struct ex_session *x, struct ex_stream *s, const struct ex_mark *mark)
{
    bool step = s->done / WAKE_STEP != mark->at / WAKE_STEP;

    s->done = mark->at;
    s->own_done = mark->own_at;
    x->graph_bytes -= mark->graphs;
    if (!s->destroyed) {
        ex_window_publish(&x->window, s->index, s->done);
    }
    if (mark->fence && !mark->written) {
        ex_window_fence(&x->window, mark->lane, mark->value);
    }
    ex_event_pool_put(&x->event_pool, mark->event);
    s->mark_first = (s->mark_first + 1) % EX_STREAM_OWN_MAX;
    s->mark_count--;
    return mark->fence || (step && !s->destroyed);
}

static bool poll_stream(struct ex_session *x, struct ex_stream *s)
{
    bool wake = false;

    while (s->mark_count > 0) {
        const struct ex_mark *mark = &s->marks[s->mark_first];
        CUresult cu = x->driver->cuEventQuery(mark->event);

        if (cu == CUDA_ERROR_NOT_READY) {
            break;
        }
        if (cu != CUDA_SUCCESS) {
            ex_session_fatal(x, cu, mark->fence ? "vgpuFence" : "progress mark");
        }
        wake |= mark_passed(x, s, mark);
    }
    return wake;
}

bool ex_streams_poll(struct ex_session *x)
{
    struct ex_stream **link = &x->active;
    bool wake = false;

    while (*link != NULL) {
        struct ex_stream *s = *link;

        wake |= poll_stream(x, s);
        if (s->mark_count > 0) {
            link = &s->next_active;
            continue;
        }
        *link = s->next_active;
        s->active = false;
        x->ended_streams -= s->destroyed;
        free_ended(s);
    }
    return wake;
}

CUresult ex_do_cuStreamCreateWithPriority(struct ex_session *session,
                                          const struct vgpu_args_cuStreamCreateWithPriority *args,
                                          struct vgpu_ret_cuStreamCreateWithPriority *ret)
{
    struct ex_stream *s;
    CUresult cu;

    (void)ret;
    s = session->ended_streams < EX_STREAMS_ENDED_MAX ? calloc(1, sizeof(*s)) : NULL;
    if (s == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = session->driver->cuStreamCreateWithPriority(&s->cu, args->flags, args->priority);
    if (cu != CUDA_SUCCESS) {
        free(s);
        return cu;
    }
    s->index = vgpu_handle_index_of(args->stream);
    if (s->index == EX_LEGACY_INDEX || vgpu_handles_accept(session->streams, args->stream, s) < 0) {
        (void)session->driver->cuStreamDestroy(s->cu);
        free(s);
        return CUDA_ERROR_INVALID_HANDLE;
    }
    /* What the index's last stream left undone counts as done: it is no load of this one. */
    set_counts(s, session->sent[s->index]);
    ex_window_publish(&session->window, s->index, s->done);
    return CUDA_SUCCESS;
}

CUresult ex_do_cuStreamDestroy_v2(struct ex_session *session,
                                  const struct vgpu_args_cuStreamDestroy_v2 *args,
                                  struct vgpu_ret_cuStreamDestroy_v2 *ret)
{
    struct ex_stream *s = vgpu_handles_take(session->streams, args->stream);
    CUresult cu;

    (void)ret;
    if (s == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (session->last_stream == s) {
        session->last_stream = NULL;
    }
    /* It is the driver's until its work is done: a mark tells when. */
    if (s->submitted != s->marked && s->mark_count < EX_STREAM_OWN_MAX) {
        (void)ex_stream_mark(session, s, NULL);
    }
    cu = session->driver->cuStreamDestroy(s->cu);
    s->cu = NULL;
    s->destroyed = true;
    if (s->graphs > 0) {
        ex_stream_end_graph(session, s, s->submitted, s->graphs);
    }
    session->ended_streams += s->active;
    free_ended(s);
    return cu;
}

CUresult ex_do_cuStreamWaitEvent(struct ex_session *session,
                                 const struct vgpu_args_cuStreamWaitEvent *args,
                                 struct vgpu_ret_cuStreamWaitEvent *ret)
{
    struct ex_stream *s = NULL;
    CUevent event = NULL;
    CUresult cu = ex_stream_enter(session, args->stream, &s);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = ex_get_event(session, args->event, &event);
    }
    if (cu == CUDA_SUCCESS) {
        cu = session->driver->cuStreamWaitEvent(s->cu, event, args->flags);
    }
    if (cu == CUDA_SUCCESS) {
        ex_stream_entered(session, s);
    }
    return cu;
}
