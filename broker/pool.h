/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_POOL_H
#define BR_POOL_H

/*
 * Pools: named sets of GPUs.  A machine sees the GPUs of its pool and no others.  A GPU may be in
 * several pools, and in one before it has ever registered.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/limits.h"

/* Longest name, [A-Za-z0-9._-]. */
#define BR_POOL_NAME_MAX 32u
#define BR_UUID_BYTES    16u
/* "GPU-" and the uuid with its hyphens, as nvidia-smi prints it, and a NUL. */
#define BR_UUID_TEXT 41u

struct br_pool {
    uint64_t id; /* never used again; the list is in its order */
    char name[BR_POOL_NAME_MAX + 1];
    bool fixed; /* of the configuration: the registry can change it, not remove it */
    bool all;   /* every GPU */
    bool named; /* by vgpu-hostd, since HostBegin */
    uint32_t count;
    uint8_t uuid[VGPU_DEVICES_MAX][BR_UUID_BYTES];
    uint32_t users;     /* machines whose pool it is */
    uint64_t processed; /* call records of its machines */
    uint64_t logged;    /* of those, when their number was logged last (activity.h) */
};

/* Starts zeroed. */
struct br_pools {
    struct br_pool *list[VGPU_POOLS_MAX]; /* owned */
    uint32_t count;
    uint64_t id_last;
};

/* The pool of that name, or NULL. */
struct br_pool *br_pool_find(const struct br_pools *pools, const char *name);

/*
 * Makes a pool, or gives it other GPUs: `count` uuids, or every GPU when `all`.  Sessions that are
 * open go on.  NULL and *pool, which may be NULL; or what is wrong, in static words, and nothing
 * has changed.
 */
const char *br_pool_set(struct br_pools *pools, const char *name, const uint8_t (*uuid)[16],
                        uint32_t count, bool all, struct br_pool **pool);

/* The same from "*" or "GPU-uuid, GPU-uuid", for the configuration: such a pool stays. */
const char *br_pool_set_text(struct br_pools *pools, const char *name, const char *text);

/* Removes a pool that no machine uses.  NULL, or what is wrong, in static words. */
const char *br_pool_remove(struct br_pools *pools, const char *name);

/* Whether the GPU is in the pool. */
bool br_pool_has(const struct br_pool *pool, const uint8_t *uuid);

/* The GPUs of a pool as text: "*", or uuids with ", " between; cut at `cap`. */
void br_pool_text(const struct br_pool *pool, char *text, size_t cap);

/* A uuid from "GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", and back. */
bool br_uuid_parse(const char *text, size_t len, uint8_t *uuid);
void br_uuid_text(const uint8_t *uuid, char text[BR_UUID_TEXT]);

/* Frees the pools. */
void br_pools_fini(struct br_pools *pools);

#endif
