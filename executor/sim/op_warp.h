/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_WARP_H
#define SIM_OP_WARP_H

#include "executor/sim/ptx_build.h"

/* bar.warp.sync, "bar" and "warp" taken. */
void op_lower_syncwarp(struct ptx_build *b, struct ptx_inst *in);

/* All lanes wait for each other. */
void op_emit_sync_all(struct ptx_build *b);

#endif
