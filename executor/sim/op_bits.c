/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_vector.h"
#include "executor/sim/ptx_build.h"
#include "executor/sim/thr.h"

/* Logic, shifts, counts, bytes. */

#define HANDLER2(name, expr)                                                                       \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        uint64_t a = op_get(t, i->a);                                                              \
        uint64_t b = op_get(t, i->b);                                                              \
                                                                                                   \
        op_set(t, i->d, expr);                                                                     \
        return i + 1;                                                                              \
    }

#define HANDLER1(name, expr)                                                                       \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        uint64_t a = op_get(t, i->a);                                                              \
                                                                                                   \
        op_set(t, i->d, expr);                                                                     \
        return i + 1;                                                                              \
    }

/* Bits above the type's width do not matter, so one routine does for all. */
HANDLER2(and_any, a &b)
HANDLER2(or_any, a | b)
HANDLER2(xor_any, a ^ b)
HANDLER1(not_any, ~a)
HANDLER1(not_pred, ~a & 1)
HANDLER1(cnot_16, (uint16_t)a == 0)
HANDLER1(cnot_32, (uint32_t)a == 0)
HANDLER1(cnot_64, a == 0)

HANDLER2(shl_16, (uint32_t)b > 15 ? 0 : a << (uint32_t)b)
HANDLER2(shl_32, (uint32_t)b > 31 ? 0 : (uint32_t)a << (uint32_t)b)
HANDLER2(shl_64, (uint32_t)b > 63 ? 0 : a << (uint32_t)b)
HANDLER2(shr_u16, (uint32_t)b > 15 ? 0 : (uint64_t)((uint16_t)a >> (uint32_t)b))
HANDLER2(shr_u32, (uint32_t)b > 31 ? 0 : (uint32_t)a >> (uint32_t)b)
HANDLER2(shr_u64, (uint32_t)b > 63 ? 0 : a >> (uint32_t)b)
HANDLER2(shr_s16, (uint64_t)((int16_t)a >> ((uint32_t)b > 15 ? 15 : (uint32_t)b)))
HANDLER2(shr_s32, (uint64_t)((int32_t)a >> ((uint32_t)b > 31 ? 31 : (uint32_t)b)))
HANDLER2(shr_s64, (uint64_t)((int64_t)a >> ((uint32_t)b > 63 ? 63 : (uint32_t)b)))

HANDLER1(popc_32, (uint64_t)__builtin_popcount((uint32_t)a))
HANDLER1(popc_64, (uint64_t)__builtin_popcountll(a))
HANDLER1(clz_32, (uint32_t)a == 0 ? 32 : (uint64_t)__builtin_clz((uint32_t)a))
HANDLER1(clz_64, a == 0 ? 64 : (uint64_t)__builtin_clzll(a))

static uint64_t reverse(uint64_t v)
{
    v = (v >> 1 & 0x5555555555555555u) | (v & 0x5555555555555555u) << 1;
    v = (v >> 2 & 0x3333333333333333u) | (v & 0x3333333333333333u) << 2;
    v = (v >> 4 & 0x0f0f0f0f0f0f0f0fu) | (v & 0x0f0f0f0f0f0f0f0fu) << 4;
    return __builtin_bswap64(v);
}

HANDLER1(brev_32, reverse(a) >> 32)
HANDLER1(brev_64, reverse(a))

static uint32_t select_byte(uint64_t bytes, uint32_t sel)
{
    uint32_t byte = (uint32_t)(bytes >> ((sel & 7) * 8)) & 0xff;

    return (sel & 8) == 0 ? byte : (byte & 0x80) != 0 ? 0xff : 0;
}

/* imm: 0 as selected, else the mode's number. */
enum {
    PRMT_INDEX,
    PRMT_F4E,
    PRMT_B4E,
    PRMT_RC8,
    PRMT_ECL,
    PRMT_ECR,
    PRMT_RC16,
};

static uint32_t prmt_selector(int64_t mode, uint32_t s, uint32_t k)
{
    uint32_t n = s & 3;

    switch (mode) {
    case PRMT_F4E:
        return (n + k) & 7;
    case PRMT_B4E:
        return (n - k) & 7;
    case PRMT_RC8:
        return n;
    case PRMT_ECL:
        return k > n ? k : n;
    case PRMT_ECR:
        return k < n ? k : n;
    case PRMT_RC16:
        return (n & 1) * 2 + (k & 1);
    default:
        return s >> (4 * k) & 15;
    }
}

HANDLER(prmt)
{
    uint64_t bytes = (op_get(t, i->b) << 32) | (uint32_t)op_get(t, i->a);
    uint32_t s = (uint32_t)op_get(t, i->c);
    uint32_t out = 0;

    for (uint32_t k = 0; k < 4; k++) {
        out |= select_byte(bytes, prmt_selector(i->imm, s, k)) << (8 * k);
    }
    op_set(t, i->d, out);
    return i + 1;
}

/* Funnel shifts; imm: 1 clamp, 2 to the right. */
HANDLER(shf)
{
    uint64_t both = (op_get(t, i->b) << 32) | (uint32_t)op_get(t, i->a);
    uint32_t n = (uint32_t)op_get(t, i->c);

    n = (i->imm & 1) == 0 ? n & 31 : n > 32 ? 32 : n;
    op_set(t, i->d, (i->imm & 2) != 0 ? (uint32_t)(both >> n) : (uint32_t)(both << n >> 32));
    return i + 1;
}

HANDLER(lop3)
{
    uint64_t a = op_get(t, i->a);
    uint64_t b = op_get(t, i->b);
    uint64_t c = op_get(t, i->c);
    uint64_t out = 0;

    for (int k = 0; k < 8; k++) {
        if ((i->imm >> k & 1) != 0) {
            out |= ((k & 4) != 0 ? a : ~a) & ((k & 2) != 0 ? b : ~b) & ((k & 1) != 0 ? c : ~c);
        }
    }
    op_set(t, i->d, out);
    return i + 1;
}

static const insn_fn shl_table[T_COUNT] = {
    [T_B16] = shl_16,
    [T_B32] = shl_32,
    [T_B64] = shl_64,
};
static const insn_fn shr_table[T_COUNT] = {
    [T_B16] = shr_u16, [T_B32] = shr_u32, [T_B64] = shr_u64, [T_U16] = shr_u16, [T_U32] = shr_u32,
    [T_U64] = shr_u64, [T_S16] = shr_s16, [T_S32] = shr_s32, [T_S64] = shr_s64,
};
static const insn_fn and_table[T_COUNT] = {
    [T_B16] = and_any,
    [T_B32] = and_any,
    [T_B64] = and_any,
    [T_PRED] = and_any,
};
static const insn_fn or_table[T_COUNT] = {
    [T_B16] = or_any,
    [T_B32] = or_any,
    [T_B64] = or_any,
    [T_PRED] = or_any,
};
static const insn_fn xor_table[T_COUNT] = {
    [T_B16] = xor_any,
    [T_B32] = xor_any,
    [T_B64] = xor_any,
    [T_PRED] = xor_any,
};
static const insn_fn not_table[T_COUNT] = {
    [T_B16] = not_any,
    [T_B32] = not_any,
    [T_B64] = not_any,
    [T_PRED] = not_pred,
};
static const insn_fn cnot_table[T_COUNT] = {
    [T_B16] = cnot_16,
    [T_B32] = cnot_32,
    [T_B64] = cnot_64,
};
static const insn_fn popc_table[T_COUNT] = {[T_B32] = popc_32, [T_B64] = popc_64};
static const insn_fn clz_table[T_COUNT] = {[T_B32] = clz_32, [T_B64] = clz_64};
static const insn_fn brev_table[T_COUNT] = {[T_B32] = brev_32, [T_B64] = brev_64};

/* sources operands from the second on; the routine from a table by type, or fn. */
static struct insn *emit(struct ptx_build *b, struct ptx_inst *in, insn_fn fn, enum ptx_type type,
                         uint32_t sources)
{
    return ptx_emit_sources(b, in, op_vector(in, fn), type, sources);
}

#define TABLED(name, sources)                                                                      \
    static void lower_##name(struct ptx_build *b, struct ptx_inst *in)                             \
    {                                                                                              \
        enum ptx_type type = ptx_mod_type_needed(b, in);                                           \
                                                                                                   \
        (void)emit(b, in, ptx_pick(b, in, name##_table, type), type, sources);                     \
    }

TABLED(and, 2)
TABLED(or, 2)
TABLED(xor, 2)
TABLED(not, 1)
TABLED(cnot, 1)
TABLED(shl, 2)
TABLED(shr, 2)
TABLED(popc, 1)
TABLED(clz, 1)
TABLED(brev, 1)

static void lower_prmt(struct ptx_build *b, struct ptx_inst *in)
{
    static const char *const modes[] = {"", "f4e", "b4e", "rc8", "ecl", "ecr", "rc16"};
    int64_t mode = PRMT_INDEX;

    if (!ptx_mod(in, "b32")) {
        ptx_unsupported(b, in);
    }
    for (int64_t k = PRMT_F4E; k <= PRMT_RC16; k++) {
        mode = ptx_mod(in, modes[k]) ? k : mode;
    }
    emit(b, in, prmt, T_B32, 3)->imm = mode;
}

static void lower_shf(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t flags = ptx_mod(in, "r") ? 2 : ptx_mod(in, "l") ? 0 : -1;

    flags |= ptx_mod(in, "clamp") ? 1 : ptx_mod(in, "wrap") ? 0 : -1;
    if (flags < 0 || !ptx_mod(in, "b32")) {
        ptx_unsupported(b, in);
    }
    emit(b, in, shf, T_B32, 3)->imm = flags;
}

static void lower_lop3(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t table;

    if (!ptx_mod(in, "b32") || in->opd_count != 5) {
        ptx_unsupported(b, in);
    }
    table = ptx_imm(b, in, 4);
    in->opd_count = 4;
    emit(b, in, lop3, T_B32, 3)->imm = table;
}

const struct lower_row lower_bits[] = {
    {"and", lower_and},   {"or", lower_or},     {"xor", lower_xor},   {"not", lower_not},
    {"cnot", lower_cnot}, {"shl", lower_shl},   {"shr", lower_shr},   {"popc", lower_popc},
    {"clz", lower_clz},   {"brev", lower_brev}, {"prmt", lower_prmt}, {"shf", lower_shf},
    {"lop3", lower_lop3}, {NULL, NULL},
};
