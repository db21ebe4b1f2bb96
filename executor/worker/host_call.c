/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/host_call.h"

#include <stdlib.h>
#include <time.h>

#include "executor/worker/error.h"
#include "executor/worker/session.h"

/* How often a waiting thread looks at its word. */
#define LOOK_NS 1000000

void ex_host_calls_init(struct ex_host_calls *calls)
{
    (void)pthread_mutex_init(&calls->lock, NULL);
    (void)pthread_cond_init(&calls->changed, NULL);
}

void ex_host_calls_attach(void *window)
{
    for (uint64_t slot = 0; slot < VGPU_HOST_CALL_SLOTS; slot++) {
        atomic_store(vgpu_channel_returned(window, slot), 0);
    }
}

/* An honest guest's tokens, and as many that it has let go of but whose calls have not ended. */
#define LIVE_MAX (2 * VGPU_HOST_CALLS_MAX)

static bool count_one(struct ex_host_calls *calls)
{
    bool room;

    (void)pthread_mutex_lock(&calls->lock);
    room = calls->live < LIVE_MAX;
    calls->live += room;
    (void)pthread_mutex_unlock(&calls->lock);
    return room;
}

struct ex_host_call *ex_host_call_new(struct ex_session *x, uint64_t token, bool stays)
{
    struct ex_host_call *call = calloc(1, sizeof(*call));

    if (call != NULL && !count_one(&x->host_calls)) {
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
    (void)pthread_mutex_unlock(&calls->lock);
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

/* Under the lock: a slot and a number for a function that is to run. */
static void begin(struct ex_host_calls *calls, struct ex_host_running *self)
{
    uint64_t slot = 0;

    while (calls->running[slot] != NULL) {
        if (++slot == VGPU_HOST_CALL_SLOTS) {
            (void)pthread_cond_wait(&calls->changed, &calls->lock);
            slot = 0;
        }
    }
    self->call = ++calls->last_round * VGPU_HOST_CALL_SLOTS + slot;
    calls->running[slot] = self;
}

/* Under the lock: a while, or until a record says that a function has returned. */
static void rest(struct ex_host_calls *calls)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_cond_clockwait(&calls->changed, &calls->lock, CLOCK_MONOTONIC, &until);
}

/* Under the lock. */
static void wait_for_guest(struct ex_session *x, const struct ex_host_running *self)
{
    const _Atomic uint64_t *word = vgpu_channel_returned(x->window.base, self->call);

    while (!self->done && atomic_load(word) != self->call) {
        rest(&x->host_calls);
    }
}

void ex_host_call_run(void *arg)
{
    struct ex_host_call *call = arg;
    struct ex_session *x = call->session;
    struct ex_host_calls *calls = &x->host_calls;
    struct ex_host_running self = {.done = false};

    (void)pthread_mutex_lock(&calls->lock);
    begin(calls, &self);
    (void)pthread_mutex_unlock(&calls->lock);
    ask_guest(x, call->token, self.call);
    (void)pthread_mutex_lock(&calls->lock);
    wait_for_guest(x, &self);
    calls->running[self.call % VGPU_HOST_CALL_SLOTS] = NULL;
    (void)pthread_cond_broadcast(&calls->changed);
    call->expected--;
    let_go(call);
    (void)pthread_mutex_unlock(&calls->lock);
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

/* Of a function whose word was seen first, this is late and says nothing new. */
CUresult ex_do_vgpuHostDone(struct ex_session *session, const struct vgpu_args_vgpuHostDone *args,
                            struct vgpu_ret_vgpuHostDone *ret)
{
    struct ex_host_calls *calls = &session->host_calls;
    struct ex_host_running *running;
    bool made;

    (void)ret;
    (void)pthread_mutex_lock(&calls->lock);
    running = calls->running[args->call % VGPU_HOST_CALL_SLOTS];
    made = args->call / VGPU_HOST_CALL_SLOTS - 1 < calls->last_round;
    if (running != NULL && running->call == args->call) {
        running->done = true;
        (void)pthread_cond_broadcast(&calls->changed);
    }
    (void)pthread_mutex_unlock(&calls->lock);
    if (!made) {
        ex_session_broken(session, "an end of a host function that was not asked for");
    }
    return CUDA_SUCCESS;
}
