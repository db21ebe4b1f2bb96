/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_REGISTRATION_H
#define GS_REGISTRATION_H

/*
 * Memory of the program that the device can reach: its pages are exchanged for pages of the window,
 * which the worker registers.  The device knows it by its address in the window, so the session's
 * map has it twice: where the program has it (GS_ALLOC_REGISTERED) and in the window
 * (GS_ALLOC_ALIAS).
 *
 *   making ──► active ──unregister──► leaving ──► freed, or parked
 *                                                   ▲ the same pages again: making
 *
 * Parked is what cannot be private memory again because others might write to its first or last
 * page meanwhile; its place in the window stays taken until it can, or the program has unmapped it.
 * Any thread, except as noted.
 */

#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_alloc;
struct gs_call;
struct gs_registration;
struct gs_session;

/* Registers [base, base + size), at least 1 byte, with cuMemHostRegister's flags. */
CUresult gs_register(const struct gs_call *call, uint64_t base, uint64_t size, unsigned int flags);

/* Ends a registration that is out of the map; all work that may use it is done. */
CUresult gs_unregister(struct gs_session *s, const struct gs_alloc *alloc);

/* Gives all registered memory back to the program; the worker is gone or going. */
void gs_registrations_drop(struct gs_session *s);

/* Takes what is still parked in the window out of a new session's data area.  0 or -ENOMEM. */
int gs_registrations_keep(struct gs_session *s);

/* The device's address of an address in a registration, and back. */
uint64_t gs_registration_alias(const struct gs_session *s, const struct gs_alloc *alloc,
                               uint64_t address);
uint64_t gs_registration_origin(const struct gs_alloc *alias, uint64_t address);

/* Around a fork: the child gets private copies of what is registered. */
void gs_registrations_before_fork(void);
void gs_registrations_after_fork(void);
/* Before the channels are closed. */
void gs_registrations_in_child(void);

#endif
