/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_INCOMING_H
#define EX_WORKER_INCOMING_H

/*
 * A module image that comes in parts through a small piece of the window, one at a time for a
 * session.  Each part is copied into the worker's own memory, which the guest cannot reach, so what
 * is complete is as good as a copy made at once.  Counted as code until it is taken.
 */

#include <pthread.h>
#include <stdint.h>

struct ex_session;

struct ex_incoming {
    pthread_mutex_t lock;
    uint8_t *bytes; /* NULL: none on its way */
    uint64_t size;
    uint64_t got;
};

/* Nothing comes. */
void ex_incoming_init(struct ex_incoming *incoming);

/* The complete image of that size as ex_private_copy() gives one, the caller's; NULL: there is
 * none.  Any thread. */
uint8_t *ex_incoming_take(struct ex_session *x, uint64_t size);

#endif
