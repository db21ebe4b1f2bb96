/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_RESERVATION_H
#define EX_WORKER_RESERVATION_H

/*
 * The address ranges of all candidates (proto/address.h), kept free from before the
 * driver starts until a session says which one is its own.
 */

#include <stdbool.h>
#include <stdint.h>

/* Where a session's window and arena lie. */
struct ex_place {
    uint64_t window;
    uint64_t window_bytes; /* room, at least the channel's size */
    uint64_t arena;
    uint64_t arena_bytes;
};

/* Reserves every candidate (no memory).  One that is taken is logged and never granted; returns how
 * many are reserved. */
unsigned int ex_reservation_make(void);

/*
 * Gives everything back but the window of (candidate, ordinal): its arena is free again for the
 * driver to take.  False when that candidate is not reserved or does not exist: nothing changes.
 */
bool ex_reservation_settle(uint32_t candidate, uint32_t ordinal, struct ex_place *place);

#endif
