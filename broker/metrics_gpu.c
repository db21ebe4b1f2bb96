/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "broker/admission.h"
#include "broker/metrics_table.h"

/* The GPUs: every slot that was ever registered. */

static void put(const struct br_scrape *s, const struct br_metric *m, uint32_t slot,
                const char *more, uint64_t value)
{
    br_text_add(s->text, "%s{gpu=\"%u\"%s} %" PRIu64 "\n", m->name, slot, more, value);
}

/* Runs `value` for every slot. */
static void each(const struct br_scrape *s, const struct br_metric *m,
                 uint64_t (*value)(const struct br_scrape *s, uint32_t slot))
{
    for (uint32_t slot = 0; slot < s->broker->slot_count; slot++) {
        put(s, m, slot, "", value(s, slot));
    }
}

static void emit_info(const struct br_scrape *s, const struct br_metric *m)
{
    char uuid[BR_UUID_TEXT];
    char name[BR_LABEL_MAX];
    char driver[BR_LABEL_MAX];

    for (uint32_t slot = 0; slot < s->broker->slot_count; slot++) {
        const struct br_slot *at = &s->broker->slots[slot];

        br_uuid_text(at->uuid, uuid);
        br_text_add(s->text, "%s{gpu=\"%u\",uuid=\"%s\",name=\"%s\",driver=\"%s\"} 1\n", m->name,
                    slot, uuid, br_text_label(name, sizeof(name), at->name),
                    br_text_label(driver, sizeof(driver), at->driver));
    }
}

static uint64_t is_up(const struct br_scrape *s, uint32_t slot)
{
    return s->broker->slots[slot].gpu != NULL;
}

static uint64_t is_drained(const struct br_scrape *s, uint32_t slot)
{
    const struct br_slot *at = &s->broker->slots[slot];

    return at->drained || (at->gpu != NULL && at->gpu->leaving);
}

static uint64_t memory(const struct br_scrape *s, uint32_t slot)
{
    return is_up(s, slot) ? s->broker->slots[slot].gpu->facts->total_memory : 0;
}

static uint64_t memory_used(const struct br_scrape *s, uint32_t slot)
{
    return s->gpu_used[slot];
}

static uint64_t memory_committed(const struct br_scrape *s, uint32_t slot)
{
    return is_up(s, slot) ? br_admission_committed(s->broker, slot) : 0;
}

static uint64_t workers(const struct br_scrape *s, uint32_t slot)
{
    return is_up(s, slot) ? s->broker->slots[slot].gpu->worker_count : 0;
}

static uint64_t spares(const struct br_scrape *s, uint32_t slot)
{
    const struct br_worker *worker;
    uint64_t count = 0;

    if (is_up(s, slot)) {
        TAILQ_FOREACH(worker, &s->broker->slots[slot].gpu->workers, entry)
        {
            count += worker->session == NULL && !worker->killed;
        }
    }
    return count;
}

static uint64_t sessions(const struct br_scrape *s, uint32_t slot)
{
    return s->gpu_sessions[slot];
}

static uint64_t calls(const struct br_scrape *s, uint32_t slot)
{
    return s->broker->slots[slot].processed;
}

static uint64_t started(const struct br_scrape *s, uint32_t slot)
{
    return s->broker->slots[slot].workers_started;
}

static uint64_t crashed(const struct br_scrape *s, uint32_t slot)
{
    return s->broker->slots[slot].workers_crashed;
}

#define EMIT(value)                                                                                \
    static void emit_##value(const struct br_scrape *s, const struct br_metric *m)                 \
    {                                                                                              \
        each(s, m, value);                                                                         \
    }

EMIT(is_up)
EMIT(is_drained)
EMIT(memory)
EMIT(memory_used)
EMIT(memory_committed)
EMIT(workers)
EMIT(spares)
EMIT(sessions)
EMIT(calls)
EMIT(started)
EMIT(crashed)

static void emit_layers(const struct br_scrape *s, const struct br_metric *m)
{
    for (uint32_t slot = 0; slot < s->broker->slot_count; slot++) {
        const struct br_worker *worker;
        uint64_t privs = 0;
        uint64_t seccomp = 0;
        uint64_t landlock = 0;

        if (is_up(s, slot)) {
            TAILQ_FOREACH(worker, &s->broker->slots[slot].gpu->workers, entry)
            {
                privs += worker->no_new_privs;
                seccomp += worker->seccomp_mode == 2;
                landlock += worker->landlock_abi > 0;
            }
        }
        put(s, m, slot, ",layer=\"no_new_privs\"", privs);
        put(s, m, slot, ",layer=\"seccomp\"", seccomp);
        put(s, m, slot, ",layer=\"landlock\"", landlock);
    }
}

static const struct br_metric rows[] = {
    {"vgpu_gpu_info", "gauge", "Always 1; the labels say which card it is.", emit_info, 0},
    {"vgpu_gpu_up", "gauge", "Whether the GPU's supervisor is connected.", emit_is_up, 0},
    {"vgpu_gpu_drained", "gauge", "Whether the GPU gets no new sessions.", emit_is_drained, 0},
    {"vgpu_gpu_memory_bytes", "gauge", "The card's memory.", emit_memory, 0},
    {"vgpu_gpu_memory_used_bytes", "gauge", "Memory that sessions hold on it.", emit_memory_used,
     0},
    {"vgpu_gpu_memory_committed_bytes", "gauge",
     "Memory that is promised: contexts, spares, quotas.", emit_memory_committed, 0},
    {"vgpu_gpu_workers", "gauge", "Workers, spares included.", emit_workers, 0},
    {"vgpu_gpu_spare_workers", "gauge", "Workers that wait for a session.", emit_spares, 0},
    {"vgpu_gpu_sandboxed_workers", "gauge", "Workers that have a layer of the sandbox.",
     emit_layers, 0},
    {"vgpu_gpu_sessions", "gauge", "Sessions with a worker on it.", emit_sessions, 0},
    {"vgpu_gpu_calls_total", "counter", "Call records sent to its workers.", emit_calls, 0},
    {"vgpu_gpu_workers_started_total", "counter", "Workers that became ready.", emit_started, 0},
    {"vgpu_gpu_workers_crashed_total", "counter", "Workers that ended without being told to.",
     emit_crashed, 0},
};

const struct br_metric_group br_metrics_gpu = BR_METRIC_GROUP(rows);
