/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_OPS_CHECK_H
#define VGPU_TEST_OPS_CHECK_H

/* What the generated test_ops_*.c share.  One translation unit each: all static inline. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/wire.h"
#include "vgpu_ops.h"

typedef int ops_get_fn(const uint8_t *body, size_t len);

/* A byte string of `len` bytes that count up from `start`; valid for ever. */
static inline void ops_pattern(const uint8_t **bytes, uint32_t *len, uint32_t count, uint8_t start)
{
    static uint8_t counting[512];

    for (size_t i = 0; i < sizeof(counting); i++) {
        counting[i] = (uint8_t)i;
    }
    assert_true(count <= 256);
    *bytes = counting + start;
    *len = count;
}

static inline void ops_same_bytes(const uint8_t *a, uint32_t a_len, const uint8_t *b,
                                  uint32_t b_len)
{
    assert_int_equal(a_len, b_len);
    if (a_len > 0) {
        assert_memory_equal(a, b, a_len);
    }
}

/* The body is the one that the table's layout says, in hex. */
static inline void ops_same_text(const uint8_t *body, size_t size, const char *hex)
{
    char text[2 * 512 + 1] = "";

    assert_true(size <= 512);
    for (size_t i = 0; i < size; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", body[i]);
    }
    assert_string_equal(text, hex);
}

/* Reads from an allocation of exactly `len` bytes, so that a sanitizer sees reads past it. */
static inline int ops_get_exact(ops_get_fn *get, const uint8_t *body, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    int rc;

    assert_non_null(copy);
    memcpy(copy, body, len);
    rc = get(copy, len);
    free(copy);
    return rc;
}

/* Every shorter body is refused, and every one that is up to 8 bytes longer. */
static inline void ops_refuse_other_lengths(ops_get_fn *get, const uint8_t *body, size_t size)
{
    uint8_t longer[512 + 8] = {0};

    assert_true(size <= 512);
    memcpy(longer, body, size);
    for (size_t len = 0; len <= size + 8; len++) {
        assert_int_equal(ops_get_exact(get, longer, len), len == size ? 0 : -EPROTO);
    }
}

/* A body whose padding at `at` is not zero is refused. */
static inline void ops_refuse_changed(ops_get_fn *get, const uint8_t *body, size_t size, size_t at)
{
    uint8_t changed[512];

    assert_true(size <= sizeof(changed));
    memcpy(changed, body, size);
    changed[at] = 1;
    assert_int_equal(ops_get_exact(get, changed, size), -EPROTO);
}

#endif
