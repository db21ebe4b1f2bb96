/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_BLOCK_H
#define EX_WORKER_BLOCK_H

/* Blocks of physical memory, mapped into the arena.  The memory's lock is held. */

#include "executor/worker/memory_private.h"

/* A block of `bytes`, a multiple of EX_BLOCK_BYTES; charged to the quota.  `shared`: for small
 * allocations.  Borrowed until ex_block_free().  CUDA_ERROR_OUT_OF_MEMORY. */
CUresult ex_block_new(struct ex_memory *m, uint64_t bytes, bool shared, struct ex_block **block);

/* Unmaps and releases the block and its charge. */
CUresult ex_block_free(struct ex_memory *m, struct ex_block *block);

#endif
