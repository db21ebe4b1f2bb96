/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_FLOW_H
#define SIM_OP_FLOW_H

#include "executor/sim/ptx_build.h"

/* Jump over what follows unless the predicate (or its opposite) holds; its index. */
uint32_t op_emit_skip(struct ptx_build *b, uint32_t predicate, bool negated);

/* The jump is over one instruction only: that one is carried out for some of the lanes. */
void op_skip_one(struct insn *skip);

/* A guarded bra. */
void op_emit_branch_if(struct ptx_build *b, struct ptx_inst *in, uint32_t predicate, bool negated);

/* The end of a body, reached without ret. */
void op_emit_end(struct ptx_build *b);

/* A value that goes into a call or comes back: a register, or bytes of cparam. */
struct call_value {
    bool reg;
    uint32_t at; /* slot, or offset in cparam */
    uint32_t size;
};

/* What a call instruction's imm points to. */
struct call_site {
    const struct ptx_func *func; /* NULL: the function that register a points to */
    struct call_value *arg;
    uint32_t arg_count;
    struct call_value *ret;
    uint32_t ret_count;
};

static inline const struct call_site *op_call_site(const struct insn *i)
{
    return (const struct call_site *)(intptr_t)i->imm;
}

#endif
