/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "broker/metrics_table.h"
#include "common/clock.h"

/* The broker itself, and the pools. */

static void put(const struct br_scrape *s, const struct br_metric *m, uint64_t value)
{
    br_text_add(s->text, "%s %" PRIu64 "\n", m->name, value);
}

static void emit_info(const struct br_scrape *s, const struct br_metric *m)
{
    br_text_add(s->text, "%s{version=\"%s\"} 1\n", m->name, VGPU_VERSION);
}

static void emit_uptime(const struct br_scrape *s, const struct br_metric *m)
{
    uint64_t ns = vgpu_clock_ns() - s->broker->activity.start_ns;

    br_text_add(s->text, "%s %" PRIu64 ".%03u\n", m->name, ns / VGPU_NS_PER_S,
                (unsigned int)(ns % VGPU_NS_PER_S / VGPU_NS_PER_MS));
}

static void emit_sandbox(const struct br_scrape *s, const struct br_metric *m)
{
    br_text_add(s->text, "%s{layer=\"seccomp\"} %d\n", m->name, VGPU_SANDBOX);
}

static void emit_sessions(const struct br_scrape *s, const struct br_metric *m)
{
    put(s, m, s->broker->session_count);
}

static void emit_sessions_limit(const struct br_scrape *s, const struct br_metric *m)
{
    put(s, m, s->broker->sessions_max);
}

static void emit_lines_dropped(const struct br_scrape *s, const struct br_metric *m)
{
    put(s, m, vgpu_log_dropped());
}

static void emit_cache_bytes(const struct br_scrape *s, const struct br_metric *m)
{
    put(s, m, s->broker->cache.bytes);
}

static void emit_cache_entries(const struct br_scrape *s, const struct br_metric *m)
{
    put(s, m, s->broker->cache.entries);
}

static void emit_cache_evictions(const struct br_scrape *s, const struct br_metric *m)
{
    put(s, m, s->broker->cache.evicted);
}

/* A member of struct br_stats. */
static void emit_stat(const struct br_scrape *s, const struct br_metric *m)
{
    put(s, m, *(const uint64_t *)((const char *)&s->all + m->at));
}

static void put_pool(const struct br_scrape *s, const struct br_metric *m,
                     const struct br_pool *pool, uint64_t value)
{
    br_text_add(s->text, "%s{pool=\"%s\"} %" PRIu64 "\n", m->name, pool->name, value);
}

static void emit_pool_calls(const struct br_scrape *s, const struct br_metric *m)
{
    for (uint32_t i = 0; i < s->broker->pools.count; i++) {
        put_pool(s, m, s->broker->pools.list[i], s->broker->pools.list[i]->processed);
    }
}

static void emit_pool_machines(const struct br_scrape *s, const struct br_metric *m)
{
    for (uint32_t i = 0; i < s->broker->pools.count; i++) {
        const struct br_pool *pool = s->broker->pools.list[i];

        put_pool(s, m, pool, pool->users - (s->broker->local.pool == pool));
    }
}

static void emit_pool_gpus(const struct br_scrape *s, const struct br_metric *m)
{
    for (uint32_t i = 0; i < s->broker->pools.count; i++) {
        uint64_t there = 0;

        for (uint32_t slot = 0; slot < s->broker->slot_count; slot++) {
            there += s->broker->slots[slot].gpu != NULL &&
                     br_pool_has(s->broker->pools.list[i], s->broker->slots[slot].uuid);
        }
        put_pool(s, m, s->broker->pools.list[i], there);
    }
}

static void emit_pool_sessions(const struct br_scrape *s, const struct br_metric *m)
{
    for (uint32_t i = 0; i < s->broker->pools.count; i++) {
        const struct br_share *share;
        uint64_t sessions = 0;

        TAILQ_FOREACH(share, &s->broker->shares, entry)
        {
            sessions += share->pool == s->broker->pools.list[i] ? share->sessions : 0;
        }
        put_pool(s, m, s->broker->pools.list[i], sessions);
    }
}

#define STAT(member) offsetof(struct br_stats, member)

static const struct br_metric rows[] = {
    {"vgpu_info", "gauge", "Always 1; the label says which version of the broker runs.", emit_info,
     0},
    {"vgpu_uptime_seconds", "gauge", "Time since the broker's start.", emit_uptime, 0},
    {"vgpu_sandbox", "gauge", "Whether a layer of the broker's sandbox is in force.", emit_sandbox,
     0},
    {"vgpu_sessions", "gauge", "Sessions that exist.", emit_sessions, 0},
    {"vgpu_sessions_limit", "gauge", "Sessions that may exist at once.", emit_sessions_limit, 0},
    {"vgpu_protocol_errors_total", "counter",
     "Sessions ended because their guest broke the protocol.", emit_stat, STAT(misuses)},
    {"vgpu_interrupts_total", "counter", "Interrupts sent to guests.", emit_stat, STAT(interrupts)},
    {"vgpu_worker_full_total", "counter",
     "Times a ring was left alone because the worker did not drain.", emit_stat, STAT(worker_full)},
    {"vgpu_guest_full_total", "counter",
     "Times answers had to wait because the guest did not read.", emit_stat, STAT(guest_full)},
    {"vgpu_log_lines_dropped_total", "counter",
     "Log lines that rate limits held back, or that neither journal nor standard error took.",
     emit_lines_dropped, 0},
    {"vgpu_cache_bytes", "gauge", "Code of modules that is kept.", emit_cache_bytes, 0},
    {"vgpu_cache_entries", "gauge", "Images in the cache.", emit_cache_entries, 0},
    {"vgpu_cache_evictions_total", "counter", "Images that had to make room.", emit_cache_evictions,
     0},
    {"vgpu_cache_hits_total", "counter", "Questions to the cache that found something.", emit_stat,
     STAT(cache_hits)},
    {"vgpu_cache_misses_total", "counter", "Questions to the cache that found nothing.", emit_stat,
     STAT(cache_misses)},
    {"vgpu_pool_calls_total", "counter", "Call records taken from the machines of a pool.",
     emit_pool_calls, 0},
    {"vgpu_pool_machines", "gauge", "Machines whose pool it is.", emit_pool_machines, 0},
    {"vgpu_pool_gpus", "gauge", "GPUs of the pool that are registered.", emit_pool_gpus, 0},
    {"vgpu_pool_sessions", "gauge", "Sessions of the pool's machines.", emit_pool_sessions, 0},
};

const struct br_metric_group br_metrics_host = BR_METRIC_GROUP(rows);
