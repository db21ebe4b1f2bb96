/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_half.h"
#include "executor/sim/op_memory.h"

/*
 * Atomic operations: d = old value of [a + imm], which becomes f(old, b, c).
 * e: 1 in shared memory; the bits of op_half.h.  They are atomic for the host and other kernels
 * too.
 */

static void *place(struct thr *t, const struct insn *i, uint32_t size)
{
    uint64_t addr = op_get(t, i->a) + (uint64_t)i->imm;

    return (i->e & 1) != 0 ? op_shared(t, i, (uint32_t)addr, size, true)
                           : op_generic(t, i, addr, size, true);
}

/* type: of the arithmetic; word: the unsigned integer of its size. */
#define ATOMIC(name, type, word, expr)                                                             \
    HANDLER(atom_##name##_##type)                                                                  \
    {                                                                                              \
        word *p = place(t, i, sizeof(word));                                                       \
        word bits_b = (word)op_get(t, i->b);                                                       \
        word bits_c = (word)op_get(t, i->c);                                                       \
        word was;                                                                                  \
        word next;                                                                                 \
        type b;                                                                                    \
        type c;                                                                                    \
        type old;                                                                                  \
        type new;                                                                                  \
                                                                                                   \
        if (p == NULL) {                                                                           \
            return NULL;                                                                           \
        }                                                                                          \
        memcpy(&b, &bits_b, sizeof(b));                                                            \
        memcpy(&c, &bits_c, sizeof(c));                                                            \
        (void)b;                                                                                   \
        (void)c;                                                                                   \
        was = __atomic_load_n(p, __ATOMIC_RELAXED);                                                \
        do {                                                                                       \
            memcpy(&old, &was, sizeof(old));                                                       \
            new = (type)(expr);                                                                    \
            memcpy(&next, &new, sizeof(next));                                                     \
        } while (!__atomic_compare_exchange_n(p, &was, next, false, __ATOMIC_SEQ_CST,              \
                                              __ATOMIC_SEQ_CST));                                  \
        op_set(t, i->d, was);                                                                      \
        return i + 1;                                                                              \
    }

/* clang-format off */
ATOMIC(add, uint32_t, uint32_t, old + b)
ATOMIC(add, uint64_t, uint64_t, old + b)
ATOMIC(add, float, uint32_t, old + b)
ATOMIC(add, double, uint64_t, old + b)
ATOMIC(min, uint32_t, uint32_t, old < b ? old : b)
ATOMIC(min, uint64_t, uint64_t, old < b ? old : b)
ATOMIC(min, int32_t, uint32_t, old < b ? old : b)
ATOMIC(min, int64_t, uint64_t, old < b ? old : b)
ATOMIC(max, uint32_t, uint32_t, old > b ? old : b)
ATOMIC(max, uint64_t, uint64_t, old > b ? old : b)
ATOMIC(max, int32_t, uint32_t, old > b ? old : b)
ATOMIC(max, int64_t, uint64_t, old > b ? old : b)
ATOMIC(and, uint32_t, uint32_t, old & b)
ATOMIC(and, uint64_t, uint64_t, old & b)
ATOMIC(or, uint32_t, uint32_t, old | b)
ATOMIC(or, uint64_t, uint64_t, old | b)
ATOMIC(xor, uint32_t, uint32_t, old ^ b)
ATOMIC(xor, uint64_t, uint64_t, old ^ b)
ATOMIC(exch, uint32_t, uint32_t, b)
ATOMIC(exch, uint64_t, uint64_t, b)
ATOMIC(cas, uint16_t, uint16_t, old == b ? c : old)
ATOMIC(cas, uint32_t, uint32_t, old == b ? c : old)
ATOMIC(cas, uint64_t, uint64_t, old == b ? c : old)
ATOMIC(inc, uint32_t, uint32_t, old >= b ? 0 : old + 1)
ATOMIC(dec, uint32_t, uint32_t, old == 0 || old > b ? b : old - 1)
/* clang-format on */

static uint32_t half_plus(uint32_t a, uint32_t b, int64_t format)
{
    return op_half_out(half_sum(op_half_in(a, format), op_half_in(b, format)), format);
}

HANDLER(atom_add_half)
{
    uint16_t *p = place(t, i, sizeof(*p));
    uint32_t b = (uint32_t)op_get(t, i->b);
    uint16_t was;

    if (p == NULL) {
        return NULL;
    }
    was = __atomic_load_n(p, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(p, &was, (uint16_t)half_plus(was, b, i->e), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    op_set(t, i->d, was);
    return i + 1;
}

HANDLER(atom_add_half2)
{
    uint32_t *p = place(t, i, sizeof(*p));
    uint32_t b = (uint32_t)op_get(t, i->b);
    uint32_t was;
    uint32_t next;

    if (p == NULL) {
        return NULL;
    }
    was = __atomic_load_n(p, __ATOMIC_RELAXED);
    do {
        next = half_plus(was, b, i->e) | half_plus(was >> 16, b >> 16, i->e) << 16;
    } while (
        !__atomic_compare_exchange_n(p, &was, next, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    op_set(t, i->d, was);
    return i + 1;
}

static const struct {
    const char *op;
    enum ptx_type type;
    insn_fn fn;
} rows[] = {
    {"add", T_U32, atom_add_uint32_t},   {"add", T_S32, atom_add_uint32_t},
    {"add", T_U64, atom_add_uint64_t},   {"add", T_S64, atom_add_uint64_t},
    {"add", T_F32, atom_add_float},      {"add", T_F64, atom_add_double},
    {"add", T_F16, atom_add_half},       {"add", T_F16X2, atom_add_half2},
    {"add", T_BF16, atom_add_half},      {"add", T_BF16X2, atom_add_half2},
    {"min", T_U32, atom_min_uint32_t},   {"min", T_U64, atom_min_uint64_t},
    {"min", T_S32, atom_min_int32_t},    {"min", T_S64, atom_min_int64_t},
    {"max", T_U32, atom_max_uint32_t},   {"max", T_U64, atom_max_uint64_t},
    {"max", T_S32, atom_max_int32_t},    {"max", T_S64, atom_max_int64_t},
    {"and", T_B32, atom_and_uint32_t},   {"and", T_B64, atom_and_uint64_t},
    {"or", T_B32, atom_or_uint32_t},     {"or", T_B64, atom_or_uint64_t},
    {"xor", T_B32, atom_xor_uint32_t},   {"xor", T_B64, atom_xor_uint64_t},
    {"exch", T_B32, atom_exch_uint32_t}, {"exch", T_B64, atom_exch_uint64_t},
    {"cas", T_B16, atom_cas_uint16_t},   {"cas", T_B32, atom_cas_uint32_t},
    {"cas", T_B64, atom_cas_uint64_t},   {"inc", T_U32, atom_inc_uint32_t},
    {"dec", T_U32, atom_dec_uint32_t},
};

static insn_fn pick(struct ptx_build *b, struct ptx_inst *in, enum ptx_type *type, bool *cas)
{
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        bool named = false;

        for (uint32_t m = 0; m < in->mod_count; m++) {
            named |= strcmp(in->mod[m], rows[k].op) == 0;
        }
        if (named) {
            (void)ptx_mod(in, rows[k].op);
            *cas = strcmp(rows[k].op, "cas") == 0;
            if (*type == T_NONE) {
                *type = ptx_mod_type_needed(b, in);
            }
            if (rows[k].type == *type) {
                return rows[k].fn;
            }
        }
    }
    ptx_unsupported(b, in);
}

/* Every operation here is a full fence already; scopes make no difference. */
static const char *const without_effect[] = {"relaxed", "acquire", "release", "acq_rel", "cta",
                                             "cluster", "gpu",     "sys",     "noftz",   NULL};

/* result: operand 0 is the destination; else (red) there is none. */
static void lower(struct ptx_build *b, struct ptx_inst *in, bool result)
{
    bool shared =
        ptx_mod(in, "shared") || ptx_mod(in, "shared::cta") || ptx_mod(in, "shared::cluster");
    uint32_t k = result ? 1 : 0;
    enum ptx_type type = T_NONE;
    bool cas = false;
    const struct ptx_operand *o;
    struct insn proto = {0};
    struct insn *i;

    (void)ptx_mod(in, "global");
    ptx_mod_ignore(in, without_effect);
    proto.fn = pick(b, in, &type, &cas);
    ptx_operands(b, in, k + (cas ? 3 : 2), k + (cas ? 3 : 2));
    o = &in->opd[k];
    if (o->kind != OPD_ADDR || (!o->base_reg && o->sym == NULL) ||
        (o->sym != NULL && o->sym->kind != (shared ? SYM_SHARED : SYM_VAR))) {
        ptx_unsupported(b, in);
    }
    proto.a = o->base_reg ? o->slot : ptx_address_of(b, in->line, o->sym, (int64_t)o->value);
    proto.imm = o->base_reg ? (int64_t)o->value : 0;
    proto.b = ptx_src(b, in, k + 1, type);
    proto.c = cas ? ptx_src(b, in, k + 2, type) : proto.b;
    proto.d = result ? ptx_dst(b, in, 0) : b->sink;
    proto.e = (shared ? 1u : 0) | (uint32_t)op_half_format(type);
    i = ptx_emit(b, proto.fn);
    proto.line = i->line;
    *i = proto;
}

static void lower_atom(struct ptx_build *b, struct ptx_inst *in)
{
    lower(b, in, true);
}

static void lower_red(struct ptx_build *b, struct ptx_inst *in)
{
    lower(b, in, false);
}

const struct lower_row lower_atomic[] = {{"atom", lower_atom}, {"red", lower_red}, {NULL, NULL}};
