/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_BUILTIN_H
#define SIM_OP_BUILTIN_H

#include "executor/sim/ptx.h"

/* The routine for a call of a function that the driver brings along, or NULL. */
lane_fn op_builtin(const char *name);

#endif
