/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_CONTEXT_H
#define GS_CONTEXT_H

/*
 * Contexts: bookkeeping over the one context of the worker.  The primary context
 * of a device has its handle for ever and is active or not; created ones live from
 * cuCtxCreate to cuCtxDestroy.  The structures are never freed, so a thread with a
 * dead context on its stack sees that it is dead.
 *
 * The NULL stream of every context is the worker's legacy stream: where a program has
 * two contexts on one device it waits for the work of both, never for less.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guest/libcuda/context_storage.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/stream.h"
#include "guest/libcuda/thread.h"

struct gs_context {
    _Atomic uint64_t handle; /* 0: never used; otherwise its last one */
    _Atomic bool active;
    _Atomic bool alive;     /* has a worker: active, or a primary one that answers questions */
    _Atomic uint64_t epoch; /* grows each time it becomes alive */
    bool primary;
    struct gs_device *_Atomic device; /* NULL: nobody's slot */
    struct gs_session *session;       /* set before `alive` */
    _Atomic uint32_t flags;
    _Atomic uint32_t cache_config;
    uint64_t id;
    struct gs_stream null_stream;
    struct gs_stored *stored; /* context_storage.h */
};

/* Sets up the primary contexts; once. */
void gs_contexts_init(void);

/* The context of a handle, dead or alive; NULL: it never was one. */
struct gs_context *gs_context_find(CUcontext handle);

static inline CUcontext gs_context_handle(const struct gs_context *context)
{
    return (CUcontext)(uintptr_t)atomic_load_explicit(&context->handle, memory_order_relaxed);
}

static inline bool gs_context_is_active(const struct gs_context *context)
{
    return atomic_load_explicit(&context->active, memory_order_acquire);
}

/* Whether what was made in that life of it is still there. */
static inline bool gs_context_lives(const struct gs_context *context, uint64_t epoch)
{
    return atomic_load_explicit(&context->alive, memory_order_acquire) &&
           atomic_load(&context->epoch) == epoch;
}

/* The primary context of a device. */
struct gs_context *gs_context_primary(const struct gs_device *device);

/* Any live context of a device, the primary one first; NULL: none.  With the device's lock it
 * stays alive. */
struct gs_context *gs_context_of(const struct gs_device *device);

/*
 * Gives the device a worker for questions that the program may ask without a context: its primary
 * context is alive then, and is what it asked for when it becomes active.  It ends with the
 * device's last active context.  With the device's lock; no context of the device is alive.
 * The sticky error, or why there is no worker.
 */
CUresult gs_context_wake(struct gs_context *primary);

/* Makes it active: gives its device a worker if it has none.  With the device's lock.  The sticky
 * error, or why there is no worker. */
CUresult gs_context_activate(struct gs_context *context);

/* Ends it and frees what it owns; the last one of a device ends the worker.  With the device's
 * lock.  Returns what was kept with it, for gs_storage_end() without the lock. */
struct gs_stored *gs_context_deactivate(struct gs_context *context);

/* A new context, active.  CUDA_ERROR_OUT_OF_MEMORY when there are too many; as
 * gs_context_activate(). */
CUresult gs_context_create(struct gs_device *device, unsigned int flags,
                           struct gs_context **context);

/* Gives the slot of a created context that is not active back; its handle stays known as dead. */
void gs_context_forget(struct gs_context *context);

/* What a call works with. */
struct gs_call {
    struct gs_thread *thread;
    struct gs_context *context;
    struct gs_session *session;
};

/*
 * The first line of every call that needs a context.  CUDA_ERROR_NOT_INITIALIZED, 201 (none is
 * current), 709 (it is destroyed), the sticky error, CUDA_ERROR_OUT_OF_MEMORY (thread state).
 */
CUresult gs_enter(struct gs_call *call);

/* As gs_enter, but a sticky error does not matter. */
CUresult gs_enter_quiet(struct gs_call *call);

/* Makes `context` the thread's current one, below or on top of what is there. */
CUresult gs_context_push(struct gs_thread *thread, const struct gs_context *context);

#endif
