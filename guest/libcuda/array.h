/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_ARRAY_H
#define GS_ARRAY_H

/* Arrays, mipmapped arrays and their levels.  Made with a session's worker, dropped with it. */

#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_array;
struct gs_call;
struct gs_context;
struct gs_session;

/* Levels of a mipmapped array: more than a side of 2^31 has. */
#define GS_LEVELS_MAX 32u

struct gs_mipmap {
    struct gs_session *session;
    struct gs_context *context;
    uint64_t wire;
    CUDA_ARRAY3D_DESCRIPTOR shape;
    uint32_t levels;
    struct gs_array *level[GS_LEVELS_MAX]; /* NULL until asked for */
};

struct gs_array {
    struct gs_session *session;
    struct gs_context *context;
    uint64_t wire;
    CUDA_ARRAY3D_DESCRIPTOR shape;
    struct gs_mipmap *owner; /* of a level */
};

/* The array or mipmapped array of a handle: CUDA_ERROR_NOT_INITIALIZED, 400, the sticky error. */
CUresult gs_array_find(CUarray handle, struct gs_array **array);
CUresult gs_mipmap_find(CUmipmappedArray handle, struct gs_mipmap **mipmap);

/* The handle that the program knows. */
CUarray gs_array_handle(const struct gs_array *array);
CUmipmappedArray gs_mipmap_handle(const struct gs_mipmap *mipmap);

/* What the driver would refuse in the same way whatever the device; the rest it says itself.
 * CUDA_ERROR_INVALID_VALUE, CUDA_ERROR_NOT_SUPPORTED. */
CUresult gs_array_check(const CUDA_ARRAY3D_DESCRIPTOR *shape);

/* New ones in the call's context. */
CUresult gs_array_new(const struct gs_call *call, const CUDA_ARRAY3D_DESCRIPTOR *shape,
                      struct gs_array **array);
CUresult gs_mipmap_new(const struct gs_call *call, const CUDA_ARRAY3D_DESCRIPTOR *shape,
                       uint32_t levels, struct gs_mipmap **mipmap);

/* The level of a mipmapped array, the same one each time. */
CUresult gs_mipmap_level(struct gs_mipmap *mipmap, uint32_t level, struct gs_array **array);

/* Ends one when all work that may use it is done. */
CUresult gs_array_destroy(struct gs_array *array);
CUresult gs_mipmap_destroy(struct gs_mipmap *mipmap);

/* Forgets a mipmapped array that is out of its table, and its levels. */
void gs_mipmap_free(struct gs_mipmap *mipmap);

/* Empty tables.  CUDA_ERROR_OUT_OF_MEMORY. */
CUresult gs_arrays_make(struct gs_session *s);
/* Forgets all; the worker is gone or going. */
void gs_arrays_drop(struct gs_session *s);
/* Ends those of a context. */
void gs_arrays_end_of(struct gs_session *s, struct gs_context *context);

#endif
