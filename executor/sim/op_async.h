/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_ASYNC_H
#define SIM_OP_ASYNC_H

/* Asynchronous copies and the barriers in memory that they report to. */

#include "executor/sim/ptx_build.h"
#include "executor/sim/thr.h"

/* The place of an operand "[address]" in shared memory: a slot and an offset. */
uint32_t op_shared_operand(struct ptx_build *b, const struct ptx_inst *in, uint32_t k,
                           int64_t *offset);

/* So many arrivals and bytes at the barrier at a shared address; false after a fault. */
bool op_mbarrier_arrive(struct thr *t, const struct insn *i, uint64_t addr, uint32_t count,
                        int64_t bytes);

/* cp.async.mbarrier.arrive, the first two words taken. */
void op_lower_copy_arrive(struct ptx_build *b, struct ptx_inst *in);

#endif
