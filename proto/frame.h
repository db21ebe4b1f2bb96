/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_FRAME_H
#define VGPU_FRAME_H

/*
 * Frames: a 4-byte little-endian length, then that many bytes of a packed
 * vgpu.Frame (docs/specs/wire.md, "Frames").  The length is checked before anything
 * is allocated, and unpacking draws on an arena with a budget.
 *
 * The reader does no I/O: the owner reads into vgpu_frame_reader_space() and says how
 * much came.  One reader, one thread.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/limits.h"
#include "vgpu.pb-c.h"

/* Memory for unpacking: grows up to VGPU_FRAME_ARENA_BYTES, emptied for every frame. */
struct vgpu_arena {
    uint8_t *bytes;
    size_t capacity;
    size_t used;
};

struct vgpu_frame_reader {
    uint8_t *buffer;
    size_t capacity;
    size_t start; /* first byte not yet returned */
    size_t end;   /* behind the last byte read */
    struct vgpu_arena arena;
};

/* Unpacks one frame of `len` bytes (without prefix) from the arena, which is emptied first.  The
 * frame is valid until the arena is used again or freed.  0; -EPROTO (undecodable, no kind, or
 * over the arena's budget: the message is too big for any honest peer); -ENOMEM. */
int vgpu_frame_unpack(struct vgpu_arena *arena, const uint8_t *bytes, size_t len,
                      Vgpu__Frame **frame);

/* Frees the arena's memory; the struct may be used again. */
void vgpu_arena_fini(struct vgpu_arena *arena);

/* Packs `frame` with its length prefix into `out`.  Returns the bytes written or -EMSGSIZE (does
 * not fit `cap`, or over VGPU_FRAME_BYTES_MAX). */
ssize_t vgpu_frame_pack(const Vgpu__Frame *frame, uint8_t *out, size_t cap);

/* Prepares an empty reader; allocates nothing. */
void vgpu_frame_reader_init(struct vgpu_frame_reader *reader);

/* Frees what the reader holds. */
void vgpu_frame_reader_fini(struct vgpu_frame_reader *reader);

/* Lends room to read into: *at, *room bytes (at least 1).  Valid until the next call on the
 * reader.  -ENOMEM. */
int vgpu_frame_reader_space(struct vgpu_frame_reader *reader, uint8_t **at, size_t *room);

/* Says that `count` bytes were read into the lent room. */
void vgpu_frame_reader_fed(struct vgpu_frame_reader *reader, size_t count);

/* Returns 1 and the next frame, valid until the next call on the reader; 0 when more bytes are
 * needed; -EPROTO (length 0 or over VGPU_FRAME_BYTES_MAX, undecodable); -ENOMEM. */
int vgpu_frame_reader_next(struct vgpu_frame_reader *reader, Vgpu__Frame **frame);

/* The kind's name for logs ("submit"), static; "unknown" for others. */
const char *vgpu_frame_name(Vgpu__Frame__KindCase kind);

#endif
