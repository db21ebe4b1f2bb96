/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 65536

struct chunk {
    struct chunk *next;
    size_t size;
    size_t used;
    alignas(16) char bytes[];
};

struct arena {
    struct chunk *chunk;
};

struct arena *arena_new(void)
{
    return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
    struct chunk *next;

    if (arena == NULL) {
        return;
    }
    for (struct chunk *c = arena->chunk; c != NULL; c = next) {
        next = c->next;
        free(c);
    }
    free(arena);
}

static struct chunk *chunk_new(size_t size)
{
    struct chunk *c = calloc(1, sizeof(*c) + size);

    if (c != NULL) {
        c->size = size;
    }
    return c;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct chunk *c = arena->chunk;
    void *p;

    size = (size + 15) & ~(size_t)15;
    if (c == NULL || size > c->size - c->used) {
        c = chunk_new(size > CHUNK_BYTES ? size : CHUNK_BYTES);
        if (c == NULL) {
            abort(); /* parsing holds what it reads several times: nothing to fall back to */
        }
        c->next = arena->chunk;
        arena->chunk = c;
    }
    p = c->bytes + c->used;
    c->used += size;
    return p;
}

char *arena_text(struct arena *arena, const char *text, size_t n)
{
    char *copy = arena_alloc(arena, n + 1);

    memcpy(copy, text, n);
    return copy;
}
