/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_POLICY_H
#define BR_POLICY_H

/* What a machine may have (docs/design.md, "Policy"). */

#include <stdbool.h>
#include <stdint.h>

#include "broker/pool.h"

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx". */
#define BR_VM_UUID_MAX 36u
/* Largest priority; the seam of fair shares, which do not exist yet: it is kept and shown. */
#define BR_PRIORITY_MAX 100u
/* Largest quota: no sum of them overflows. */
#define BR_QUOTA_MAX (UINT64_C(1) << 48)

/* A 0 is no limit everywhere. */
struct br_policy {
    char uuid[BR_VM_UUID_MAX + 1];   /* the machine's, for people; empty: not known */
    char pool[BR_POOL_NAME_MAX + 1]; /* empty: the default pool */
    uint32_t priority;
    uint32_t sessions_max;
    uint64_t memory_quota; /* device memory of all its sessions together, on each GPU, in bytes */
    uint64_t calls_per_s;
    uint64_t calls_burst; /* 0: what comes in a second */
    uint64_t bytes_per_s; /* of call records and of the data that they move (moved.h) */
    uint64_t bytes_burst;
    bool starts_own;       /* false: the next two are those of the default class */
    uint64_t starts_per_s; /* of workers */
    uint64_t starts_burst;
};

#endif
