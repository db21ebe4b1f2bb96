/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OCCUPANCY_H
#define SIM_OCCUPANCY_H

#include "executor/sim/module.h"

/* Blocks of f that fit on one multiprocessor; threads from 1, shared in bytes. */
int occupancy_blocks(const struct CUfunc_st *f, int threads, size_t shared_dynamic);

#endif
