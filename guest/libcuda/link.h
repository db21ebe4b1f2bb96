/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_LINK_H
#define GS_LINK_H

/*
 * One channel in use: records out, answers in, and every kind of waiting.
 *
 *   threads ──submit_lock──► submission ring ──doorbell──► broker
 *   threads ◄──their slots── whoever holds read_lock ◄──── completion ring
 *                            │
 *                            └ one of the waiting threads, the others follow it:
 *   all wait: spin (look, read the ring; how long is gs_manner's) → park: the first polls interrupt
 * and end of the host, the others sleep on a condition; each interrupt wakes them all to look.
 *   Without interrupts (channel.polls) the first takes naps instead.
 *
 * A thread waits for a condition (an answer came, a fence passed, the ring has room)
 * that any thread can evaluate from atomics.  The sleeping leader looks at the
 * conditions of all once it has announced its sleep, so no wake-up is lost.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "guest/libcuda/lock.h"
#include "guest/transport/transport.h"
#include "proto/channel.h"
#include "proto/cuda_abi.h"
#include "proto/frame.h"
#include "proto/record.h"

struct gs_thread;

/* An answer on its way to a waiting thread. */
struct gs_answer {
    uint32_t sequence;
    _Atomic bool done;
    bool unknown; /* the worker does not know the operation */
    int32_t result;
    uint8_t *bytes;
    size_t cap;
    size_t length;
};

/* How a thread waits (CU_CTX_SCHED_MASK). */
enum gs_manner {
    GS_SPIN,  /* looks all the time, for a bounded one, then sleeps */
    GS_YIELD, /* the same, and lets other threads run in between */
    GS_SLEEP, /* sleeps soon */
};

/* Writes the body of a record, `len` bytes, from what the caller has; under the lock that orders
 * records, mostly into the ring itself. */
typedef void gs_write(uint8_t *body, size_t len, const void *from);

/* A record on its way. */
struct gs_outgoing {
    uint32_t op;
    size_t len; /* of the body */
    gs_write *write;
    const void *from;
    struct gs_answer *answer; /* NULL: none is wanted */
};

struct gs_waiter {
    bool (*ready)(void *arg);
    void *arg;
    struct gs_waiter *next;
    enum gs_manner manner;
    bool naps; /* what it waits for shows before the interrupt comes */
};

struct gs_link {
    struct gs_channel channel;
    uint8_t *control;        /* header to rings, mapped */
    _Atomic uint32_t broken; /* CUresult: this side found that the channel is of no use */
    /* Called for each control frame, under read_lock. */
    void (*on_frame)(void *owner, const Vgpu__Frame *frame);
    /* Called for each record that is no answer, under read_lock; false: the host is broken. */
    bool (*on_upcall)(void *owner, uint32_t op, const uint8_t *body, size_t len);
    void *owner;

    struct gs_lock submit_lock;
    struct vgpu_ring submit;
    uint32_t sequence;

    pthread_mutex_t read_lock;
    struct vgpu_ring complete;
    struct vgpu_arena arena;
    uint8_t *inbox;
    struct gs_answer *answers[VGPU_LANES_MAX];

    pthread_mutex_t park_lock;
    pthread_cond_t park_changed;
    bool led; /* a thread is polling */
    struct gs_waiter *waiters;

    uint64_t fence_value[VGPU_LANES_MAX]; /* the last one asked for; each by its lane's owner */
};

/* Opens a channel and maps its rings.  As gs_channel_open. */
int gs_link_open(struct gs_link *link, const char *where, struct gs_obstacle *obstacle);

/* Closes the channel.  No thread may be in it. */
void gs_link_close(struct gs_link *link);

/* What gs_link_error() says where something is wrong. */
CUresult gs_link_end(struct gs_link *link);

/* Not 0: something is wrong. */
static inline uint32_t gs_link_wrong(struct gs_link *link)
{
    return atomic_load_explicit(&link->broken, memory_order_acquire) |
           atomic_load_explicit(&vgpu_channel_state(link->control)->error, memory_order_acquire) |
           (uint32_t)atomic_load_explicit(&link->channel.retired, memory_order_acquire);
}

/* 0, or the CUresult with which the channel has ended.  Any thread, no lock. */
static inline CUresult gs_link_error(struct gs_link *link)
{
    return __builtin_expect(gs_link_wrong(link) == 0, 1) ? CUDA_SUCCESS : gs_link_end(link);
}

/* Marks the channel as useless; the first code stays. */
void gs_link_break(struct gs_link *link, CUresult cu);

/* Whether the channel's memory is still there; breaks the link if not.  Any thread, no lock. */
static inline bool gs_link_is_there(struct gs_link *link)
{
    if (__builtin_expect(gs_channel_is_there(&link->channel), 1)) {
        return true;
    }
    gs_link_break(link, CUDA_ERROR_LAUNCH_FAILED);
    return false;
}

/* Puts one record into the ring and wakes the broker; waits while the ring is full.  An answer that
 * is wanted is filed under the thread's lane and must be awaited with gs_link_await.  Any thread.
 */
CUresult gs_link_write(struct gs_link *link, struct gs_thread *thread,
                       const struct gs_outgoing *out);

/* The same for a body that is there already. */
CUresult gs_link_put(struct gs_link *link, struct gs_thread *thread, uint32_t op,
                     const uint8_t *body, size_t len, struct gs_answer *answer);

/* Waits for a filed answer. */
CUresult gs_link_await(struct gs_link *link, struct gs_thread *thread, struct gs_answer *answer);

/* Sends a control frame. */
CUresult gs_link_frame(struct gs_link *link, struct gs_thread *thread, const Vgpu__Frame *frame);

/* Waits until `ready` holds.  It is called by any thread, takes no lock and reads atomics only.
 * CUDA_SUCCESS, or the code with which the channel ended before. */
CUresult gs_link_wait(struct gs_link *link, bool (*ready)(void *arg), void *arg,
                      enum gs_manner manner);

/* Waits until a lane's fence slot has reached `value`. */
CUresult gs_link_wait_fence(struct gs_link *link, uint32_t lane, uint64_t value,
                            enum gs_manner manner);
bool gs_link_fence_passed(struct gs_link *link, uint32_t lane, uint64_t value);

/* What the calling thread did, a host function of the program, happens before whatever a thread
 * does after any of the waits above or a fence seen to have passed. */
void gs_link_host_function_ran(void);

/* How many ran so far. */
uint64_t gs_link_host_functions(void);

/* Takes what is in the completion ring, if no other thread is doing it.  True if anything came. */
bool gs_link_read(struct gs_link *link);

/*
 * How long a thread spins before it sleeps: `spin_ns` whoever waits, and for `long_ns` more (0:
 * not) who does not ask to sleep, while fewer than `at_once` threads of the process do.
 */
void gs_link_set_spin(uint64_t spin_ns, uint64_t long_ns, uint32_t at_once);

/* The same from the number of processors, and the program's wish for the long spin, in ns; -1: it
 * has none. */
void gs_link_choose_spin(unsigned int cpus, int64_t wish_ns);

#endif
