/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_MEMORY_H
#define GS_MEMORY_H

/* Allocations: device memory from the worker, pinned memory from the window. */

#include "guest/libcuda/session.h"

/* The session and the allocation around an address, whatever device it is of; NULL: none. */
struct gs_session *gs_memory_find(uint64_t address, struct gs_alloc *alloc);

/* An allocation of any session that overlaps [address, address + bytes); false: none does. */
bool gs_memory_overlaps(uint64_t address, uint64_t bytes, struct gs_alloc *found);

/* Frees what an allocation that is out of the map stood for.  All work that may use it is done. */
void gs_memory_give_back(struct gs_session *s, const struct gs_alloc *alloc);

#endif
