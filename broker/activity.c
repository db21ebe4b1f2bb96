/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/activity.h"

#include <inttypes.h>

#include "broker/broker.h"
#include "common/clock.h"
#include "common/log_id.h"

/* ---- counts ----------------------------------------------------------------- */

/* Every call goes to a worker, and so to a GPU. */
static uint64_t count_calls(const struct br_broker *broker)
{
    uint64_t calls = 0;

    for (uint32_t i = 0; i < broker->slot_count; i++) {
        calls += broker->slots[i].processed;
    }
    return calls;
}

static uint64_t count_doorbells(const struct br_broker *broker)
{
    const struct br_share *share;
    uint64_t doorbells = 0;

    TAILQ_FOREACH(share, &broker->shares, entry)
    {
        doorbells += share->stats.doorbells;
    }
    return doorbells;
}

static void log_counts(struct br_broker *broker, uint64_t calls)
{
    struct br_activity *activity = &broker->activity;

    if (calls == activity->counted) {
        return;
    }
    activity->counted = calls;
    activity->lines_ns = vgpu_clock_ns();
    vgpu_log(VGPU_LOG_INFO, "Total processed: %" PRIu64, calls);
    for (uint32_t i = 0; i < broker->pools.count; i++) {
        struct br_pool *pool = broker->pools.list[i];

        if (pool->processed != pool->logged) {
            pool->logged = pool->processed;
            vgpu_log(VGPU_LOG_INFO, "Pool %s processed: %" PRIu64 " pool=%s", pool->name,
                     pool->processed, pool->name);
        }
    }
}

/* ---- once a second ---------------------------------------------------------- */

static void note_told(struct br_vm *vm)
{
    const struct br_share_stats *stats = &vm->share.stats;

    vm->told.doorbells = stats->doorbells;
    vm->told.calls = stats->processed;
    vm->told.frames = stats->frames;
}

/* A device that leaves its frames unread loses its connection here, as anywhere. */
static void tell_device(struct br_vm *vm)
{
    Vgpu__Took took = VGPU__TOOK__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    const struct br_vm_told before = vm->told;
    bool active;

    note_told(vm);
    took.doorbells = vm->told.doorbells - before.doorbells;
    took.calls = vm->told.calls - before.calls;
    took.frames = vm->told.frames - before.frames;
    active = took.doorbells != 0 || took.calls != 0;
    if (active || vm->beat.number == 0) {
        br_beat_ask(vm);
    }
    if (!active || vm->phase != BR_VM_UP || !vm->takes_took) {
        return;
    }
    frame.kind_case = VGPU__FRAME__KIND_TOOK;
    frame.took = &took;
    (void)br_vm_send(vm, &frame, NULL, 0);
}

static void on_tick(uv_timer_t *timer)
{
    struct br_broker *broker = timer->data;
    struct br_activity *activity = &broker->activity;
    uint64_t calls = count_calls(broker);
    uint64_t seen = calls + count_doorbells(broker);
    struct br_vm *vm;

    TAILQ_FOREACH(vm, &broker->vms, entry)
    {
        tell_device(vm);
    }
    if (seen == activity->seen) {
        log_counts(broker, calls);
        activity->running = false;
        (void)uv_timer_stop(timer);
    } else if (vgpu_clock_ns() - activity->lines_ns >= BR_ACTIVITY_COUNTS_MS * VGPU_NS_PER_MS) {
        log_counts(broker, calls);
    }
    activity->seen = seen;
}

void br_activity_meet(struct br_vm *vm)
{
    note_told(vm);
}

void br_activity_wake(struct br_broker *broker)
{
    broker->activity.running = true;
    (void)uv_timer_start(&broker->activity.tick, on_tick, BR_ACTIVITY_TICK_MS, BR_ACTIVITY_TICK_MS);
}

/* ---- once a minute ---------------------------------------------------------- */

static void on_beat(uv_timer_t *timer)
{
    struct br_broker *broker = timer->data;
    const struct br_activity *activity = &broker->activity;
    unsigned int connected = 0;
    unsigned int gpus = 0;
    struct br_vm *vm;

    TAILQ_FOREACH(vm, &broker->vms, entry)
    {
        connected += vm->phase == BR_VM_UP;
        br_beat_ask(vm);
    }
    for (uint32_t i = 0; i < broker->slot_count; i++) {
        gpus += broker->slots[i].gpu != NULL;
    }
    vgpu_log_id(VGPU_LOG_INFO, VGPU_LOG_ID_HEARTBEAT,
                "[HEARTBEAT] alive uptime_s=%" PRIu64
                " vms=%u connected=%u gpus=%u sessions=%u lines_dropped=%" PRIu64,
                (vgpu_clock_ns() - activity->start_ns) / VGPU_NS_PER_S, broker->vm_count, connected,
                gpus, broker->session_count, vgpu_log_dropped());
    log_counts(broker, count_calls(broker));
}

/* ---- life ------------------------------------------------------------------- */

void br_activity_init(struct br_broker *broker)
{
    struct br_activity *activity = &broker->activity;

    activity->start_ns = vgpu_clock_ns();
    (void)uv_timer_init(broker->loop, &activity->tick);
    (void)uv_timer_init(broker->loop, &activity->beat);
    activity->tick.data = broker;
    activity->beat.data = broker;
    uv_unref((uv_handle_t *)&activity->tick);
    uv_unref((uv_handle_t *)&activity->beat);
}

void br_activity_beat(struct br_broker *broker)
{
    (void)uv_timer_start(&broker->activity.beat, on_beat, 0, BR_ACTIVITY_BEAT_MS);
}

void br_activity_close(struct br_broker *broker)
{
    uv_close((uv_handle_t *)&broker->activity.tick, NULL);
    uv_close((uv_handle_t *)&broker->activity.beat, NULL);
}
