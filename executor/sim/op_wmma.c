/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_matrix.h"

/*
 * wmma: which elements a lane holds is not defined, so they are dealt out in
 * order: element e of a matrix, rows first, is part e of all parts of the
 * warp's registers, again from the beginning when there are more.
 */

struct wmma {
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

static uint32_t place(const struct fragment *f, uint32_t lane, uint32_t r, uint32_t p,
                      uint32_t elements)
{
    return ((lane * f->count + r) * parts(f) + p) % elements;
}

static void gather(const struct warp *w, const struct fragment *f, uint32_t elements, double *out)
{
    for (uint32_t lane = 0; lane < WARP; lane++) {
        for (uint32_t r = 0; r < f->count; r++) {
            for (uint32_t p = 0; p < parts(f); p++) {
                out[place(f, lane, r, p, elements)] = op_part_get(&w->thr[lane], f, r, p);
            }
        }
    }
}

static void scatter(struct warp *w, const struct fragment *f, uint32_t elements, const double *from)
{
    for (uint32_t lane = 0; lane < WARP; lane++) {
        for (uint32_t r = 0; r < f->count; r++) {
            for (uint32_t p = 0; p < parts(f); p++) {
                op_part_set(&w->thr[lane], f, r, p, from[place(f, lane, r, p, elements)]);
            }
        }
    }
}

static const struct insn *multiply(struct warp *w, const struct insn *i, uint32_t mask)
{
    const struct wmma *m = (const struct wmma *)(intptr_t)i->imm;
    struct matrices *x = op_matrices();

    if (mask != UINT32_MAX) {
        return op_fault(&w->thr[__builtin_ctz(mask)], i, CUDA_ERROR_LAUNCH_FAILED);
    }
    gather(w, &m->a, m->p.m * m->p.k, x->a);
    gather(w, &m->b, m->p.k * m->p.n, x->b);
    gather(w, &m->c, m->p.m * m->p.n, x->c);
    op_multiply(&m->p, op_element_int(m->c.type), x);
    scatter(w, &m->d, m->p.m * m->p.n, x->c);
    return i + 1;
}

/* A fragment and its matrix in memory. */
struct transfer {
    struct fragment f;
    uint32_t rows;
    uint32_t cols;
    bool by_column;
    bool store;
    bool shared;
    uint32_t address;
    int64_t offset;
    uint32_t stride; /* slot; UINT32_MAX: no gaps */
};

static void *element_at(struct thr *t, const struct insn *i, const struct transfer *x, uint32_t e)
{
    uint64_t row = e / x->cols;
    uint64_t col = e % x->cols;
    uint64_t stride = x->stride != UINT32_MAX ? (uint32_t)op_get(t, x->stride)
                      : x->by_column          ? x->rows
                                              : x->cols;
    uint32_t bytes = op_element_bytes(x->f.type);
    uint64_t at = x->by_column ? col * stride + row : row * stride + col;
    uint64_t addr = op_get(t, x->address) + (uint64_t)x->offset + at * bytes;

    return x->shared ? op_shared(t, i, (uint32_t)addr, bytes, x->store)
                     : op_generic(t, i, addr, bytes, x->store);
}

HANDLER(transfer)
{
    const struct transfer *x = (const struct transfer *)(intptr_t)i->imm;
    uint32_t bytes = op_element_bytes(x->f.type);

    for (uint32_t r = 0; r < x->f.count; r++) {
        uint64_t word = x->store ? op_get(t, x->f.slot[r]) : 0;

        for (uint32_t p = 0; p < parts(&x->f); p++) {
            uint32_t e = place(&x->f, t->lane, r, p, x->rows * x->cols);
            uint8_t *at = element_at(t, i, x, e);
            uint64_t part = word >> (p * bytes * 8);

            if (at == NULL) {
                return NULL;
            }
            if (x->store) {
                memcpy(at, &part, bytes);
            } else {
                part = 0;
                memcpy(&part, at, bytes);
                word |= part << (p * bytes * 8);
            }
        }
        if (!x->store) {
            op_set(t, x->f.slot[r], word);
        }
    }
    return i + 1;
}

/* Whether a fragment holds each element of a matrix equally often. */
static bool holds(const struct fragment *f, uint32_t elements)
{
    return f->count * parts(f) * WARP % elements == 0;
}

static const char *const fixed[] = {"sync", "aligned", NULL};

static void lower_multiply(struct ptx_build *b, struct ptx_inst *in)
{
    struct wmma *m = arena_alloc(b->arena, sizeof(*m));
    enum element first;
    bool all_four;

    m->p.saturate = ptx_mod(in, "satfinite");
    if (!op_matrix_shape(in, &m->p)) {
        ptx_unsupported(b, in);
    }
    /* The layouts of a and b do not matter any more. */
    while (ptx_mod(in, "row") || ptx_mod(in, "col")) {
    }
    (void)ptx_mod(in, "rn");
    first = op_element(in);
    m->a.type = op_element(in);
    m->b.type = op_element(in);
    all_four = m->b.type != ELEMENT_NONE;
    m->c.type = all_four ? op_element(in) : m->a.type;
    m->d.type = first;
    if (!all_four) { /* f16: only d's and c's types are named */
        m->a.type = ELEMENT_F16;
        m->b.type = ELEMENT_F16;
    }
    ptx_operands(b, in, 4, 4);
    op_fragment(b, in, 0, true, &m->d);
    op_fragment(b, in, 1, false, &m->a);
    op_fragment(b, in, 2, false, &m->b);
    op_fragment(b, in, 3, false, &m->c);
    if (first == ELEMENT_NONE || m->c.type == ELEMENT_NONE ||
        (op_element_bytes(m->d.type) == 2 && m->d.type != ELEMENT_F16) ||
        op_element_int(m->a.type) != op_element_int(m->d.type) || !holds(&m->a, m->p.m * m->p.k) ||
        !holds(&m->b, m->p.k * m->p.n) || !holds(&m->c, m->p.m * m->p.n) ||
        !holds(&m->d, m->p.m * m->p.n)) {
        ptx_unsupported(b, in);
    }
    op_emit_meet(b);
    ptx_emit(b, multiply)->imm = (int64_t)(intptr_t)m;
}

/* load.a, load.b, load.c, store.d: {fragment}, [address] {, stride} the other way round to store.
 */
static void lower_transfer(struct ptx_build *b, struct ptx_inst *in, bool store)
{
    struct transfer *x = arena_alloc(b->arena, sizeof(*x));
    bool is_a = ptx_mod(in, "a");
    bool is_b = !is_a && ptx_mod(in, "b");
    const struct ptx_operand *o = &in->opd[store ? 0 : 1];
    struct product p = {0};

    if ((!is_a && !is_b && !ptx_mod(in, store ? "d" : "c")) || !op_matrix_shape(in, &p)) {
        ptx_unsupported(b, in);
    }
    x->rows = is_b ? p.k : p.m;
    x->cols = is_a ? p.k : p.n;
    x->by_column = ptx_mod(in, "col");
    if (!x->by_column && !ptx_mod(in, "row")) {
        ptx_unsupported(b, in);
    }
    x->store = store;
    x->shared = ptx_mod(in, "shared") || ptx_mod(in, "shared::cta");
    (void)ptx_mod(in, "global");
    x->f.type = op_element(in);
    ptx_operands(b, in, 2, 3);
    op_fragment(b, in, store ? 1 : 0, !store, &x->f);
    if (x->f.type == ELEMENT_NONE || o->kind != OPD_ADDR || !o->base_reg ||
        !holds(&x->f, x->rows * x->cols)) {
        ptx_unsupported(b, in);
    }
    x->address = o->slot;
    x->offset = (int64_t)o->value;
    x->stride = in->opd_count == 3 ? ptx_src(b, in, 2, T_U32) : UINT32_MAX;
    ptx_emit(b, transfer)->imm = (int64_t)(intptr_t)x;
}

static void lower_wmma(struct ptx_build *b, struct ptx_inst *in)
{
    ptx_mod_ignore(in, fixed);
    if (ptx_mod(in, "load")) {
        lower_transfer(b, in, false);
    } else if (ptx_mod(in, "store")) {
        lower_transfer(b, in, true);
    } else if (ptx_mod(in, "mma")) {
        lower_multiply(b, in);
    } else {
        ptx_unsupported(b, in);
    }
}

const struct lower_row lower_wmmas[] = {{"wmma", lower_wmma}, {NULL, NULL}};
