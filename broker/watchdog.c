/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/watchdog.h"

#include "broker/broker.h"
#include "common/clock.h"
#include "common/notify.h"

static void on_timer(uv_timer_t *timer)
{
    struct br_watchdog *watchdog = timer->data;

    if (watchdog->broker->turn != watchdog->turn) {
        watchdog->turn = watchdog->broker->turn;
        vgpu_notify("WATCHDOG=1");
    }
}

int br_watchdog_start(struct br_watchdog *watchdog, uv_loop_t *loop, const struct br_broker *broker)
{
    uint64_t interval_ms = vgpu_notify_watchdog_ns() / VGPU_NS_PER_MS;
    int rc = uv_timer_init(loop, &watchdog->timer);

    watchdog->timer.data = watchdog;
    watchdog->broker = broker;
    watchdog->turn = broker->turn;
    if (rc < 0 || vgpu_notify_watchdog_ns() == 0) {
        return rc;
    }
    interval_ms = interval_ms > 0 ? interval_ms : 1;
    return uv_timer_start(&watchdog->timer, on_timer, interval_ms, interval_ms);
}

void br_watchdog_stop(struct br_watchdog *watchdog)
{
    uv_close((uv_handle_t *)&watchdog->timer, NULL);
}
