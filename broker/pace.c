/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/pace.h"

#include "broker/broker.h"
#include "common/clock.h"

/* Nobody is left waiting longer without a look, whatever the bucket says. */
#define LOOK_MS_MAX 1000u

static void on_timer(uv_timer_t *timer);

static void arm(struct br_broker *broker, uint64_t ns)
{
    uint64_t ms = ns / VGPU_NS_PER_MS + 1;

    if (ms > LOOK_MS_MAX) {
        ms = LOOK_MS_MAX;
    }
    if (!uv_is_active((const uv_handle_t *)&broker->pace_timer) ||
        uv_timer_get_due_in(&broker->pace_timer) > ms) {
        uv_update_time(broker->loop);
        (void)uv_timer_start(&broker->pace_timer, on_timer, ms, 0);
    }
}

/* Lets those go on that tokens are there for, in the order in which they came. */
static void look(struct br_share *share)
{
    struct br_session *session;

    while ((session = TAILQ_FIRST(&share->paced)) != NULL &&
           br_bucket_look(&share->starts, vgpu_clock_ns())) {
        br_pace_forget(session);
        br_bucket_take(&share->starts, 1);
        br_session_may_open(session);
    }
    if (session != NULL) {
        arm(share->broker, br_bucket_wait_ns(&share->starts));
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct br_broker *broker = timer->data;
    struct br_share *share = TAILQ_FIRST(&broker->pacing);

    while (share != NULL) {
        struct br_share *next = TAILQ_NEXT(share, pacing_entry);

        look(share);
        share = next;
    }
}

/* A machine that goes on like that causes one line in a while, not one each time. */
static void tell(struct br_share *share)
{
    if (br_broker_passes(&share->pace_lines, share->who)) {
        vgpu_log(VGPU_LOG_WARNING,
                 "worker starts wait %s per_s=%llu at_once=%llu sessions=%u why=\"it opens devices "
                 "faster than it may: starts= of vgpuctl vm set, default_starts_per_s of "
                 "vgpu.conf\"",
                 share->who, (unsigned long long)share->starts.rate,
                 (unsigned long long)share->starts.burst, share->sessions);
    }
}

static void begin_waiting(struct br_session *session)
{
    struct br_share *share = session->holder->share;

    if (TAILQ_EMPTY(&share->paced)) {
        TAILQ_INSERT_TAIL(&share->broker->pacing, share, pacing_entry);
        tell(share);
    }
    session->is_paced = true;
    TAILQ_INSERT_TAIL(&share->paced, session, wait_entry);
    share->stats.starts_delayed++;
    arm(share->broker, br_bucket_wait_ns(&share->starts));
}

bool br_pace_take(struct br_session *session)
{
    struct br_share *share = session->holder->share;

    if (br_bucket_look(&share->starts, vgpu_clock_ns()) && TAILQ_EMPTY(&share->paced)) {
        br_bucket_take(&share->starts, 1);
        return true;
    }
    begin_waiting(session);
    return false;
}

void br_pace_forget(struct br_session *session)
{
    struct br_share *share = session->holder->share;

    if (!session->is_paced) {
        return;
    }
    session->is_paced = false;
    TAILQ_REMOVE(&share->paced, session, wait_entry);
    if (TAILQ_EMPTY(&share->paced)) {
        TAILQ_REMOVE(&share->broker->pacing, share, pacing_entry);
    }
}

void br_pace_changed(struct br_share *share)
{
    look(share);
}

void br_pace_init(struct br_broker *broker)
{
    TAILQ_INIT(&broker->pacing);
    (void)uv_timer_init(broker->loop, &broker->pace_timer);
    broker->pace_timer.data = broker;
}

void br_pace_fini(struct br_broker *broker)
{
    uv_close((uv_handle_t *)&broker->pace_timer, NULL);
}
