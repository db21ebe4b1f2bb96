/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_DRAIN_H
#define BR_DRAIN_H

/*
 * GPUs that are being drained: they get no new sessions, those that they have go on.  Kept by uuid,
 * so that it holds across a restart of the supervisor, and for a GPU that has not registered yet.
 */

#include <stdbool.h>
#include <stdint.h>

struct br_broker;

/* GPUs that can be drained at once: several times what a host has. */
#define BR_DRAINS_MAX 64u

/* Starts zeroed. */
struct br_drains {
    uint8_t uuid[BR_DRAINS_MAX][16];
    uint32_t count;
};

/* Drains a GPU or takes it back; opens that wait for a worker of it are refused.  0; -ENOSPC: too
 * many are drained. */
int br_gpu_set_drained(struct br_broker *broker, const uint8_t *uuid, bool drained);

/* Whether it is drained. */
bool br_gpu_is_drained(const struct br_broker *broker, const uint8_t *uuid);

/* Sessions that have a worker on a slot. */
uint32_t br_gpu_sessions(const struct br_broker *broker, uint32_t slot);

/* Whether sessions get workers of a slot: it is there, not drained, and its supervisor stays. */
bool br_gpu_takes(const struct br_broker *broker, uint32_t slot);

/* "gone", "up", "leaving", "draining" or "drained", static. */
const char *br_gpu_state(const struct br_broker *broker, uint32_t slot);

#endif
