/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_texel.h"

enum {
    QUERY_WIDTH,
    QUERY_HEIGHT,
    QUERY_DEPTH,
    QUERY_LAYERS,
    QUERY_LEVELS,
    QUERY_SAMPLES,
    QUERY_SURFACE = 16, /* beside the others */
};

static const struct {
    const char *word;
    int64_t what;
    bool textures_only;
} queries[] = {
    {"width", QUERY_WIDTH, false},
    {"height", QUERY_HEIGHT, false},
    {"depth", QUERY_DEPTH, false},
    {"array_size", QUERY_LAYERS, false},
    {"num_mipmap_levels", QUERY_LEVELS, true},
    {"num_samples", QUERY_SAMPLES, true},
};

const struct sim_texture *texel_object(struct thr *t, const struct insn *i,
                                       const struct texel_site *site, bool surface)
{
    const struct sim_texture *x = texture_find(op_get(t, site->object), surface);

    if (x == NULL || x->gone) {
        (void)op_fault(t, i, CUDA_ERROR_ILLEGAL_ADDRESS);
        return NULL;
    }
    return x;
}

bool texel_geometry(struct ptx_inst *in, struct texel_site *site, bool *layered)
{
    static const struct {
        const char *word;
        unsigned dims;
        bool layered;
        bool cube;
    } rows[] = {
        {"1d", 1, false, false},  {"2d", 2, false, false}, {"3d", 3, false, false},
        {"a1d", 1, true, false},  {"a2d", 2, true, false}, {"cube", 3, false, true},
        {"acube", 3, true, true},
    };

    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        if (ptx_mod(in, rows[k].word)) {
            site->dims = rows[k].dims;
            site->cube = rows[k].cube;
            *layered = rows[k].layered;
            return true;
        }
    }
    return false;
}

/* Where there are three with a layer, or a third dimension, there are four. */
static uint32_t coordinates(const struct texel_site *site, bool layered)
{
    uint32_t count = site->dims + (layered ? 1 : 0);

    return count == 3 ? 4 : count;
}

static void object_of(struct ptx_build *b, const struct ptx_inst *in, const struct ptx_operand *o,
                      struct texel_site *site)
{
    if (!o->base_reg || o->value != 0) {
        ptx_unsupported(b, in); /* a name: textures of modules */
    }
    site->object = o->slot;
}

void texel_operand(struct ptx_build *b, const struct ptx_inst *in, uint32_t k, bool layered,
                   enum ptx_type type, struct texel_site *site)
{
    const struct ptx_operand *o = &in->opd[k];
    uint32_t first = layered ? 1 : 0;

    if (k >= in->opd_count || o->kind != OPD_TEXEL || o->count != coordinates(site, layered)) {
        ptx_fail(b, in->line, "Arguments mismatch for instruction '%s'", in->op);
    }
    object_of(b, in, o, site);
    site->layer = layered ? ptx_src_of(b, in->line, &o->sub[0], T_U32) : UINT32_MAX;
    for (uint32_t n = 0; n < site->dims; n++) {
        site->coord[n] = ptx_src_of(b, in->line, &o->sub[n + first], type);
    }
}

static const struct ptx_operand *list_of(struct ptx_build *b, const struct ptx_inst *in, uint32_t k,
                                         struct texel_site *site)
{
    const struct ptx_operand *o = &in->opd[k];

    if (k >= in->opd_count || (o->kind == OPD_VEC ? o->count : 1) != site->values) {
        ptx_fail(b, in->line, "Arguments mismatch for instruction '%s'", in->op);
    }
    return o->kind == OPD_VEC ? o->sub : o;
}

void texel_results(struct ptx_build *b, const struct ptx_inst *in, uint32_t k,
                   struct texel_site *site)
{
    const struct ptx_operand *o = list_of(b, in, k, site);

    for (unsigned n = 0; n < site->values; n++) {
        if ((o[n].kind != OPD_REG && o[n].kind != OPD_SINK) || o[n].sub != NULL) {
            ptx_unsupported(b, in);
        }
        site->value[n] = o[n].kind == OPD_SINK ? b->sink : o[n].slot;
    }
}

void texel_values(struct ptx_build *b, const struct ptx_inst *in, uint32_t k, enum ptx_type type,
                  struct texel_site *site)
{
    const struct ptx_operand *o = list_of(b, in, k, site);

    for (unsigned n = 0; n < site->values; n++) {
        site->value[n] = ptx_src_of(b, in->line, &o[n], type);
    }
}

static uint32_t answer(const struct sim_texture *x, int64_t what)
{
    const int32_t *side = x->level[0].side;

    switch (what) {
    case QUERY_WIDTH:
    case QUERY_HEIGHT:
        return (uint32_t)side[what];
    case QUERY_DEPTH:
        return x->layered ? 1 : (uint32_t)side[2];
    case QUERY_LAYERS:
        return x->layered ? (uint32_t)side[2] : 1;
    case QUERY_LEVELS:
        return x->level_count;
    default:
        return 1;
    }
}

HANDLER(query)
{
    const struct texel_site site = {.object = i->a};
    const struct sim_texture *x = texel_object(t, i, &site, (i->imm & QUERY_SURFACE) != 0);

    if (x == NULL) {
        return NULL;
    }
    op_set(t, i->d, answer(x, i->imm & ~(int64_t)QUERY_SURFACE));
    return i + 1;
}

void texel_query(struct ptx_build *b, struct ptx_inst *in, bool surface)
{
    struct texel_site site;

    ptx_operands(b, in, 2, 2);
    if (in->opd[1].kind != OPD_ADDR || !ptx_mod(in, "b32")) {
        ptx_unsupported(b, in);
    }
    object_of(b, in, &in->opd[1], &site);
    for (size_t k = 0; k < sizeof(queries) / sizeof(queries[0]); k++) {
        if (!(surface && queries[k].textures_only) && ptx_mod(in, queries[k].word)) {
            struct insn *i = ptx_emit(b, query);

            i->d = ptx_dst(b, in, 0);
            i->a = site.object;
            i->imm = queries[k].what | (surface ? QUERY_SURFACE : 0);
            return;
        }
    }
    ptx_unsupported(b, in);
}
