/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_OCCUPANCY_H
#define GS_OCCUPANCY_H

/*
 * Answers about how much of a function fits on the device at once.  Libraries ask the same before
 * every launch.  An answer depends on the question and on what the function and its context are
 * set to at the time: both are its key, so a setting that goes back and forth makes nobody ask
 * again, and nothing needs to be forgotten.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/sha256.h"
#include "proto/cuda_abi.h"

struct gs_context;
struct gs_function;

#define GS_ANSWERS 64u /* of a function; a search through all block sizes asks 32 */

enum gs_occupancy_kind {
    GS_OCCUPANCY_BLOCKS, /* of a size and shared memory, on a multiprocessor */
    GS_OCCUPANCY_SHARED, /* memory for so many blocks of a size */
    GS_OCCUPANCY_CLUSTERS,
    GS_OCCUPANCY_CLUSTER_SIZE,
};

struct gs_occupancy_key {
    uint8_t digest[VGPU_SHA256_BYTES];
    uint64_t settings; /* how often the function had been set */
};

struct gs_answers; /* of a function, made with the first of them */

/* A question in bytes without gaps: its numbers, and what else it has. */
struct gs_occupancy_question {
    enum gs_occupancy_kind kind;
    uint64_t numbers[7];
    const void *attributes;
    size_t attributes_len;
};

/* The key of a question as things are now. */
void gs_occupancy_key(const struct gs_function *f, const struct gs_context *context,
                      const struct gs_occupancy_question *question, struct gs_occupancy_key *key);

/* The answer that is known; false: none.  Any thread. */
bool gs_occupancy_find(struct gs_function *f, const struct gs_occupancy_key *key, uint64_t *answer);

/* Keeps an answer, unless the function has been set since the key was made; the oldest one makes
 * room.  Without memory nothing is kept.  Any thread. */
void gs_occupancy_keep(struct gs_function *f, const struct gs_occupancy_key *key, uint64_t answer);

#endif
