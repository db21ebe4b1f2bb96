/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "guest/libcuda/stream.h"
#include "proto/limits.h"

__thread struct gs_thread *gs_thread_current __attribute__((tls_model("initial-exec")));

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool have_key;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t lanes_taken[VGPU_LANES_MAX / 64];
static struct gs_thread *threads;
static uint64_t last_serial;
static struct gs_thread_totals ended;

int gs_lane_take(uint32_t *lane)
{
    int rc = -ENOSPC;

    (void)pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < VGPU_LANES_MAX / 64; i++) {
        if (lanes_taken[i] != UINT64_MAX) {
            uint32_t bit = (uint32_t)__builtin_ctzll(~lanes_taken[i]);

            lanes_taken[i] |= 1ull << bit;
            *lane = i * 64 + bit;
            rc = 0;
            break;
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return rc;
}

void gs_lane_give(uint32_t lane)
{
    (void)pthread_mutex_lock(&lock);
    lanes_taken[lane / 64] &= ~(1ull << (lane % 64));
    (void)pthread_mutex_unlock(&lock);
}

static void add(struct gs_thread_totals *totals, struct gs_thread *thread)
{
    totals->local += atomic_load_explicit(&thread->local, memory_order_relaxed);
    totals->one_way += atomic_load_explicit(&thread->one_way, memory_order_relaxed);
    totals->round_trip += atomic_load_explicit(&thread->round_trip, memory_order_relaxed);
    totals->host_waits += atomic_load_explicit(&thread->host_waits, memory_order_relaxed);
}

static void unlink_thread(struct gs_thread *thread)
{
    (void)pthread_mutex_lock(&lock);
    add(&ended, thread);
    if (thread->previous != NULL) {
        thread->previous->next = thread->next;
    } else {
        threads = thread->next;
    }
    if (thread->next != NULL) {
        thread->next->previous = thread->previous;
    }
    (void)pthread_mutex_unlock(&lock);
}

/* Destructors of the program that run later may call again; they get a new thread then. */
static void on_thread_end(void *arg)
{
    struct gs_thread *thread = arg;

    gs_thread_streams_end(thread);
    gs_thread_current = NULL;
    unlink_thread(thread);
    gs_lane_give(thread->lane);
    free(thread->buffers);
    free(thread);
}

static void make_key(void)
{
    have_key = pthread_key_create(&key, on_thread_end) == 0;
}

static struct gs_thread *make_thread(void)
{
    struct gs_thread *thread = calloc(1, sizeof(*thread));

    if (thread == NULL || gs_lane_take(&thread->lane) != 0) {
        free(thread);
        return NULL;
    }
    (void)pthread_mutex_lock(&lock);
    thread->serial = ++last_serial;
    thread->next = threads;
    if (threads != NULL) {
        threads->previous = thread;
    }
    threads = thread;
    (void)pthread_mutex_unlock(&lock);
    return thread;
}

struct gs_thread *gs_thread_make(void)
{
    (void)pthread_once(&key_once, make_key);
    if (!have_key) {
        return NULL;
    }
    gs_thread_current = make_thread();
    if (gs_thread_current != NULL) {
        (void)pthread_setspecific(key, gs_thread_current);
    }
    return gs_thread_current;
}

uint8_t *gs_thread_buffer(struct gs_thread *thread, enum gs_buffer which)
{
    if (thread->buffers == NULL) {
        thread->buffers = malloc(GS_BUFFERS * (size_t)VGPU_RECORD_BYTES_MAX);
    }
    return thread->buffers != NULL ? thread->buffers + which * (size_t)VGPU_RECORD_BYTES_MAX : NULL;
}

void gs_thread_totals(struct gs_thread_totals *totals)
{
    (void)pthread_mutex_lock(&lock);
    *totals = ended;
    for (struct gs_thread *t = threads; t != NULL; t = t->next) {
        add(totals, t);
    }
    (void)pthread_mutex_unlock(&lock);
}

void gs_thread_after_fork(void)
{
    (void)pthread_mutex_init(&lock, NULL);
    if (gs_thread_current != NULL) {
        gs_thread_current->depth = 0;
        gs_thread_current->stream_count = 0;
    }
}
