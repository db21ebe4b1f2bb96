/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
#ifndef VGPU_WIRE_H
#define VGPU_WIRE_H

/*
 * The pieces of a flat body (docs/specs/wire.md, "Bodies"): little-endian fields at
 * fixed offsets, then byte strings, each at a multiple of 8, all padding zero.  Used
 * by generated code only: vgpu_put_*(), vgpu_get_*() and the guest's senders.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/limits.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bodies are copied as they are");

/* Body of the answer to an operation, behind struct vgpu_answer. */
#define VGPU_BODY_BYTES_MAX (VGPU_RECORD_BYTES_MAX - VGPU_RECORD_HEADER_BYTES - 8u)

#define VGPU_DEFINE_WIRE(name, type)                                                               \
    static inline void vgpu_wire_put_##name(uint8_t *at, type value)                               \
    {                                                                                              \
        memcpy(at, &value, sizeof(value));                                                         \
    }                                                                                              \
    static inline type vgpu_wire_get_##name(const uint8_t *at)                                     \
    {                                                                                              \
        type value;                                                                                \
                                                                                                   \
        memcpy(&value, at, sizeof(value));                                                         \
        return value;                                                                              \
    }

VGPU_DEFINE_WIRE(u32, uint32_t)
VGPU_DEFINE_WIRE(i32, int32_t)
VGPU_DEFINE_WIRE(u64, uint64_t)
VGPU_DEFINE_WIRE(f32, float)

#undef VGPU_DEFINE_WIRE

/* Rounds the length of a byte string up to where the next one starts. */
static inline size_t vgpu_wire_padded(uint32_t len)
{
    return ((size_t)len + 7u) & ~(size_t)7u;
}

/* True when `count` bytes are zero: padding that is not is a broken peer. */
static inline bool vgpu_wire_is_zero(const uint8_t *at, size_t count)
{
    uint8_t any = 0;

    for (size_t i = 0; i < count; i++) {
        any = (uint8_t)(any | at[i]);
    }
    return any == 0;
}

/* Copies a byte string and its padding to body + *at, which the caller has room for. */
static inline void vgpu_wire_put_bytes(uint8_t *body, size_t *at, const uint8_t *bytes,
                                       uint32_t len)
{
    size_t padded = vgpu_wire_padded(len);

    if (len > 0) {
        memcpy(body + *at, bytes, len);
        memset(body + *at + len, 0, padded - len);
    }
    *at += padded;
}

/* Lends the byte string of `count` bytes at body + *at; false when it is over `max`, does not lie
 * in the body of `len` bytes or has padding that is not zero. */
static inline bool vgpu_wire_get_bytes(const uint8_t *body, size_t len, size_t *at, uint32_t count,
                                       uint32_t max, const uint8_t **bytes)
{
    size_t padded = vgpu_wire_padded(count);

    if (count > max || padded > len - *at ||
        !vgpu_wire_is_zero(body + *at + count, padded - count)) {
        return false;
    }
    *bytes = body + *at;
    *at += padded;
    return true;
}

#endif
