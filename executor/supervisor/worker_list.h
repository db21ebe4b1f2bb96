/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_WORKER_LIST_H
#define EX_SUPERVISOR_WORKER_LIST_H

/* The workers of a supervisor, in a table of fixed size.  One thread. */

#include <stdint.h>
#include <sys/types.h>

#include "proto/frame_socket.h"

#define EX_WORKERS_MAX 1024u

enum ex_worker_state {
    EX_WORKER_FREE,     /* an empty place */
    EX_WORKER_STARTING, /* spawned, not Ready */
    EX_WORKER_SPARE,    /* handed to the broker, not in use */
    EX_WORKER_TAKEN,    /* serves a session */
    EX_WORKER_FAILED,   /* killed before Ready, to be reaped */
};

struct ex_worker_entry {
    enum ex_worker_state state;
    uint32_t id; /* the broker's name for it, never used twice */
    pid_t pid;
    uint64_t deadline_ns;             /* STARTING: until when Ready must have come */
    struct vgpu_frame_socket socket;  /* STARTING: our end of the pipe; else fd is -1 */
    char reason[VGPU_TEXT_BYTES_MAX]; /* FAILED: why */
};

struct ex_worker_list {
    struct ex_worker_entry entries[EX_WORKERS_MAX];
    uint32_t next_id;
};

/* A place for a new worker with its pipe (taken): state STARTING.  NULL when the table is full. */
struct ex_worker_entry *ex_worker_list_add(struct ex_worker_list *list, pid_t pid, int pipe,
                                           uint64_t deadline_ns);

/* Empties a place and closes what it holds. */
void ex_worker_list_remove(struct ex_worker_entry *entry);

struct ex_worker_entry *ex_worker_list_by_id(struct ex_worker_list *list, uint32_t id);
struct ex_worker_entry *ex_worker_list_by_pid(struct ex_worker_list *list, pid_t pid);

/* How many are in a state; how many there are at all. */
uint32_t ex_worker_list_count(const struct ex_worker_list *list, enum ex_worker_state state);
uint32_t ex_worker_list_total(const struct ex_worker_list *list);

#endif
