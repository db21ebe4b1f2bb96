/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/ptx_build.h"

#include <string.h>

struct ptx_label *ptx_label(struct ptx_build *b, char *name)
{
    struct ptx_label *l;

    for (l = b->labels; l != NULL; l = l->next) {
        if (strcmp(l->name, name) == 0) {
            return l;
        }
    }
    l = arena_alloc(b->arena, sizeof(*l));
    l->name = name;
    l->line = b->tok.line;
    l->next = b->labels;
    b->labels = l;
    return l;
}

void ptx_label_define(struct ptx_build *b, struct ptx_label *label)
{
    if (label->defined && label->depth < b->depth) {
        /* The same name in inner braces is another label. */
        struct ptx_label *inner = arena_alloc(b->arena, sizeof(*inner));

        inner->name = label->name;
        inner->next = b->labels;
        b->labels = inner;
        label = inner;
    }
    if (label->defined) {
        ptx_fail(b, b->tok.line, "Duplicate definition of label '%s'", label->name);
    }
    label->defined = true;
    label->depth = b->depth;
    label->at = b->func->code_count;
}

void ptx_label_use(struct ptx_build *b, struct ptx_label *label, uint32_t at, int64_t *slot)
{
    struct label_use *use = arena_alloc(b->arena, sizeof(*use));

    use->at = at;
    use->slot = slot;
    use->next = label->uses;
    label->uses = use;
}

static void fill_in(struct ptx_build *b, const struct ptx_label *l)
{
    for (const struct label_use *use = l->uses; use != NULL; use = use->next) {
        int64_t distance = (int64_t)l->at - (int64_t)use->at;

        if (use->slot != NULL) {
            *use->slot = distance;
        } else {
            b->func->code[use->at].imm = distance;
        }
    }
}

void ptx_labels_close(struct ptx_build *b, uint32_t depth)
{
    struct ptx_label **p = &b->labels;

    while (*p != NULL) {
        struct ptx_label *l = *p;

        if (l->defined && l->depth >= depth) {
            fill_in(b, l);
            *p = l->next;
        } else if (depth <= 1 && !l->defined) {
            ptx_fail(b, l->line, "Unknown symbol '%s'", l->name);
        } else {
            p = &l->next;
        }
    }
}
