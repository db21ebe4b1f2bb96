/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/crew.h"

#include <errno.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/log.h"
#include "executor/supervisor/broker_talk.h"
#include "executor/supervisor/death.h"

/* Once it has been asked for so long, that a worker does not end is worth a line. */
#define STUBBORN_NS 1600000000ull

static const char nobody_there[] =
    "the worker socket was closed before a worker spoke (systemctl status vgpu-worker.socket)";

/* ---- killing ------------------------------------------------------------------------- */

/* Has a worker killed; its end is seen later.  Asks again until then. */
static void kill_worker(struct ex_supervisor *s, struct ex_worker_entry *worker)
{
    int rc;

    if (worker->child.pidfd < 0) {
        /* It has not said who it is: the end of its pipe ends it. */
        ex_worker_list_remove(worker);
        return;
    }
    rc = s->source->kill(s->options, &worker->child);
    ex_backoff_failed(&worker->dying, vgpu_clock_ns());
    if (worker->dying.pause_ns >= STUBBORN_NS) {
        vgpu_log(VGPU_LOG_WARNING,
                 "a worker does not end gpu=%s worker=%u pid=%d error=%d (%s kills it)",
                 s->options->gpu.text, worker->id, (int)worker->child.pid, -rc,
                 s->source == &ex_source_unit ? s->options->settings.hostd_socket : "the kernel");
    }
}

void ex_crew_kill_one(struct ex_supervisor *s, uint32_t id)
{
    struct ex_worker_entry *worker = ex_worker_list_by_id(&s->workers, id);

    if (worker != NULL && (worker->state == EX_WORKER_SPARE || worker->state == EX_WORKER_TAKEN)) {
        kill_worker(s, worker);
    }
}

void ex_crew_kill(struct ex_supervisor *s, enum ex_worker_state state, const char *why)
{
    for (uint32_t i = 0; i < EX_WORKERS_MAX; i++) {
        struct ex_worker_entry *worker = &s->workers.entries[i];

        if (worker->state != state) {
            continue;
        }
        vgpu_log(VGPU_LOG_NOTICE, "worker is killed gpu=%s worker=%u pid=%d reason=\"%s\"",
                 s->options->gpu.text, worker->id, (int)worker->child.pid, why);
        if (state == EX_WORKER_STARTING) {
            vgpu_frame_socket_fini(&worker->child.socket);
        }
        worker->state = EX_WORKER_FAILED;
        kill_worker(s, worker);
    }
}

void ex_crew_disown(struct ex_supervisor *s)
{
    for (uint32_t i = 0; i < EX_WORKERS_MAX; i++) {
        struct ex_worker_entry *worker = &s->workers.entries[i];

        if (worker->state != EX_WORKER_FREE) {
            vgpu_frame_socket_fini(&worker->child.socket);
            worker->state = EX_WORKER_FAILED;
            kill_worker(s, worker);
        }
    }
}

void ex_crew_adopt(struct ex_supervisor *s, const struct ex_child *child)
{
    struct ex_worker_entry *worker = ex_worker_list_add(&s->workers, child, UINT64_MAX);

    if (worker == NULL) {
        struct ex_child none = *child;

        ex_child_fini(&none);
        return;
    }
    worker->state = EX_WORKER_FAILED;
    kill_worker(s, worker);
}

/* ---- starting ---------------------------------------------------------------------------- */

static void no_worker(struct ex_supervisor *s, const char *reason)
{
    ex_backoff_failed(&s->spawning, vgpu_clock_ns());
    vgpu_log(VGPU_LOG_ERROR, "no worker gpu=%s reason=\"%s\"", s->options->gpu.text, reason);
    /* The broker refuses the sessions that wait. */
    s->wanted = 0;
    ex_talk_failed(s, reason);
}

/* A worker that did not become ready: told at once, since it may be long until it has ended. */
static void give_up(struct ex_supervisor *s, struct ex_worker_entry *worker, const char *reason)
{
    vgpu_frame_socket_fini(&worker->child.socket);
    worker->state = EX_WORKER_FAILED;
    kill_worker(s, worker);
    no_worker(s, reason);
}

static void start_worker(struct ex_supervisor *s)
{
    uint64_t until = vgpu_clock_ns() + s->options->settings.ready_timeout_ms * VGPU_NS_PER_MS;
    struct ex_child child;

    if (s->source->obtain(s->options, EX_MODE_WORKER, &child) < 0) {
        no_worker(s, child.why);
        return;
    }
    (void)ex_worker_list_add(&s->workers, &child, until);
}

/* Workers that nobody uses yet. */
static uint32_t idle(const struct ex_supervisor *s)
{
    return ex_worker_list_count(&s->workers, EX_WORKER_STARTING) +
           ex_worker_list_count(&s->workers, EX_WORKER_SPARE);
}

static bool is_full(const struct ex_supervisor *s)
{
    return ex_worker_list_total(&s->workers) >= s->options->settings.workers_max;
}

/* Whether there is to be one more, now or after the pause. */
static bool lacks(const struct ex_supervisor *s)
{
    return s->registered && !s->drain.begun && !s->stopping && idle(s) < s->spares + s->wanted;
}

void ex_crew_fill(struct ex_supervisor *s)
{
    while (lacks(s) && !is_full(s) && ex_backoff_over(&s->spawning, vgpu_clock_ns())) {
        start_worker(s);
    }
    if (lacks(s) && is_full(s) && idle(s) < s->wanted) {
        no_worker(s, "all workers of this GPU are in use");
    }
}

/* ---- judging ------------------------------------------------------------------------------ */

/* What the kernel says of a process that still is the one that it was. */
static bool is_locked(const struct ex_worker_entry *worker, struct ex_worker_layers *layers)
{
    return ex_layers_read(worker->child.pid, layers) == 0 &&
           ex_layers_suffice(layers, worker->child.filters) && !ex_child_ended(&worker->child, 0);
}

static void hand_over(struct ex_supervisor *s, struct ex_worker_entry *worker,
                      uint32_t landlock_abi)
{
    struct ex_child *child = &worker->child;
    struct ex_worker_layers layers;

    if (child->socket.reader.start != child->socket.reader.end || child->socket.fd_count > 0) {
        give_up(s, worker, "the worker said more than Ready");
        return;
    }
    if (!is_locked(worker, &layers)) {
        give_up(s, worker, "the kernel says that the worker is not locked");
        return;
    }
    vgpu_log(VGPU_LOG_INFO,
             "worker ready gpu=%s worker=%u pid=%d no_new_privs=%d seccomp=%u landlock=%u "
             "threads=%u source=%s",
             s->options->gpu.text, worker->id, (int)child->pid, layers.no_new_privs,
             layers.seccomp_mode, landlock_abi, layers.threads, s->source->name);
    worker->state = EX_WORKER_SPARE;
    ex_backoff_reset(&s->spawning);
    ex_talk_ready(s, worker, &layers, landlock_abi);
    vgpu_frame_socket_fini(&child->socket);
}

/* A worker's own words: they shall not end the quotes that they stand in. */
static void copy_words(char *dst, size_t cap, const char *src)
{
    size_t at = 0;

    for (; at < cap - 1 && src[at] != '\0'; at++) {
        bool plain = src[at] >= ' ' && src[at] <= '~' && src[at] != '"' && src[at] != '\\';

        dst[at] = plain ? src[at] : (char)'?';
    }
    dst[at] = '\0';
}

/* Ready, or Fatal with the reason; nothing else comes before Attach. */
static void on_frame(struct ex_supervisor *s, struct ex_worker_entry *worker,
                     const Vgpu__Frame *frame)
{
    char reason[VGPU_TEXT_BYTES_MAX];

    if (frame->kind_case == VGPU__FRAME__KIND_READY) {
        hand_over(s, worker, frame->ready->landlock_abi);
    } else if (frame->kind_case == VGPU__FRAME__KIND_FATAL) {
        copy_words(reason, sizeof(reason), frame->fatal->reason);
        give_up(s, worker, reason);
    } else {
        give_up(s, worker, "the worker said something else than Ready");
    }
}

static void on_input(struct ex_supervisor *s, struct ex_worker_entry *worker)
{
    struct ex_child *child = &worker->child;
    ssize_t got = vgpu_frame_socket_fill(&child->socket, MSG_DONTWAIT);
    Vgpu__Frame *frame = NULL;
    int rc;

    if (got == -EAGAIN) {
        return;
    }
    if (got <= 0) {
        give_up(s, worker, child->pidfd >= 0 ? "the worker died at its start" : nobody_there);
        return;
    }
    while ((rc = vgpu_frame_socket_next(&child->socket, &frame)) > 0) {
        rc = s->source->hear(s->options, child, frame);
        if (rc != 0) {
            break;
        }
    }
    if (rc > 0) {
        on_frame(s, worker, frame);
    } else if (rc < 0) {
        give_up(s, worker,
                child->why[0] != '\0' ? child->why : "the worker said something else than Ready");
    }
}

/* ---- using ------------------------------------------------------------------------------------
 */

void ex_crew_taken(struct ex_supervisor *s, uint32_t id)
{
    struct ex_worker_entry *worker = ex_worker_list_by_id(&s->workers, id);

    if (worker != NULL && worker->state == EX_WORKER_SPARE) {
        worker->state = EX_WORKER_TAKEN;
    }
}

bool ex_crew_serves(const struct ex_supervisor *s)
{
    return s->spares == 0 || ex_worker_list_count(&s->workers, EX_WORKER_SPARE) > 0 ||
           ex_worker_list_count(&s->workers, EX_WORKER_TAKEN) > 0;
}

/* ---- ending ------------------------------------------------------------------------------------
 */

/* Its pidfd says that the process has ended. */
static void ended(struct ex_supervisor *s, struct ex_worker_entry *worker)
{
    uint32_t id = worker->id;

    if (worker->state == EX_WORKER_STARTING) {
        /* Its last words may be unread; and another process may hold its pipe open. */
        on_input(s, worker);
    }
    if (worker->state == EX_WORKER_STARTING) {
        give_up(s, worker, "the worker died at its start");
    }
    int status = s->source->collect(&worker->child);
    bool known = worker->state == EX_WORKER_SPARE || worker->state == EX_WORKER_TAKEN;

    ex_death_log(s->options->gpu.text, id, worker->child.pid, status);
    ex_worker_list_remove(worker);
    if (known) {
        ex_talk_gone(s, id, status);
    }
}

/* A place that was emptied in this turn has no descriptors. */
void ex_crew_input(struct ex_supervisor *s, struct ex_worker_entry *worker, int fd)
{
    if (worker->state == EX_WORKER_STARTING && fd == worker->child.socket.fd) {
        on_input(s, worker);
    } else if (worker->state != EX_WORKER_FREE && fd == worker->child.pidfd) {
        ended(s, worker);
    }
}

void ex_crew_expire(struct ex_supervisor *s)
{
    uint64_t now = vgpu_clock_ns();

    for (uint32_t i = 0; i < EX_WORKERS_MAX; i++) {
        struct ex_worker_entry *worker = &s->workers.entries[i];

        if (worker->state == EX_WORKER_STARTING && now >= worker->deadline_ns) {
            give_up(s, worker, "the worker was not ready in time");
        }
        if (worker->state != EX_WORKER_FREE && worker->dying.pause_ns != 0 &&
            ex_backoff_over(&worker->dying, now)) {
            kill_worker(s, worker);
        }
    }
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t ex_crew_deadline(const struct ex_supervisor *s)
{
    uint64_t next = lacks(s) && !is_full(s) ? s->spawning.until_ns : UINT64_MAX;

    for (uint32_t i = 0; i < EX_WORKERS_MAX; i++) {
        const struct ex_worker_entry *worker = &s->workers.entries[i];

        if (worker->state == EX_WORKER_STARTING) {
            next = sooner(next, worker->deadline_ns);
        }
        if (worker->state != EX_WORKER_FREE && worker->dying.pause_ns != 0) {
            next = sooner(next, worker->dying.until_ns);
        }
    }
    return next;
}
