/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SANDBOX_LANDLOCK_H
#define EX_SANDBOX_LANDLOCK_H

/*
 * Restricts the calling thread, and every thread it starts later, to the paths that a
 * driver needs (the table in landlock.c), on kernels that have Landlock.  NO_NEW_PRIVS
 * must be on and the process single-threaded; it must not fork afterwards, because a
 * rule of /proc/self is one of this process.
 */

#include <stdint.h>

/* The Landlock ABI version of the kernel, 0 without Landlock. */
uint32_t ex_landlock_abi(void);

/*
 * Restricts the process.  `driver` is the file of the driver library, whose folder
 * becomes readable, or NULL.  A rule whose path is missing is skipped and logged at
 * debug level; the rule set itself never is.  0 and *abi (0: not there, nothing done),
 * or -errno.
 */
int ex_landlock_restrict(const char *driver, uint32_t *abi);

#endif
