/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/ptx_build.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "executor/sim/warp.h"

static uint32_t hash(const char *name, size_t length)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < length; i++) {
        h = (h ^ (unsigned char)name[i]) * 16777619u;
    }
    return h % SYMBOL_BUCKETS;
}

struct ptx_symbol *ptx_symbol_new(struct ptx_build *b, char *name, enum sym_kind kind)
{
    struct ptx_symbol *s = arena_alloc(b->arena, sizeof(*s));
    struct ptx_symbol **bucket = &b->bucket[hash(name, strlen(name))];

    s->name = name;
    s->kind = kind;
    s->chain = *bucket;
    *bucket = s;
    s->scope = b->scope;
    s->text = b->texts;
    s->depth = b->depth;
    s->inner = b->func != NULL;
    b->scope = s;
    return s;
}

void ptx_scope_close(struct ptx_build *b, struct ptx_symbol *before)
{
    while (b->scope != before) {
        struct ptx_symbol *s = b->scope;

        /* The newest of a bucket is the newest of the scopes that are open. */
        b->bucket[hash(s->name, strlen(s->name))] = s->chain;
        b->scope = s->scope;
    }
}

static struct ptx_symbol *find(struct ptx_build *b, const char *name, size_t length)
{
    for (struct ptx_symbol *s = b->bucket[hash(name, length)]; s != NULL; s = s->chain) {
        if (strncmp(s->name, name, length) == 0 && s->name[length] == '\0') {
            return s;
        }
    }
    return NULL;
}

struct ptx_symbol *ptx_symbol_only(struct ptx_build *b, char *name, enum sym_kind kind)
{
    const struct ptx_symbol *s = find(b, name, strlen(name));

    if (s != NULL && s->text == b->texts && s->depth == b->depth && s->inner == (b->func != NULL)) {
        ptx_fail(b, b->tok.line, "Duplicate definition of '%s'", name);
    }
    return ptx_symbol_new(b, name, kind);
}

struct ptx_symbol *ptx_symbol_find(struct ptx_build *b, const char *name, uint32_t *slot)
{
    size_t length = strlen(name);
    struct ptx_symbol *s = find(b, name, length);
    unsigned long number;

    if (s != NULL && s->count <= 1) {
        *slot = s->slot;
        return s;
    }
    while (length > 0 && isdigit((unsigned char)name[length - 1])) {
        length--;
    }
    /* "%r1" of "%r<2>"; also "%ra10" of "%ra1<5>", which nobody writes. */
    s = name[length] == '\0' ? NULL : find(b, name, length);
    if (s == NULL || s->kind != SYM_REG || s->count <= 1) {
        return NULL;
    }
    number = strtoul(name + length, NULL, 10);
    if (number >= s->count) {
        return NULL;
    }
    *slot = s->slot + (uint32_t)number * WARP;
    return s;
}
