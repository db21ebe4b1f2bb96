/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/broker_talk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/log.h"
#include "executor/supervisor/crew.h"
#include "executor/supervisor/facts.h"
#include "executor/supervisor/orphan.h"

/* Killed workers usually have ended by then; those that have not do not keep the GPU out of
 * service. */
#define SETTLE_NS 2000000000ull
/* broker.drain_ms has this bound. */
#define DRAIN_MS_MAX 600000u

bool ex_talk_connected(const struct ex_supervisor *s)
{
    return s->broker.socket.fd >= 0;
}

static void lose(struct ex_supervisor *s, const char *why)
{
    vgpu_log(VGPU_LOG_WARNING, "broker gone, workers are killed gpu=%s why=\"%s\"",
             s->options->gpu.text, why);
    ex_broker_link_close(&s->broker);
    s->registered = false;
    s->wanted = 0;
    ex_crew_disown(s);
    s->settled_ns = vgpu_clock_ns() + SETTLE_NS;
    ex_backoff_failed(&s->connecting, vgpu_clock_ns());
    if (s->drain.begun) {
        s->stopping = true;
    }
}

/* The result of a send. */
static void told(struct ex_supervisor *s, int rc)
{
    if (rc < 0 && ex_talk_connected(s)) {
        lose(s, rc == -EAGAIN ? "it does not read" : "send failed");
    }
}

/* ---- connecting --------------------------------------------------------------- */

/* Workers of an earlier connection hold memory that the next ones need. */
static bool is_settled(const struct ex_supervisor *s)
{
    return ex_worker_list_total(&s->workers) == 0 || vgpu_clock_ns() >= s->settled_ns;
}

static int connect_and_register(struct ex_supervisor *s)
{
    int rc = ex_broker_link_connect(&s->broker, s->options->socket);

    if (rc < 0) {
        if (s->connecting.pause_ns == 0) {
            vgpu_log(VGPU_LOG_NOTICE, "waiting for the broker gpu=%s socket=%s error=%d",
                     s->options->gpu.text, s->options->socket, -rc);
        }
        return rc;
    }
    rc = ex_broker_link_register(&s->broker, s->probe.facts,
                                 (uint64_t)s->options->settings.memory_quota_mib << 20);
    if (rc < 0) {
        ex_broker_link_close(&s->broker);
    }
    return rc;
}

void ex_talk_connect(struct ex_supervisor *s)
{
    int rc;

    if (ex_talk_connected(s) || !is_settled(s) ||
        !ex_backoff_over(&s->connecting, vgpu_clock_ns())) {
        return;
    }
    rc = ex_facts_get(s->options, s->signals, &s->probe);
    if (rc == 0) {
        rc = connect_and_register(s);
    }
    if (rc < 0) {
        ex_backoff_failed(&s->connecting, vgpu_clock_ns());
    }
}

uint64_t ex_talk_deadline(const struct ex_supervisor *s)
{
    if (ex_talk_connected(s)) {
        return UINT64_MAX;
    }
    return is_settled(s) || s->connecting.until_ns > s->settled_ns ? s->connecting.until_ns
                                                                   : s->settled_ns;
}

/* ---- what it is told --------------------------------------------------------------- */

void ex_talk_ready(struct ex_supervisor *s, struct ex_worker_entry *worker,
                   const struct ex_worker_layers *layers, uint32_t landlock_abi)
{
    told(s, ex_broker_link_ready(&s->broker, worker->id, worker->child.pid, worker->child.socket.fd,
                                 layers, landlock_abi));
}

void ex_talk_gone(struct ex_supervisor *s, uint32_t worker, int status)
{
    if (s->registered) {
        told(s, ex_broker_link_gone(&s->broker, worker, status));
    }
}

void ex_talk_failed(struct ex_supervisor *s, const char *reason)
{
    if (s->registered) {
        told(s, ex_broker_link_failed(&s->broker, reason));
    }
}

void ex_talk_leaving(struct ex_supervisor *s)
{
    if (s->registered) {
        told(s, ex_broker_link_leaving(&s->broker));
    }
}

/* ---- what it says ------------------------------------------------------------------ */

static void on_registered(struct ex_supervisor *s, const Vgpu__Registered *registered)
{
    uint32_t most = s->options->settings.workers_max;

    s->registered = true;
    s->refusal[0] = '\0';
    s->spares = registered->spares < most ? registered->spares : most;
    s->drain.limit_ms = registered->drain_ms < DRAIN_MS_MAX ? registered->drain_ms : DRAIN_MS_MAX;
    ex_backoff_reset(&s->connecting);
    vgpu_log(VGPU_LOG_INFO, "registered gpu=%s slot=%u spares=%u", s->options->gpu.text,
             registered->gpu, s->spares);
    ex_orphans_take(s, registered->orphans, registered->n_orphans);
}

static void on_wanted(struct ex_supervisor *s, uint32_t count)
{
    uint32_t most = s->options->settings.workers_max;

    s->wanted = count < most ? count : most;
}

/* It tries again, in growing pauses; what it is told is said once. */
static void accept_refusal(struct ex_supervisor *s)
{
    ex_broker_link_close(&s->broker);
    ex_backoff_failed(&s->connecting, vgpu_clock_ns());
}

static void note_refusal(struct ex_supervisor *s, const char *reason)
{
    char text[sizeof(s->refusal)];

    (void)snprintf(text, sizeof(text), "%s", reason);
    if (strcmp(text, s->refusal) != 0) {
        memcpy(s->refusal, text, sizeof(text));
        vgpu_log(VGPU_LOG_ERROR,
                 "the broker does not take this supervisor, which waits and tries again gpu=%s "
                 "socket=%s why=\"%s\"",
                 s->options->gpu.text, s->options->socket, text);
    }
}

/* Registered, or Refuse, comes first and once.  0, -EPROTO, or -ECONNREFUSED. */
static int on_frame(struct ex_supervisor *s, const Vgpu__Frame *frame)
{
    if (frame->kind_case == VGPU__FRAME__KIND_REFUSE && !s->registered) {
        note_refusal(s, frame->refuse->reason);
        return -ECONNREFUSED;
    }
    if ((frame->kind_case == VGPU__FRAME__KIND_REGISTERED) == s->registered ||
        s->broker.socket.fd_count > 0) {
        return -EPROTO;
    }
    if (frame->kind_case == VGPU__FRAME__KIND_REGISTERED) {
        on_registered(s, frame->registered);
    } else if (frame->kind_case == VGPU__FRAME__KIND_WORKER_WANTED) {
        on_wanted(s, frame->worker_wanted->count);
    } else if (frame->kind_case == VGPU__FRAME__KIND_WORKER_TAKEN) {
        ex_crew_taken(s, frame->worker_taken->worker);
    } else if (frame->kind_case == VGPU__FRAME__KIND_WORKER_KILL) {
        ex_crew_kill_one(s, frame->worker_kill->worker);
    } else {
        return -EPROTO;
    }
    return 0;
}

void ex_talk_input(struct ex_supervisor *s)
{
    ssize_t got = vgpu_frame_socket_fill(&s->broker.socket, MSG_DONTWAIT);
    Vgpu__Frame *frame = NULL;
    int rc = 0;

    if (got == -EAGAIN) {
        return;
    }
    if (got <= 0) {
        lose(s, "end of the socket");
        return;
    }
    while (rc == 0 && (rc = vgpu_frame_socket_next(&s->broker.socket, &frame)) > 0) {
        rc = on_frame(s, frame);
    }
    if (rc == -ECONNREFUSED) {
        accept_refusal(s);
    } else if (rc < 0) {
        lose(s, "a frame that the broker does not send");
    }
}
