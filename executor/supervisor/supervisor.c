/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "executor/supervisor/backoff.h"
#include "executor/supervisor/broker_link.h"
#include "executor/supervisor/death.h"
#include "executor/supervisor/facts.h"
#include "executor/supervisor/manager.h"
#include "executor/supervisor/probe.h"
#include "executor/supervisor/source.h"
#include "executor/supervisor/worker_list.h"

/* Once it has been asked for so long, that a worker does not end is worth a line. */
#define STUBBORN_NS 1600000000ull

/*
 *   probing ──facts──► connecting ──Register──► registering ──Registered──► serving
 *      ▲ back-off          ▲ back-off                                          │
 *      └── no facts        └──────────── the broker went: workers are killed ──┘
 */
struct supervisor {
    const struct ex_options *options;
    const struct ex_source *source;
    struct ex_broker_link broker;
    struct ex_probe probe;
    struct ex_worker_list workers;
    struct ex_backoff connecting; /* probe and connect */
    struct ex_backoff spawning;
    struct ex_manager manager;
    uint32_t spares; /* workers to keep ready */
    uint32_t wanted; /* sessions that wait, beyond the spares */
    bool registered;
    bool stopping;
    int signals;
};

static struct supervisor supervisor;

static const char nobody_there[] =
    "the worker socket was closed before a worker spoke (systemctl status vgpu-worker.socket)";

static bool connected(const struct supervisor *s)
{
    return s->broker.socket.fd >= 0;
}

/* Has a worker killed whose process is known; its end is seen later.  Asks again until then. */
static void kill_worker(struct supervisor *s, struct ex_worker_entry *worker)
{
    int rc = s->source->kill(s->options, &worker->child);

    ex_backoff_failed(&worker->dying, vgpu_clock_ns());
    if (worker->dying.pause_ns >= STUBBORN_NS) {
        vgpu_log(VGPU_LOG_WARNING,
                 "a worker does not end gpu=%s worker=%u pid=%d error=%d (%s kills it)",
                 s->options->gpu.text, worker->id, (int)worker->child.pid, -rc,
                 s->source == &ex_source_unit ? s->options->settings.hostd_socket : "the kernel");
    }
}

static void kill_all(struct supervisor *s)
{
    for (uint32_t i = 0; i < EX_WORKERS_MAX; i++) {
        struct ex_worker_entry *worker = &s->workers.entries[i];

        if (worker->state != EX_WORKER_FREE && worker->child.pidfd < 0) {
            /* It has not said who it is: the end of its pipe ends it. */
            ex_worker_list_remove(worker);
        } else if (worker->state != EX_WORKER_FREE) {
            kill_worker(s, worker);
        }
    }
}

static void lose_broker(struct supervisor *s, const char *why)
{
    vgpu_log(VGPU_LOG_WARNING, "broker gone, workers are killed gpu=%s why=\"%s\"",
             s->options->gpu.text, why);
    ex_broker_link_close(&s->broker);
    s->registered = false;
    s->wanted = 0;
    kill_all(s);
    ex_backoff_failed(&s->connecting, vgpu_clock_ns());
}

/* The result of a send: a broker that cannot be told is gone. */
static void told(struct supervisor *s, int rc)
{
    if (rc < 0 && connected(s)) {
        lose_broker(s, "send failed");
    }
}

/* ---- connecting --------------------------------------------------------------- */

static void try_connect(struct supervisor *s)
{
    int rc = ex_facts_get(s->options, &s->probe);

    /* Workers of an earlier connection must be gone: the broker knows nothing of them. */
    if (rc == 0 && ex_worker_list_total(&s->workers) > 0) {
        return;
    }
    if (rc == 0) {
        rc = ex_broker_link_connect(&s->broker, s->options->socket);
        if (rc < 0 && s->connecting.pause_ns == 0) {
            vgpu_log(VGPU_LOG_NOTICE, "waiting for the broker gpu=%s socket=%s error=%d",
                     s->options->gpu.text, s->options->socket, -rc);
        }
    }
    if (rc == 0) {
        rc = ex_broker_link_register(&s->broker, s->probe.facts,
                                     (uint64_t)s->options->settings.memory_quota_mib << 20);
        if (rc < 0) {
            ex_broker_link_close(&s->broker);
        }
    }
    if (rc < 0) {
        ex_backoff_failed(&s->connecting, vgpu_clock_ns());
    }
}

/* ---- workers -------------------------------------------------------------------- */

static void worker_failed(struct supervisor *s, const char *reason)
{
    ex_backoff_failed(&s->spawning, vgpu_clock_ns());
    vgpu_log(VGPU_LOG_ERROR, "no worker gpu=%s reason=\"%s\"", s->options->gpu.text, reason);
    if (s->stopping) {
        return;
    }
    /* The broker refuses the sessions that wait. */
    s->wanted = 0;
    if (s->registered) {
        told(s, ex_broker_link_failed(&s->broker, reason));
    }
}

/* A worker that did not become ready: told at once, since it may be long until it has ended. */
static void give_up(struct supervisor *s, struct ex_worker_entry *worker, const char *reason)
{
    vgpu_frame_socket_fini(&worker->child.socket);
    worker->state = EX_WORKER_FAILED;
    if (worker->child.pidfd >= 0) {
        kill_worker(s, worker);
    } else {
        ex_worker_list_remove(worker);
    }
    worker_failed(s, reason);
}

/* What the kernel says of a process that still is the one that it was. */
static bool is_locked(const struct ex_worker_entry *worker, struct ex_worker_layers *layers)
{
    return ex_layers_read(worker->child.pid, layers) == 0 &&
           ex_layers_suffice(layers, worker->child.filters) && !ex_child_ended(&worker->child, 0);
}

static void hand_over(struct supervisor *s, struct ex_worker_entry *worker, uint32_t landlock_abi)
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
    int rc = ex_broker_link_ready(&s->broker, worker->id, child->pid, child->socket.fd, &layers,
                                  landlock_abi);

    vgpu_frame_socket_fini(&child->socket);
    worker->state = EX_WORKER_SPARE;
    ex_backoff_reset(&s->spawning);
    told(s, rc);
}

/* Ready, or Fatal with the reason; nothing else comes before Attach. */
static void on_worker_frame(struct supervisor *s, struct ex_worker_entry *worker,
                            const Vgpu__Frame *frame)
{
    char reason[VGPU_TEXT_BYTES_MAX];

    if (frame->kind_case == VGPU__FRAME__KIND_READY) {
        hand_over(s, worker, frame->ready->landlock_abi);
    } else if (frame->kind_case == VGPU__FRAME__KIND_FATAL) {
        (void)snprintf(reason, sizeof(reason), "%s", frame->fatal->reason);
        give_up(s, worker, reason);
    } else {
        give_up(s, worker, "the worker said something else than Ready");
    }
}

static void on_worker_input(struct supervisor *s, struct ex_worker_entry *worker)
{
    struct ex_child *child = &worker->child;
    ssize_t got = vgpu_frame_socket_fill(&child->socket, MSG_DONTWAIT);
    Vgpu__Frame *frame = NULL;
    int rc;

    if (got == -EAGAIN || got == -EINTR) {
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
        on_worker_frame(s, worker, frame);
    } else if (rc < 0) {
        give_up(s, worker,
                child->why[0] != '\0' ? child->why : "the worker said something else than Ready");
    }
}

static void start_worker(struct supervisor *s)
{
    uint64_t until = vgpu_clock_ns() + s->options->settings.ready_timeout_ms * VGPU_NS_PER_MS;
    struct ex_child child;

    if (s->source->obtain(s->options, EX_MODE_WORKER, &child) < 0) {
        worker_failed(s, child.why);
        return;
    }
    (void)ex_worker_list_add(&s->workers, &child, until);
}

/* Starts what is missing of the spares and of what sessions wait for. */
static void fill_up(struct supervisor *s)
{
    uint32_t want = s->spares + s->wanted;

    while (s->registered && !s->stopping && ex_backoff_over(&s->spawning, vgpu_clock_ns())) {
        uint32_t idle = ex_worker_list_count(&s->workers, EX_WORKER_STARTING) +
                        ex_worker_list_count(&s->workers, EX_WORKER_SPARE);

        if (idle >= want) {
            return;
        }
        if (ex_worker_list_total(&s->workers) >= s->options->settings.workers_max) {
            if (s->wanted > 0 && idle < s->wanted) {
                worker_failed(s, "all workers of this GPU are in use");
            }
            return;
        }
        start_worker(s);
    }
}

/* ---- the broker's frames ---------------------------------------------------------- */

static void on_taken(struct supervisor *s, uint32_t id)
{
    struct ex_worker_entry *worker = ex_worker_list_by_id(&s->workers, id);

    /* Sessions that wait come first, so it was for one of them; also when it died on the way. */
    if (s->wanted > 0) {
        s->wanted--;
    }
    if (worker != NULL && worker->state == EX_WORKER_SPARE) {
        worker->state = EX_WORKER_TAKEN;
    }
}

static void on_kill(struct supervisor *s, uint32_t id)
{
    struct ex_worker_entry *worker = ex_worker_list_by_id(&s->workers, id);

    if (worker != NULL && worker->child.pidfd >= 0) {
        kill_worker(s, worker);
    }
}

static void on_registered(struct supervisor *s, const Vgpu__Registered *registered)
{
    uint32_t most = s->options->settings.workers_max;

    s->registered = true;
    s->spares = registered->spares < most ? registered->spares : most;
    ex_backoff_reset(&s->connecting);
    vgpu_log(VGPU_LOG_INFO, "registered gpu=%s slot=%u spares=%u", s->options->gpu.text,
             registered->gpu, s->spares);
}

static void on_wanted(struct supervisor *s, uint32_t count)
{
    uint32_t most = s->options->settings.workers_max;

    s->wanted = count < most - s->wanted ? s->wanted + count : most;
}

static int on_broker_frame(struct supervisor *s, const Vgpu__Frame *frame)
{
    if (frame->kind_case == VGPU__FRAME__KIND_REGISTERED) {
        on_registered(s, frame->registered);
    } else if (frame->kind_case == VGPU__FRAME__KIND_WORKER_WANTED) {
        on_wanted(s, frame->worker_wanted->count);
    } else if (frame->kind_case == VGPU__FRAME__KIND_WORKER_TAKEN) {
        on_taken(s, frame->worker_taken->worker);
    } else if (frame->kind_case == VGPU__FRAME__KIND_WORKER_KILL) {
        on_kill(s, frame->worker_kill->worker);
    } else {
        return -EPROTO;
    }
    return 0;
}

static void on_broker_input(struct supervisor *s)
{
    ssize_t got = vgpu_frame_socket_fill(&s->broker.socket, MSG_DONTWAIT);
    Vgpu__Frame *frame = NULL;
    int rc = 0;

    if (got == -EAGAIN || got == -EINTR) {
        return;
    }
    if (got <= 0) {
        lose_broker(s, "end of the socket");
        return;
    }
    while (rc == 0 && (rc = vgpu_frame_socket_next(&s->broker.socket, &frame)) > 0) {
        rc = on_broker_frame(s, frame);
    }
    if (rc < 0) {
        lose_broker(s, "a frame that the broker does not send");
    }
}

/* ---- the end of workers ------------------------------------------------------------------------
 */

/* Its pidfd says that the process has ended. */
static void ended(struct supervisor *s, struct ex_worker_entry *worker)
{
    uint32_t id = worker->id;

    if (worker->state == EX_WORKER_STARTING) {
        /* Its last words may be unread; and another process may hold its pipe open. */
        on_worker_input(s, worker);
    }
    if (worker->state == EX_WORKER_STARTING) {
        give_up(s, worker, "the worker died at its start");
    }
    int status = s->source->collect(&worker->child);
    bool known = worker->state == EX_WORKER_SPARE || worker->state == EX_WORKER_TAKEN;

    ex_death_log(s->options->gpu.text, id, worker->child.pid, status);
    ex_worker_list_remove(worker);
    if (known && s->registered) {
        told(s, ex_broker_link_gone(&s->broker, id, status));
    }
}

static void on_signal(struct supervisor *s)
{
    struct signalfd_siginfo info;

    while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        s->stopping = true;
    }
}

/* ---- the loop ------------------------------------------------------------------------- */

/* What a turn waits for: signals, the broker, and of workers their words and their end. */
struct watch {
    struct pollfd entries[2 * EX_WORKERS_MAX + 2];
    struct ex_worker_entry *workers[2 * EX_WORKERS_MAX + 2];
    nfds_t count;
};

static void watch_fd(struct watch *w, int fd, struct ex_worker_entry *worker)
{
    w->entries[w->count] = (struct pollfd){.fd = fd, .events = POLLIN};
    w->workers[w->count] = worker;
    w->count++;
}

static void watch_worker(struct watch *w, struct ex_worker_entry *worker)
{
    if (worker->state == EX_WORKER_STARTING) {
        watch_fd(w, worker->child.socket.fd, worker);
    }
    if (worker->state != EX_WORKER_FREE && worker->child.pidfd >= 0) {
        watch_fd(w, worker->child.pidfd, worker);
    }
}

/* Places are filled at the beginning of a turn only, so an emptied one is nobody else's yet. */
static void on_worker(struct supervisor *s, struct ex_worker_entry *worker, int fd)
{
    if (worker->state == EX_WORKER_STARTING && fd == worker->child.socket.fd) {
        on_worker_input(s, worker);
    } else if (worker->state != EX_WORKER_FREE && fd == worker->child.pidfd) {
        ended(s, worker);
    }
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When the loop must look even if nothing comes; UINT64_MAX: never. */
static uint64_t next_deadline(const struct supervisor *s)
{
    uint64_t next = ex_manager_deadline(&s->manager);

    for (uint32_t i = 0; i < EX_WORKERS_MAX; i++) {
        const struct ex_worker_entry *worker = &s->workers.entries[i];

        if (worker->state == EX_WORKER_STARTING) {
            next = sooner(next, worker->deadline_ns);
        }
        if (worker->state != EX_WORKER_FREE && worker->dying.pause_ns != 0) {
            next = sooner(next, worker->dying.until_ns);
        }
    }
    if (!connected(s)) {
        next = sooner(next, s->connecting.until_ns);
    } else if (s->spawning.pause_ns != 0) {
        next = sooner(next, s->spawning.until_ns);
    }
    return next;
}

static int timeout_of(uint64_t deadline_ns)
{
    uint64_t now = vgpu_clock_ns();

    if (deadline_ns == UINT64_MAX) {
        return -1;
    }
    return deadline_ns <= now ? 0 : (int)((deadline_ns - now) / VGPU_NS_PER_MS) + 1;
}

static void expire(struct supervisor *s)
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

/* The service manager hears what is missing, and READY when a locked worker waits. */
static void tell_manager(struct supervisor *s)
{
    bool served = s->spares == 0 || ex_worker_list_count(&s->workers, EX_WORKER_SPARE) +
                                            ex_worker_list_count(&s->workers, EX_WORKER_TAKEN) >
                                        0;

    ex_manager_turn(&s->manager);
    if (s->probe.facts == NULL) {
        ex_manager_status(&s->manager, "no usable GPU");
    } else if (!s->registered) {
        ex_manager_status(&s->manager, "waiting for the broker");
    } else if (!served) {
        ex_manager_status(&s->manager, "waiting for a worker");
    } else {
        ex_manager_status(&s->manager, "serving");
        ex_manager_ready(&s->manager);
    }
}

/* One turn: fill up, sleep, handle what came. */
static void turn(struct supervisor *s)
{
    static struct watch w;

    if (!connected(s) && ex_backoff_over(&s->connecting, vgpu_clock_ns())) {
        try_connect(s);
    }
    fill_up(s);
    tell_manager(s);
    w.count = 0;
    watch_fd(&w, s->signals, NULL);
    watch_fd(&w, s->broker.socket.fd, NULL);
    for (uint32_t i = 0; i < EX_WORKERS_MAX; i++) {
        watch_worker(&w, &s->workers.entries[i]);
    }
    if (poll(w.entries, w.count, timeout_of(next_deadline(s))) < 0) {
        return;
    }
    for (nfds_t i = 2; i < w.count; i++) {
        if (w.entries[i].revents != 0) {
            on_worker(s, w.workers[i], w.entries[i].fd);
        }
    }
    if (w.entries[1].revents != 0 && connected(s)) {
        on_broker_input(s);
    }
    if (w.entries[0].revents != 0) {
        on_signal(s);
    }
    expire(s);
}

static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
        return -errno;
    }
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

    return fd < 0 ? -errno : fd;
}

/* Ends with a launcher that is its parent. */
static int follow_parent(const struct ex_options *options)
{
    if (options->parent == 0) {
        return 0;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    return getppid() == options->parent ? 0 : -ESRCH;
}

int ex_supervisor_main(const struct ex_options *options)
{
    struct supervisor *s = &supervisor;
    int rc = follow_parent(options);

    if (rc == 0) {
        rc = s->signals = open_signals();
    }
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "supervisor cannot start error=%d", -rc);
        return 1;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL);
    ex_child_make_room();
    s->options = options;
    ex_manager_init(&s->manager);
    s->source = ex_source_of(options);
    ex_broker_link_init(&s->broker);
    while (!s->stopping) {
        turn(s);
    }
    ex_manager_stopping(&s->manager);
    ex_broker_link_close(&s->broker);
    kill_all(s);
    ex_probe_fini(&s->probe);
    vgpu_fd_close(&s->signals);
    return 0;
}
