/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_MEMORY_PRIVATE_H
#define EX_WORKER_MEMORY_PRIVATE_H

/* Shared by memory.c (blocks and allocations) and ranges.c (globals and slabs). */

#include <pthread.h>

#include "executor/worker/memory.h"
#include "proto/limits.h"

struct vgpu_range;

struct ex_block {
    uint64_t base;
    uint64_t bytes; /* multiple of EX_BLOCK_BYTES */
    CUmemGenericAllocationHandle physical;
    struct vgpu_range *small; /* allocations of a shared block, NULL for a large one */
    struct ex_block *next;    /* shared blocks */
};

struct ex_global {
    uint64_t owner;
    uint64_t ptr;
    uint64_t bytes;
};

struct ex_slab {
    uint64_t ptr;
    uint64_t bytes;
    bool open;
};

struct ex_memory {
    pthread_mutex_t lock;
    const struct ex_driver *driver;
    CUdevice device;
    uint64_t base;
    uint64_t bytes;
    uint64_t quota;
    bool ledger;              /* what is granted is counted by the broker */
    _Atomic uint64_t granted; /* the bound of `used`; both are written under the lock */
    uint64_t reserved;        /* of that, for operations that will run again */
    _Atomic uint64_t used;
    struct vgpu_range *arena; /* where blocks lie */
    struct ex_block **blocks; /* by (address - base) / EX_BLOCK_BYTES, sparse */
    struct ex_block *shared;  /* list of shared blocks */
    struct vgpu_range *live;  /* what the session may name: allocations, by their own size */
    struct ex_global *globals;
    uint32_t global_count;
    uint32_t global_capacity;
    struct ex_slab slabs[VGPU_HOST_SLABS_MAX];
    uint32_t slab_count;
};

/* The lock is held: is there room for so many bytes more?  If they would have to be asked for, the
 * operation of this thread wants them (room.h). */
bool ex_memory_fits(struct ex_memory *memory, uint64_t bytes);

/* The lock is held: does the piece lie in one global, in one open slab? */
bool ex_memory_in_global(const struct ex_memory *memory, uint64_t ptr, uint64_t bytes);
bool ex_memory_in_open_slab(const struct ex_memory *memory, uint64_t ptr, uint64_t bytes);

#endif
