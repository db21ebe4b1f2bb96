/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

/*
 * The table of ranges that the device may touch: device allocations, pinned
 * and registered host memory, mapped VMM ranges, module variables.  A device
 * address is the host address of its bytes.  Ranges never overlap.
 *
 * Who changes the table holds sim.lock; who reads it holds sim.lock or
 * sim.map_lock.
 */

#include "executor/sim/sim.h"

enum range_kind {
    RANGE_DEVICE,   /* cuMemAlloc and its kin */
    RANGE_HOST,     /* cuMemHostAlloc */
    RANGE_REGISTER, /* cuMemHostRegister */
    RANGE_VMM,      /* cuMemMap */
    RANGE_GLOBAL,   /* a module's variable */
};

struct range {
    uintptr_t base;
    size_t size;     /* as asked for: the bound of host calls */
    uintptr_t limit; /* end for kernels: the hardware checks pages, not bytes */
    enum range_kind kind;
    unsigned access; /* CU_MEM_ACCESS_FLAGS_PROT_* of a kernel */
    unsigned flags;  /* of cuMemHostAlloc and cuMemHostRegister */
    CUcontext ctx;   /* owner; NULL for VMM */
    struct sim_device *dev;
    uint64_t id;   /* CU_POINTER_ATTRIBUTE_BUFFER_ID */
    size_t mapped; /* bytes to unmap; 0: part of a slab or not ours */
    void *slab;    /* where a small allocation lives */
};

/* Kernels may touch whole units of this behind an allocation's end. */
#define RANGE_GRAIN 256

/* Enter a copy of r; id and limit are filled in.  0, -EEXIST or -ENOMEM. */
int memory_add(struct range r);

/* Take the range that begins at base out; the caller undoes its mapping. */
void memory_remove(uintptr_t base);

/* The range that addr lies in (its first size bytes), or NULL.  Valid until a change. */
const struct range *memory_find(uintptr_t addr);

/* The range that a kernel's access at addr falls in, up to its limit, or NULL. */
const struct range *memory_find_kernel(uintptr_t addr);

/* Whether any entry overlaps [base, base + size); *hit is one if not NULL. */
bool memory_overlaps(uintptr_t base, size_t size, const struct range **hit);

/* Whether the device may read (or write) all of [addr, addr + n); n 0: always. */
bool memory_covers(uintptr_t addr, size_t n, bool write);

/* The first range of a context, or NULL; for releasing them one by one. */
const struct range *memory_first_of(CUcontext ctx);

/* Set the access of a VMM range and what protects it. */
void memory_set_access(uintptr_t base, unsigned access);

/* Give an allocation of RANGE_DEVICE or RANGE_HOST back, mapping and all. */
void memory_release(uintptr_t base);

/* Release everything that a context owns but its module variables. */
void memory_free_all(CUcontext ctx);

/* Device memory for dev; CUDA_ERROR_OUT_OF_MEMORY at its limit. */
CUresult memory_alloc(CUcontext ctx, size_t size, uintptr_t *base);

/* Account for bytes (a multiple of SIM_PAGE); false when dev has no more. */
bool memory_charge(struct sim_device *dev, size_t bytes);
void memory_uncharge(struct sim_device *dev, size_t bytes);

#endif
