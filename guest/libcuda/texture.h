/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_TEXTURE_H
#define GS_TEXTURE_H

/*
 * Texture and surface objects of a session.  Their values are the host driver's, because kernels
 * use them; what they were made of is kept here.  Any thread.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_context;
struct gs_session;

struct gs_texture {
    uint64_t value;
    bool surface;
    struct gs_context *context;
    CUDA_RESOURCE_DESC resource;
    CUDA_TEXTURE_DESC texture;
    CUDA_RESOURCE_VIEW_DESC view;
    bool has_view;
};

struct gs_textures {
    pthread_mutex_t lock;
    void *root; /* by sort and value */
};

/* Empty; the other forgets all of them, when the session that had them is gone. */
void gs_textures_init(struct gs_textures *textures);
void gs_textures_drop(struct gs_textures *textures);

/* Keeps a copy.  0, -ENOMEM or -EEXIST. */
int gs_textures_add(struct gs_textures *textures, const struct gs_texture *texture);

/* Copies what a value stands for; false: nothing. */
bool gs_textures_find(struct gs_textures *textures, bool surface, uint64_t value,
                      struct gs_texture *texture);

/* Takes it out; false: it was not there. */
bool gs_textures_take(struct gs_textures *textures, bool surface, uint64_t value);

/* Ends those of a context. */
void gs_textures_end_of(struct gs_session *s, struct gs_context *context);

#endif
