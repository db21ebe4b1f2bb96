/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_REGISTRATION_H
#define GS_REGISTRATION_H

/*
 * Memory of the program that the device can reach: its pages are exchanged for pages of the window,
 * which the worker registers.  The device knows it by its address in the window, so the session's
 * map has it twice: where the program has it (GS_ALLOC_REGISTERED) and in the window
 * (GS_ALLOC_ALIAS).  Any thread.
 */

#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_alloc;
struct gs_call;
struct gs_session;

struct gs_registration {
    uint64_t base; /* as registered */
    uint64_t size;
    uint64_t first; /* whole pages around it */
    uint64_t bytes;
    uint64_t offset; /* of the first page in the window */
};

/* Registers [base, base + size), at least 1 byte, with cuMemHostRegister's flags. */
CUresult gs_register(const struct gs_call *call, uint64_t base, uint64_t size, unsigned int flags);

/* Ends a registration that is out of the map; all work that may use it is done. */
CUresult gs_unregister(struct gs_session *s, const struct gs_alloc *alloc);

/* Gives all registered memory back to the program; the worker is gone or going. */
void gs_registrations_drop(struct gs_session *s);

/* The device's address of an address in a registration. */
uint64_t gs_registration_alias(const struct gs_session *s, const struct gs_alloc *alloc,
                               uint64_t address);

#endif
