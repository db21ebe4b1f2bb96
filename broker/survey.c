/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/survey.h"

#include "broker/broker.h"

static uint64_t rest(uint64_t all, uint64_t taken)
{
    return all > taken ? all - taken : 0;
}

static void name_process(struct br_survey *survey, const struct br_session *session, size_t ordinal)
{
    if (survey->processes < VGPU_SURVEY_PROCESSES_MAX) {
        survey->process[survey->processes] = session->process;
        survey->ordinal[survey->processes] = (uint32_t)ordinal;
        survey->process_used[survey->processes++] = br_session_memory(session);
    }
}

/* The place of a slot in the asker's list, or -1. */
static int find_ordinal(const struct br_session *asker, int slot)
{
    for (uint32_t i = 0; i < asker->slot_count; i++) {
        if (asker->slots[i] == slot) {
            return (int)i;
        }
    }
    return -1;
}

/* Adds a session to the sums; `all` is of every machine. */
static void add(const struct br_session *asker, const struct br_session *session,
                struct br_survey *survey, uint64_t *all)
{
    int slot = session->phase == BR_OPEN ? br_session_slot(session) : -1;
    int at = slot < 0 ? -1 : find_ordinal(asker, slot);

    if (at < 0) {
        return;
    }
    all[at] += br_session_memory(session);
    if (session->holder->share == asker->holder->share) {
        survey->used[at] += br_session_memory(session);
        name_process(survey, session, (size_t)at);
    }
}

static uint64_t free_of(const struct br_session *asker, size_t ordinal, uint64_t own, uint64_t all)
{
    const struct br_gpu *gpu = asker->broker->slots[asker->slots[ordinal]].gpu;
    uint64_t quota = asker->holder->share->policy.memory_quota;
    uint64_t left;

    if (gpu == NULL) {
        return 0; /* its supervisor is gone: nothing can be had */
    }
    left = rest(gpu->facts->total_memory, gpu->memory_quota != 0 ? own : all);
    return quota != 0 && rest(quota, own) < left ? rest(quota, own) : left;
}

/* One pass over the sessions: a guest may ask in every turn of the loop. */
void br_survey_take(const struct br_session *asker, struct br_survey *survey)
{
    const struct br_session *session;
    uint64_t all[VGPU_DEVICES_MAX] = {0};

    survey->devices = asker->slot_count;
    survey->processes = 0;
    for (size_t i = 0; i < survey->devices; i++) {
        survey->used[i] = 0;
    }
    TAILQ_FOREACH(session, &asker->broker->sessions, entry)
    {
        add(asker, session, survey, all);
    }
    for (size_t i = 0; i < survey->devices; i++) {
        survey->free[i] = free_of(asker, i, survey->used[i], all[i]);
    }
}

void br_survey_message(struct br_survey *survey, Vgpu__Surveyed *message)
{
    vgpu__surveyed__init(message);
    message->n_used = survey->devices;
    message->used = survey->used;
    message->n_free = survey->devices;
    message->free = survey->free;
    message->n_process = survey->processes;
    message->process = survey->process;
    message->n_ordinal = survey->processes;
    message->ordinal = survey->ordinal;
    message->n_process_used = survey->processes;
    message->process_used = survey->process_used;
}
