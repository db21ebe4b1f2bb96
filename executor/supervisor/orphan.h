/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_ORPHAN_H
#define EX_SUPERVISOR_ORPHAN_H

/*
 * Workers that an earlier supervisor of the GPU left.  A worker ends with its supervisor; one that
 * was taken over may not, and the broker, whose pipe to it is open still, names it.
 */

#include <stddef.h>
#include <stdint.h>

struct ex_supervisor;

/* Most that are taken of a broker's word. */
#define EX_ORPHANS_MAX 64u

/*
 * Has the processes of these ids killed, by vgpu-hostd, which makes sure that they are workers;
 * they count as workers of this GPU until they have ended.  One that began after this supervisor is
 * another process by now and left alone.  Workers that are no units are ended by the kernel: then
 * nothing is done.
 */
void ex_orphans_take(struct ex_supervisor *s, const uint32_t *pids, size_t count);

#endif
