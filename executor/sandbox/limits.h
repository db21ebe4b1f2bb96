/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SANDBOX_LIMITS_H
#define EX_SANDBOX_LIMITS_H

/*
 * Sets the resource limits of a worker, soft and hard, as a table in limits.c gives
 * them with reasons; a limit that is lower already stays.  0 or -errno.
 */
int ex_limits_set(void);

#endif
