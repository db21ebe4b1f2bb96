/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_WORKER_CACHE_H
#define BR_WORKER_CACHE_H

/* A worker's questions to the cache.  It sees what workers of its own tenant have filed, and has at
 * most one question and one room at a time. */

#include <stdbool.h>
#include <stdint.h>

#include "proto/limits.h"
#include "vgpu.pb-c.h"

struct br_cached;
struct br_worker;

struct br_worker_cache {
    struct br_cached *filling; /* the room that the worker has; NULL: none */
    bool waits;                /* a question, until a descriptor can be sent */
    uint8_t key[VGPU_CACHE_KEY_BYTES];
    uint64_t room;
};

/* CacheAsk, CacheFile or CacheWrong of a worker with a session.  NULL, or what is wrong with it. */
const char *br_worker_cache_frame(struct br_worker *worker, const Vgpu__Frame *frame);

/* The worker's pipe has room: answers a question that waited. */
void br_worker_cache_drained(struct br_worker *worker);

/* The worker ends: its room is nobody's. */
void br_worker_cache_end(struct br_worker *worker);

#endif
