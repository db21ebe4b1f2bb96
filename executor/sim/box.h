/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_BOX_H
#define SIM_BOX_H

/* Copies and fills of rectangles and boxes, row by row. */

#include "executor/sim/engine_op.h"

/* Where the rows of one side begin: base + (y + z * rows) * pitch. */
struct sim_plane {
    uintptr_t base;
    size_t pitch;
    size_t rows;
    bool check; /* device-visible: must still be mapped when it runs */
    bool plain; /* memory of the caller's that is not pinned */
};

struct sim_box {
    struct sim_plane dst;
    struct sim_plane src; /* not of a fill */
    size_t width;         /* bytes */
    size_t height;
    size_t depth;
    size_t done;      /* rows */
    unsigned element; /* bytes of a fill's value; 0: a copy */
    uint32_t value;
};

/* Some rows of the box; as op_slice. */
enum op_step box_slice(struct sim_box *box, CUresult *cu);

/* Check a copy and put it into a stream.  Needs sim.lock. */
CUresult box_copy(CUcontext ctx, const CUDA_MEMCPY3D *c, CUstream stream);

#endif
