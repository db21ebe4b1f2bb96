/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "broker/metrics_table.h"
#include "common/clock.h"

/* The machines.  The processes of this host are counted as one, which has no device. */

const char *br_metrics_vm_label(const struct br_share *share)
{
    return share == &share->broker->local ? "(host)" : share->who + strlen("vm=");
}

static void put(const struct br_scrape *s, const struct br_metric *m, const struct br_share *share,
                const char *more, uint64_t value)
{
    br_text_add(s->text, "%s{vm=\"%s\"%s} %" PRIu64 "\n", m->name, br_metrics_vm_label(share), more,
                value);
}

static void put_seconds(struct br_text *text, uint64_t ns)
{
    br_text_add(text, "%" PRIu64 ".%09" PRIu64, ns / VGPU_NS_PER_S, ns % VGPU_NS_PER_S);
}

static void emit_up(const struct br_scrape *s, const struct br_metric *m)
{
    const struct br_vm *vm;

    TAILQ_FOREACH(vm, &s->broker->vms, entry)
    {
        put(s, m, &vm->share, "", vm->phase == BR_VM_UP);
    }
}

/* Of the devices of which it is known. */
static void emit_beat(const struct br_scrape *s, const struct br_metric *m)
{
    const struct br_vm *vm;

    TAILQ_FOREACH(vm, &s->broker->vms, entry)
    {
        int64_t ns = br_beat_ns(vm);

        if (ns >= 0) {
            br_text_add(s->text, "%s{vm=\"%s\"} ", m->name, br_metrics_vm_label(&vm->share));
            put_seconds(s->text, (uint64_t)ns);
            br_text_add(s->text, "\n");
        }
    }
}

/* A member of struct br_vm_stats. */
static void emit_device(const struct br_scrape *s, const struct br_metric *m)
{
    const struct br_vm *vm;

    TAILQ_FOREACH(vm, &s->broker->vms, entry)
    {
        put(s, m, &vm->share, "", *(const uint64_t *)((const char *)&vm->stats + m->at));
    }
}

/* A member of struct br_share_stats. */
static void emit_stat(const struct br_scrape *s, const struct br_metric *m)
{
    const struct br_share *share;

    TAILQ_FOREACH(share, &s->broker->shares, entry)
    {
        put(s, m, share, "", *(const uint64_t *)((const char *)&share->stats + m->at));
    }
}

static void emit_sessions(const struct br_scrape *s, const struct br_metric *m)
{
    const struct br_share *share;

    TAILQ_FOREACH(share, &s->broker->shares, entry)
    {
        put(s, m, share, "", share->sessions);
    }
}

static void emit_calls(const struct br_scrape *s, const struct br_metric *m)
{
    const struct br_share *share;

    TAILQ_FOREACH(share, &s->broker->shares, entry)
    {
        const struct br_share_stats *stats = &share->stats;

        put(s, m, share, ",class=\"one_way\"",
            stats->processed - stats->round_trips - stats->unknown);
        put(s, m, share, ",class=\"round_trip\"", stats->round_trips);
        put(s, m, share, ",class=\"unknown\"", stats->unknown);
    }
}

static void emit_memory(const struct br_scrape *s, const struct br_metric *m)
{
    const struct br_share *share;
    char label[24];

    TAILQ_FOREACH(share, &s->broker->shares, entry)
    {
        for (uint32_t slot = 0; slot < s->broker->slot_count; slot++) {
            (void)snprintf(label, sizeof(label), ",gpu=\"%u\"", slot);
            put(s, m, share, label, share->sum.memory[slot]);
        }
    }
}

static void emit_quota(const struct br_scrape *s, const struct br_metric *m)
{
    const struct br_share *share;

    TAILQ_FOREACH(share, &s->broker->shares, entry)
    {
        put(s, m, share, "", share->policy.memory_quota);
    }
}

static void emit_queue(const struct br_scrape *s, const struct br_metric *m)
{
    const struct br_share *share;

    TAILQ_FOREACH(share, &s->broker->shares, entry)
    {
        put(s, m, share, ",to=\"worker\"", share->sum.to_worker);
        put(s, m, share, ",to=\"guest\"", share->sum.to_guest);
    }
}

static void emit_errors(const struct br_scrape *s, const struct br_metric *m)
{
    const struct br_share *share;
    char label[32];

    TAILQ_FOREACH(share, &s->broker->shares, entry)
    {
        for (size_t i = 0; i < BR_ERROR_CODES && share->observed.errors[i].count > 0; i++) {
            (void)snprintf(label, sizeof(label), ",code=\"%d\"", share->observed.errors[i].code);
            put(s, m, share, label, share->observed.errors[i].count);
        }
        put(s, m, share, ",code=\"other\"", share->observed.other_errors);
    }
}

static void put_histogram(const struct br_scrape *s, const struct br_metric *m,
                          const struct br_share *share)
{
    const char *vm = br_metrics_vm_label(share);
    uint64_t count = 0;

    for (size_t i = 0; i < BR_LATENCY_BUCKETS; i++) {
        count += share->observed.latency[i];
        br_text_add(s->text, "%s_bucket{vm=\"%s\",le=\"", m->name, vm);
        put_seconds(s->text, br_latency_bounds[i]);
        br_text_add(s->text, "\"} %" PRIu64 "\n", count);
    }
    count += share->observed.latency[BR_LATENCY_BUCKETS];
    br_text_add(s->text, "%s_bucket{vm=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", m->name, vm, count);
    br_text_add(s->text, "%s_sum{vm=\"%s\"} ", m->name, vm);
    put_seconds(s->text, share->observed.latency_ns);
    br_text_add(s->text, "\n%s_count{vm=\"%s\"} %" PRIu64 "\n", m->name, vm, count);
}

static void emit_latency(const struct br_scrape *s, const struct br_metric *m)
{
    const struct br_share *share;

    TAILQ_FOREACH(share, &s->broker->shares, entry)
    {
        put_histogram(s, m, share);
    }
}

#define DEVICE(member) offsetof(struct br_vm_stats, member)
#define STAT(member)   offsetof(struct br_share_stats, member)

static const struct br_metric rows[] = {
    {"vgpu_vm_up", "gauge", "Whether the machine's device is connected and welcomed.", emit_up, 0},
    {"vgpu_vm_beat_seconds", "gauge",
     "Time in which the machine's device answered the broker's last Beat, or how late it is.",
     emit_beat, 0},
    {"vgpu_vm_connections_total", "counter",
     "Connections of the machine's device that were welcomed.", emit_device, DEVICE(connections)},
    {"vgpu_vm_turned_away_total", "counter",
     "Connections that were closed because of the account or because the machine was connected.",
     emit_device, DEVICE(turned_away)},
    {"vgpu_vm_resets_total", "counter", "Resets of the machine.", emit_device, DEVICE(resets)},
    {"vgpu_vm_protocol_errors_total", "counter",
     "Connections ended because the device broke the protocol.", emit_device, DEVICE(misuses)},
    {"vgpu_vm_sessions", "gauge", "Sessions of the machine.", emit_sessions, 0},
    {"vgpu_vm_calls_total", "counter", "Call records taken, by class.", emit_calls, 0},
    {"vgpu_vm_doorbells_total", "counter", "Doorbells answered.", emit_stat, STAT(doorbells)},
    {"vgpu_vm_received_bytes_total", "counter", "Call records taken, in bytes.", emit_stat,
     STAT(bytes_in)},
    {"vgpu_vm_sent_bytes_total", "counter", "Answers, in bytes.", emit_stat, STAT(bytes_out)},
    {"vgpu_vm_moved_bytes_total", "counter",
     "Data that calls moved between guest and device, in bytes, as their records say.", emit_stat,
     STAT(moved)},
    {"vgpu_vm_throttled_total", "counter",
     "Times a session had to wait for tokens of calls or bytes.", emit_stat, STAT(throttled)},
    {"vgpu_vm_worker_starts_delayed_total", "counter",
     "Times a session had to wait until its machine could have another worker started.", emit_stat,
     STAT(starts_delayed)},
    {"vgpu_vm_sessions_refused_total", "counter", "Sessions and devices that were refused.",
     emit_stat, STAT(refused)},
    {"vgpu_vm_memory_refused_total", "counter", "Allocations refused because of the quota.",
     emit_stat, STAT(memory_refused)},
    {"vgpu_vm_memory_bytes", "gauge", "Device memory that the machine's sessions hold on a GPU.",
     emit_memory, 0},
    {"vgpu_vm_memory_quota_bytes", "gauge",
     "Device memory that it may hold on each GPU; 0: no quota.", emit_quota, 0},
    {"vgpu_vm_queue_bytes", "gauge", "Bytes that wait in the broker, to workers and to guests.",
     emit_queue, 0},
    {"vgpu_vm_errors_total", "counter",
     "Answers with an error, by CUresult: eight codes by themselves, the rest together.",
     emit_errors, 0},
    {"vgpu_vm_call_latency_seconds", "histogram",
     "Time from taking a call to its answer, of one call at a time for each session.", emit_latency,
     0},
};

const struct br_metric_group br_metrics_vm = BR_METRIC_GROUP(rows);
