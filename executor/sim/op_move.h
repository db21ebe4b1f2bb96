/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_MOVE_H
#define SIM_OP_MOVE_H

/* Moves that other instructions need for their operands. */

#include "executor/sim/ptx_build.h"

/* reg = address of a .local variable at offset of this frame. */
void op_emit_local_address(struct ptx_build *b, uint32_t reg, int64_t offset);

/* reg = special register; fails at a name that is none. */
void op_emit_special(struct ptx_build *b, uint32_t line, uint32_t reg, const char *name);

/* reg = value of a slot. */
void op_emit_move(struct ptx_build *b, uint32_t reg, uint32_t slot);

/* reg = not predicate. */
void op_emit_not_pred(struct ptx_build *b, uint32_t reg, uint32_t predicate);

#endif
