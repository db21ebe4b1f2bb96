/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
#ifndef VGPU_RECORD_H
#define VGPU_RECORD_H

/*
 * A call record (docs/specs/wire.md, "Records"): what travels in the rings and in
 * the `records` bytes of Submit and Complete frames.  Little-endian, 8-byte aligned.
 *
 *   0  op        u32   operation: hash of signature and layout, or VGPU_OP_FRAME
 *   4  length    u32   header and body, multiple of 8
 *   8  sequence  u32   of the request; an answer repeats it
 *   12 lane      u16   the guest thread that asks; an answer repeats it
 *   14 flags     u16   VGPU_RECORD_*
 *
 * The body of an answer begins with the CUresult (i32) and 4 zero bytes.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/limits.h"

/* A vgpu.Frame with its length prefix between guest and broker: Hello, Welcome, Open, ... */
#define VGPU_OP_FRAME 1u
/* Operation ids that are hashes lie at or above this. */
#define VGPU_OP_HASH_MIN 0x10000u

/* The sender waits for an answer. */
#define VGPU_RECORD_ANSWER 0x1u
/* Set in answers: the worker does not know the operation (CUresult is 801). */
#define VGPU_RECORD_UNKNOWN 0x2u

struct vgpu_record {
    uint32_t op;
    uint32_t length;
    uint32_t sequence;
    uint16_t lane;
    uint16_t flags;
};

_Static_assert(sizeof(struct vgpu_record) == VGPU_RECORD_HEADER_BYTES, "record header");

/* Body of an answer before the call's own results. */
struct vgpu_answer {
    int32_t result;
    uint32_t zero;
};

/* Rounds a body's size up to the whole record's length. */
static inline uint32_t vgpu_record_length(size_t body)
{
    return (uint32_t)((VGPU_RECORD_HEADER_BYTES + body + VGPU_RECORD_ALIGN - 1) &
                      ~(size_t)(VGPU_RECORD_ALIGN - 1));
}

/*
 * Checks the record at `bytes` (private memory) against `avail` bytes.  Returns its
 * length; 0 when more bytes are needed; -EPROTO when the length is below the header,
 * not a multiple of 8 or above VGPU_RECORD_BYTES_MAX.  Copies the header to *record
 * when it returns more than 0.
 */
ssize_t vgpu_record_peek(const uint8_t *bytes, size_t avail, struct vgpu_record *record);

/*
 * Counts the bytes of whole records at the start of `bytes`, at most `cap`, into
 * *whole and the records into *count.  -EPROTO as above.
 */
int vgpu_records_whole(const uint8_t *bytes, size_t avail, size_t cap, size_t *whole,
                       uint32_t *count);

#endif
