/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_ENGINE_OP_H
#define SIM_ENGINE_OP_H

/* What each kind of operation does, slice by slice. */

#include "executor/sim/engine.h"

enum op_step {
    OP_STEP_DONE,
    OP_STEP_MORE,
    OP_STEP_STALLED, /* nothing changed; look again later */
};

/*
 * Do at most a fraction of a millisecond of op.  *cu is set when it ends the
 * process's luck: the sticky error.  Takes sim.map_lock for reading; op_slice
 * never takes sim.lock, so that callers may or may not hold it.
 */
enum op_step op_slice(struct sim_op *op, CUresult *cu);

/* The bookkeeping of its end, done or dropped; frees op.  Needs sim.lock. */
void op_complete(struct sim_op *op);

/* Whether the submitting thread may as well do it at once. */
bool op_is_short(const struct sim_op *op, size_t size_max);

#endif
