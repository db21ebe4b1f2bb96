/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
#ifndef VGPU_DEVICE_FRAME_H
#define VGPU_DEVICE_FRAME_H

/*
 * The frames between the QEMU device and the broker (docs/specs/device.md), for the
 * side that has no protobuf library: a length prefix and a packed vgpu.Frame.
 *
 *   4 bytes      length of the rest, little-endian
 *   1-2 bytes    tag of the kind, then the length of its message
 *   the message  fields in the order of their numbers, zeros left out
 *
 * Header only, no allocation, no locks; any thread.  Everything that is decoded is
 * checked: nothing outside the given bytes is read, and texts are bounded.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Largest frame of this connection after its prefix. */
#define VGPU_DEVICE_FRAME_BYTES_MAX    512u
#define VGPU_DEVICE_FRAME_PREFIX_BYTES 4u
/* Largest text in a frame, without the zero behind it. */
#define VGPU_DEVICE_FRAME_TEXT_MAX 256u

/* Numbers of the kinds in vgpu.Frame. */
enum vgpu_device_frame_kind {
    VGPU_DEVICE_FRAME_NONE = 0,
    VGPU_DEVICE_FRAME_REFUSE = 2,
    VGPU_DEVICE_FRAME_HELLO = 30,
    VGPU_DEVICE_FRAME_WELCOME = 31,
    VGPU_DEVICE_FRAME_OPEN = 32,
    VGPU_DEVICE_FRAME_READY = 33,
    VGPU_DEVICE_FRAME_REFUSED = 34,
    VGPU_DEVICE_FRAME_CLOSE = 35,
    VGPU_DEVICE_FRAME_FREE = 36,
    VGPU_DEVICE_FRAME_RESET = 37,
    VGPU_DEVICE_FRAME_GONE = 38,
    VGPU_DEVICE_FRAME_BEAT = 39,
    VGPU_DEVICE_FRAME_TOOK = 40,
};

/* A frame of any kind: the fields that its message has, the others 0. */
struct vgpu_device_frame {
    enum vgpu_device_frame_kind kind;
    uint32_t revision;
    uint32_t protocol;
    uint32_t channels;
    uint32_t generation;
    uint32_t resets;
    uint32_t channel;
    uint32_t epoch;
    uint32_t number;
    int32_t result;
    uint64_t channel_bytes;
    uint64_t session;
    uint64_t doorbells;
    uint64_t calls;
    uint64_t frames;
    char vm[VGPU_DEVICE_FRAME_TEXT_MAX + 1];
    char qemu[VGPU_DEVICE_FRAME_TEXT_MAX + 1];
    char version[VGPU_DEVICE_FRAME_TEXT_MAX + 1];
    char reason[VGPU_DEVICE_FRAME_TEXT_MAX + 1];
};

enum vgpu_df_type { VGPU_DF_U32, VGPU_DF_S32, VGPU_DF_U64, VGPU_DF_TEXT };

struct vgpu_df_field {
    uint8_t kind;   /* enum vgpu_device_frame_kind */
    uint8_t number; /* in the message */
    uint8_t type;   /* enum vgpu_df_type */
    uint16_t offset;
};

#define VGPU_DF_AT(member) ((uint16_t)offsetof(struct vgpu_device_frame, member))

/* The messages of proto/vgpu.proto, fields in the order of their numbers. */
static const struct vgpu_df_field vgpu_df_fields[] = {
    {VGPU_DEVICE_FRAME_REFUSE, 1, VGPU_DF_S32, VGPU_DF_AT(result)},
    {VGPU_DEVICE_FRAME_REFUSE, 2, VGPU_DF_TEXT, VGPU_DF_AT(reason)},
    {VGPU_DEVICE_FRAME_HELLO, 1, VGPU_DF_U32, VGPU_DF_AT(revision)},
    {VGPU_DEVICE_FRAME_HELLO, 2, VGPU_DF_U32, VGPU_DF_AT(protocol)},
    {VGPU_DEVICE_FRAME_HELLO, 3, VGPU_DF_U32, VGPU_DF_AT(channels)},
    {VGPU_DEVICE_FRAME_HELLO, 4, VGPU_DF_U64, VGPU_DF_AT(channel_bytes)},
    {VGPU_DEVICE_FRAME_HELLO, 5, VGPU_DF_U32, VGPU_DF_AT(generation)},
    {VGPU_DEVICE_FRAME_HELLO, 6, VGPU_DF_U32, VGPU_DF_AT(resets)},
    {VGPU_DEVICE_FRAME_HELLO, 7, VGPU_DF_TEXT, VGPU_DF_AT(vm)},
    {VGPU_DEVICE_FRAME_HELLO, 8, VGPU_DF_TEXT, VGPU_DF_AT(qemu)},
    {VGPU_DEVICE_FRAME_WELCOME, 1, VGPU_DF_U32, VGPU_DF_AT(protocol)},
    {VGPU_DEVICE_FRAME_WELCOME, 2, VGPU_DF_TEXT, VGPU_DF_AT(version)},
    {VGPU_DEVICE_FRAME_OPEN, 1, VGPU_DF_U32, VGPU_DF_AT(channel)},
    {VGPU_DEVICE_FRAME_OPEN, 2, VGPU_DF_U32, VGPU_DF_AT(epoch)},
    {VGPU_DEVICE_FRAME_READY, 1, VGPU_DF_U32, VGPU_DF_AT(channel)},
    {VGPU_DEVICE_FRAME_READY, 2, VGPU_DF_U32, VGPU_DF_AT(epoch)},
    {VGPU_DEVICE_FRAME_READY, 3, VGPU_DF_U64, VGPU_DF_AT(session)},
    {VGPU_DEVICE_FRAME_REFUSED, 1, VGPU_DF_U32, VGPU_DF_AT(channel)},
    {VGPU_DEVICE_FRAME_REFUSED, 2, VGPU_DF_U32, VGPU_DF_AT(epoch)},
    {VGPU_DEVICE_FRAME_REFUSED, 3, VGPU_DF_S32, VGPU_DF_AT(result)},
    {VGPU_DEVICE_FRAME_REFUSED, 4, VGPU_DF_TEXT, VGPU_DF_AT(reason)},
    {VGPU_DEVICE_FRAME_CLOSE, 1, VGPU_DF_U32, VGPU_DF_AT(channel)},
    {VGPU_DEVICE_FRAME_CLOSE, 2, VGPU_DF_U32, VGPU_DF_AT(epoch)},
    {VGPU_DEVICE_FRAME_FREE, 1, VGPU_DF_U32, VGPU_DF_AT(channel)},
    {VGPU_DEVICE_FRAME_FREE, 2, VGPU_DF_U32, VGPU_DF_AT(epoch)},
    {VGPU_DEVICE_FRAME_RESET, 1, VGPU_DF_U32, VGPU_DF_AT(resets)},
    {VGPU_DEVICE_FRAME_BEAT, 1, VGPU_DF_U32, VGPU_DF_AT(number)},
    {VGPU_DEVICE_FRAME_TOOK, 1, VGPU_DF_U64, VGPU_DF_AT(doorbells)},
    {VGPU_DEVICE_FRAME_TOOK, 2, VGPU_DF_U64, VGPU_DF_AT(calls)},
    {VGPU_DEVICE_FRAME_TOOK, 3, VGPU_DF_U64, VGPU_DF_AT(frames)},
};

#define VGPU_DF_FIELDS (sizeof(vgpu_df_fields) / sizeof(vgpu_df_fields[0]))

/* Wire types of protobuf. */
#define VGPU_DF_WIRE_VARINT  0u
#define VGPU_DF_WIRE_FIXED64 1u
#define VGPU_DF_WIRE_BYTES   2u
#define VGPU_DF_WIRE_FIXED32 5u
/* Longest varint of a value, and of a tag or a length. */
#define VGPU_DF_VARINT_BYTES_MAX 10u
#define VGPU_DF_SHORT_BYTES_MAX  5u

/* ---- writing ---- */

struct vgpu_df_writer {
    uint8_t *out;
    size_t cap;
    size_t used;
    bool full; /* something did not fit; the rest is dropped */
};

static inline void vgpu_df_put(struct vgpu_df_writer *writer, const void *bytes, size_t count)
{
    if (writer->full || count > writer->cap - writer->used) {
        writer->full = true;
        return;
    }
    memcpy(writer->out + writer->used, bytes, count);
    writer->used += count;
}

static inline void vgpu_df_put_varint(struct vgpu_df_writer *writer, uint64_t value)
{
    uint8_t bytes[VGPU_DF_VARINT_BYTES_MAX];
    size_t count = 0;

    while (value > 0x7f) {
        bytes[count++] = (uint8_t)(value | 0x80u);
        value >>= 7;
    }
    bytes[count++] = (uint8_t)value;
    vgpu_df_put(writer, bytes, count);
}

static inline void vgpu_df_put_number(struct vgpu_df_writer *writer, uint8_t number, uint64_t value)
{
    if (value != 0) {
        vgpu_df_put_varint(writer, (uint64_t)number << 3 | VGPU_DF_WIRE_VARINT);
        vgpu_df_put_varint(writer, value);
    }
}

static inline void vgpu_df_put_bytes(struct vgpu_df_writer *writer, uint8_t number,
                                     const void *bytes, size_t count)
{
    vgpu_df_put_varint(writer, (uint64_t)number << 3 | VGPU_DF_WIRE_BYTES);
    vgpu_df_put_varint(writer, count);
    vgpu_df_put(writer, bytes, count);
}

static inline void vgpu_df_put_field(struct vgpu_df_writer *writer,
                                     const struct vgpu_df_field *field,
                                     const struct vgpu_device_frame *frame)
{
    const char *member = (const char *)frame + field->offset;
    uint32_t low;
    uint64_t wide;
    size_t length;

    if (field->type == VGPU_DF_TEXT) {
        length = strnlen(member, VGPU_DEVICE_FRAME_TEXT_MAX);
        if (length > 0) {
            vgpu_df_put_bytes(writer, field->number, member, length);
        }
        return;
    }
    if (field->type == VGPU_DF_U64) {
        memcpy(&wide, member, sizeof(wide));
    } else {
        memcpy(&low, member, sizeof(low));
        wide = low;
        if (field->type == VGPU_DF_S32) {
            wide = low << 1 ^ (low >> 31 ? UINT32_MAX : 0);
        }
    }
    vgpu_df_put_number(writer, field->number, wide);
}

/* Packs `frame` with its prefix into `out`.  Returns the bytes written; 0 when the frame is larger
 * than `cap` or VGPU_DEVICE_FRAME_BYTES_MAX, or has no kind. */
static inline size_t vgpu_device_frame_encode(const struct vgpu_device_frame *frame, uint8_t *out,
                                              size_t cap)
{
    uint8_t message[VGPU_DEVICE_FRAME_BYTES_MAX];
    struct vgpu_df_writer inner = {message, sizeof(message), 0, false};
    struct vgpu_df_writer outer = {out, cap, VGPU_DEVICE_FRAME_PREFIX_BYTES, false};
    size_t length;

    if (frame->kind == VGPU_DEVICE_FRAME_NONE || cap < VGPU_DEVICE_FRAME_PREFIX_BYTES) {
        return 0;
    }
    for (size_t i = 0; i < VGPU_DF_FIELDS; i++) {
        if (vgpu_df_fields[i].kind == (uint8_t)frame->kind) {
            vgpu_df_put_field(&inner, &vgpu_df_fields[i], frame);
        }
    }
    vgpu_df_put_bytes(&outer, (uint8_t)frame->kind, message, inner.used);
    length = outer.used - VGPU_DEVICE_FRAME_PREFIX_BYTES;
    if (inner.full || outer.full || length > VGPU_DEVICE_FRAME_BYTES_MAX) {
        return 0;
    }
    for (size_t i = 0; i < VGPU_DEVICE_FRAME_PREFIX_BYTES; i++) {
        out[i] = (uint8_t)(length >> (8 * i));
    }
    return outer.used;
}

/* ---- reading ---- */

struct vgpu_df_reader {
    const uint8_t *at;
    const uint8_t *end;
};

static inline bool vgpu_df_get_varint(struct vgpu_df_reader *reader, unsigned int bytes_max,
                                      uint64_t *value)
{
    uint64_t sum = 0;

    for (unsigned int i = 0; i < bytes_max && reader->at < reader->end; i++) {
        uint8_t byte = *reader->at++;

        sum |= (uint64_t)(byte & 0x7fu) << (7 * i);
        if (!(byte & 0x80u)) {
            *value = sum;
            return true;
        }
    }
    return false;
}

static inline bool vgpu_df_get_tag(struct vgpu_df_reader *reader, uint32_t *number, uint32_t *wire)
{
    uint64_t tag;

    if (!vgpu_df_get_varint(reader, VGPU_DF_SHORT_BYTES_MAX, &tag) || tag > UINT32_MAX) {
        return false;
    }
    *number = (uint32_t)tag >> 3;
    *wire = (uint32_t)tag & 7u;
    return *number != 0;
}

/* Takes `count` bytes, lent as `part`. */
static inline bool vgpu_df_get_part(struct vgpu_df_reader *reader, uint64_t count,
                                    struct vgpu_df_reader *part)
{
    if (count > (uint64_t)(reader->end - reader->at)) {
        return false;
    }
    part->at = reader->at;
    part->end = reader->at + count;
    reader->at = part->end;
    return true;
}

static inline bool vgpu_df_get_bytes(struct vgpu_df_reader *reader, struct vgpu_df_reader *part)
{
    uint64_t count;

    return vgpu_df_get_varint(reader, VGPU_DF_SHORT_BYTES_MAX, &count) &&
           vgpu_df_get_part(reader, count, part);
}

static inline bool vgpu_df_skip(struct vgpu_df_reader *reader, uint32_t wire)
{
    struct vgpu_df_reader part;
    uint64_t value;

    switch (wire) {
    case VGPU_DF_WIRE_VARINT:
        return vgpu_df_get_varint(reader, VGPU_DF_VARINT_BYTES_MAX, &value);
    case VGPU_DF_WIRE_FIXED64:
        return vgpu_df_get_part(reader, 8, &part);
    case VGPU_DF_WIRE_BYTES:
        return vgpu_df_get_bytes(reader, &part);
    case VGPU_DF_WIRE_FIXED32:
        return vgpu_df_get_part(reader, 4, &part);
    default:
        return false;
    }
}

/* A text ends at its first zero byte, as for a reader of C strings. */
static inline bool vgpu_df_get_text(struct vgpu_df_reader *reader, uint32_t wire, char *text)
{
    struct vgpu_df_reader part;
    size_t length;

    if (wire != VGPU_DF_WIRE_BYTES || !vgpu_df_get_bytes(reader, &part)) {
        return false;
    }
    length = (size_t)(part.end - part.at);
    if (length > VGPU_DEVICE_FRAME_TEXT_MAX) {
        return false;
    }
    memcpy(text, part.at, length);
    text[length] = '\0';
    return true;
}

static inline bool vgpu_df_get_field(struct vgpu_df_reader *reader, uint32_t wire,
                                     const struct vgpu_df_field *field,
                                     struct vgpu_device_frame *frame)
{
    char *member = (char *)frame + field->offset;
    uint64_t wide;
    uint32_t low;

    if (field->type == VGPU_DF_TEXT) {
        return vgpu_df_get_text(reader, wire, member);
    }
    if (wire != VGPU_DF_WIRE_VARINT ||
        !vgpu_df_get_varint(reader, VGPU_DF_VARINT_BYTES_MAX, &wide)) {
        return false;
    }
    if (field->type == VGPU_DF_U64) {
        memcpy(member, &wide, sizeof(wide));
        return true;
    }
    low = (uint32_t)wide;
    if (field->type == VGPU_DF_S32) {
        low = low >> 1 ^ (low & 1u ? UINT32_MAX : 0);
    }
    memcpy(member, &low, sizeof(low));
    return true;
}

static inline const struct vgpu_df_field *vgpu_df_find(enum vgpu_device_frame_kind kind,
                                                       uint32_t number)
{
    for (size_t i = 0; i < VGPU_DF_FIELDS; i++) {
        if (vgpu_df_fields[i].kind == (uint8_t)kind && vgpu_df_fields[i].number == number) {
            return &vgpu_df_fields[i];
        }
    }
    return NULL;
}

static inline bool vgpu_df_get_message(struct vgpu_df_reader reader,
                                       struct vgpu_device_frame *frame)
{
    while (reader.at < reader.end) {
        const struct vgpu_df_field *field;
        uint32_t number;
        uint32_t wire;

        if (!vgpu_df_get_tag(&reader, &number, &wire)) {
            return false;
        }
        field = vgpu_df_find(frame->kind, number);
        if (!(field ? vgpu_df_get_field(&reader, wire, field, frame)
                    : vgpu_df_skip(&reader, wire))) {
            return false;
        }
    }
    return true;
}

/* Numbers up to that of the last kind are kinds, and not all of them are of this connection. */
static inline bool vgpu_df_is_kind(uint32_t number)
{
    return number == VGPU_DEVICE_FRAME_REFUSE ||
           (number >= VGPU_DEVICE_FRAME_HELLO && number <= VGPU_DEVICE_FRAME_TOOK);
}

/*
 * Decodes the `len` bytes behind a prefix.  False, with `frame` undefined, when they
 * are no protobuf, hold no kind of this connection, another one, or more than one, or
 * a text is too long.  Unknown fields are skipped; the last of a repeated field counts.
 */
static inline bool vgpu_device_frame_decode(struct vgpu_device_frame *frame, const uint8_t *bytes,
                                            size_t len)
{
    struct vgpu_df_reader reader = {bytes, bytes + len};

    memset(frame, 0, sizeof(*frame));
    if (len > VGPU_DEVICE_FRAME_BYTES_MAX) {
        return false;
    }
    while (reader.at < reader.end) {
        struct vgpu_df_reader message;
        uint32_t number;
        uint32_t wire;

        if (!vgpu_df_get_tag(&reader, &number, &wire)) {
            return false;
        }
        if (number > VGPU_DEVICE_FRAME_TOOK) {
            if (!vgpu_df_skip(&reader, wire)) {
                return false;
            }
            continue;
        }
        if (!vgpu_df_is_kind(number) || frame->kind != VGPU_DEVICE_FRAME_NONE ||
            wire != VGPU_DF_WIRE_BYTES || !vgpu_df_get_bytes(&reader, &message)) {
            return false;
        }
        frame->kind = (enum vgpu_device_frame_kind)number;
        if (!vgpu_df_get_message(message, frame)) {
            return false;
        }
    }
    return frame->kind != VGPU_DEVICE_FRAME_NONE;
}

#endif
