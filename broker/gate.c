/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/gate.h"

#include "broker/broker.h"
#include "broker/ringio.h"
#include "common/clock.h"

/* Nobody is left waiting longer without a look, whatever its bucket says. */
#define LOOK_MS_MAX 1000u

static uint64_t wait_ns(struct br_share *share, uint64_t now_ns)
{
    uint64_t calls;
    uint64_t bytes;

    (void)br_bucket_look(&share->calls, now_ns);
    (void)br_bucket_look(&share->bytes, now_ns);
    calls = br_bucket_wait_ns(&share->calls);
    bytes = br_bucket_wait_ns(&share->bytes);
    return calls > bytes ? calls : bytes;
}

static void on_timer(uv_timer_t *timer);

static void arm(struct br_broker *broker, uint64_t ns)
{
    uint64_t ms = ns / VGPU_NS_PER_MS + 1;

    if (ms > LOOK_MS_MAX) {
        ms = LOOK_MS_MAX;
    }
    if (!uv_is_active((const uv_handle_t *)&broker->gate_timer) ||
        uv_timer_get_due_in(&broker->gate_timer) > ms) {
        uv_update_time(broker->loop);
        (void)uv_timer_start(&broker->gate_timer, on_timer, ms, 0);
    }
}

void br_gate_forget(struct br_session *session)
{
    if (session->is_gated) {
        session->is_gated = false;
        TAILQ_REMOVE(&session->broker->gated, session, gate_entry);
    }
}

void br_gate_changed(struct br_broker *broker)
{
    struct br_session *session = TAILQ_FIRST(&broker->gated);
    uint64_t now_ns = vgpu_clock_ns();

    while (session != NULL) {
        struct br_session *next = TAILQ_NEXT(session, gate_entry);
        uint64_t wait = wait_ns(session->holder->share, now_ns);

        if (wait == 0) {
            br_gate_forget(session);
            br_ringio_heat(session);
        } else {
            arm(broker, wait);
        }
        session = next;
    }
}

static void on_timer(uv_timer_t *timer)
{
    br_gate_changed(timer->data);
}

bool br_gate_look(struct br_session *session)
{
    struct br_broker *broker = session->broker;
    uint64_t wait = wait_ns(session->holder->share, vgpu_clock_ns());

    if (wait == 0) {
        br_gate_forget(session);
        return true;
    }
    if (!session->is_gated) {
        session->is_gated = true;
        TAILQ_INSERT_TAIL(&broker->gated, session, gate_entry);
        session->stats.throttled++;
        session->holder->share->stats.throttled++;
    }
    arm(broker, wait);
    return false;
}

static bool is_spent(const struct br_bucket *bucket, uint64_t taken)
{
    return bucket->rate != 0 && (bucket->tokens <= 0 || taken >= (uint64_t)bucket->tokens);
}

bool br_gate_is_spent(const struct br_session *session, const struct br_quantum *quantum)
{
    const struct br_share *share = session->holder->share;

    return share->limited && (is_spent(&share->calls, quantum->records) ||
                              is_spent(&share->bytes, quantum->bytes + quantum->moved));
}

void br_gate_charge(struct br_session *session, const struct br_quantum *quantum)
{
    struct br_share *share = session->holder->share;

    share->stats.processed += quantum->records;
    share->stats.bytes_in += quantum->bytes;
    share->stats.moved += quantum->moved;
    share->stats.last_call_ms = uv_now(session->broker->loop);
    share->pool->processed += quantum->records;
    session->broker->slots[session->worker->gpu->slot].processed += quantum->records;
    if (share->limited) {
        br_bucket_take(&share->calls, quantum->records);
        br_bucket_take(&share->bytes, quantum->bytes + quantum->moved);
    }
}

void br_gate_init(struct br_broker *broker)
{
    TAILQ_INIT(&broker->gated);
    (void)uv_timer_init(broker->loop, &broker->gate_timer);
    broker->gate_timer.data = broker;
}

void br_gate_fini(struct br_broker *broker)
{
    uv_close((uv_handle_t *)&broker->gate_timer, NULL);
}
