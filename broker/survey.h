/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_SURVEY_H
#define BR_SURVEY_H

/*
 * What a machine uses of its GPUs: the answer to Survey, from what workers say of their sessions
 * (Usage).  A machine learns of its own sessions only; of the others only what they leave free on
 * a card that has no quota.
 */

#include <stddef.h>
#include <stdint.h>

#include "proto/limits.h"
#include "vgpu.pb-c.h"

struct br_session;

struct br_survey {
    size_t devices;
    uint64_t used[VGPU_DEVICES_MAX]; /* bytes, by the ordinals of the session that asks */
    uint64_t free[VGPU_DEVICES_MAX];
    size_t processes;
    uint32_t process[VGPU_SURVEY_PROCESSES_MAX];
    uint32_t ordinal[VGPU_SURVEY_PROCESSES_MAX];
    uint64_t process_used[VGPU_SURVEY_PROCESSES_MAX];
};

/* Fills it in for the machine of a greeted session.  Processes above the limit are counted in the
 * sums and not named. */
void br_survey_take(const struct br_session *asker, struct br_survey *survey);

/* Makes the message of it, which borrows it. */
void br_survey_message(struct br_survey *survey, Vgpu__Surveyed *message);

#endif
