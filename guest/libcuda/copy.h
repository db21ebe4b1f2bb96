/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_COPY_H
#define GS_COPY_H

/*
 * Copies in up to three dimensions.  Where both ends lie decides the way:
 *
 *   device, pinned ↔ device       one operation in the stream (an array is device memory)
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
    GS_PLACE_ARRAY,
    GS_PLACE_OTHER_DEVICE,
    GS_PLACE_BEYOND, /* begins in an allocation and leaves it */
};

/* Where [*address, *address + bytes) lies, as a session sees it.  BEYOND also where there may be no
 * such access, and at addresses of device memory where there is none.  An address in registered
 * memory becomes the device's. */
enum gs_place gs_place_of(struct gs_session *s, uint64_t *address, size_t bytes, bool write);

/* One side of a copy. */
struct gs_end {
    enum gs_place place; /* PAGEABLE, PINNED, DEVICE or ARRAY */
    uint64_t address;    /* of its first byte, after gs_place_of(); the wire handle of an array */
    uint64_t pitch;      /* bytes from row to row */
    uint64_t rows;       /* rows from slice to slice */
    uint64_t x;          /* in an array: byte, row and slice */
    uint64_t y;
    uint64_t z;
    uint64_t element; /* bytes of an array's element; else 0 */
};

/* A copy of a box: `width` bytes, `height` rows, `depth` slices, each at least 1. */
struct gs_copy {
    struct gs_session *session;
    struct gs_stream *stream;
    struct gs_end dst;
    struct gs_end src;
    uint64_t width;
    uint64_t height;
    uint64_t depth;
};

/* The bytes from an end's first to behind its last one; false: beyond 64 bits. */
bool gs_copy_span(const struct gs_copy *copy, const struct gs_end *end, uint64_t *span);

/* Fills in the box that the program describes; the session and the stream, whose device counts, are
 * set.  CUDA_ERROR_INVALID_VALUE, also for an empty one; 801: on another device. */
CUresult gs_copy_of_box(const CUDA_MEMCPY3D *box, struct gs_copy *copy);

/* Does it.  `wait`: returns when it is done, except between two places of the device. */
CUresult gs_copy_run(const struct gs_copy *copy, bool wait);

/* ---- the two halves of it ---- */

/* Sends what needs no staging: both ends device or pinned.  Does not wait. */
CUresult gs_copy_direct(const struct gs_copy *copy);

/* Sends a copy between the device and [offset, ...) of the window, of which rows and slices follow
 * each other at the window's own pitch. */
CUresult gs_copy_send_htod(const struct gs_copy *copy, uint64_t offset);
CUresult gs_copy_send_dtoh(const struct gs_copy *copy, uint64_t offset);

/* From pageable memory; returns when the source has been taken. */
CUresult gs_copy_from_pageable(const struct gs_copy *copy);

/* To pageable memory; returns when the data is there. */
CUresult gs_copy_to_pageable(const struct gs_copy *copy);

#endif
