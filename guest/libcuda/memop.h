/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_MEMOP_H
#define GS_MEMOP_H

/* Stream memory operations, as they travel. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_session;

/* An entry of the operation's `operations`. */
struct gs_memop {
    uint32_t operation; /* CUstreamBatchMemOpType */
    uint32_t flags;
    uint64_t address;
    uint64_t value;
};

/* Whether the device may read and write a word of `width` bytes there. */
bool gs_memop_covers(struct gs_session *s, uint64_t address, size_t width);

/* What native refuses at the call: 1, 801. */
CUresult gs_memop_check(struct gs_session *s, const struct gs_memop *op);

/* Reads and checks the program's array of `count` operations into `ops`. */
CUresult gs_memop_read(struct gs_session *s, const CUstreamBatchMemOpParams *params,
                       unsigned int count, struct gs_memop *ops);

#endif
