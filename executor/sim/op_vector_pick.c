/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "executor/sim/thr.h"

#if defined(__x86_64__)
#define OP_VECTOR_WIDE (&op_vector_avx2)
#else
#define OP_VECTOR_WIDE (&op_vector_base)
#endif

HANDLER(move)
{
    op_set(t, i->d, op_get(t, i->a));
    return i + 1;
}

static const struct vector_row none[] = {{"mov", move}};
static const struct vector_table op_vector_none = {none, 1};

static bool wide_machine(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

/* VGPU_SIM_VECTOR, for tests: "base" as on any machine, "none" one thread after the other. */
static const struct vector_table *table(void)
{
    static const struct vector_table *chosen;
    const char *setting = getenv("VGPU_SIM_VECTOR");

    if (chosen == NULL) {
        chosen = wide_machine() ? OP_VECTOR_WIDE : &op_vector_base;
        if (setting != NULL && strcmp(setting, "base") == 0) {
            chosen = &op_vector_base;
        } else if (setting != NULL && strcmp(setting, "none") == 0) {
            chosen = &op_vector_none;
        }
    }
    return chosen;
}

static insn_fn find(const char *name)
{
    const struct vector_table *t = table();

    for (size_t k = 0; k < t->count; k++) {
        if (strcmp(t->row[k].name, name) == 0) {
            return t->row[k].fn;
        }
    }
    return NULL;
}

/* Rounding to nearest is what the host does, and approximations are exact here. */
static bool without_effect(const char *mod)
{
    return strcmp(mod, "rn") == 0 || strcmp(mod, "approx") == 0 || strcmp(mod, "full") == 0;
}

insn_fn op_vector(const struct ptx_inst *in, insn_fn otherwise)
{
    char name[64];
    int n = snprintf(name, sizeof(name), "%s", in->op);
    insn_fn fn;

    for (uint32_t k = 0; k < in->mod_count && n < (int)sizeof(name); k++) {
        if (!without_effect(in->mod[k])) {
            n += snprintf(name + n, sizeof(name) - (size_t)n, ".%s", in->mod[k]);
        }
    }
    fn = n < (int)sizeof(name) ? find(name) : NULL;
    return fn != NULL ? fn : otherwise;
}

insn_fn op_vector_move(void)
{
    return find("mov");
}
