/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/lock.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

void gs_lock_wait(struct gs_lock *lock)
{
    /* Who takes it here does not know whether others sleep, and wakes one in vain at worst. */
    while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire) != 0) {
        (void)syscall(SYS_futex, &lock->word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
    }
}

void gs_lock_wake(struct gs_lock *lock)
{
    (void)syscall(SYS_futex, &lock->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
