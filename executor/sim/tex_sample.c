/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/tex_sample.h"

#include <math.h>

/* One texture at one level, for one thread. */
struct reader {
    struct thr *t;
    const struct insn *i;
    const struct sim_texture *x;
    const struct tex_level *level;
    int32_t layer; /* below 0: the third side is a coordinate */
    unsigned dims;
};

/* Two neighbours along one side, and how much the second counts; below 0: the border. */
struct axis {
    int32_t index[2];
    float weight;
};

#define STEPS 256.0 /* in which the way between two texels is measured */
/* No texture has as many texels along a side. */
#define FAR 1073741824.0

static bool texel_read(const struct reader *r, const int32_t at[3], uint32_t out[4])
{
    const struct tex_level *level = r->level;
    uint8_t *p = level->data + (size_t)at[0] * r->x->format.bytes + (size_t)at[1] * level->pitch +
                 (size_t)at[2] * level->slice;

    if (r->x->in_memory) {
        p = op_generic(r->t, r->i, (uintptr_t)p, r->x->format.bytes, false);
        if (p == NULL) {
            return false;
        }
    }
    texel_decode(&r->x->format, p, out);
    return true;
}

static void border_read(const struct reader *r, uint32_t out[4])
{
    texel_default(&r->x->format, out);
    for (unsigned k = 0; k < r->x->format.channels; k++) {
        out[k] = tex_bits(r->x->how.borderColor[k]);
    }
}

static int32_t clamped(int64_t n, int32_t side)
{
    return (int32_t)(n < 0 ? 0 : n >= side ? side - 1 : n);
}

static int32_t wrapped(int64_t n, int64_t side)
{
    return (int32_t)((n % side + side) % side);
}

static int32_t addressed(int64_t n, int32_t side, CUaddress_mode mode)
{
    switch (mode) {
    case CU_TR_ADDRESS_MODE_WRAP:
        return wrapped(n, side);
    case CU_TR_ADDRESS_MODE_MIRROR:
        n = wrapped(n, (int64_t)side * 2);
        return (int32_t)(n < side ? n : 2 * (int64_t)side - 1 - n);
    case CU_TR_ADDRESS_MODE_BORDER:
        return n < 0 || n >= side ? -1 : (int32_t)n;
    case CU_TR_ADDRESS_MODE_CLAMP:
    default:
        return clamped(n, side);
    }
}

/* Wrapping and mirroring are for coordinates from 0 to 1. */
static CUaddress_mode mode_of(const struct sim_texture *x, unsigned axis, bool cube)
{
    CUaddress_mode mode = x->how.addressMode[axis];

    if (cube) {
        return CU_TR_ADDRESS_MODE_CLAMP;
    }
    return (x->how.flags & CU_TRSF_NORMALIZED_COORDINATES) == 0 && mode != CU_TR_ADDRESS_MODE_BORDER
               ? CU_TR_ADDRESS_MODE_CLAMP
               : mode;
}

static struct axis axis_of(double at, int32_t side, CUaddress_mode mode, bool linear)
{
    double low;
    struct axis a;

    at = isnan(at) ? 0 : at;
    at = at < -FAR ? -FAR : at > FAR ? FAR : at;
    at -= linear ? 0.5 : 0;
    low = floor(at);
    a.weight = linear ? (float)(rint((at - low) * STEPS) / STEPS) : 0;
    a.index[0] = addressed((int64_t)low, side, mode);
    a.index[1] = addressed((int64_t)low + 1, side, mode);
    return a;
}

static void axes_of(const struct reader *r, const struct tex_query *q, bool linear,
                    struct axis axis[3])
{
    bool normed = q->cube || (r->x->how.flags & CU_TRSF_NORMALIZED_COORDINATES) != 0;

    for (unsigned k = 0; k < 3; k++) {
        int32_t side = r->level->side[k];

        axis[k] = (struct axis){{0, 0}, 0};
        if (k < r->dims) {
            axis[k] = axis_of(normed ? (double)q->at[k] * side : (double)q->at[k], side,
                              mode_of(r->x, k, q->cube), linear);
        } else if (k == 2 && r->layer >= 0) {
            axis[k].index[0] = r->layer;
        }
    }
}

/* The corner whose bit k says which neighbour along side k. */
static bool corner_read(const struct reader *r, const struct axis axis[3], unsigned corner,
                        uint32_t out[4])
{
    int32_t at[3];

    for (unsigned k = 0; k < 3; k++) {
        at[k] = axis[k].index[corner >> k & 1];
        if (at[k] < 0) {
            border_read(r, out);
            return true;
        }
    }
    return texel_read(r, at, out);
}

static bool blend(const struct reader *r, const struct axis axis[3], uint32_t out[4])
{
    float sum[4] = {0};
    uint32_t texel[4];

    for (unsigned corner = 0; corner < 1u << r->dims; corner++) {
        float weight = 1;

        for (unsigned k = 0; k < r->dims; k++) {
            weight *= (corner >> k & 1) != 0 ? axis[k].weight : 1 - axis[k].weight;
        }
        if (weight == 0) {
            continue;
        }
        if (!corner_read(r, axis, corner, texel)) {
            return false;
        }
        for (unsigned k = 0; k < 4; k++) {
            sum[k] += weight * tex_float(texel[k]);
        }
    }
    for (unsigned k = 0; k < 4; k++) {
        out[k] = tex_bits(sum[k]);
    }
    return true;
}

static bool level_sample(const struct reader *r, const struct tex_query *q, uint32_t out[4])
{
    bool linear = r->x->how.filterMode == CU_TR_FILTER_MODE_LINEAR && r->x->format.real &&
                  r->x->resource.resType != CU_RESOURCE_TYPE_LINEAR;
    struct axis axis[3];

    axes_of(r, q, linear, axis);
    return linear ? blend(r, axis, out) : corner_read(r, axis, 0, out);
}

static bool levels_blend(struct reader *r, const struct tex_query *q, float level, uint32_t out[4])
{
    unsigned low = (unsigned)level;
    float weight = (float)(rint(((double)level - low) * STEPS) / STEPS);
    uint32_t other[4];

    r->level = &r->x->level[low];
    if (!level_sample(r, q, out)) {
        return false;
    }
    if (weight == 0) {
        return true;
    }
    r->level++;
    if (!level_sample(r, q, other)) {
        return false;
    }
    for (unsigned k = 0; k < 4; k++) {
        out[k] = tex_bits((1 - weight) * tex_float(out[k]) + weight * tex_float(other[k]));
    }
    return true;
}

static float level_of(const struct sim_texture *x, const struct tex_query *q)
{
    float most = (float)(x->level_count - 1);
    float level = q->level;

    if (x->resource.resType != CU_RESOURCE_TYPE_MIPMAPPED_ARRAY) {
        return 0;
    }
    level += x->how.mipmapLevelBias;
    level = fmaxf(level, x->how.minMipmapLevelClamp);
    level = fminf(level, x->how.maxMipmapLevelClamp);
    return fminf(fmaxf(level, 0), most);
}

/* Raw texels: neither filter nor address mode. */
static bool texel_fetch(struct reader *r, const struct tex_query *q, uint32_t out[4])
{
    int32_t at[3] = {0};

    if (!(q->level >= 0 && q->level < (float)r->x->level_count)) {
        memset(out, 0, 4 * sizeof(*out));
        return true;
    }
    r->level = &r->x->level[(unsigned)q->level];
    for (unsigned k = 0; k < q->dims; k++) {
        at[k] = q->texel[k];
    }
    at[2] = q->layered ? (q->layer > INT32_MAX ? -1 : (int32_t)q->layer) : at[2];
    for (unsigned k = 0; k < 3; k++) {
        if (at[k] < 0 || at[k] >= r->level->side[k]) {
            memset(out, 0, 4 * sizeof(*out));
            return true;
        }
    }
    return texel_read(r, at, out);
}

/* A direction becomes a face and a place on it. */
static void face_of(struct tex_query *q)
{
    float x = q->at[0];
    float y = q->at[1];
    float z = q->at[2];
    float m;
    uint32_t face;

    if (fabsf(x) >= fabsf(y) && fabsf(x) >= fabsf(z)) {
        face = x < 0 ? 1 : 0;
        m = fabsf(x);
        q->at[0] = x < 0 ? z : -z;
        q->at[1] = -y;
    } else if (fabsf(y) >= fabsf(z)) {
        face = y < 0 ? 3 : 2;
        m = fabsf(y);
        q->at[0] = x;
        q->at[1] = y < 0 ? -z : z;
    } else {
        face = z < 0 ? 5 : 4;
        m = fabsf(z);
        q->at[0] = z < 0 ? -x : x;
        q->at[1] = -y;
    }
    q->at[0] = (q->at[0] / m + 1) / 2;
    q->at[1] = (q->at[1] / m + 1) / 2;
    q->layer = (q->layered ? q->layer * 6 : 0) + face;
    q->dims = 2;
}

static struct reader reader_of(struct thr *t, const struct insn *i, const struct sim_texture *x,
                               struct tex_query *q)
{
    struct reader r = {.t = t, .i = i, .x = x, .level = &x->level[0], .layer = -1};
    uint32_t faces = q->cube ? 6 : 1;
    uint32_t groups = (uint32_t)x->level[0].side[2] / faces;

    if (q->layered && !q->integer) {
        q->layer = groups != 0 && q->layer < groups ? q->layer : groups == 0 ? 0 : groups - 1;
    }
    if (q->cube) {
        face_of(q);
    }
    if (q->layered || q->cube) {
        r.layer = clamped(q->layer, x->level[0].side[2]);
    }
    r.dims = q->dims;
    return r;
}

bool tex_sample(struct thr *t, const struct insn *i, const struct sim_texture *x,
                const struct tex_query *query, uint32_t out[4])
{
    struct tex_query q = *query;
    struct reader r = reader_of(t, i, x, &q);
    float level;

    if (q.integer) {
        return texel_fetch(&r, &q, out);
    }
    level = level_of(x, &q);
    if (x->how.mipmapFilterMode == CU_TR_FILTER_MODE_LINEAR && x->format.real) {
        return levels_blend(&r, &q, level, out);
    }
    r.level = &x->level[(unsigned)floorf(level + 0.5f)];
    return level_sample(&r, &q, out);
}

bool tex_gather(struct thr *t, const struct insn *i, const struct sim_texture *x,
                const struct tex_query *query, unsigned component, uint32_t out[4])
{
    static const unsigned corners[4] = {2, 3, 1, 0};
    struct tex_query q = *query;
    struct reader r = reader_of(t, i, x, &q);
    struct axis axis[3];
    uint32_t texel[4];

    axes_of(&r, &q, true, axis);
    for (unsigned k = 0; k < 4; k++) {
        if (!corner_read(&r, axis, corners[k], texel)) {
            return false;
        }
        out[k] = texel[component];
    }
    return true;
}
