/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_TEXTURE_H
#define SIM_TEXTURE_H

/*
 * Texture and surface objects.  A kernel names one by its value, which it may have made up, so
 * there is a table of them.  Who changes it holds sim.lock and takes sim.map_lock for writing; who
 * looks something up holds one of the two.
 */

#include "executor/sim/array.h"

enum texel_kind {
    TEXEL_U8,
    TEXEL_S8,
    TEXEL_U16,
    TEXEL_S16,
    TEXEL_U32,
    TEXEL_S32,
    TEXEL_F16,
    TEXEL_F32,
};

/* How a channel is stored and read. */
struct texel_format {
    enum texel_kind kind;
    unsigned channels;
    unsigned bytes; /* of an element */
    bool real;      /* reads give a float */
};

struct tex_level {
    uint8_t *data;
    size_t pitch;    /* bytes from row to row */
    size_t slice;    /* ... and from slice or layer to the next */
    int32_t side[3]; /* the third: slices, layers, or faces */
};

struct sim_texture {
    uint64_t value;
    CUcontext ctx;
    bool surface;
    bool gone;      /* its array has ended */
    bool in_memory; /* not an array: each access is checked */
    bool layered;   /* the third side counts layers */
    struct texel_format format;
    unsigned level_count;
    struct tex_level level[ARRAY_LEVELS_MAX];
    bool has_view;
    CUDA_RESOURCE_DESC resource;
    CUDA_TEXTURE_DESC how;
    CUDA_RESOURCE_VIEW_DESC view;
};

/* File it and give it a value; takes it.  0, or -ENOMEM and it is still the caller's. */
int texture_add(struct sim_texture *texture);

/* The object of a value, or NULL; valid while the lock is held. */
struct sim_texture *texture_find(uint64_t value, bool surface);

/* Take it out and free it. */
void texture_end(struct sim_texture *texture);

/* What an array had ends: objects over it are gone. */
void texture_forget(const uint8_t *data, size_t bytes);

/* End those of a context. */
void texture_free_all(CUcontext ctx);

/* How the elements of a format are read; those that integers are asked of stay integers. */
struct texel_format texel_format(CUarray_format format, unsigned channels, bool as_integer);

/* What a resource of a kind consists of: levels, sides, format (texture_view.c).  CUDA_SUCCESS or
 * what the call is to answer.  Needs sim.lock. */
CUresult texture_describe(struct sim_texture *texture);

#endif
