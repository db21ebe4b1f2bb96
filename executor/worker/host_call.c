/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/host_call.h"

#include <stdlib.h>

#include "executor/worker/error.h"
#include "executor/worker/session.h"

void ex_host_calls_init(struct ex_host_calls *calls)
{
    (void)pthread_mutex_init(&calls->lock, NULL);
    (void)pthread_cond_init(&calls->changed, NULL);
}

/* An honest guest's tokens, and as many that it has let go of but whose calls have not ended. */
#define LIVE_MAX (2 * VGPU_HOST_CALLS_MAX)

static bool count_one(struct ex_host_calls *calls, bool stays)
{
    bool room;

    (void)pthread_mutex_lock(&calls->lock);
    room = calls->live < LIVE_MAX;
    calls->live += room;
    calls->expected += room && !stays;
    (void)pthread_mutex_unlock(&calls->lock);
    return room;
}

struct ex_host_call *ex_host_call_new(struct ex_session *x, uint64_t token, bool stays)
{
    struct ex_host_call *call = calloc(1, sizeof(*call));

    if (call != NULL && !count_one(&x->host_calls, stays)) {
        free(call);
        call = NULL;
    }
    if (call != NULL) {
        call->session = x;
        call->token = token;
        call->stays = stays;
        call->expected = stays ? 0 : 1;
    }
    return call;
}

/* Under the lock. */
static void let_go(struct ex_host_call *call)
{
    if (!call->stays && call->expected == 0) {
        call->session->host_calls.live--;
        free(call);
    }
}

void ex_host_call_expect(struct ex_host_call *call, bool expect)
{
    struct ex_host_calls *calls = &call->session->host_calls;

    (void)pthread_mutex_lock(&calls->lock);
    call->expected += expect ? 1 : UINT64_MAX;
    calls->expected += expect ? 1 : UINT64_MAX;
    (void)pthread_mutex_unlock(&calls->lock);
}

bool ex_host_calls_expected(struct ex_host_calls *calls)
{
    bool any;

    (void)pthread_mutex_lock(&calls->lock);
    any = calls->expected > 0;
    (void)pthread_mutex_unlock(&calls->lock);
    return any;
}

void ex_host_call_end(struct ex_host_call *call)
{
    struct ex_host_calls *calls;

    if (call == NULL) {
        return;
    }
    calls = &call->session->host_calls;
    (void)pthread_mutex_lock(&calls->lock);
    call->stays = false;
    let_go(call);
    (void)pthread_mutex_unlock(&calls->lock);
}

static void ask_guest(struct ex_session *x, uint64_t token, uint64_t call)
{
    struct vgpu_args_vgpuHostCall args = {.token = token, .call = call};
    uint8_t body[16];
    ssize_t size = vgpu_put_args_vgpuHostCall(body, sizeof(body), &args);

    if (size > 0) {
        ex_outbox_upcall(x->outbox, VGPU_OP_vgpuHostCall, body, (size_t)size);
    }
}

static void wait_for_guest(struct ex_host_calls *calls, struct ex_host_call *call,
                           struct ex_host_running *self)
{
    struct ex_host_running **at = &calls->running;

    (void)pthread_mutex_lock(&calls->lock);
    while (!self->done) {
        (void)pthread_cond_wait(&calls->changed, &calls->lock);
    }
    while (*at != self) {
        at = &(*at)->next;
    }
    *at = self->next;
    call->expected--;
    calls->expected--;
    let_go(call);
    (void)pthread_mutex_unlock(&calls->lock);
}

void ex_host_call_run(void *arg)
{
    struct ex_host_call *call = arg;
    struct ex_session *x = call->session;
    struct ex_host_running self = {.done = false};

    (void)pthread_mutex_lock(&x->host_calls.lock);
    self.call = ++x->host_calls.last_call;
    self.next = x->host_calls.running;
    x->host_calls.running = &self;
    (void)pthread_mutex_unlock(&x->host_calls.lock);
    ask_guest(x, call->token, self.call);
    wait_for_guest(&x->host_calls, call, &self);
}

CUresult ex_do_cuLaunchHostFunc(struct ex_session *session,
                                const struct vgpu_args_cuLaunchHostFunc *args,
                                struct vgpu_ret_cuLaunchHostFunc *ret)
{
    struct ex_host_call *call;
    struct ex_stream *s = NULL;
    CUresult cu = ex_stream_enter(session, args->stream, &s);

    (void)ret;
    if (cu == CUDA_SUCCESS && session->driver->cuLaunchHostFunc == NULL) {
        cu = CUDA_ERROR_NOT_SUPPORTED;
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    call = ex_host_call_new(session, args->token, false);
    if (call == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = session->driver->cuLaunchHostFunc(s->cu, ex_host_call_run, call);
    if (cu != CUDA_SUCCESS) {
        ex_host_call_expect(call, false);
        ex_host_call_end(call);
        return cu;
    }
    ex_stream_entered(session, s);
    return CUDA_SUCCESS;
}

CUresult ex_do_vgpuHostDone(struct ex_session *session, const struct vgpu_args_vgpuHostDone *args,
                            struct vgpu_ret_vgpuHostDone *ret)
{
    struct ex_host_calls *calls = &session->host_calls;
    struct ex_host_running *at;

    (void)ret;
    (void)pthread_mutex_lock(&calls->lock);
    at = calls->running;
    while (at != NULL && (at->call != args->call || at->done)) {
        at = at->next;
    }
    if (at == NULL) {
        ex_session_broken(session, "an end of a host function that does not run");
    }
    at->done = true;
    (void)pthread_cond_broadcast(&calls->changed);
    (void)pthread_mutex_unlock(&calls->lock);
    return CUDA_SUCCESS;
}
