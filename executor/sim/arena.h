/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_ARENA_H
#define SIM_ARENA_H

/*
 * Memory that is given back all at once.  Without memory the process ends, as
 * a driver's compiler would.
 */

#include <stddef.h>

struct arena;

/* An empty arena or NULL. */
struct arena *arena_new(void);
void arena_free(struct arena *arena);

/* size zeroed bytes, aligned for anything; never NULL.  Valid until arena_free. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of n bytes of text with a NUL behind. */
char *arena_text(struct arena *arena, const char *text, size_t n);

#endif
