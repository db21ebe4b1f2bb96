/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_MANAGER_H
#define EX_MANAGER_H

/*
 * What the supervisor tells the service manager: what it waits for, READY once, and each
 * turn of its loop.
 */

#include <stdbool.h>
#include <stdint.h>

struct ex_manager {
    const char *status; /* last told; static */
    bool ready;
    uint64_t next_ns; /* when the watchdog wants a word; 0: it asks for none */
};

/* Connects.  Without a service manager the rest does nothing. */
void ex_manager_init(struct ex_manager *manager);

/* Says what the supervisor does now (static words), if it is something else than before. */
void ex_manager_status(struct ex_manager *manager, const char *status);

/* A worker is ready and locked, or none is kept: READY, the first time. */
void ex_manager_ready(struct ex_manager *manager);

/* Called in each turn of the loop: the word for the watchdog, when it is due. */
void ex_manager_turn(struct ex_manager *manager);

/* When the loop must turn for the watchdog; UINT64_MAX: never. */
uint64_t ex_manager_deadline(const struct ex_manager *manager);

/* It ends when what it has to do is done; then, it ends. */
void ex_manager_draining(struct ex_manager *manager);
void ex_manager_stopping(struct ex_manager *manager);

#endif
