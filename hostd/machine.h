/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_MACHINE_H
#define HD_MACHINE_H

/*
 * A machine of the registry: what it may, and where its socket is.  Rows come from an
 * operator's "key=value", from the database and from a broker, and each is held against
 * the same bounds.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest name of a machine and of a pool, [A-Za-z0-9._-], and longest path of a socket. */
#define HD_NAME_MAX 64
#define HD_POOL_MAX 32
#define HD_PATH_MAX 107
/* A uuid as text. */
#define HD_UUID_LEN 36
/* Room for a line that says what is wrong. */
#define HD_WHY_MAX 512

#define HD_PRIORITY_MAX 100u
#define HD_SESSIONS_MAX 4096u
/* 16 TiB. */
#define HD_QUOTA_MAX (UINT64_C(16) << 40)
#define HD_CALLS_MAX UINT64_C(1000000000)
/* Below the first a record would never pass. */
#define HD_BYTES_MIN  UINT64_C(65536)
#define HD_BYTES_MAX  (UINT64_C(1) << 40)
#define HD_STARTS_MAX UINT64_C(1000000)

struct hd_machine {
    char name[HD_NAME_MAX + 1];
    char uuid[HD_UUID_LEN + 1];   /* lower case; empty: none */
    char pool[HD_POOL_MAX + 1];   /* empty: the default class */
    char socket[HD_PATH_MAX + 1]; /* empty: NAME.sock in vm_dir */
    uint32_t priority;
    uint32_t sessions_max; /* this and what follows: 0: no limit */
    uint64_t memory_quota; /* bytes */
    uint64_t calls_per_s;
    uint64_t calls_burst;
    uint64_t bytes_per_s;
    uint64_t bytes_burst;
    bool starts_own; /* false: worker starts are those of the broker's default class */
    uint64_t starts_per_s;
    uint64_t starts_burst;
};

/* NULL, or what is wrong with the name of a machine, or of a pool (static text). */
const char *hd_name_check(const char *name);
const char *hd_pool_name_check(const char *name);

/* Checks a whole row.  0, or -EINVAL with a line in `why` that names key, value and what is
 * allowed. */
int hd_machine_check(const struct hd_machine *machine, char *why, size_t cap);

#endif
