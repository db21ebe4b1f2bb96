/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_MEMORY_H
#define EX_WORKER_MEMORY_H

/*
 * The ranges that a session may name: device allocations, module globals, and registered
 * parts of the window ("slabs").
 *
 * Device allocations lie in the session's arena, an address range that the guest keeps
 * free too.  The arena is handed out in blocks of 2 MiB granularity, each with physical
 * memory of its own; allocations up to half a block share blocks, aligned to 512 bytes.
 *
 * All functions may be called from any thread; they lock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct ex_driver;
struct ex_memory;

/* What a block is made of, and the granularity of the arena. */
#define EX_BLOCK_BYTES 0x200000ull
/* Alignment of every allocation: native's. */
#define EX_ALLOCATION_ALIGN 512u
/* Larger ones get blocks of their own. */
#define EX_SMALL_MAX (EX_BLOCK_BYTES / 2)
/* Module globals of a session that may be named in copies. */
#define EX_GLOBALS_MAX 65536u

/*
 * The ranges of a session whose arena is [base, base + bytes), reserved with the driver already.
 * `quota` bounds its physical memory in bytes, 0: no bound.  Returns owned, NULL without memory.
 */
struct ex_memory *ex_memory_new(const struct ex_driver *driver, CUdevice device, uint64_t base,
                                uint64_t bytes, uint64_t quota);

/* Forgets the ranges.  Physical memory ends with the process.  Accepts NULL. */
void ex_memory_free(struct ex_memory *memory);

/* Allocates 1 or more bytes.  CUDA_ERROR_OUT_OF_MEMORY, CUDA_ERROR_INVALID_VALUE (0 bytes). */
CUresult ex_memory_alloc(struct ex_memory *memory, uint64_t bytes, uint64_t *ptr);

/*
 * Ends an allocation: false when none starts at ptr.  From then on it is in no range; its memory
 * is given back by ex_memory_reclaim(), once the work that may use it is done.
 */
bool ex_memory_retire(struct ex_memory *memory, uint64_t ptr);
CUresult ex_memory_reclaim(struct ex_memory *memory, uint64_t ptr);

/* Counts physical memory of another sort, `bytes`, against the quota; false when that is used up.
 */
bool ex_memory_charge(struct ex_memory *memory, uint64_t bytes);
void ex_memory_uncharge(struct ex_memory *memory, uint64_t bytes);

/* Physical bytes in use and the quota (0: none). */
void ex_memory_usage(struct ex_memory *memory, uint64_t *used, uint64_t *quota);

/* Whether others may hold some of the quota. */
bool ex_memory_has_ledger(struct ex_memory *memory);

/* From now on nothing is granted but by ex_memory_grant(); at first VGPU_MEMORY_ALL is. */
void ex_memory_keep_ledger(struct ex_memory *memory);

/* So many bytes more may be used; they are reserved until ex_memory_unreserve(). */
void ex_memory_grant(struct ex_memory *memory, uint64_t bytes);
void ex_memory_unreserve(struct ex_memory *memory, uint64_t bytes);

/* Bytes that are granted and neither used nor reserved; without a ledger 0.  No lock: a guess. */
uint64_t ex_memory_spare(const struct ex_memory *memory);

/* Gives up what is spare but for `keep` bytes: returns how much that is.  Begins a ledger. */
uint64_t ex_memory_yield(struct ex_memory *memory, uint64_t keep);

/* Another quota, also less than what is used. */
void ex_memory_set_quota(struct ex_memory *memory, uint64_t quota);

/* The first of the two, to look at from any thread without a lock; valid as long as `memory`. */
const _Atomic uint64_t *ex_memory_used(const struct ex_memory *memory);

/* True when [ptr, ptr + bytes) lies in one live range that the session may name. */
bool ex_memory_contains(struct ex_memory *memory, uint64_t ptr, uint64_t bytes);

/* True when [ptr, ptr + bytes) lies in one open slab. */
bool ex_memory_in_slab(struct ex_memory *memory, uint64_t ptr, uint64_t bytes);

/* Files a global of a module (its handle is the owner) once. */
CUresult ex_memory_add_global(struct ex_memory *memory, uint64_t owner, uint64_t ptr,
                              uint64_t bytes);
void ex_memory_remove_globals(struct ex_memory *memory, uint64_t owner);

/* Files a slab, which is closed at first.  CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED for an
 * overlap, CUDA_ERROR_OUT_OF_MEMORY at the limit. */
CUresult ex_memory_add_slab(struct ex_memory *memory, uint64_t ptr, uint64_t bytes);
void ex_memory_open_slab(struct ex_memory *memory, uint64_t ptr);
/* False when no open slab starts at ptr. */
bool ex_memory_close_slab(struct ex_memory *memory, uint64_t ptr);
void ex_memory_remove_slab(struct ex_memory *memory, uint64_t ptr);

#endif
