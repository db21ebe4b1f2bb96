/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_matrix.h"

/*
 * mma: lane 4 g + t holds rows g and g + 8 of a, c and d, and column g of b.
 * ldmatrix, stmatrix and movmatrix move tiles of 8 x 8 16-bit elements.
 */

struct mma {
    struct product p;
    struct fragment d;
    struct fragment a;
    struct fragment b;
    struct fragment c;
};

static uint32_t parts(const struct fragment *f)
{
    uint32_t bytes = op_element_bytes(f->type);

    return bytes < 4 ? 4 / bytes : 1;
}

/* Where part p of register r of a lane is in a matrix. */
static uint32_t place_a(const struct mma *m, uint32_t lane, uint32_t r, uint32_t p)
{
    uint32_t each = parts(&m->a);

    return (lane / 4 + 8 * (r & 1)) * m->p.k + lane % 4 * each + p + (r >> 1) * 4 * each;
}

static uint32_t place_b(const struct mma *m, uint32_t lane, uint32_t r, uint32_t p)
{
    uint32_t each = parts(&m->b);

    return (lane % 4 * each + p + r * 4 * each) * m->p.n + lane / 4;
}

static uint32_t place_c(const struct mma *m, uint32_t lane, uint32_t r, uint32_t p)
{
    uint32_t e = r * parts(&m->c) + p;

    return (lane / 4 + 8 * (e >> 1)) * m->p.n + lane % 4 * 2 + (e & 1);
}

typedef uint32_t (*place_fn)(const struct mma *m, uint32_t lane, uint32_t r, uint32_t p);

static void gather(const struct warp *w, const struct mma *m, const struct fragment *f,
                   place_fn place, double *out)
{
    for (uint32_t lane = 0; lane < WARP; lane++) {
        for (uint32_t r = 0; r < f->count; r++) {
            for (uint32_t p = 0; p < parts(f); p++) {
                out[place(m, lane, r, p)] = op_part_get(&w->thr[lane], f, r, p);
            }
        }
    }
}

static const struct insn *mma(struct warp *w, const struct insn *i, uint32_t mask)
{
    const struct mma *m = (const struct mma *)(intptr_t)i->imm;
    struct matrices *x = op_matrices();

    if (mask != UINT32_MAX) {
        return op_fault(&w->thr[__builtin_ctz(mask)], i, CUDA_ERROR_LAUNCH_FAILED);
    }
    gather(w, m, &m->a, place_a, x->a);
    gather(w, m, &m->b, place_b, x->b);
    gather(w, m, &m->c, place_c, x->c);
    op_multiply(&m->p, op_element_int(m->c.type), x);
    for (uint32_t lane = 0; lane < WARP; lane++) {
        for (uint32_t r = 0; r < m->d.count; r++) {
            for (uint32_t p = 0; p < parts(&m->d); p++) {
                op_part_set(&w->thr[lane], &m->d, r, p, x->c[place_c(m, lane, r, p)]);
            }
        }
    }
    return i + 1;
}

/* Registers that a matrix of so many elements takes. */
static bool fits(const struct fragment *f, uint32_t elements)
{
    return f->count * parts(f) * WARP == elements;
}

static bool types_fit(const struct mma *m)
{
    enum element a = m->a.type;
    enum element d = m->d.type;
    bool small = op_element_bytes(a) == 1 && !op_element_int(a);

    if (op_element_int(a) != op_element_int(m->b.type) || d != m->c.type ||
        op_element_bytes(a) != op_element_bytes(m->b.type)) {
        return false;
    }
    if (op_element_int(a)) {
        return op_element_bytes(a) == 1 && d == ELEMENT_S32;
    }
    if (a == ELEMENT_F64) {
        return d == ELEMENT_F64;
    }
    return a != ELEMENT_F32 && (small || a == m->b.type) &&
           (d == ELEMENT_F32 || (d == ELEMENT_F16 && a == ELEMENT_F16));
}

static void lower_mma(struct ptx_build *b, struct ptx_inst *in)
{
    static const char *const fixed[] = {"sync", "aligned", "row", "col", NULL};
    struct mma *m = arena_alloc(b->arena, sizeof(*m));

    ptx_mod_ignore(in, fixed);
    m->p.saturate = ptx_mod(in, "satfinite");
    if (!op_matrix_shape(in, &m->p)) {
        ptx_unsupported(b, in);
    }
    m->d.type = op_element(in);
    m->a.type = op_element(in);
    m->b.type = op_element(in);
    m->c.type = op_element(in);
    ptx_operands(b, in, 4, 4);
    op_fragment(b, in, 0, true, &m->d);
    op_fragment(b, in, 1, false, &m->a);
    op_fragment(b, in, 2, false, &m->b);
    op_fragment(b, in, 3, false, &m->c);
    if (m->c.type == ELEMENT_NONE || !types_fit(m) || m->p.n != 8 ||
        (m->p.m != 8 && m->p.m != 16) || !fits(&m->a, m->p.m * m->p.k) ||
        !fits(&m->b, m->p.k * m->p.n) || !fits(&m->c, m->p.m * m->p.n) ||
        !fits(&m->d, m->p.m * m->p.n)) {
        ptx_unsupported(b, in);
    }
    op_emit_meet(b);
    ptx_emit(b, mma)->imm = (int64_t)(intptr_t)m;
}

/* --- tiles --- */

/* Tiles of 8 rows of 16 bytes; lane 8 k + r has the address of row r of tile k. */
struct tiles {
    uint32_t address;
    int64_t offset;
    bool transposed;
    bool store;
    struct fragment f; /* a register a tile */
};

/* The 16-bit element of a tile's row that a half of a lane's register holds. */
static void element_of(const struct tiles *t, uint32_t lane, uint32_t half, uint32_t *row,
                       uint32_t *col)
{
    *row = t->transposed ? lane % 4 * 2 + half : lane / 4;
    *col = t->transposed ? lane / 4 : lane % 4 * 2 + half;
}

static uint16_t *tile_row(struct warp *w, const struct insn *i, const struct tiles *t, uint32_t k,
                          uint32_t row)
{
    struct thr *owner = &w->thr[8 * k + row];
    uint64_t addr = op_get(owner, t->address) + (uint64_t)t->offset;

    return op_shared(owner, i, (uint32_t)addr, 16, t->store);
}

static const struct insn *move_tiles(struct warp *w, const struct insn *i, uint32_t mask)
{
    const struct tiles *t = (const struct tiles *)(intptr_t)i->imm;

    if (mask != UINT32_MAX) {
        return op_fault(&w->thr[__builtin_ctz(mask)], i, CUDA_ERROR_LAUNCH_FAILED);
    }
    for (uint32_t k = 0; k < t->f.count; k++) {
        uint16_t *rows[8];

        for (uint32_t r = 0; r < 8; r++) {
            rows[r] = tile_row(w, i, t, k, r);
            if (rows[r] == NULL) {
                return NULL;
            }
        }
        for (uint32_t n = 0; n < 2 * WARP; n++) {
            struct thr *lane = &w->thr[n / 2];
            uint64_t word = op_get(lane, t->f.slot[k]);
            uint32_t shift = n % 2 * 16;
            uint32_t row;
            uint32_t col;

            element_of(t, n / 2, n % 2, &row, &col);
            if (t->store) {
                rows[row][col] = (uint16_t)(word >> shift);
            } else {
                op_set(lane, t->f.slot[k],
                       (word & ~((uint64_t)0xffff << shift)) | (uint64_t)rows[row][col] << shift);
            }
        }
    }
    return i + 1;
}

static void lower_tiles(struct ptx_build *b, struct ptx_inst *in, bool store)
{
    static const char *const fixed[] = {"sync", "aligned", "shared", "shared::cta", NULL};
    struct tiles *t = arena_alloc(b->arena, sizeof(*t));
    uint32_t count = ptx_mod(in, "x1") ? 1 : ptx_mod(in, "x2") ? 2 : ptx_mod(in, "x4") ? 4 : 0;
    const struct ptx_operand *o = &in->opd[store ? 0 : 1];

    ptx_mod_ignore(in, fixed);
    t->transposed = ptx_mod(in, "trans");
    t->store = store;
    t->f.type = ELEMENT_F16;
    ptx_operands(b, in, 2, 2);
    op_fragment(b, in, store ? 1 : 0, !store, &t->f);
    if (!ptx_mod(in, "m8n8") || !ptx_mod(in, "b16") || t->f.count != count || o->kind != OPD_ADDR ||
        (!o->base_reg && (o->sym == NULL || o->sym->kind != SYM_SHARED))) {
        ptx_unsupported(b, in);
    }
    t->address = o->base_reg ? o->slot : ptx_address_of(b, in->line, o->sym, (int64_t)o->value);
    t->offset = o->base_reg ? (int64_t)o->value : 0;
    op_emit_meet(b);
    ptx_emit(b, move_tiles)->imm = (int64_t)(intptr_t)t;
}

static void lower_ldmatrix(struct ptx_build *b, struct ptx_inst *in)
{
    lower_tiles(b, in, false);
}

static void lower_stmatrix(struct ptx_build *b, struct ptx_inst *in)
{
    lower_tiles(b, in, true);
}

/* d = the tile in a, transposed. */
static const struct insn *transpose(struct warp *w, const struct insn *i, uint32_t mask)
{
    uint16_t tile[8][8];

    if (mask != UINT32_MAX) {
        return op_fault(&w->thr[__builtin_ctz(mask)], i, CUDA_ERROR_LAUNCH_FAILED);
    }
    for (uint32_t n = 0; n < 2 * WARP; n++) {
        tile[n / 8][n % 8] = (uint16_t)(op_get(&w->thr[n / 2], i->a) >> (n % 2 * 16));
    }
    for (uint32_t lane = 0; lane < WARP; lane++) {
        uint32_t row = lane % 4 * 2;

        op_set(&w->thr[lane], i->d, tile[row][lane / 4] | (uint64_t)tile[row + 1][lane / 4] << 16);
    }
    return i + 1;
}

static void lower_movmatrix(struct ptx_build *b, struct ptx_inst *in)
{
    static const char *const fixed[] = {"sync", "aligned", NULL};
    struct insn *i;
    uint32_t a;

    ptx_mod_ignore(in, fixed);
    if (!ptx_mod(in, "m8n8") || !ptx_mod(in, "trans") || !ptx_mod(in, "b16")) {
        ptx_unsupported(b, in);
    }
    ptx_operands(b, in, 2, 2);
    a = ptx_src(b, in, 1, T_B32);
    op_emit_meet(b);
    i = ptx_emit(b, transpose);
    i->d = ptx_dst(b, in, 0);
    i->a = a;
}

const struct lower_row lower_matrix[] = {
    {"mma", lower_mma},
    {"ldmatrix", lower_ldmatrix},
    {"stmatrix", lower_stmatrix},
    {"movmatrix", lower_movmatrix},
    {NULL, NULL},
};
