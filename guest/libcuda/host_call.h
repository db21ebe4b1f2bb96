/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_HOST_CALL_H
#define GS_HOST_CALL_H

/*
 * Functions of the program that run in a stream's order.  The worker asks for one by its token when
 * the stream has come to it; a thread of this library, made at the first function of a session,
 * calls it and says when it has returned.  CUDA calls from inside are refused with
 * CUDA_ERROR_NOT_PERMITTED, as native.
 *
 *   sent ──(upcall)──► asked ──library thread──► runs ──vgpuHostDone──► forgotten, or kept (graphs)
 *
 * The thread sleeps while no function is on its way, and otherwise waits as any thread does
 * (link.h), so it also notices the end of the session.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/handles.h"

struct gs_session;
struct gs_stream;

/* What to call: `fn`, or `callback` with the stream and a status.  One that is `ours` is called
 * when its worker ends before it was asked for, too; one of the program's is dropped then, as
 * native. */
struct gs_host_function {
    CUhostFn fn;
    CUstreamCallback callback;
    CUstream stream;
    void *data;
    bool ours;
};

/* A function that the worker has asked for. */
struct gs_host_ask {
    struct gs_host_ask *next;
    uint64_t worker;
    uint64_t token;
    uint64_t call;
};

struct gs_host_calls {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    _Atomic bool ready;                /* lock, table and thread are there */
    struct vgpu_handles *table;        /* by token */
    _Atomic uint64_t pending;          /* calls on their way; the thread works while it is not 0 */
    pthread_mutex_t worker_lock;       /* `worker` stays while one is told of an end */
    _Atomic uint64_t worker;           /* the one whose calls are answered; 0: none is */
    uint64_t workers;                  /* that there were */
    struct gs_host_ask *_Atomic asked; /* newest first */
};

/* Files a function.  One that `stays` may be called any number of times, until
 * gs_host_call_forget(); another ends with its call.  CUDA_ERROR_OUT_OF_MEMORY at the limit, or
 * when no thread can be made. */
CUresult gs_host_call_new(struct gs_session *s, const struct gs_host_function *function, bool stays,
                          uint64_t *token);

/* Before a call is sent, and when it was not: the thread is awake in between. */
void gs_host_call_expect(struct gs_session *s, uint64_t token);
void gs_host_call_unexpect(struct gs_session *s, uint64_t token);

/* Ends a token that stays, when its calls that are under way have come. */
void gs_host_call_forget(struct gs_session *s, uint64_t token);

/* Before a worker is asked for, and before it is ended: from then on it is told nothing more. */
void gs_host_calls_open(struct gs_session *s);
void gs_host_calls_close(struct gs_session *s);

/* The worker has ended: what was on its way is forgotten, tokens that stay are kept. */
void gs_host_calls_drop(struct gs_session *s);

/* The worker has asked; called by whoever reads the ring.  False: not an upcall that is known. */
bool gs_host_call_asked(struct gs_session *s, uint32_t op, const uint8_t *body, size_t len);

/* Sends one call into a stream (cu_host.c). */
CUresult gs_host_call_send(struct gs_stream *stream, const struct gs_host_function *function);

/* Calls a function of the program here and now, with CUDA calls inside refused. */
void gs_host_call_plain(CUhostFn fn, void *data);

/* True in a function that runs. */
extern __thread bool gs_host_call_is_inside __attribute__((tls_model("initial-exec")));
static inline bool gs_host_call_inside(void)
{
    return gs_host_call_is_inside;
}

#endif
