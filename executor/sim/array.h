/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_ARRAY_H
#define SIM_ARRAY_H

/*
 * Arrays and mipmapped arrays.  Their elements lie row by row, without gaps, in memory that no
 * address of the device names.  All functions need sim.lock.
 */

#include "executor/sim/sim.h"

/* No side is longer than 131,072 elements, so no array has more levels. */
#define ARRAY_LEVELS_MAX 18u

struct CUarray_st {
    CUDA_ARRAY3D_DESCRIPTOR shape;
    CUcontext ctx;
    uint8_t *data;
    size_t bytes;
    CUmipmappedArray owner; /* whose level it is; NULL: an array of its own */
    CUarray next;           /* of its own: all that live */
};

struct CUmipmappedArray_st {
    CUDA_ARRAY3D_DESCRIPTOR shape;
    CUcontext ctx;
    unsigned levels;
    CUmipmappedArray next;
    struct CUarray_st level[ARRAY_LEVELS_MAX];
};

/* Whether an array, or a mipmapped one, may have that shape (array_shape.c): CUDA_SUCCESS,
 * CUDA_ERROR_INVALID_VALUE, or CUDA_ERROR_NOT_SUPPORTED for kinds that are not simulated. */
CUresult array_shape_check(const CUDA_ARRAY3D_DESCRIPTOR *shape, bool mipmapped);

/* The same for the elements alone. */
bool array_format_ok(CUarray_format format, unsigned channels);

/* Whether Depth is a number of layers, which do not shrink with the level. */
static inline bool array_layered(const CUDA_ARRAY3D_DESCRIPTOR *shape)
{
    return (shape->Flags & (CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP)) != 0;
}

/* Height and Depth are 0 where there is no such dimension. */
static inline size_t array_side(size_t n)
{
    return n == 0 ? 1 : n;
}

/* Bytes of a row. */
size_t array_row(const CUDA_ARRAY3D_DESCRIPTOR *shape);

/* Memory, zeroed, for an array whose shape and context are set, and its handle; and back again. */
CUresult array_back(CUarray array);
void array_unback(CUarray array);

/*
 * Where a box lies in an array: its base, the bytes of a row, the rows of a slice.  The first
 * numbers of at and size are bytes.  False when it does not lie in a live array or cuts an element.
 */
bool array_place(CUarray array, const size_t at[3], const size_t size[3], uintptr_t *base,
                 size_t *pitch, size_t *rows);

/* Whether an element of a live array begins at this byte of a row. */
bool array_begins_element(CUarray array, size_t x);

/* End what a context owns. */
void array_free_all(CUcontext ctx);
void mipmap_free_all(CUcontext ctx);

#endif
