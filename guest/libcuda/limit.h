/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_LIMIT_H
#define GS_LIMIT_H

/*
 * The limits of a session's context as the driver has said them.  Nobody but this process sets
 * them; whatever may move one forgets all.  Any thread.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_limits {
    pthread_mutex_t lock;
    uint64_t changes;
    uint32_t known; /* bits of limits */
    uint64_t values[CU_LIMIT_MAX];
};

/* None is known. */
void gs_limits_init(struct gs_limits *limits);

/* The value that is known; false: none. */
bool gs_limits_find(struct gs_limits *limits, CUlimit limit, size_t *value);

/* How often limits may have changed, to be read before the driver is asked, and what it answered:
 * kept if nothing has changed since. */
uint64_t gs_limits_changes(struct gs_limits *limits);
void gs_limits_keep(struct gs_limits *limits, uint64_t changes, CUlimit limit, uint64_t value);

/* Something may have changed them. */
void gs_limits_forget(struct gs_limits *limits);

#endif
