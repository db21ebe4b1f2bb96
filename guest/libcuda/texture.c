/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/texture.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

#include "gs_calls.h"
#include "guest/libcuda/session.h"

static int compare(const void *a, const void *b)
{
    const struct gs_texture *left = a;
    const struct gs_texture *right = b;

    if (left->surface != right->surface) {
        return left->surface ? 1 : -1;
    }
    return (left->value > right->value) - (left->value < right->value);
}

void gs_textures_init(struct gs_textures *textures)
{
    (void)pthread_mutex_init(&textures->lock, NULL);
    textures->root = NULL;
}

void gs_textures_drop(struct gs_textures *textures)
{
    (void)pthread_mutex_lock(&textures->lock);
    tdestroy(textures->root, free);
    textures->root = NULL;
    (void)pthread_mutex_unlock(&textures->lock);
}

int gs_textures_add(struct gs_textures *textures, const struct gs_texture *texture)
{
    struct gs_texture *copy = malloc(sizeof(*copy));
    struct gs_texture **node;
    int rc = 0;

    if (copy == NULL) {
        return -ENOMEM;
    }
    *copy = *texture;
    (void)pthread_mutex_lock(&textures->lock);
    node = tsearch(copy, &textures->root, compare);
    if (node == NULL || *node != copy) {
        rc = node == NULL ? -ENOMEM : -EEXIST;
    }
    (void)pthread_mutex_unlock(&textures->lock);
    if (rc != 0) {
        free(copy);
    }
    return rc;
}

bool gs_textures_find(struct gs_textures *textures, bool surface, uint64_t value,
                      struct gs_texture *texture)
{
    struct gs_texture key = {.surface = surface, .value = value};
    struct gs_texture **node;

    (void)pthread_mutex_lock(&textures->lock);
    node = tfind(&key, &textures->root, compare);
    if (node != NULL) {
        *texture = **node;
    }
    (void)pthread_mutex_unlock(&textures->lock);
    return node != NULL;
}

/* With the lock. */
static void remove_node(struct gs_textures *textures, struct gs_texture *texture)
{
    (void)tdelete(texture, &textures->root, compare);
    free(texture);
}

bool gs_textures_take(struct gs_textures *textures, bool surface, uint64_t value)
{
    struct gs_texture key = {.surface = surface, .value = value};
    struct gs_texture **node;

    (void)pthread_mutex_lock(&textures->lock);
    node = tfind(&key, &textures->root, compare);
    if (node != NULL) {
        remove_node(textures, *node);
    }
    (void)pthread_mutex_unlock(&textures->lock);
    return node != NULL;
}

struct search {
    const struct gs_context *context;
    struct gs_texture *found;
};

static void visit(const void *node, VISIT which, void *arg)
{
    struct gs_texture *const *texture = node;
    struct search *search = arg;

    if ((which == preorder || which == leaf) && (*texture)->context == search->context) {
        search->found = *texture;
    }
}

/* Takes one of a context out; false: there is none left. */
static bool take_of(struct gs_textures *textures, const struct gs_context *context,
                    struct gs_texture *taken)
{
    struct search search = {.context = context};

    (void)pthread_mutex_lock(&textures->lock);
    twalk_r(textures->root, visit, &search);
    if (search.found != NULL) {
        *taken = *search.found;
        remove_node(textures, search.found);
    }
    (void)pthread_mutex_unlock(&textures->lock);
    return search.found != NULL;
}

void gs_textures_end_of(struct gs_session *s, struct gs_context *context)
{
    struct gs_texture taken = {.surface = false};

    while (take_of(&s->textures, context, &taken)) {
        struct vgpu_args_vgpuTextureDestroy texture = {.texture = taken.value};
        struct vgpu_args_vgpuSurfaceDestroy surface = {.surface = taken.value};
        struct vgpu_ret_vgpuTextureDestroy texture_ret;
        struct vgpu_ret_vgpuSurfaceDestroy surface_ret;

        if (taken.surface) {
            (void)gs_call_vgpuSurfaceDestroy(s, &surface, &surface_ret);
        } else {
            (void)gs_call_vgpuTextureDestroy(s, &texture, &texture_ret);
        }
    }
}
