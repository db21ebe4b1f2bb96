/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_COPY_H
#define GS_COPY_H

/*
 * Copies in one dimension.  Where both ends lie decides the way:
 *
 *   device, pinned ↔ device      one operation in the stream
 *   pinned ↔ device by host call  the same, named by its offset in the window
 *   pageable → device             staged in chunks, taken before the call returns
 *   device → pageable             staged in chunks, complete when the call returns
 *   host → host                   after the stream's earlier work, by this thread
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_session;
struct gs_stream;

enum gs_place {
    GS_PLACE_PAGEABLE,
    GS_PLACE_PINNED,
    GS_PLACE_DEVICE,
    GS_PLACE_OTHER_DEVICE,
    GS_PLACE_BEYOND, /* begins in an allocation and leaves it */
};

/* Where [address, address + bytes) lies, as a session sees it. */
enum gs_place gs_place_of(struct gs_session *s, uint64_t address, size_t bytes);

/* A copy: addresses of the program, at least 1 byte.  The places are known and not BEYOND. */
struct gs_copy {
    struct gs_session *session;
    struct gs_stream *stream;
    uint64_t dst;
    uint64_t src;
    size_t bytes;
};

/* Sends what needs no staging: both ends device or pinned.  Does not wait. */
CUresult gs_copy_direct(const struct gs_copy *copy, enum gs_place dst, enum gs_place src);

/* From pageable memory; returns when the source has been taken. */
CUresult gs_copy_from_pageable(const struct gs_copy *copy);

/* To pageable memory; returns when the data is there. */
CUresult gs_copy_to_pageable(const struct gs_copy *copy);

#endif
