/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/limit.h"

_Static_assert(CU_LIMIT_MAX <= 32, "a bit for each");

void gs_limits_init(struct gs_limits *limits)
{
    (void)pthread_mutex_init(&limits->lock, NULL);
    limits->changes = 0;
    limits->known = 0;
}

bool gs_limits_find(struct gs_limits *limits, CUlimit limit, size_t *value)
{
    bool known;

    (void)pthread_mutex_lock(&limits->lock);
    known = (limits->known >> limit & 1) != 0;
    if (known) {
        *value = limits->values[limit];
    }
    (void)pthread_mutex_unlock(&limits->lock);
    return known;
}

uint64_t gs_limits_changes(struct gs_limits *limits)
{
    uint64_t changes;

    (void)pthread_mutex_lock(&limits->lock);
    changes = limits->changes;
    (void)pthread_mutex_unlock(&limits->lock);
    return changes;
}

void gs_limits_keep(struct gs_limits *limits, uint64_t changes, CUlimit limit, uint64_t value)
{
    (void)pthread_mutex_lock(&limits->lock);
    if (limits->changes == changes) {
        limits->known |= 1u << limit;
        limits->values[limit] = value;
    }
    (void)pthread_mutex_unlock(&limits->lock);
}

void gs_limits_forget(struct gs_limits *limits)
{
    (void)pthread_mutex_lock(&limits->lock);
    limits->changes++;
    limits->known = 0;
    (void)pthread_mutex_unlock(&limits->lock);
}
