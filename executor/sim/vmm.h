/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VMM_H
#define SIM_VMM_H

/*
 * Virtual memory management: reservations, physical allocations, mappings.
 * A physical allocation is a list of pages of its device's memfd, so that it
 * can be mapped at several addresses at once.
 */

#include "executor/sim/sim.h"

/* For pointer attributes: the reservation around addr; false when none. */
bool vmm_reservation(uintptr_t addr, uintptr_t *base, size_t *size);

#endif
