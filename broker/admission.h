/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_ADMISSION_H
#define BR_ADMISSION_H

/*
 * What is promised of a card: a context for each spare, for each machine with a quota (or for each
 * of its sessions there, if these are more) and for each session of the others; the quotas; and
 * what machines without one use.
 */

#include <stddef.h>
#include <stdint.h>

#include "broker/share.h"

/* Room for what is over, and by how much. */
#define BR_WHY_MAX 256u

/* What is promised of the card of a slot, in bytes. */
uint64_t br_admission_committed(const struct br_broker *broker, uint32_t slot);

/* Whether the share can have a quota on the GPUs of a pool, instead of what it has.  0; or -ENOSPC
 * and `why`.  GPUs that are not registered are not looked at, nor is a quota of 0. */
int br_admission_check(const struct br_share *share, const struct br_pool *pool, uint64_t quota,
                       char *why, size_t cap);

/* A GPU has registered: logs when more is promised of it than it has. */
void br_admission_registered(const struct br_broker *broker, uint32_t slot);

#endif
