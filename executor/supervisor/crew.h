/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_CREW_H
#define EX_SUPERVISOR_CREW_H

/*
 * The workers of a supervisor, from the wish for one to its end.
 *
 *   obtained ──► STARTING ──Ready, judged──► SPARE ──WorkerTaken──► TAKEN ──► ended
 *                   └── late, dead, wrong ──► FAILED ── killed, asked again ──► ended
 */

#include "executor/supervisor/state.h"

/* Starts what is missing of the spares and of what sessions wait for. */
void ex_crew_fill(struct ex_supervisor *s);

/* Something came on a descriptor of a worker: its pipe or its pidfd. */
void ex_crew_input(struct ex_supervisor *s, struct ex_worker_entry *worker, int fd);

/* The broker's words; a worker that it was not given is ignored. */
void ex_crew_taken(struct ex_supervisor *s, uint32_t id);
void ex_crew_kill_one(struct ex_supervisor *s, uint32_t id);

/* Kills the workers of a state, with a line for each that says why. */
void ex_crew_kill(struct ex_supervisor *s, enum ex_worker_state state, const char *why);

/* The broker went: all workers are killed, and nobody is told of their ends. */
void ex_crew_disown(struct ex_supervisor *s);

/* A process that an earlier supervisor left (taken): it is killed, and counts until it ends. */
void ex_crew_adopt(struct ex_supervisor *s, const struct ex_child *child);

/* Gives up workers that are late, asks again for the end of those that do not end. */
void ex_crew_expire(struct ex_supervisor *s);

/* When ex_crew_expire() or ex_crew_fill() has something to do; UINT64_MAX: never. */
uint64_t ex_crew_deadline(const struct ex_supervisor *s);

/* A worker is ready and locked, or none is kept. */
bool ex_crew_serves(const struct ex_supervisor *s);

#endif
