/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_WRITE_HOLD_H
#define GS_WRITE_HOLD_H

/*
 * Holds writes to memory back (userfaultfd, write protection): they wait, reads go on.  Where the
 * process may only do so for its own accesses, a system call that would write there fails with
 * EFAULT meanwhile.
 *
 * From gs_write_hold() to gs_write_release() the calling thread writes to its stack only, which is
 * not in the range: any other page may be, also of this library's own heap, and it would wait for
 * itself.  Its signals must be blocked.
 */

#include <stdbool.h>
#include <stdint.h>

/* `shared`: the memory is a mapping of shared memory, else private.  What gs_write_release() takes;
 * -1: the system cannot hold these writes back, or does not let this process. */
int gs_write_hold(uint64_t address, uint64_t bytes, bool shared);

/* Accepts -1. */
void gs_write_release(int hold);

/* Copies whole pages that other threads may be reading, or waiting to write. */
void gs_write_hold_copy(void *to, const void *from, uint64_t bytes);

#endif
