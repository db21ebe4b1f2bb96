/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_VMM_H
#define EX_WORKER_VMM_H

/*
 * The program's own address ranges in the zone (proto/address.h), its physical memory, and
 * where that is mapped.  Physical memory counts against the session's quota until it is
 * released and mapped nowhere.  Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct ex_memory;
struct ex_place;
struct ex_vmm;
struct ex_driver;

/* The empty zone of a place.  Borrows the others.  Owned, NULL without memory. */
struct ex_vmm *ex_vmm_new(const struct ex_driver *driver, CUdevice device, struct ex_memory *memory,
                          const struct ex_place *place);

/* True when mappings cover [ptr, ptr + bytes) without a gap. */
bool ex_vmm_contains(struct ex_vmm *vmm, uint64_t ptr, uint64_t bytes);

#endif
