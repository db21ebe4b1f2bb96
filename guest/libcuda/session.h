/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_SESSION_H
#define GS_SESSION_H

/*
 * This process on one device: a channel, from the first active context on a worker,
 * and the objects in it.  One per device, never freed.
 *
 *   closed ──connect──► greeted ──open──► open ──close──► closing ──(Closed)──► greeted
 *
 * The states change under the device's lock.  Objects live as long as the worker:
 * gs_session_close_worker() drops them all.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/libcuda/alloc_map.h"
#include "guest/libcuda/beacon.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/deferred.h"
#include "guest/libcuda/device_memory.h"
#include "guest/libcuda/host_call.h"
#include "guest/libcuda/hostmem.h"
#include "guest/libcuda/image_send.h"
#include "guest/libcuda/limit.h"
#include "guest/libcuda/link.h"
#include "guest/libcuda/settled.h"
#include "guest/libcuda/staging.h"
#include "guest/libcuda/texture.h"
#include "proto/cuda_abi.h"
#include "proto/handles.h"

enum gs_session_state {
    GS_SESSION_CLOSED,
    GS_SESSION_GREETED,
    GS_SESSION_OPEN,
    GS_SESSION_CLOSING,
};

struct gs_session {
    uint32_t ordinal; /* of the host */
    uint32_t index;   /* of the device as the program counts, in public handles */
    enum gs_session_state state;
    struct gs_link link;
    uint8_t *window; /* the whole channel at the address that the worker uses too */
    /* What control frames said; written under the link's read_lock. */
    _Atomic bool welcomed;
    _Atomic bool opened;
    _Atomic bool closed;
    _Atomic int32_t refused;
    _Atomic uint32_t worker_pid;
    _Atomic bool cache;       /* images may be asked for by their hash */
    _Atomic bool prints;      /* a module of this worker's may */
    _Atomic bool silent_done; /* work is known to be done, but not what it printed */
    struct gs_speech speech;

    struct vgpu_handles *_Atomic streams; /* NULL: there is no worker */
    struct vgpu_handles *events;
    struct vgpu_handles *modules;
    struct vgpu_handles *functions;
    struct vgpu_handles *graphs; /* executable ones */
    struct vgpu_handles *physicals;
    struct vgpu_handles *arrays;
    struct vgpu_handles *mipmaps;
    struct gs_textures textures;
    struct vgpu_handles *linkers;
    struct gs_alloc_map allocs;
    struct gs_device_memory device_memory;
    struct gs_hostmem host;
    struct gs_image_room image_room;
    struct gs_host_calls host_calls; /* outlives the worker */
    struct gs_staging staging;
    struct gs_limits limits;
    /* Operations sent per stream index, for the depth of streams. */
    _Atomic uint64_t sent[VGPU_STREAMS_MAX];
    struct gs_settled settled;
    struct gs_deferred deferred;
    struct gs_beacons beacons;
    _Atomic bool events_asked; /* the event that ended last had been asked for */
};

/* Opens a channel and says Hello; the facts of Welcome go to gs_process (process.h).  CUDA_SUCCESS;
 * the host's refusal; 802 when it cannot be reached; 100 when there is no way to it; 46 without
 * free channel; 304 without address candidate; 999 never.  What stands in the way is logged. */
CUresult gs_session_connect(struct gs_session *s);

/* Asks for a worker and waits for it.  The session must be greeted or closing. */
CUresult gs_session_open_worker(struct gs_session *s);

/* Has the worker ended and drops all objects; does not wait. */
void gs_session_close_worker(struct gs_session *s);

/* The code of a sticky error (process.h). */
extern _Atomic uint32_t gs_sticky;

/* What gs_session_error() says where something is wrong. */
CUresult gs_session_end(struct gs_session *s);

/* 0, or the CUresult that every call gives from now on; it is the process's too. */
static inline CUresult gs_session_error(struct gs_session *s)
{
    uint32_t wrong =
        atomic_load_explicit(&gs_sticky, memory_order_relaxed) | gs_link_wrong(&s->link);

    return __builtin_expect(wrong == 0, 1) ? CUDA_SUCCESS : gs_session_end(s);
}

/* What it comes to that the worker was told of the end or the setting of something, where `cu` came
 * of it: that the worker has ended is no error, since what it had ended with it. */
static inline CUresult gs_session_told(struct gs_session *s, CUresult cu)
{
    return cu != CUDA_SUCCESS && gs_session_error(s) != CUDA_SUCCESS ? CUDA_SUCCESS : cu;
}

/* A wire handle as the program sees it, and back.  The public one names the device as well. */
static inline uint64_t gs_handle_public(const struct gs_session *s, uint64_t wire)
{
    return wire | ((uint64_t)s->index << 28);
}

static inline uint64_t gs_handle_wire(uint64_t handle)
{
    return handle & ~((uint64_t)0xf << 28);
}

/* ---- what generated code calls ---- */

/* Sends an operation and waits for its answer: up to ret_cap bytes behind the result into ret,
 * their number in *ret_len.  Returns the worker's result or the code that ended the session. */
CUresult gs_session_call(struct gs_session *s, uint32_t op, const uint8_t *body, size_t len,
                         uint8_t *ret, size_t ret_cap, size_t *ret_len);

/* Sends an operation, its body written by `write`.  After gs_session_ask() this one waits and gives
 * the worker's result. */
CUresult gs_session_write(struct gs_session *s, uint32_t op, size_t len, gs_write *write,
                          const void *from);

/* The same with a body that is there already. */
CUresult gs_session_send(struct gs_session *s, uint32_t op, const uint8_t *body, size_t len);

/* The thread's buffer of VGPU_RECORD_BYTES_MAX bytes.  Never NULL after gs_enter(). */
uint8_t *gs_session_scratch(struct gs_session *s);

/* Has the thread's next operation that is sent wait for an answer. */
void gs_session_ask(void);

#endif
