/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_LOCK_H
#define GS_LOCK_H

/*
 * A lock of one word, for the way of every call: without kind, owner and count it costs a fifth of
 * a mutex's instructions.  Not recursive, and no condition goes with it.  Who finds it taken
 * sleeps.  All zero: free.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef VGPU_TSAN
#include <sanitizer/tsan_interface.h>
#endif

struct gs_lock {
    _Atomic uint32_t word; /* 0: free; 1: taken; 2: taken, and somebody may sleep */
};

/* glibc has it since 2.32 (<sys/single_threaded.h>); with an older one it has no address.
 * NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): glibc's name */
extern char __libc_single_threaded __attribute__((weak));

/* With one thread no other can come in between, as in pthread_mutex_lock(). */
static inline bool gs_lock_is_alone(void)
{
    return &__libc_single_threaded != NULL && __libc_single_threaded != 0;
}

/* What the two below do when it is not free, and when somebody may sleep. */
void gs_lock_wait(struct gs_lock *lock);
void gs_lock_wake(struct gs_lock *lock);

static inline void gs_lock_take(struct gs_lock *lock)
{
    uint32_t word = 0;

#ifdef VGPU_TSAN
    __tsan_mutex_pre_lock(lock, 0);
#endif
    if (gs_lock_is_alone() && atomic_load_explicit(&lock->word, memory_order_relaxed) == 0) {
        atomic_store_explicit(&lock->word, 1, memory_order_relaxed);
    } else if (__builtin_expect(!atomic_compare_exchange_strong_explicit(&lock->word, &word, 1,
                                                                         memory_order_acquire,
                                                                         memory_order_relaxed),
                                0)) {
        gs_lock_wait(lock);
    }
#ifdef VGPU_TSAN
    __tsan_mutex_post_lock(lock, 0, 0);
#endif
}

static inline void gs_lock_give(struct gs_lock *lock)
{
#ifdef VGPU_TSAN
    (void)__tsan_mutex_pre_unlock(lock, 0);
#endif
    if (gs_lock_is_alone()) {
        atomic_store_explicit(&lock->word, 0, memory_order_release);
    } else if (__builtin_expect(atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2,
                                0)) {
        gs_lock_wake(lock);
    }
#ifdef VGPU_TSAN
    __tsan_mutex_post_unlock(lock, 0);
#endif
}

#endif
