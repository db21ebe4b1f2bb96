/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/tex_sample.h"

#include <math.h>

#include "executor/sim/half.h"

static uint32_t channel_bytes(enum texel_kind kind)
{
    return kind <= TEXEL_S8 ? 1 : kind <= TEXEL_S16 || kind == TEXEL_F16 ? 2 : 4;
}

static bool kind_signed(enum texel_kind kind)
{
    return kind == TEXEL_S8 || kind == TEXEL_S16 || kind == TEXEL_S32;
}

/* The value that is read as 1. */
static float kind_one(enum texel_kind kind)
{
    return (float)((1u << (channel_bytes(kind) * 8 - (kind_signed(kind) ? 1u : 0u))) - 1);
}

static uint32_t sign_extend(uint32_t raw, uint32_t bytes)
{
    uint32_t unused = 32 - bytes * 8;

    return (uint32_t)((int32_t)(raw << unused) >> unused);
}

static uint32_t normed(uint32_t raw, enum texel_kind kind)
{
    float v = kind_signed(kind) ? (float)(int32_t)raw : (float)raw;

    v /= kind_one(kind);
    return tex_bits(v < -1 ? -1 : v);
}

static uint32_t channel_decode(const struct texel_format *f, const uint8_t *from)
{
    uint32_t bytes = channel_bytes(f->kind);
    uint32_t raw = 0;

    memcpy(&raw, from, bytes);
    if (kind_signed(f->kind)) {
        raw = sign_extend(raw, bytes);
    }
    if (f->kind == TEXEL_F16) {
        return tex_bits((float)half_value(raw, HALF_F16));
    }
    return f->real && f->kind < TEXEL_U32 ? normed(raw, f->kind) : raw;
}

void texel_default(const struct texel_format *format, uint32_t out[4])
{
    out[0] = 0;
    out[1] = 0;
    out[2] = 0;
    out[3] = format->real ? tex_bits(1) : 1;
}

void texel_decode(const struct texel_format *format, const uint8_t *from, uint32_t out[4])
{
    uint32_t bytes = channel_bytes(format->kind);

    texel_default(format, out);
    for (unsigned k = 0; k < format->channels; k++) {
        out[k] = channel_decode(format, from + (size_t)k * bytes);
    }
}

static uint32_t saturate(uint32_t in, enum texel_kind kind)
{
    uint32_t bits = channel_bytes(kind) * 8;
    int64_t v = kind_signed(kind) ? (int64_t)(int32_t)in : (int64_t)in;
    int64_t most = ((int64_t)1 << (bits - (kind_signed(kind) ? 1 : 0))) - 1;
    int64_t least = kind_signed(kind) ? -most - 1 : 0;

    return (uint32_t)(v < least ? least : v > most ? most : v);
}

static uint32_t channel_encode(const struct texel_format *f, uint32_t in)
{
    float v = tex_float(in);
    float one;
    float least;

    if (f->kind == TEXEL_F16) {
        return half_bits((double)v, HALF_F16, HALF_RN, false);
    }
    if (!f->real) {
        return saturate(in, f->kind);
    }
    if (f->kind >= TEXEL_U32) {
        return in;
    }
    one = kind_one(f->kind);
    least = kind_signed(f->kind) ? -1 : 0;
    v = v > least ? v : least; /* what is no number too */
    v = v < 1 ? v : 1;
    return (uint32_t)(int32_t)rintf(v * one);
}

void texel_encode(const struct texel_format *format, const uint32_t in[4], uint8_t *to)
{
    uint32_t bytes = channel_bytes(format->kind);

    for (unsigned k = 0; k < format->channels; k++) {
        uint32_t raw = channel_encode(format, in[k]);

        memcpy(to + (size_t)k * bytes, &raw, bytes);
    }
}
