/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_texel.h"
#include "executor/sim/tex_sample.h"

/* tex, tld4, txq: texture objects.  What imm points to: */
struct tex_site {
    struct texel_site at;
    uint32_t level; /* slot; UINT32_MAX: the first */
    bool integer;   /* coordinates, and level */
    unsigned component;
};

static struct tex_query query_of(const struct thr *t, const struct tex_site *site)
{
    struct tex_query q = {.dims = site->at.dims, .integer = site->integer, .cube = site->at.cube};

    q.layered = site->at.layer != UINT32_MAX;
    q.layer = q.layered ? (uint32_t)op_get(t, site->at.layer) : 0;
    for (unsigned k = 0; k < q.dims; k++) {
        q.texel[k] = (int32_t)op_get(t, site->at.coord[k]);
        q.at[k] = op_f32(t, site->at.coord[k]);
    }
    if (site->level != UINT32_MAX) {
        q.level = q.integer ? (float)(int32_t)op_get(t, site->level) : op_f32(t, site->level);
    }
    return q;
}

static const struct insn *put(struct thr *t, const struct insn *i, const struct tex_site *site,
                              const uint32_t bits[4])
{
    for (unsigned k = 0; k < 4; k++) {
        op_set(t, site->at.value[k], bits[k]);
    }
    return i + 1;
}

HANDLER(sample)
{
    const struct tex_site *site = (const struct tex_site *)(intptr_t)i->imm;
    const struct sim_texture *x = texel_object(t, i, &site->at, false);
    struct tex_query q;
    uint32_t bits[4];

    if (x == NULL) {
        return NULL;
    }
    q = query_of(t, site);
    return tex_sample(t, i, x, &q, bits) ? put(t, i, site, bits) : NULL;
}

HANDLER(gather)
{
    const struct tex_site *site = (const struct tex_site *)(intptr_t)i->imm;
    const struct sim_texture *x = texel_object(t, i, &site->at, false);
    struct tex_query q;
    uint32_t bits[4];

    if (x == NULL) {
        return NULL;
    }
    q = query_of(t, site);
    return tex_gather(t, i, x, &q, site->component, bits) ? put(t, i, site, bits) : NULL;
}

static struct tex_site *site_new(struct ptx_build *b)
{
    struct tex_site *site = arena_alloc(b->arena, sizeof(*site));

    site->level = UINT32_MAX;
    site->at.values = 4;
    return site;
}

/* Type of the results, which have 32 bits whatever they are, and of the coordinates. */
static enum ptx_type types_read(struct ptx_build *b, struct ptx_inst *in)
{
    enum ptx_type result = ptx_mod_type_needed(b, in);
    enum ptx_type coordinate = ptx_mod_type_needed(b, in);

    if (!ptx_mod(in, "v4") || (result != T_U32 && result != T_S32 && result != T_F32) ||
        (coordinate != T_S32 && coordinate != T_F32)) {
        ptx_unsupported(b, in);
    }
    return coordinate;
}

/* {d, d, d, d}, [object, coordinates] {, level} */
static void lower_tex(struct ptx_build *b, struct ptx_inst *in)
{
    struct tex_site *site = site_new(b);
    bool level = ptx_mod(in, "level");
    bool layered;
    enum ptx_type coordinate;

    (void)ptx_mod(in, "base");
    if (!texel_geometry(in, &site->at, &layered)) {
        ptx_unsupported(b, in);
    }
    coordinate = types_read(b, in);
    site->integer = coordinate == T_S32;
    if (in->opd_count != (level ? 3 : 2) || (site->integer && site->at.cube)) {
        ptx_unsupported(b, in); /* offsets, comparisons of depths */
    }
    texel_results(b, in, 0, &site->at);
    texel_operand(b, in, 1, layered, coordinate, &site->at);
    if (level) {
        site->level = ptx_src(b, in, 2, coordinate);
    }
    ptx_emit(b, sample)->imm = (int64_t)(intptr_t)site;
}

/* {d, d, d, d}, [object, {x, y}] */
static void lower_tld4(struct ptx_build *b, struct ptx_inst *in)
{
    static const char *const components[] = {"r", "g", "b", "a"};
    struct tex_site *site = site_new(b);
    bool found = false;

    for (unsigned k = 0; k < 4 && !found; k++) {
        found = ptx_mod(in, components[k]);
        site->component = k;
    }
    if (!found || !ptx_mod(in, "2d") || in->opd_count != 2 || types_read(b, in) != T_F32) {
        ptx_unsupported(b, in);
    }
    site->at.dims = 2;
    texel_results(b, in, 0, &site->at);
    texel_operand(b, in, 1, false, T_F32, &site->at);
    ptx_emit(b, gather)->imm = (int64_t)(intptr_t)site;
}

static void lower_txq(struct ptx_build *b, struct ptx_inst *in)
{
    texel_query(b, in, false);
}

const struct lower_row lower_texture[] = {
    {"tex", lower_tex}, {"tld4", lower_tld4}, {"txq", lower_txq}, {NULL, NULL}};
