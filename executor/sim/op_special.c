/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "executor/sim/op_move.h"
#include "executor/sim/sim.h"
#include "executor/sim/thr.h"

/* Special registers; e is the component of those that have three. */

#define SPECIAL(name, value)                                                                       \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        op_set(t, i->d, value);                                                                    \
        return i + 1;                                                                              \
    }

#define LANE (t->lin % WARP)

SPECIAL(tid, t->tid[i->e])
SPECIAL(ntid, t->blk->ntid[i->e])
SPECIAL(ctaid, t->blk->ctaid[i->e])
SPECIAL(nctaid, t->blk->nctaid[i->e])
SPECIAL(laneid, LANE)
SPECIAL(warpid, t->lin / WARP)
SPECIAL(nwarpid, (t->blk->thr_count + WARP - 1) / WARP)
SPECIAL(smid, t->blk->number % SIM_SM_COUNT)
SPECIAL(nsmid, SIM_SM_COUNT)
SPECIAL(zero, 0)
SPECIAL(one, 1)
SPECIAL(ticks, sim_now_ns())
SPECIAL(ticks_low, (uint32_t)sim_now_ns())
SPECIAL(ticks_high, sim_now_ns() >> 32)
SPECIAL(mask_eq, 1u << LANE)
SPECIAL(mask_lt, (1u << LANE) - 1)
SPECIAL(mask_le, (2u << LANE) - 1)
SPECIAL(mask_gt, ~((2u << LANE) - 1))
SPECIAL(mask_ge, ~((1u << LANE) - 1))
SPECIAL(workspace_high, t->blk->workspace == NULL ? 0 : PTX_WIN_GRID >> 32)
SPECIAL(shared_dynamic, t->blk->shared_bytes - t->blk->shared_static)
SPECIAL(shared_total, t->blk->shared_bytes)
SPECIAL(reserved_begin, PTX_SHARED_RESERVED)
SPECIAL(reserved_half, PTX_SHARED_RESERVED + PTX_SHARED_RESERVED_BYTES / 2)
SPECIAL(reserved_end, PTX_SHARED_RESERVED + PTX_SHARED_RESERVED_BYTES)
SPECIAL(reserved_bytes, PTX_SHARED_RESERVED_BYTES)

static const struct {
    const char *name; /* without % and component */
    insn_fn fn;
} rows[] = {
    {"tid", tid},
    {"ntid", ntid},
    {"ctaid", ctaid},
    {"nctaid", nctaid},
    {"laneid", laneid},
    {"warpid", warpid},
    {"nwarpid", nwarpid},
    {"smid", smid},
    {"nsmid", nsmid},
    {"gridid", zero},
    {"clock", ticks_low},
    {"clock_hi", ticks_high},
    {"clock64", ticks},
    {"globaltimer", ticks},
    {"globaltimer_lo", ticks_low},
    {"globaltimer_hi", ticks_high},
    {"lanemask_eq", mask_eq},
    {"lanemask_lt", mask_lt},
    {"lanemask_le", mask_le},
    {"lanemask_gt", mask_gt},
    {"lanemask_ge", mask_ge},
    {"dynamic_smem_size", shared_dynamic},
    {"total_smem_size", shared_total},
    {"aggr_smem_size", shared_total},
    {"reserved_smem_offset_begin", reserved_begin},
    {"reserved_smem_offset_0", reserved_begin},
    {"reserved_smem_offset_1", reserved_half}, /* cooperative groups: 288 bytes */
    {"reserved_smem_offset_end", reserved_end},
    {"reserved_smem_offset_cap", reserved_bytes},
    /* A launch without clusters is one of clusters of one block. */
    {"clusterid", ctaid},
    {"nclusterid", nctaid},
    {"cluster_ctaid", zero},
    {"cluster_nctaid", one},
    {"cluster_ctarank", zero},
    {"cluster_nctarank", one},
    {"is_explicit_cluster", zero},
    /* Two environment registers hold the address of the grid's workspace. */
    {"envreg1", workspace_high},
    {"envreg2", zero},
};

void op_emit_special(struct ptx_build *b, uint32_t line, uint32_t reg, const char *name)
{
    const char *dot = strchr(name, '.');
    size_t length = dot == NULL ? strlen(name + 1) : (size_t)(dot - name - 1);

    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        struct insn *i;

        if (strncmp(rows[k].name, name + 1, length) != 0 || rows[k].name[length] != '\0') {
            continue;
        }
        b->module->sees_clusters |= strstr(name, "cluster") != NULL;
        i = ptx_emit(b, rows[k].fn);
        i->d = reg;
        i->e = dot == NULL ? 0 : (uint32_t)(dot[1] - 'x');
        if (i->e > 2) {
            break;
        }
        return;
    }
    ptx_fail(b, line, "Unknown symbol '%s'", name);
}
