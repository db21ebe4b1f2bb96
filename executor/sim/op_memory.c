/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_memory.h"

#include "executor/sim/thr.h"

/*
 * Loads and stores.  The address is a + imm; in .shared and .local it has 32
 * bits.  Plain accesses are single host accesses of the type's width, so that
 * values are never torn; .acquire and .release add fences.
 */

typedef void *(*access_fn)(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size,
                           bool write);

#define ADDR_GENERIC(t, i) (op_get(t, (i)->a) + (uint64_t)(i)->imm)
#define ADDR_WINDOW(t, i)  ((uint32_t)(op_get(t, (i)->a) + (uint64_t)(i)->imm))

#define LOAD(space, access, addr, name, type, plain)                                               \
    HANDLER(ld_##space##_##name)                                                                   \
    {                                                                                              \
        const plain *p = access(t, i, addr(t, i), sizeof(type), false);                            \
                                                                                                   \
        if (p == NULL) {                                                                           \
            return NULL;                                                                           \
        }                                                                                          \
        op_set(t, i->d, (uint64_t)(type)__atomic_load_n(p, __ATOMIC_RELAXED));                     \
        return i + 1;                                                                              \
    }

#define STORE(space, access, addr, name, type)                                                     \
    HANDLER(st_##space##_##name)                                                                   \
    {                                                                                              \
        type *p = access(t, i, addr(t, i), sizeof(type), true);                                    \
                                                                                                   \
        if (p == NULL) {                                                                           \
            return NULL;                                                                           \
        }                                                                                          \
        __atomic_store_n(p, (type)op_get(t, i->b), __ATOMIC_RELAXED);                              \
        return i + 1;                                                                              \
    }

/* clang-format off */
#define LOADS(space, access, addr)                                                                 \
    LOAD(space, access, addr, u8, uint8_t, uint8_t)                                                \
    LOAD(space, access, addr, u16, uint16_t, uint16_t)                                             \
    LOAD(space, access, addr, u32, uint32_t, uint32_t)                                             \
    LOAD(space, access, addr, u64, uint64_t, uint64_t)                                             \
    LOAD(space, access, addr, s8, int8_t, uint8_t)                                                 \
    LOAD(space, access, addr, s16, int16_t, uint16_t)                                              \
    LOAD(space, access, addr, s32, int32_t, uint32_t)
#define STORES(space, access, addr)                                                                \
    STORE(space, access, addr, 8, uint8_t) STORE(space, access, addr, 16, uint16_t)                \
    STORE(space, access, addr, 32, uint32_t) STORE(space, access, addr, 64, uint64_t)

LOADS(generic, op_generic, ADDR_GENERIC)
LOADS(shared, op_shared, ADDR_WINDOW)
LOADS(local, op_local, ADDR_WINDOW)
LOADS(param, op_param, ADDR_WINDOW)
STORES(generic, op_generic, ADDR_GENERIC)
STORES(shared, op_shared, ADDR_WINDOW)
STORES(local, op_local, ADDR_WINDOW)
STORES(param, op_param, ADDR_WINDOW)

/* Parameters of a call: their place is known, and was checked. */
#define CPARAM_LOAD(name, type)                                                                    \
    HANDLER(ld_cparam_##name)                                                                      \
    {                                                                                              \
        type v;                                                                                    \
                                                                                                   \
        memcpy(&v, t->cparam + i->imm, sizeof(v));                                                 \
        op_set(t, i->d, (uint64_t)v);                                                              \
        return i + 1;                                                                              \
    }
#define CPARAM_STORE(name, type)                                                                   \
    HANDLER(st_cparam_##name)                                                                      \
    {                                                                                              \
        type v = (type)op_get(t, i->b);                                                            \
                                                                                                   \
        memcpy(t->cparam + i->imm, &v, sizeof(v));                                                 \
        return i + 1;                                                                              \
    }
CPARAM_LOAD(u8, uint8_t)
CPARAM_LOAD(u16, uint16_t)
CPARAM_LOAD(u32, uint32_t)
CPARAM_LOAD(u64, uint64_t)
CPARAM_LOAD(s8, int8_t)
CPARAM_LOAD(s16, int16_t)
CPARAM_LOAD(s32, int32_t)
CPARAM_STORE(8, uint8_t)
CPARAM_STORE(16, uint16_t)
CPARAM_STORE(32, uint32_t)
CPARAM_STORE(64, uint64_t)

#define LOAD_TABLE(space)                                                                          \
    {                                                                                              \
        [T_U8] = ld_##space##_u8, [T_B8] = ld_##space##_u8, [T_U16] = ld_##space##_u16,            \
        [T_B16] = ld_##space##_u16, [T_U32] = ld_##space##_u32, [T_B32] = ld_##space##_u32,        \
        [T_F32] = ld_##space##_u32, [T_U64] = ld_##space##_u64, [T_B64] = ld_##space##_u64,        \
        [T_S64] = ld_##space##_u64, [T_F64] = ld_##space##_u64, [T_S8] = ld_##space##_s8,          \
        [T_S16] = ld_##space##_s16, [T_S32] = ld_##space##_s32, [T_F16] = ld_##space##_u16,        \
    }
#define STORE_TABLE(space)                                                                         \
    {                                                                                              \
        [T_U8] = st_##space##_8, [T_B8] = st_##space##_8, [T_S8] = st_##space##_8,                 \
        [T_U16] = st_##space##_16, [T_B16] = st_##space##_16, [T_S16] = st_##space##_16,           \
        [T_U32] = st_##space##_32, [T_B32] = st_##space##_32, [T_S32] = st_##space##_32,           \
        [T_F32] = st_##space##_32, [T_U64] = st_##space##_64, [T_B64] = st_##space##_64,           \
        [T_S64] = st_##space##_64, [T_F64] = st_##space##_64, [T_F16] = st_##space##_16,           \
    }
/* clang-format on */

enum {
    AT_GENERIC,
    AT_SHARED,
    AT_LOCAL,
    AT_PARAM,
    AT_CPARAM,
    AT_COUNT,
};

static const insn_fn load_tables[AT_COUNT][T_COUNT] = {
    LOAD_TABLE(generic), LOAD_TABLE(shared), LOAD_TABLE(local),
    LOAD_TABLE(param),   LOAD_TABLE(cparam),
};
static const insn_fn store_tables[AT_COUNT][T_COUNT] = {
    STORE_TABLE(generic), STORE_TABLE(shared), STORE_TABLE(local),
    STORE_TABLE(param),   STORE_TABLE(cparam),
};
static const access_fn accesses[AT_CPARAM] = {op_generic, op_shared, op_local, op_param};

/*
 * Vectors: the registers' numbers are constants from c on, e of them; b is the
 * element's size, its sign and the space.
 */
#define VECTOR_SIZE(i)   ((i)->b & 255)
#define VECTOR_SIGNED(i) (((i)->b >> 8 & 1) != 0)
#define VECTOR_SPACE(i)  ((i)->b >> 16)

static uint64_t element_read(const uint8_t *p, uint32_t size, bool sign)
{
    uint64_t v = 0;
    uint32_t unused = 64 - size * 8;

    memcpy(&v, p, size);
    return sign ? (uint64_t)((int64_t)(v << unused) >> unused) : v;
}

static void *vector_access(struct thr *t, const struct insn *i, bool write)
{
    uint32_t space = VECTOR_SPACE(i);

    if (space == AT_CPARAM) {
        return t->cparam + i->imm;
    }
    return accesses[space](t, i, space == AT_GENERIC ? ADDR_GENERIC(t, i) : ADDR_WINDOW(t, i),
                           VECTOR_SIZE(i) * i->e, write);
}

HANDLER(ld_vector)
{
    const uint8_t *p = vector_access(t, i, false);

    if (p == NULL) {
        return NULL;
    }
    for (uint32_t k = 0; k < i->e; k++) {
        uint32_t size = VECTOR_SIZE(i);

        op_set(t, (uint32_t)t->bank[1][i->c + k],
               element_read(p + (size_t)k * size, size, VECTOR_SIGNED(i)));
    }
    return i + 1;
}

HANDLER(st_vector)
{
    uint8_t *p = vector_access(t, i, true);

    if (p == NULL) {
        return NULL;
    }
    for (uint32_t k = 0; k < i->e; k++) {
        uint64_t v = op_get(t, (uint32_t)t->bank[1][i->c + k]);

        memcpy(p + (size_t)k * VECTOR_SIZE(i), &v, VECTOR_SIZE(i));
    }
    return i + 1;
}

HANDLER(fence)
{
    (void)t;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return i + 1;
}

void op_emit_fence(struct ptx_build *b)
{
    (void)ptx_emit(b, fence);
}

/* Caching and eviction advice, and weak or relaxed order: nothing to do. */
static const char *const without_effect[] = {
    "weak",
    "relaxed",
    "volatile",
    "mmio",
    "cta",
    "cluster",
    "gpu",
    "sys",
    "ca",
    "cg",
    "cs",
    "lu",
    "cv",
    "wb",
    "wt",
    "nc",
    "L1::evict_normal",
    "L1::evict_unchanged",
    "L1::evict_first",
    "L1::evict_last",
    "L1::no_allocate",
    "L2::64B",
    "L2::128B",
    "L2::256B",
    "L2::evict_normal",
    "L2::evict_first",
    "L2::evict_last",
    NULL,
};

static uint32_t space_of(struct ptx_inst *in)
{
    if (ptx_mod(in, "shared") || ptx_mod(in, "shared::cta") || ptx_mod(in, "shared::cluster")) {
        return AT_SHARED;
    }
    if (ptx_mod(in, "local")) {
        return AT_LOCAL;
    }
    if (ptx_mod(in, "param") || ptx_mod(in, "param::entry") || ptx_mod(in, "param::func")) {
        return AT_PARAM;
    }
    (void)ptx_mod(in, "global");
    (void)ptx_mod(in, "const");
    return AT_GENERIC;
}

/* A shared, local or parameter symbol in a generic access is in its window. */
static uint32_t base_of(struct ptx_build *b, const struct ptx_inst *in, const struct ptx_operand *o,
                        uint32_t space, int64_t *offset)
{
    *offset = (int64_t)o->value;
    if (o->base_reg) {
        return o->slot;
    }
    if (o->sym == NULL) {
        return ptx_const(b, 0);
    }
    if (space == AT_GENERIC && o->sym->kind != SYM_VAR) {
        ptx_unsupported(b, in);
    }
    *offset = 0;
    return ptx_address_of(b, in->line, o->sym, (int64_t)o->value);
}

struct access {
    uint32_t space;
    uint32_t base;
    int64_t offset;
    enum ptx_type type;
    uint32_t count; /* 1: no vector */
};

static void address_read(struct ptx_build *b, struct ptx_inst *in, const struct ptx_operand *o,
                         struct access *a)
{
    if (o->kind != OPD_ADDR) {
        ptx_fail(b, in->line, "Arguments mismatch for instruction '%s'", in->op);
    }
    if (a->space == AT_PARAM && !o->base_reg && o->sym != NULL && o->sym->kind == SYM_CPARAM) {
        uint64_t bytes = (uint64_t)ptx_type_size(a->type) * a->count;

        if (o->value > o->sym->size || bytes > o->sym->size - o->value) {
            ptx_fail(b, in->line, "access beyond parameter '%s'", o->sym->name);
        }
        a->space = AT_CPARAM;
        a->offset = (int64_t)(o->sym->offset + o->value);
        a->base = 0;
        return;
    }
    a->base = base_of(b, in, o, a->space, &a->offset);
}

static void access_read(struct ptx_build *b, struct ptx_inst *in, const struct ptx_operand *addr,
                        struct access *a)
{
    a->space = space_of(in);
    ptx_mod_ignore(in, without_effect);
    a->count = ptx_mod(in, "v2") ? 2 : ptx_mod(in, "v4") ? 4 : 1;
    a->type = ptx_mod_type_needed(b, in);
    if (a->type == T_PRED) {
        ptx_unsupported(b, in);
    }
    address_read(b, in, addr, a);
}

static void emit_vector(struct ptx_build *b, struct ptx_inst *in, const struct access *a,
                        const struct ptx_operand *v, bool store)
{
    uint32_t slots[4];
    uint32_t first = 0;
    struct insn *i;

    if (v->kind != OPD_VEC || v->count != a->count) {
        ptx_fail(b, in->line, "Arguments mismatch for instruction '%s'", in->op);
    }
    for (uint32_t k = 0; k < a->count; k++) {
        const struct ptx_operand *o = &v->sub[k];

        slots[k] = store                 ? ptx_src_of(b, in->line, o, a->type)
                   : o->kind == OPD_SINK ? b->sink
                   : o->kind == OPD_REG  ? o->slot
                                         : UINT32_MAX;
        if (slots[k] == UINT32_MAX) {
            ptx_unsupported(b, in);
        }
    }
    for (uint32_t k = 0; k < a->count; k++) {
        uint32_t c = ptx_const_new(b, slots[k]) & ~PTX_CONST;

        first = k == 0 ? c : first;
    }
    i = ptx_emit(b, store ? st_vector : ld_vector);
    i->a = a->base;
    i->b = ptx_type_size(a->type) | (ptx_type_signed(a->type) ? 256u : 0) | a->space << 16;
    i->c = first;
    i->e = a->count;
    i->imm = a->offset;
}

/* A policy may come third. */
static void operands_count(struct ptx_build *b, struct ptx_inst *in)
{
    uint32_t count = ptx_mod(in, "L2::cache_hint") ? 3 : 2;

    ptx_operands(b, in, count, count);
}

static void lower_ld(struct ptx_build *b, struct ptx_inst *in)
{
    bool acquire = ptx_mod(in, "acquire");
    struct access a;
    struct insn *i;

    operands_count(b, in);
    access_read(b, in, &in->opd[1], &a);
    if (a.count != 1) {
        emit_vector(b, in, &a, &in->opd[0], false);
    } else {
        i = ptx_emit(b, ptx_pick(b, in, load_tables[a.space], a.type));
        i->d = ptx_dst(b, in, 0);
        i->a = a.base;
        i->imm = a.offset;
    }
    if (acquire) {
        op_emit_fence(b);
    }
}

static void lower_st(struct ptx_build *b, struct ptx_inst *in)
{
    struct access a;
    struct insn *i;
    uint32_t value;

    if (ptx_mod(in, "release")) {
        op_emit_fence(b);
    }
    operands_count(b, in);
    access_read(b, in, &in->opd[0], &a);
    if (a.count != 1) {
        emit_vector(b, in, &a, &in->opd[1], true);
        return;
    }
    value = ptx_src(b, in, 1, a.type);
    i = ptx_emit(b, ptx_pick(b, in, store_tables[a.space], a.type));
    i->a = a.base;
    i->b = value;
    i->imm = a.offset;
}

const struct lower_row lower_memory[] = {
    {"ld", lower_ld}, {"ldu", lower_ld}, {"st", lower_st}, {NULL, NULL}};
