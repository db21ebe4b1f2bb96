/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_WORKER_LIST_H
#define EX_SUPERVISOR_WORKER_LIST_H

/* The workers of a supervisor, in a table of fixed size.  One thread. */

#include <stdint.h>

#include "executor/supervisor/backoff.h"
#include "executor/supervisor/child.h"

#define EX_WORKERS_MAX 1024u

enum ex_worker_state {
    EX_WORKER_FREE,     /* an empty place */
    EX_WORKER_STARTING, /* obtained, not Ready */
    EX_WORKER_SPARE,    /* handed to the broker, not in use */
    EX_WORKER_TAKEN,    /* serves a session */
    EX_WORKER_FAILED,   /* to be killed before Ready, and to end */
};

struct ex_worker_entry {
    enum ex_worker_state state;
    uint32_t id;             /* the broker's name for it, never used twice */
    struct ex_child child;   /* its pipe is ours while STARTING */
    uint64_t deadline_ns;    /* STARTING: until when Ready must have come */
    struct ex_backoff dying; /* it was to be killed; when that is asked again */
};

struct ex_worker_list {
    struct ex_worker_entry entries[EX_WORKERS_MAX];
    uint32_t next_id;
};

/* A place for a new worker (taken): state STARTING.  NULL when the table is full. */
struct ex_worker_entry *ex_worker_list_add(struct ex_worker_list *list,
                                           const struct ex_child *child, uint64_t deadline_ns);

/* Empties a place and closes what it holds. */
void ex_worker_list_remove(struct ex_worker_entry *entry);

/* The place of this worker, valid until it is removed, or NULL. */
struct ex_worker_entry *ex_worker_list_by_id(struct ex_worker_list *list, uint32_t id);

/* How many are in a state; how many there are at all. */
uint32_t ex_worker_list_count(const struct ex_worker_list *list, enum ex_worker_state state);
uint32_t ex_worker_list_total(const struct ex_worker_list *list);

#endif
