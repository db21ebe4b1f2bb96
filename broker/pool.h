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

struct br_gpu_set {
    bool all; /* every GPU */
    uint32_t count;
    uint8_t uuid[VGPU_DEVICES_MAX][BR_UUID_BYTES];
};

/* Who has named a pool. */
enum br_pool_source {
    BR_POOL_HOSTD,   /* the registry, alone */
    BR_POOL_DEFAULT, /* A and B, where nobody else did */
    BR_POOL_CONFIG,  /* vgpu.conf */
};

struct br_pool {
    uint64_t id; /* never used again; the list is in its order */
    char name[BR_POOL_NAME_MAX + 1];
    enum br_pool_source source;
    bool changed; /* one of the other two, and the registry has given it other GPUs */
    bool named;   /* by vgpu-hostd, since HostBegin */
    struct br_gpu_set gpus;
    struct br_gpu_set own; /* while it is changed: what it goes back to */
    uint32_t users;        /* machines whose pool it is */
    uint64_t processed;    /* call records of its machines */
    uint64_t logged;       /* of those, when their number was logged last (activity.h) */
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
 * For the registry: makes a pool, or gives it other GPUs: `count` uuids.  Sessions that are open go
 * on.  NULL and *pool, which may be NULL; or what is wrong, in static words, and nothing has
 * changed.
 */
const char *br_pool_set(struct br_pools *pools, const char *name, const uint8_t (*uuid)[16],
                        uint32_t count, struct br_pool **pool);

/* For the configuration, from "*" or "GPU-uuid, GPU-uuid": such a pool stays. */
const char *br_pool_set_text(struct br_pools *pools, const char *name, const char *text);

/* The same of a set that has been read already. */
const char *br_pool_set_own(struct br_pools *pools, const char *name, const struct br_gpu_set *gpus,
                            enum br_pool_source source);

/* The registry does not name the pool any more: it has its own GPUs again at once, or is removed,
 * unless a machine uses it.  NULL, or what is wrong, in static words. */
const char *br_pool_remove(struct br_pools *pools, const char *name);

/* "hostd", "default", "config"; "hostd over default", "hostd over config" while it is changed.
 * Static. */
const char *br_pool_source_text(const struct br_pool *pool);

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
