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

static void take_device(const struct br_session *asker, struct br_survey *survey, size_t ordinal)
{
    const struct br_gpu *gpu = asker->broker->slots[asker->slots[ordinal]].gpu;
    const struct br_session *session;
    uint64_t all = 0;
    uint64_t own = 0;
    uint64_t quota;

    if (gpu == NULL) {
        return; /* its supervisor is gone: nothing is held, nothing can be had */
    }
    TAILQ_FOREACH(session, &asker->broker->sessions, entry)
    {
        if (session->worker == NULL || session->worker->gpu != gpu || session->phase != BR_OPEN) {
            continue;
        }
        all += br_session_memory(session);
        if (session->holder->share == asker->holder->share) {
            own += br_session_memory(session);
            name_process(survey, session, ordinal);
        }
    }
    survey->used[ordinal] = own;
    survey->free[ordinal] = rest(gpu->facts->total_memory, gpu->memory_quota != 0 ? own : all);
    quota = asker->holder->share->policy.memory_quota;
    if (quota != 0 && rest(quota, own) < survey->free[ordinal]) {
        survey->free[ordinal] = rest(quota, own);
    }
}

void br_survey_take(const struct br_session *asker, struct br_survey *survey)
{
    survey->devices = asker->slot_count;
    survey->processes = 0;
    for (size_t ordinal = 0; ordinal < survey->devices; ordinal++) {
        survey->used[ordinal] = 0;
        survey->free[ordinal] = 0;
        take_device(asker, survey, ordinal);
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
