/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/bell.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/broker.h"
#include "broker/handle.h"
#include "broker/ringio.h"

static void on_ring(uv_poll_t *poll, int status, int events)
{
    struct br_session *session = poll->data;
    int rc = status < 0 ? status : br_channel_answer_doorbell(&session->channel);

    (void)events;
    if (rc == 0) {
        session->stats.doorbells++;
        session->holder->share->stats.doorbells++;
        session->holder->share->stats.last_doorbell_ms = uv_now(session->broker->loop);
        session->bell.rung = true;
        br_broker_note(session->broker);
        vgpu_ring_unpark(&session->channel.submit);
        br_ringio_heat(session);
    } else if (rc != -EAGAIN) {
        br_session_close(session, "the doorbell failed");
    }
}

int br_bell_open(struct br_session *session)
{
    uv_poll_t *poll = calloc(1, sizeof(*poll));
    int rc;

    if (poll == NULL) {
        return -ENOMEM;
    }
    rc = uv_poll_init(session->broker->loop, poll, session->channel.doorbell);
    if (rc < 0) {
        free(poll);
        return rc;
    }
    poll->data = session;
    session->bell.poll = poll;
    rc = uv_poll_start(poll, UV_READABLE, on_ring);
    if (rc < 0) {
        br_bell_close(session);
    }
    return rc;
}

static void leave_quiet(struct br_session *session)
{
    session->bell.quiet = false;
    TAILQ_REMOVE(&session->broker->quiet, session, quiet_entry);
}

void br_bell_close(struct br_session *session)
{
    if (session->bell.poll == NULL) {
        return;
    }
    if (session->bell.quiet) {
        leave_quiet(session);
    }
    uv_close((uv_handle_t *)session->bell.poll, br_handle_free);
    session->bell.poll = NULL;
}

static void on_quiet_timer(uv_timer_t *timer)
{
    struct br_broker *broker = timer->data;
    struct br_session *session;

    while ((session = TAILQ_FIRST(&broker->quiet)) != NULL) {
        leave_quiet(session);
        if (uv_poll_start(session->bell.poll, UV_READABLE, on_ring) < 0) {
            br_session_close(session, "the doorbell failed");
        }
    }
}

void br_bell_init_timer(struct br_broker *broker)
{
    (void)uv_timer_init(broker->loop, &broker->quiet_timer);
    broker->quiet_timer.data = broker;
}

static void hush(struct br_session *session)
{
    struct br_broker *broker = session->broker;

    session->bell.quiet = true;
    session->stats.quiets++;
    (void)uv_poll_stop(session->bell.poll);
    if (TAILQ_EMPTY(&broker->quiet)) {
        (void)uv_timer_start(&broker->quiet_timer, on_quiet_timer, BR_BELL_QUIET_MS, 0);
    }
    TAILQ_INSERT_TAIL(&broker->quiet, session, quiet_entry);
}

void br_bell_looked(struct br_session *session, bool progress)
{
    struct br_bell *bell = &session->bell;

    if (progress) {
        bell->fruitless = 0;
    } else if (bell->rung && bell->fruitless < BR_BELL_FRUITLESS_MAX) {
        bell->fruitless++;
    }
    if (bell->rung && bell->fruitless == BR_BELL_FRUITLESS_MAX && !bell->quiet &&
        bell->poll != NULL) {
        hush(session);
    }
    bell->rung = false;
}
