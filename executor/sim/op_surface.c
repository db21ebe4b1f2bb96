/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_texel.h"
#include "executor/sim/tex_sample.h"

/* suld, sust, suq: surface objects. */

enum outside {
    OUTSIDE_TRAP,
    OUTSIDE_CLAMP,
    OUTSIDE_ZERO, /* loads give zeroes, stores do nothing */
};

/* What imm points to. */
struct surface_site {
    struct texel_site at;
    enum outside outside;
    uint32_t bytes; /* of one value */
    bool formatted; /* x counts elements, values are converted */
};

enum place {
    PLACE_FOUND,
    PLACE_NONE,
    PLACE_FAULT,
};

/* n of size bytes (elements, where n is their number) in a row of side; false: outside. */
static bool side_place(int64_t *n, int64_t size, int64_t side, enum outside outside)
{
    if (*n >= 0 && *n <= side - size) {
        return true;
    }
    if (outside != OUTSIDE_CLAMP || size > side) {
        return false;
    }
    *n = *n < 0 ? 0 : side - size;
    return true;
}

static void coordinates(const struct thr *t, const struct surface_site *site,
                        const struct sim_texture *x, int64_t at[3])
{
    for (unsigned k = 0; k < 3; k++) {
        at[k] = k < site->at.dims ? (int32_t)op_get(t, site->at.coord[k]) : 0;
    }
    if (site->at.layer != UINT32_MAX) {
        at[2] = (int32_t)op_get(t, site->at.layer);
    }
    at[0] *= site->formatted ? (int64_t)x->format.bytes : 1;
}

static enum place place_of(struct thr *t, const struct insn *i, const struct surface_site *site,
                           const struct sim_texture *x, uint8_t **to)
{
    const struct tex_level *level = &x->level[0];
    int64_t bytes = site->formatted ? x->format.bytes : (int64_t)site->bytes * site->at.values;
    int64_t at[3];

    coordinates(t, site, x, at);
    if (at[0] % bytes != 0) {
        (void)op_fault(t, i, CUDA_ERROR_MISALIGNED_ADDRESS);
        return PLACE_FAULT;
    }
    if (!side_place(&at[0], bytes, (int64_t)level->pitch, site->outside) ||
        !side_place(&at[1], 1, level->side[1], site->outside) ||
        !side_place(&at[2], 1, level->side[2], site->outside)) {
        if (site->outside == OUTSIDE_ZERO) {
            return PLACE_NONE;
        }
        (void)op_fault(t, i, CUDA_ERROR_LAUNCH_FAILED);
        return PLACE_FAULT;
    }
    *to = level->data + at[0] + (size_t)at[1] * level->pitch + (size_t)at[2] * level->slice;
    return PLACE_FOUND;
}

HANDLER(load)
{
    const struct surface_site *site = (const struct surface_site *)(intptr_t)i->imm;
    const struct sim_texture *x = texel_object(t, i, &site->at, true);
    enum place place;
    uint8_t *from;

    if (x == NULL) {
        return NULL;
    }
    place = place_of(t, i, site, x, &from);
    if (place == PLACE_FAULT) {
        return NULL;
    }
    for (unsigned k = 0; k < site->at.values; k++) {
        uint64_t v = 0;

        if (place == PLACE_FOUND) {
            memcpy(&v, from + (size_t)k * site->bytes, site->bytes);
        }
        op_set(t, site->at.value[k], v);
    }
    return i + 1;
}

HANDLER(store)
{
    const struct surface_site *site = (const struct surface_site *)(intptr_t)i->imm;
    const struct sim_texture *x = texel_object(t, i, &site->at, true);
    enum place place;
    uint8_t *to;

    if (x == NULL) {
        return NULL;
    }
    place = place_of(t, i, site, x, &to);
    if (place != PLACE_FOUND) {
        return place == PLACE_NONE ? i + 1 : NULL;
    }
    for (unsigned k = 0; k < site->at.values; k++) {
        uint64_t v = op_get(t, site->at.value[k]);

        memcpy(to + (size_t)k * site->bytes, &v, site->bytes);
    }
    return i + 1;
}

/* Components that the instruction does not have are stored as zeroes. */
HANDLER(store_formatted)
{
    const struct surface_site *site = (const struct surface_site *)(intptr_t)i->imm;
    const struct sim_texture *x = texel_object(t, i, &site->at, true);
    uint32_t value[4] = {0};
    enum place place;
    uint8_t *to;

    if (x == NULL) {
        return NULL;
    }
    place = place_of(t, i, site, x, &to);
    if (place != PLACE_FOUND) {
        return place == PLACE_NONE ? i + 1 : NULL;
    }
    for (unsigned k = 0; k < site->at.values; k++) {
        value[k] = (uint32_t)op_get(t, site->at.value[k]);
    }
    texel_encode(&x->format, value, to);
    return i + 1;
}

static const char *const caching[] = {"ca", "cg", "cs", "cv", "wb", "wt", NULL};

static struct surface_site *site_read(struct ptx_build *b, struct ptx_inst *in, bool *layered,
                                      enum ptx_type *type)
{
    struct surface_site *site = arena_alloc(b->arena, sizeof(*site));

    site->formatted = ptx_mod(in, "p");
    if ((!site->formatted && !ptx_mod(in, "b")) || !texel_geometry(in, &site->at, layered) ||
        site->at.cube) {
        ptx_unsupported(b, in);
    }
    ptx_mod_ignore(in, caching);
    site->at.values = ptx_mod(in, "v2") ? 2 : ptx_mod(in, "v4") ? 4 : 1;
    *type = ptx_mod_type_needed(b, in);
    site->bytes = ptx_type_size(*type);
    if (ptx_mod(in, "trap")) {
        site->outside = OUTSIDE_TRAP;
    } else if (ptx_mod(in, "clamp")) {
        site->outside = OUTSIDE_CLAMP;
    } else if (ptx_mod(in, "zero")) {
        site->outside = OUTSIDE_ZERO;
    } else {
        ptx_unsupported(b, in);
    }
    if ((*type != T_B8 && *type != T_B16 && *type != T_B32 && *type != T_B64) ||
        site->bytes * site->at.values > 16 || (site->formatted && *type != T_B32)) {
        ptx_unsupported(b, in);
    }
    return site;
}

/* {d, ...}, [object, coordinates] */
static void lower_suld(struct ptx_build *b, struct ptx_inst *in)
{
    bool layered;
    enum ptx_type type;
    struct surface_site *site = site_read(b, in, &layered, &type);

    ptx_operands(b, in, 2, 2);
    if (site->formatted) {
        ptx_unsupported(b, in);
    }
    texel_results(b, in, 0, &site->at);
    texel_operand(b, in, 1, layered, T_S32, &site->at);
    ptx_emit(b, load)->imm = (int64_t)(intptr_t)site;
}

/* [object, coordinates], {value, ...} */
static void lower_sust(struct ptx_build *b, struct ptx_inst *in)
{
    bool layered;
    enum ptx_type type;
    struct surface_site *site = site_read(b, in, &layered, &type);

    ptx_operands(b, in, 2, 2);
    texel_operand(b, in, 0, layered, T_S32, &site->at);
    texel_values(b, in, 1, type, &site->at);
    ptx_emit(b, site->formatted ? store_formatted : store)->imm = (int64_t)(intptr_t)site;
}

static void lower_suq(struct ptx_build *b, struct ptx_inst *in)
{
    texel_query(b, in, true);
}

const struct lower_row lower_surface[] = {
    {"suld", lower_suld}, {"sust", lower_sust}, {"suq", lower_suq}, {NULL, NULL}};
