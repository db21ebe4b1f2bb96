/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_BROKER_TALK_H
#define EX_SUPERVISOR_BROKER_TALK_H

/*
 * The supervisor's conversation with the broker.
 *
 *   probing ──facts──► connecting ──Register──► registering ──Registered──► serving
 *      ▲ back-off          ▲ back-off                                          │
 *      └── no facts        └──────────── the broker went: workers are killed ──┘
 */

#include <stdbool.h>
#include <sys/types.h>

#include "executor/supervisor/layers.h"
#include "executor/supervisor/state.h"

/* Whether there is a connection, registered or not. */
bool ex_talk_connected(const struct ex_supervisor *s);

/* Probes if that is still to be done, connects and registers; backs off where that fails. */
void ex_talk_connect(struct ex_supervisor *s);

/* When ex_talk_connect() is to be called next; UINT64_MAX: never, it is connected. */
uint64_t ex_talk_deadline(const struct ex_supervisor *s);

/* Something came from the broker. */
void ex_talk_input(struct ex_supervisor *s);

/* Tells the broker what it has to know; one that cannot be told is gone, and all workers with it.
 * Those of workers that were handed over before it went are not told. */
void ex_talk_ready(struct ex_supervisor *s, struct ex_worker_entry *worker,
                   const struct ex_worker_layers *layers, uint32_t landlock_abi);
void ex_talk_gone(struct ex_supervisor *s, uint32_t worker, int status);
void ex_talk_failed(struct ex_supervisor *s, const char *reason);
void ex_talk_leaving(struct ex_supervisor *s);

#endif
