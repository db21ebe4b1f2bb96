/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
#ifndef VGPU_COMMON_OVERFLOW_H
#define VGPU_COMMON_OVERFLOW_H

/*
 * Checked arithmetic for sizes and offsets that a peer named.
 *
 * Each function returns true and stores the exact result, or returns false and
 * leaves *out alone.  All may be called from any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VGPU_MUST_CHECK __attribute__((warn_unused_result))

#define VGPU_DEFINE_CHECKED(name, type)                                                            \
    VGPU_MUST_CHECK static inline bool vgpu_##name##_add(type a, type b, type *out)                \
    {                                                                                              \
        type sum;                                                                                  \
        if (__builtin_add_overflow(a, b, &sum)) {                                                  \
            return false;                                                                          \
        }                                                                                          \
        *out = sum;                                                                                \
        return true;                                                                               \
    }                                                                                              \
    VGPU_MUST_CHECK static inline bool vgpu_##name##_sub(type a, type b, type *out)                \
    {                                                                                              \
        type rest;                                                                                 \
        if (__builtin_sub_overflow(a, b, &rest)) {                                                 \
            return false;                                                                          \
        }                                                                                          \
        *out = rest;                                                                               \
        return true;                                                                               \
    }                                                                                              \
    VGPU_MUST_CHECK static inline bool vgpu_##name##_mul(type a, type b, type *out)                \
    {                                                                                              \
        type product;                                                                              \
        if (__builtin_mul_overflow(a, b, &product)) {                                              \
            return false;                                                                          \
        }                                                                                          \
        *out = product;                                                                            \
        return true;                                                                               \
    }

/* vgpu_u32_add, _sub, _mul */
VGPU_DEFINE_CHECKED(u32, uint32_t)
/* vgpu_u64_add, _sub, _mul */
VGPU_DEFINE_CHECKED(u64, uint64_t)
/* vgpu_size_add, _sub, _mul */
VGPU_DEFINE_CHECKED(size, size_t)

#undef VGPU_DEFINE_CHECKED

/* True for 1, 2, 4, 8, ... */
static inline bool vgpu_is_pow2(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/*
 * Rounds value up to a multiple of align (a power of two; any other value is
 * refused like an overflow).
 */
VGPU_MUST_CHECK static inline bool vgpu_u64_align_up(uint64_t value, uint64_t align, uint64_t *out)
{
    uint64_t sum;

    if (!vgpu_is_pow2(align) || !vgpu_u64_add(value, align - 1, &sum)) {
        return false;
    }
    *out = sum & ~(align - 1);
    return true;
}

/* True if [offset, offset + len) lies in [0, total); an empty piece may start at total. */
VGPU_MUST_CHECK static inline bool vgpu_span_fits(uint64_t offset, uint64_t len, uint64_t total)
{
    return offset <= total && len <= total - offset;
}

/* Narrows a 64-bit value; false if it does not fit. */
VGPU_MUST_CHECK static inline bool vgpu_u64_to_u32(uint64_t value, uint32_t *out)
{
    if (value > UINT32_MAX) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

#endif
