/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_TEX_SAMPLE_H
#define SIM_TEX_SAMPLE_H

/*
 * Reading a texture: addresses, filters and levels as the CUDA programming guide defines them.
 * The position within a texel has 8 bits behind the point, so weights are multiples of 1/256.
 */

#include "executor/sim/texture.h"
#include "executor/sim/thr.h"

struct tex_query {
    unsigned dims; /* 1 to 3 coordinates */
    bool integer;  /* they are numbers of texels: no filter, zeroes outside */
    bool layered;
    bool cube;
    uint32_t layer;
    int32_t texel[3];
    float at[3];
    float level;
};

/* The bits of the four components; false after a fault. */
bool tex_sample(struct thr *t, const struct insn *i, const struct sim_texture *x,
                const struct tex_query *q, uint32_t out[4]);

/* One component of the four texels that a filter in two dimensions would use, counter-clockwise
 * from the lower left (first column, second row). */
bool tex_gather(struct thr *t, const struct insn *i, const struct sim_texture *x,
                const struct tex_query *q, unsigned component, uint32_t out[4]);

/* --- texels (tex_texel.c) --- */
/* Where the components of one lie, in the order of the format, as the bits of what is read. */
void texel_decode(const struct texel_format *format, const uint8_t *from, uint32_t out[4]);

/* The other way round, for formatted stores: floats and integers are saturated. */
void texel_encode(const struct texel_format *format, const uint32_t in[4], uint8_t *to);

/* What components that the format lacks read as. */
void texel_default(const struct texel_format *format, uint32_t out[4]);

static inline uint32_t tex_bits(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof(bits));
    return bits;
}

static inline float tex_float(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof(f));
    return f;
}

#endif
