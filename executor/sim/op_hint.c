/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_move.h"

/*
 * Instructions that only advise the hardware, and those about clusters that
 * are trivial in a cluster of one block.
 */

static void take_all(struct ptx_inst *in)
{
    for (uint32_t k = 0; k < in->mod_count; k++) {
        in->taken[k] = true;
    }
}

/* Advice about memory, registers, dependent launches. */
static void lower_advice(struct ptx_build *b, struct ptx_inst *in)
{
    (void)b;
    take_all(in);
}

/* A policy that nobody reads. */
static void lower_policy(struct ptx_build *b, struct ptx_inst *in)
{
    take_all(in);
    op_emit_move(b, ptx_dst(b, in, 0), ptx_const(b, 0));
}

static const char *const widths[] = {"shared::cluster", "u32", "u64", NULL};

/* mapa: the address in block number c of the cluster, which is this one. */
static void lower_map(struct ptx_build *b, struct ptx_inst *in)
{
    b->module->sees_clusters = true;
    ptx_mod_ignore(in, widths);
    ptx_operands(b, in, 3, 3);
    op_emit_move(b, ptx_dst(b, in, 0), ptx_src(b, in, 1, T_U64));
}

static void lower_rank(struct ptx_build *b, struct ptx_inst *in)
{
    b->module->sees_clusters = true;
    ptx_mod_ignore(in, widths);
    ptx_operands(b, in, 2, 2);
    op_emit_move(b, ptx_dst(b, in, 0), ptx_const(b, 0));
}

const struct lower_row lower_hint[] = {
    {"prefetch", lower_advice},
    {"prefetchu", lower_advice},
    {"discard", lower_advice},
    {"applypriority", lower_advice},
    {"griddepcontrol", lower_advice},
    {"setmaxnreg", lower_advice},
    {"pmevent", lower_advice},
    {"createpolicy", lower_policy},
    {"mapa", lower_map},
    {"getctarank", lower_rank},
    {NULL, NULL},
};
