/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/ptx_build.h"
#include "executor/sim/thr.h"

/* Bit fields: finding, taking, putting them. */

/* imm: 1 signed, 2 64 bits, 4 shiftamt. */
#define FIND_SIGNED 1
#define FIND_64     2
#define FIND_SHIFT  4

HANDLER(bfind)
{
    uint64_t a = op_get(t, i->a);
    int bits = (i->imm & FIND_64) != 0 ? 64 : 32;
    uint32_t at;

    a = bits == 64 ? a : (i->imm & FIND_SIGNED) != 0 ? (uint64_t)(int32_t)a : (uint32_t)a;
    if ((i->imm & FIND_SIGNED) != 0 && (int64_t)a < 0) {
        a = ~a;
    }
    at = a == 0 ? UINT32_MAX : 63 - (uint32_t)__builtin_clzll(a);
    if ((i->imm & FIND_SHIFT) != 0 && a != 0) {
        at = (uint32_t)bits - 1 - at;
    }
    op_set(t, i->d, at);
    return i + 1;
}

/* Position and length are bytes in the 32-bit forms only. */
static uint32_t field_number(const struct thr *t, uint32_t slot, bool wide)
{
    uint32_t n = (uint32_t)op_get(t, slot);

    return !wide ? n & 0xff : n < 0xff ? n : 0xff;
}

/* imm as above. */
HANDLER(bfe)
{
    uint64_t a = op_get(t, i->a);
    uint32_t bits = (i->imm & FIND_64) != 0 ? 64 : 32;
    uint32_t pos = field_number(t, i->b, bits == 64);
    uint32_t len = field_number(t, i->c, bits == 64);
    bool sign = false;
    uint64_t mask;

    a = bits == 64 ? a : (uint32_t)a;
    if ((i->imm & FIND_SIGNED) != 0 && len != 0) {
        uint32_t top = pos + len - 1 < bits - 1 ? pos + len - 1 : bits - 1;

        sign = (a >> top & 1) != 0;
    }
    mask = len >= 64 ? UINT64_MAX : (UINT64_C(1) << len) - 1;
    a = pos >= bits ? 0 : a >> pos;
    /* Beyond the top bit the field repeats it. */
    if (sign && pos != 0 && (pos >= bits || len > bits - pos)) {
        a |= pos >= bits ? UINT64_MAX : UINT64_MAX << (bits - pos);
    }
    a &= mask;
    op_set(t, i->d, sign ? a | ~mask : a);
    return i + 1;
}

/* a into b at position c, length e; imm: 64 bits. */
HANDLER(bfi)
{
    uint32_t bits = i->imm != 0 ? 64 : 32;
    uint32_t pos = field_number(t, i->c, bits == 64);
    uint32_t len = field_number(t, i->e, bits == 64);
    uint64_t b = op_get(t, i->b);
    uint64_t mask = len >= 64 ? UINT64_MAX : (UINT64_C(1) << len) - 1;

    if (pos < bits) {
        mask <<= pos;
        b = (b & ~mask) | ((op_get(t, i->a) << pos) & mask);
    }
    op_set(t, i->d, b);
    return i + 1;
}

/* Position b and length c, beyond 32 as the mode (imm: 1 clamp) says. */
static uint32_t bounded(uint64_t n, int64_t clamp)
{
    return clamp == 0 ? (uint32_t)n & 31 : (uint32_t)n < 32 ? (uint32_t)n : 32;
}

HANDLER(bmsk)
{
    uint64_t ones = (UINT64_C(1) << bounded(op_get(t, i->b), i->imm)) - 1;

    op_set(t, i->d, (uint32_t)(ones << bounded(op_get(t, i->a), i->imm)));
    return i + 1;
}

/* The low b bits of a as a number; imm: 1 clamp, 2 signed. */
HANDLER(szext)
{
    uint32_t bits = bounded(op_get(t, i->b), i->imm & 1);
    uint64_t v = op_get(t, i->a) & ((UINT64_C(1) << bits) - 1);

    if ((i->imm & 2) != 0 && bits != 0 && (v >> (bits - 1) & 1) != 0) {
        v |= UINT64_MAX << bits;
    }
    op_set(t, i->d, (uint32_t)v);
    return i + 1;
}

/* The position of the c-th one of a, from b on, upwards or downwards. */
HANDLER(fns)
{
    uint32_t mask = (uint32_t)op_get(t, i->a);
    int64_t at = (uint32_t)op_get(t, i->b);
    int64_t nth = (int32_t)op_get(t, i->c);
    int64_t step = nth < 0 ? -1 : 1;
    uint32_t found = UINT32_MAX;

    nth = nth == 0 ? 1 : nth * step;
    for (; at >= 0 && at < 32 && nth > 0; at += step) {
        if ((mask >> at & 1) != 0 && --nth == 0) {
            found = (uint32_t)at;
        } else if ((int32_t)op_get(t, i->c) == 0) {
            break;
        }
    }
    op_set(t, i->d, found);
    return i + 1;
}

/* The flags of bfind and bfe; the type must be a 32- or 64-bit integer. */
static int64_t field_flags(struct ptx_build *b, const struct ptx_inst *in, enum ptx_type type)
{
    if (ptx_type_size(type) < 4 || ptx_type_float(type)) {
        ptx_unsupported(b, in);
    }
    return (ptx_type_signed(type) ? FIND_SIGNED : 0) | (ptx_type_size(type) == 8 ? FIND_64 : 0);
}

static void lower_bfind(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t shift = ptx_mod(in, "shiftamt") ? FIND_SHIFT : 0;
    enum ptx_type type = ptx_mod_type_needed(b, in);
    int64_t flags = field_flags(b, in, type);

    ptx_emit_sources(b, in, bfind, type, 1)->imm = flags | shift;
}

static void lower_bfe(struct ptx_build *b, struct ptx_inst *in)
{
    enum ptx_type type = ptx_mod_type_needed(b, in);
    int64_t flags = field_flags(b, in, type);

    ptx_emit_sources(b, in, bfe, type, 3)->imm = flags;
}

static void lower_bfi(struct ptx_build *b, struct ptx_inst *in)
{
    enum ptx_type type = ptx_mod_type_needed(b, in);
    int64_t flags = field_flags(b, in, type);

    ptx_emit_sources(b, in, bfi, type, 4)->imm = flags & FIND_64;
}

static int64_t clamp_mode(struct ptx_build *b, struct ptx_inst *in)
{
    bool clamp = ptx_mod(in, "clamp");

    if (!clamp && !ptx_mod(in, "wrap")) {
        ptx_unsupported(b, in);
    }
    return clamp ? 1 : 0;
}

static void lower_bmsk(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t clamp = clamp_mode(b, in);

    if (!ptx_mod(in, "b32")) {
        ptx_unsupported(b, in);
    }
    ptx_emit_sources(b, in, bmsk, T_B32, 2)->imm = clamp;
}

static void lower_szext(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t clamp = clamp_mode(b, in);
    enum ptx_type type = ptx_mod_type_needed(b, in);

    if (type != T_U32 && type != T_S32) {
        ptx_unsupported(b, in);
    }
    ptx_emit_sources(b, in, szext, type, 2)->imm = clamp | (type == T_S32 ? 2 : 0);
}

static void lower_fns(struct ptx_build *b, struct ptx_inst *in)
{
    if (!ptx_mod(in, "b32")) {
        ptx_unsupported(b, in);
    }
    (void)ptx_emit_sources(b, in, fns, T_B32, 3);
}

const struct lower_row lower_field[] = {
    {"bfind", lower_bfind}, {"bfe", lower_bfe}, {"bfi", lower_bfi}, {"bmsk", lower_bmsk},
    {"szext", lower_szext}, {"fns", lower_fns}, {NULL, NULL},
};
