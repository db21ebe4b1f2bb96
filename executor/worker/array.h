/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_ARRAY_H
#define EX_WORKER_ARRAY_H

/*
 * Arrays, mipmapped arrays and their levels, texture and surface objects.  The tables change under
 * the session's `objects` lock; what names an array to the driver on a helper thread holds `lock`
 * until the driver has returned, so nothing is named that has ended.  `lock` is the outer one.  An
 * array counts against the quota with the bytes of its elements, rows rounded up.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct ex_session;
struct ex_mipmap;
struct vgpu_handles;

struct ex_array {
    CUarray cu;
    CUDA_ARRAY3D_DESCRIPTOR shape;
    uint64_t charge;
    struct ex_mipmap *owner; /* of a level */
    uint64_t handle;         /* of a level */
    struct ex_array *next_level;
};

struct ex_mipmap {
    CUmipmappedArray cu;
    CUDA_ARRAY3D_DESCRIPTOR shape;
    uint64_t charge;
    uint32_t levels;
    struct ex_array *first_level; /* of those that were asked for */
};

struct ex_arrays {
    pthread_mutex_t lock;
    struct vgpu_handles *arrays;
    struct vgpu_handles *mipmaps;
    void *textures; /* trees of the driver's values */
    void *surfaces;
    uint32_t objects; /* in both */
};

/* 0 or -ENOMEM. */
int ex_arrays_init(struct ex_arrays *arrays);

/* The array of a living handle, or NULL.  On the dispatcher, or with the objects lock. */
struct ex_array *ex_array_find(struct ex_session *x, uint64_t handle);

/* What an array takes at least; false for shapes that are not to be had. */
bool ex_array_measure(const CUDA_ARRAY3D_DESCRIPTOR *shape, uint64_t *bytes);

/* Files an object in a table of the session.  0 or what vgpu_handles_mint() says. */
int ex_array_mint(struct ex_session *x, struct vgpu_handles *table, void *object, uint64_t *handle);

/* True when a box lies in the array: bytes, rows and slices, at least one of each. */
bool ex_array_holds(const struct ex_array *array, const uint64_t at[3], const uint64_t size[3]);

#endif
