/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_SESSION_H
#define EX_WORKER_SESSION_H

/*
 * The one session of a worker: its tables and what they stand on.
 *
 * Threads.  The dispatcher runs every operation that cannot block; helper threads run
 * the others.  Streams, events, fences and progress are the dispatcher's alone.  Locks,
 * outermost first:
 *
 *   arrays' lock    what names an array to the driver (array.h)
 *   objects         modules, functions and link states.  The dispatcher holds it for each
 *                   operation, helpers only to add or remove: so an object that was looked
 *                   up lives until the operation returns, and nobody waits for the driver
 *                   here.
 *   vmm's lock      address ranges, physical memory, mappings
 *   a link's lock   its object in the driver
 *   incoming.lock   an image that comes in parts
 *   charges.lock    limits of the context
 *   room.turn, then room.lock   a question for memory, asked without any lock
 *   memory->lock    device allocations, module globals, registered parts of the window
 *   cache.turn, then cache.lock   a question to the cache
 *   outbox->lock    what is sent
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "executor/worker/array.h"
#include "executor/worker/cache.h"
#include "executor/worker/charge.h"
#include "executor/worker/event_pool.h"
#include "executor/worker/fence.h"
#include "executor/worker/helpers.h"
#include "executor/worker/host_call.h"
#include "executor/worker/host_window.h"
#include "executor/worker/incoming.h"
#include "executor/worker/memory.h"
#include "executor/worker/outbox.h"
#include "executor/worker/room.h"
#include "executor/worker/session_api.h"
#include "executor/worker/stream.h"
#include "executor/worker/vmm.h"
#include "proto/handles.h"

#define EX_UNKNOWN_LOGGED 16u

struct ex_session {
    const struct ex_driver *driver; /* borrowed */
    struct ex_outbox *outbox;       /* borrowed */
    struct ex_helpers *helpers;     /* borrowed */
    CUdevice device;
    CUcontext context; /* of this process; borrowed */
    uint64_t id;
    uint64_t linger_ns; /* the dispatcher looks so long for what comes next; 0 until Attach */

    struct ex_window window;
    struct ex_memory *memory;
    struct ex_vmm *vmm;
    struct ex_arrays arrays;
    struct ex_charges charges;
    struct ex_cache cache;
    struct ex_incoming incoming;
    struct ex_room room;

    pthread_mutex_t objects;
    struct vgpu_handles *streams;
    struct vgpu_handles *events;
    struct vgpu_handles *modules;
    struct vgpu_handles *functions;
    struct vgpu_handles *graphs;
    uint64_t graph_bytes; /* that all graphs are charged */
    struct vgpu_handles *links;

    uint64_t sent[VGPU_STREAMS_MAX]; /* operations per stream index, of all its streams */
    struct ex_stream legacy;
    struct ex_stream *active;      /* streams with marks, linked by next_active */
    struct ex_stream *last_stream; /* where the last operation went; NULL at first */
    uint32_t ended_streams;        /* that the guest has ended, and that have work left */
    struct ex_event_pool event_pool;
    struct ex_fences fences;
    struct ex_host_calls host_calls; /* has a lock of its own */

    /* Unknown operations that were logged: each once, a bounded number of them. */
    uint32_t unknown_logged[EX_UNKNOWN_LOGGED];
    uint32_t unknown_count;
};

/* Prepares the tables; the session owns nothing of the driver yet.  0 or -ENOMEM. */
int ex_session_init(struct ex_session *x, const struct ex_driver *driver, CUdevice device,
                    struct ex_outbox *outbox, struct ex_helpers *helpers);

/*
 * Serves the broker: Attach, then Submit frames, until the pipe closes.  Runs on the
 * dispatcher's thread, which must have the context current.  Returns 0 when the peer is gone.
 */
int ex_session_serve(struct ex_session *x, struct vgpu_frame_socket *socket);

#endif
