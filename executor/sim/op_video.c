/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_video.h"

#include "executor/sim/thr.h"

/* Sums of differences and products of the parts of a word. */

HANDLER(sad_u32)
{
    uint32_t a = (uint32_t)op_get(t, i->a);
    uint32_t b = (uint32_t)op_get(t, i->b);

    op_set(t, i->d, (uint32_t)op_get(t, i->c) + (a < b ? b - a : a - b));
    return i + 1;
}

HANDLER(sad_s32)
{
    int32_t a = (int32_t)op_get(t, i->a);
    int32_t b = (int32_t)op_get(t, i->b);

    op_set(t, i->d,
           (uint32_t)op_get(t, i->c) +
               (a < b ? (uint32_t)b - (uint32_t)a : (uint32_t)a - (uint32_t)b));
    return i + 1;
}

/* imm: 1 a signed, 2 b signed. */
HANDLER(dp4a)
{
    uint64_t a = op_get(t, i->a);
    uint64_t b = op_get(t, i->b);
    uint32_t sum = (uint32_t)op_get(t, i->c);

    for (int k = 0; k < 32; k += 8) {
        int32_t x = (i->imm & 1) != 0 ? (int8_t)(a >> k) : (uint8_t)(a >> k);
        int32_t y = (i->imm & 2) != 0 ? (int8_t)(b >> k) : (uint8_t)(b >> k);

        sum += (uint32_t)(x * y);
    }
    op_set(t, i->d, sum);
    return i + 1;
}

/* Two 16-bit parts of a with bytes of b; imm as above, 4: its upper bytes. */
HANDLER(dp2a)
{
    uint64_t a = op_get(t, i->a);
    uint64_t b = op_get(t, i->b) >> ((i->imm & 4) != 0 ? 16 : 0);
    uint32_t sum = (uint32_t)op_get(t, i->c);

    for (int k = 0; k < 2; k++) {
        int32_t x = (i->imm & 1) != 0 ? (int16_t)(a >> (16 * k)) : (uint16_t)(a >> (16 * k));
        int32_t y = (i->imm & 2) != 0 ? (int8_t)(b >> (8 * k)) : (uint8_t)(b >> (8 * k));

        sum += (uint32_t)(x * y);
    }
    op_set(t, i->d, sum);
    return i + 1;
}

/*
 * The same operation on two or four parts.  imm: the operation, then the bits
 * below; e: bits of a part.
 */
#define PART_OP       15
#define PART_SIGNED_A 16
#define PART_SIGNED_B 32
#define PART_SIGNED_D 64
#define PART_SAT      128
#define PART_SUM      256 /* d = c + all parts */
#define PART_RELU     512 /* below zero becomes zero */

static int32_t part(uint64_t word, uint32_t at, uint32_t bits, bool sign)
{
    uint32_t v = (uint32_t)(word >> at) & ((1u << bits) - 1);

    return sign ? (int32_t)(v << (32 - bits)) >> (32 - bits) : (int32_t)v;
}

static int32_t part_result(const struct insn *i, int32_t a, int32_t b)
{
    int32_t least = (i->imm & PART_SIGNED_D) != 0 ? -(1 << (i->e - 1)) : 0;
    int32_t most = least + (int32_t)(1u << i->e) - 1;
    int32_t v = 0;

    switch (i->imm & PART_OP) {
    case PART_ADD:
        v = a + b;
        break;
    case PART_SUB:
        v = a - b;
        break;
    case PART_ABSDIFF:
        v = a < b ? b - a : a - b;
        break;
    case PART_MIN:
        v = a < b ? a : b;
        break;
    default:
        v = a > b ? a : b;
        break;
    }
    if ((i->imm & PART_RELU) != 0 && v < 0) {
        v = 0;
    }
    if ((i->imm & PART_SAT) != 0) {
        v = v < least ? least : v > most ? most : v;
    }
    return v;
}

HANDLER(parts)
{
    uint64_t a = op_get(t, i->a);
    uint64_t b = op_get(t, i->b);
    uint32_t sum = (uint32_t)op_get(t, i->c);
    uint32_t out = 0;

    for (uint32_t at = 0; at < 32; at += i->e) {
        int32_t v = part_result(i, part(a, at, i->e, (i->imm & PART_SIGNED_A) != 0),
                                part(b, at, i->e, (i->imm & PART_SIGNED_B) != 0));

        out |= ((uint32_t)v & ((1u << i->e) - 1)) << at;
        sum += (uint32_t)v;
    }
    op_set(t, i->d, (i->imm & PART_SUM) != 0 ? sum : out);
    return i + 1;
}

static void lower_sad(struct ptx_build *b, struct ptx_inst *in)
{
    enum ptx_type type = ptx_mod_type_needed(b, in);

    if (type != T_U32 && type != T_S32) {
        ptx_unsupported(b, in);
    }
    (void)ptx_emit_sources(b, in, type == T_U32 ? sad_u32 : sad_s32, type, 3);
}

static void lower_dp4a(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t flags = ptx_mod_type_needed(b, in) == T_S32 ? 1 : 0;

    flags |= ptx_mod_type_needed(b, in) == T_S32 ? 2 : 0;
    ptx_emit_sources(b, in, dp4a, T_B32, 3)->imm = flags;
}

static void lower_dp2a(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t flags = ptx_mod(in, "hi") ? 4 : ptx_mod(in, "lo") ? 0 : -1;

    if (flags < 0) {
        ptx_unsupported(b, in);
    }
    flags |= ptx_mod_type_needed(b, in) == T_S32 ? 1 : 0;
    flags |= ptx_mod_type_needed(b, in) == T_S32 ? 2 : 0;
    ptx_emit_sources(b, in, dp2a, T_B32, 3)->imm = flags;
}

static bool part_signed(struct ptx_build *b, struct ptx_inst *in)
{
    enum ptx_type type = ptx_mod_type_needed(b, in);

    if (type != T_U32 && type != T_S32) {
        ptx_unsupported(b, in);
    }
    return type == T_S32;
}

/* vadd2 and its kin; c is what the parts are added to, else without effect. */
static void lower_parts(struct ptx_build *b, struct ptx_inst *in)
{
    static const char *const ops[] = {"vadd", "vsub", "vabsdiff", "vmin", "vmax"};
    size_t length = strlen(in->op) - 1;
    int64_t flags = 0;
    struct insn *i;

    for (int64_t k = 0; k < 5; k++) {
        flags = strlen(ops[k]) == length && strncmp(ops[k], in->op, length) == 0 ? k : flags;
    }
    flags |= part_signed(b, in) ? PART_SIGNED_D : 0;
    flags |= part_signed(b, in) ? PART_SIGNED_A : 0;
    flags |= part_signed(b, in) ? PART_SIGNED_B : 0;
    flags |= ptx_mod(in, "sat") ? PART_SAT : 0;
    flags |= ptx_mod(in, "add") ? PART_SUM : 0;
    i = ptx_emit_sources(b, in, parts, T_B32, 3);
    i->imm = flags;
    i->e = in->op[length] == '2' ? 16 : 8;
}

bool op_lower_pair(struct ptx_build *b, struct ptx_inst *in, int64_t op)
{
    bool sign = ptx_mod(in, "s16x2");
    struct insn *i;

    if (!sign && !ptx_mod(in, "u16x2")) {
        return false;
    }
    op |= sign ? PART_SIGNED_A | PART_SIGNED_B | PART_SIGNED_D : 0;
    op |= sign && (op & PART_OP) != PART_ADD && ptx_mod(in, "relu") ? PART_RELU : 0;
    i = ptx_emit_sources(b, in, parts, T_B32, 2);
    i->c = ptx_const(b, 0);
    i->imm = op;
    i->e = 16;
    return true;
}

const struct lower_row lower_video[] = {
    {"sad", lower_sad},         {"dp4a", lower_dp4a},
    {"dp2a", lower_dp2a},       {"vadd2", lower_parts},
    {"vadd4", lower_parts},     {"vsub2", lower_parts},
    {"vsub4", lower_parts},     {"vabsdiff2", lower_parts},
    {"vabsdiff4", lower_parts}, {"vmin2", lower_parts},
    {"vmin4", lower_parts},     {"vmax2", lower_parts},
    {"vmax4", lower_parts},     {NULL, NULL},
};
