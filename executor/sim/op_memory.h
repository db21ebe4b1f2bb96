/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_MEMORY_H
#define SIM_OP_MEMORY_H

#include "executor/sim/ptx_build.h"

/* A full fence between what is before and behind. */
void op_emit_fence(struct ptx_build *b);

#endif
