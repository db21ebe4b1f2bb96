/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_CACHE_H
#define EX_WORKER_CACHE_H

/*
 * Code that workers of the same machine have filed with the broker, and what this one files
 * (docs/design.md, "The cache of modules").
 *
 *   helper ──CacheAsk──► broker ──CacheAnswer, descriptor──► dispatcher ──► helper
 *
 * Questions are asked on helper threads, one at a time, and wait for the broker; the dispatcher
 * never does.  What comes is read-only memory whose size and seals were checked here; what it holds
 * is for the caller to check.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/frame_socket.h"
#include "proto/limits.h"

struct ex_session;

struct ex_cache {
    bool on;              /* the broker keeps one; from Attach, before any helper asks */
    pthread_mutex_t turn; /* held from a question to its end */
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t answered;
    bool waits;
    uint32_t state;
    uint64_t bytes;
    int fd;
};

/* Mapped read-only, with a NUL behind it. */
struct ex_cached {
    const uint8_t *bytes;
    size_t size;
};

/* Starts zeroed: nothing is asked for yet. */
void ex_cache_init(struct ex_cache *cache);

/* The dispatcher's: hands an answer of the broker on.  Ends the session when none was due. */
void ex_cache_answer(struct ex_session *x, const Vgpu__CacheAnswer *answer,
                     struct vgpu_frame_socket *socket);

/* Whether anything of that size is filed: only then an image's hash is worth its cost. */
bool ex_cache_has_size(struct ex_session *x, uint64_t size);

/* What is filed under a key; false: nothing, or nothing that can be used, which is then dropped.
 * ex_cache_let_go() when done. */
bool ex_cache_find(struct ex_session *x, const uint8_t *key, struct ex_cached *cached);
void ex_cache_let_go(struct ex_cached *cached);

/* The same for an image, whose key is its hash (common/image_hash.h). */
bool ex_cache_find_image(struct ex_session *x, const uint8_t *key, struct ex_cached *cached);

/* Tells the broker that what lies under a key is not what it should be. */
void ex_cache_wrong(struct ex_session *x, const uint8_t *key, const char *reason);

/* Files bytes under a key, as far as there is room.  Images and machine code of more than
 * VGPU_CACHE_BYTES_MAX are not filed. */
void ex_cache_file(struct ex_session *x, const uint8_t *key, const void *bytes, size_t size);

/* Remembers memory of ex_private_copy(), which it takes, to be filed under a key (NULL: its
 * hash) when the answer has been sent; on a helper thread. */
void ex_cache_later(const uint8_t *key, uint8_t *bytes, size_t size);

/* Files what was remembered on this thread. */
void ex_cache_settle(struct ex_session *x);

#endif
