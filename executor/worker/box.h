/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_BOX_H
#define EX_WORKER_BOX_H

/* Boxes and rectangles of memory as they travel.  The dispatcher's. */

#include "ex_dispatch.h"

/* The driver's description of a copy, all of whose memory the session may name; else
 * CUDA_ERROR_INVALID_VALUE.  The stream is not looked at. */
CUresult ex_box_describe(struct ex_session *x, const struct vgpu_args_vgpuCopy3D *args,
                         CUDA_MEMCPY3D *box);

/* The same check for a fill. */
CUresult ex_fill_check(struct ex_session *x, const struct vgpu_args_vgpuFill2D *args);

#endif
