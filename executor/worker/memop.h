/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_MEMOP_H
#define EX_WORKER_MEMOP_H

/* Stream memory operations as they travel: 24 bytes each. */

#include <stdint.h>

#include "proto/cuda_abi.h"

struct ex_session;

/*
 * Reads and checks the operations of a record into `ops`, an array of VGPU_MEM_OPS_MAX; *count
 * becomes their number, 1 or more.  CUDA_ERROR_INVALID_VALUE for anything that is not one, or
 * not in memory that the session may name.
 */
CUresult ex_memops_read(struct ex_session *x, const uint8_t *bytes, uint32_t len,
                        CUstreamBatchMemOpParams *ops, unsigned int *count);

#endif
