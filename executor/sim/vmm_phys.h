/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VMM_PHYS_H
#define SIM_VMM_PHYS_H

#include "executor/sim/sim.h"

struct vmm_phys {
    struct vmm_phys *next;
    struct sim_device *dev;
    uint64_t handle; /* what the caller holds */
    size_t size;
    unsigned refs;   /* the caller's and one a mapping */
    bool released;   /* the caller's is gone: the handle is dead */
    uint32_t page[]; /* size / SIM_PAGE indices into dev's memfd */
};

/* size is a multiple of SIM_PAGE; NULL when the device has not that much. */
struct vmm_phys *phys_new(struct sim_device *dev, size_t size);

/* The allocation of a live handle or NULL. */
struct vmm_phys *phys_find(uint64_t handle);

/* Drop a reference; at the last the pages are emptied and returned. */
void phys_unref(struct vmm_phys *phys);

/* Map all of it at base, over what is there, with no access.  0 or -errno. */
int phys_map(const struct vmm_phys *phys, uintptr_t base);

#endif
