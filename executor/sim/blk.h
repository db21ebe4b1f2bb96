/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_BLK_H
#define SIM_BLK_H

/* A block of a running kernel: its memory, and the turns of its threads. */

#include "executor/sim/thr.h"

/* What all blocks of a launch have in common. */
struct blk_shape {
    const struct ptx_func *func;
    uint8_t *params;    /* borrowed */
    uint8_t *workspace; /* borrowed; NULL unless cooperative */
    uint32_t grid[3];
    uint32_t block[3];
    uint32_t shared_dynamic;
    uint32_t local_bytes;
};

enum blk_state {
    BLK_DONE,
    BLK_MORE,
    BLK_STALLED, /* all its threads wait, and none of them can be released */
};

/* Memory for a block, or NULL. */
struct blk *blk_new(const struct blk_shape *shape);
void blk_free(struct blk *b);

/* Make it block number n of the grid; false without memory. */
bool blk_start(struct blk *b, const struct blk_shape *shape, uint64_t n);

/* Take nothing about memory ranges for granted. */
void blk_forget(struct blk *b);

/* Interpret up to *budget instructions, which it lowers.  *cu: a fault. */
enum blk_state blk_run(struct blk *b, uint32_t *budget, CUresult *cu);

#endif
