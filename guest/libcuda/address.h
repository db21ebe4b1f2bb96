/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_ADDRESS_H
#define GS_ADDRESS_H

/*
 * The address ranges that this process keeps free for windows and device memory
 * (docs/design.md, "Addresses").  They are reserved when the library is loaded,
 * before the program can put anything there.
 */

#include <stdbool.h>
#include <stdint.h>

/* The candidate that was free, an index into vgpu_address_candidates; -1: none was. */
int gs_address_candidate(void);

/* Where the window of host device `ordinal` must be mapped; 0 when there is no such place. */
uint64_t gs_address_window(uint32_t ordinal);

/* The zone for reservations of the program, and what its strips measure; false: no candidate was
 * free. */
bool gs_address_zone(uint64_t *base, uint64_t *bytes, uint64_t *strip);

/* True for addresses that only device memory can have. */
bool gs_address_is_device(uint64_t address);

/* Makes a window's place inaccessible again after its channel was closed. */
void gs_address_retire_window(uint32_t ordinal, uint64_t bytes);

/* Keeps the pages around a device address outside of the arena free of host memory, as far as
 * they are: true when this call reserved them, so that gs_address_release() may give them back. */
bool gs_address_reserve(uint64_t address, uint64_t bytes);
void gs_address_release(uint64_t address, uint64_t bytes);

#endif
