/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_RESERVATION_H
#define EX_WORKER_RESERVATION_H

/*
 * The address ranges of all candidates (proto/address.h), kept free until a session says
 * which one is its own.  Windows are reserved by mapping, before the driver starts.
 * Arenas and the strips of zones are reserved by the driver itself, as soon as it has a context:
 * it remembers what was mapped when it started and, once files cannot be opened any more, never
 * gives such a range out, released or not, and honours no hint (measured on 580.159.04).
 */

#include <stdbool.h>
#include <stdint.h>

#include "ex_driver_table.h"

/* Where a session's window and arena lie. */
struct ex_place {
    uint64_t window;
    uint64_t window_bytes; /* room, at least the channel's size */
    uint64_t arena;
    uint64_t arena_bytes;
    uint64_t zone; /* of the program's own reservations; the driver holds all of it, */
    uint64_t zone_bytes;
    uint64_t zone_strip; /* in pieces of so many bytes */
};

/* Reserves every candidate's windows (no memory).  One that is taken is logged and never granted;
 * returns how many are reserved. */
unsigned int ex_reservation_make(void);

/* Lets the driver reserve the arenas and zones of the candidates that are left, with the context
 * current.  An arena that it puts elsewhere is logged and never granted; a zone ends, logged,
 * before the first strip that it does not get.  Returns how many arenas it holds. */
unsigned int ex_reservation_arenas(const struct ex_driver *driver);

/*
 * Settles on the window and the arena of (candidate, ordinal) and gives the other windows back; the
 * other arenas stay reserved, they cost nothing.  False when there is no such place, or the second
 * time: nothing changes.
 */
bool ex_reservation_settle(uint32_t candidate, uint32_t ordinal, struct ex_place *place);

#endif
