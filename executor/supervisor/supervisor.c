/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "executor/supervisor/broker_talk.h"
#include "executor/supervisor/crew.h"
#include "executor/supervisor/state.h"

/* So long killed workers are waited for at the end: the next supervisor finds their memory free. */
#define END_NS 2000000000ull

static struct ex_supervisor supervisor;

static void on_signal(struct ex_supervisor *s)
{
    struct signalfd_siginfo info;

    while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        vgpu_log(VGPU_LOG_INFO, "stopping gpu=%s signal=%u", s->options->gpu.text, info.ssi_signo);
        ex_drain_ask(s);
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

/* Sleeps until something comes, or until the deadline.  False: nothing is to be looked at. */
static bool wait_for_input(struct ex_supervisor *s, struct watch *w, uint64_t deadline_ns)
{
    uint64_t now = vgpu_clock_ns();
    int timeout = -1;

    if (deadline_ns != UINT64_MAX) {
        timeout = deadline_ns <= now ? 0 : (int)((deadline_ns - now) / VGPU_NS_PER_MS) + 1;
    }
    w->count = 0;
    watch_fd(w, s->signals, NULL);
    watch_fd(w, s->broker.socket.fd, NULL);
    for (uint32_t i = 0; i < EX_WORKERS_MAX; i++) {
        watch_worker(w, &s->workers.entries[i]);
    }
    return poll(w->entries, w->count, timeout) >= 0;
}

/* Places of workers are filled at the beginning of a turn and by the broker's frames, which come
 * last: an emptied one is nobody else's yet. */
static void handle_input(struct ex_supervisor *s, const struct watch *w)
{
    for (nfds_t i = 2; i < w->count; i++) {
        if (w->entries[i].revents != 0) {
            ex_crew_input(s, w->workers[i], w->entries[i].fd);
        }
    }
    if (w->entries[1].revents != 0 && ex_talk_connected(s)) {
        ex_talk_input(s);
    }
    if (w->entries[0].revents != 0) {
        on_signal(s);
    }
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* One turn: sleep at most until the deadline, handle what came. */
static void turn(struct ex_supervisor *s, uint64_t deadline_ns)
{
    static struct watch w;

    deadline_ns = sooner(deadline_ns, ex_crew_deadline(s));
    deadline_ns = sooner(deadline_ns, ex_manager_deadline(&s->manager));
    if (wait_for_input(s, &w, deadline_ns)) {
        handle_input(s, &w);
        ex_crew_expire(s);
    }
    ex_manager_turn(&s->manager);
}

/* The service manager hears what is missing, and READY when a locked worker waits. */
static void tell_manager(struct ex_supervisor *s)
{
    if (s->drain.begun) {
        return;
    }
    if (s->probe.facts == NULL) {
        ex_manager_status(&s->manager, "no usable GPU");
    } else if (!s->registered) {
        ex_manager_status(&s->manager, "waiting for the broker");
    } else if (!ex_crew_serves(s)) {
        ex_manager_status(&s->manager, "waiting for a worker");
    } else {
        ex_manager_status(&s->manager, "serving");
        ex_manager_ready(&s->manager);
    }
}

static void serve(struct ex_supervisor *s)
{
    while (!s->stopping) {
        ex_talk_connect(s);
        ex_crew_fill(s);
        tell_manager(s);
        turn(s, sooner(ex_talk_deadline(s), ex_drain_deadline(s)));
        ex_drain_turn(s);
    }
}

/* The broker sees the end of the connection, which is the end of its sessions here. */
static void finish(struct ex_supervisor *s)
{
    uint64_t until = vgpu_clock_ns() + END_NS;

    ex_manager_stopping(&s->manager);
    ex_broker_link_close(&s->broker);
    s->registered = false;
    ex_crew_kill(s, EX_WORKER_TAKEN, "its supervisor stops");
    ex_crew_disown(s);
    while (ex_worker_list_total(&s->workers) > 0 && vgpu_clock_ns() < until) {
        turn(s, until);
    }
    if (ex_worker_list_total(&s->workers) > 0) {
        vgpu_log(VGPU_LOG_WARNING, "killed workers have not ended yet gpu=%s workers=%u",
                 s->options->gpu.text, ex_worker_list_total(&s->workers));
    }
    ex_probe_fini(&s->probe);
    vgpu_fd_close(&s->signals);
}

/* ---- life -------------------------------------------------------------------------------- */

/* Signals wait in a descriptor from here on.  Under a launcher a terminal's interrupt is the
 * launcher's, which passes it on: it shall not count twice. */
static int open_signals(const struct ex_options *options)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    if (options->parent == 0) {
        sigaddset(&set, SIGINT);
    } else {
        (void)signal(SIGINT, SIG_IGN);
    }
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
    struct ex_supervisor *s = &supervisor;
    int rc = follow_parent(options);

    if (rc == 0) {
        rc = s->signals = open_signals(options);
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
    serve(s);
    finish(s);
    return 0;
}
