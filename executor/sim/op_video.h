/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_VIDEO_H
#define SIM_OP_VIDEO_H

#include "executor/sim/ptx_build.h"

/* An operation on the parts of a word. */
enum {
    PART_ADD,
    PART_SUB,
    PART_ABSDIFF,
    PART_MIN,
    PART_MAX,
};

/* The instruction if its type is u16x2 or s16x2, else false. */
bool op_lower_pair(struct ptx_build *b, struct ptx_inst *in, int64_t op);

#endif
