/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/ending.h"

#include "broker/broker.h"
#include "broker/drain.h"
#include "common/clock.h"
#include "common/log.h"

/* Between two looks at the sessions. */
#define LOOK_MS 20

/* Sessions that have a worker, or wait for one. */
static unsigned int busy(const struct br_broker *broker)
{
    const struct br_session *session;
    unsigned int count = 0;

    TAILQ_FOREACH(session, &broker->sessions, entry)
    {
        count += session->phase == BR_OPENING || session->phase == BR_OPEN;
    }
    return count;
}

static void on_look(uv_timer_t *timer)
{
    struct br_ending *ending = timer->data;
    unsigned int left = busy(ending->broker);

    if (left > 0 && vgpu_clock_ns() < ending->until_ns) {
        return;
    }
    if (left > 0) {
        vgpu_log(VGPU_LOG_WARNING, "drained long enough: workers are killed sessions=%u", left);
    }
    (void)uv_timer_stop(timer);
    ending->over(ending);
}

int br_ending_init(struct br_ending *ending, uv_loop_t *loop, struct br_broker *broker)
{
    ending->broker = broker;
    ending->timer.data = ending;
    return uv_timer_init(loop, &ending->timer);
}

bool br_ending_begin(struct br_ending *ending, uint32_t limit_ms)
{
    struct br_broker *broker = ending->broker;
    unsigned int left = busy(broker);

    if (ending->begun || left == 0 || limit_ms == 0) {
        return false;
    }
    ending->begun = true;
    ending->until_ns = vgpu_clock_ns() + limit_ms * VGPU_NS_PER_MS;
    for (uint32_t i = 0; i < broker->slot_count; i++) {
        (void)br_gpu_set_drained(broker, broker->slots[i].uuid, true);
    }
    vgpu_log(VGPU_LOG_INFO, "draining sessions=%u limit_ms=%u", left, limit_ms);
    return uv_timer_start(&ending->timer, on_look, LOOK_MS, LOOK_MS) == 0;
}

void br_ending_close(struct br_ending *ending)
{
    uv_close((uv_handle_t *)&ending->timer, NULL);
}
