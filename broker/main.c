/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-broker: one process, one thread, one libuv loop.
 *
 *   guest ──socket──► guest ──► session ◄──rings── channel (memfd, doorbell, interrupt)
 *   QEMU ───socket──► vm ─► seat ─┘│  ▲               control client ◄── vgpuctl, vgpu-hostd
 *                           Submit │  │ Complete, Wake, Fatal
 *                                  ▼  │
 *                                 worker ◄──WorkerReady (pipe)── gpu ◄──socket── supervisor
 *
 *   start:  options, log, loop, sockets taken or bound, executors spawned (--spawn-executors),
 *           filter built, locked, tried, READY to systemd and --ready-fd
 *   run:    doorbell ─► ring ─► pipe, pipe ─► ring ─► interrupt; SIGUSR1 logs figures;
 *           SIGHUP ─► reader ─► settings
 *   end:    SIGTERM or SIGINT: drained as long as broker.drain_ms allows, then accepts no
 *           more, refuses who waits, error word 719 to every session, sockets closed and
 *           removed, child ended, exit 0
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/ending.h"
#include "broker/inherited.h"
#include "broker/listener.h"
#include "broker/lock.h"
#include "broker/metrics.h"
#include "broker/options.h"
#include "broker/reload.h"
#include "broker/selftest.h"
#include "broker/sockets.h"
#include "broker/spawn.h"
#include "broker/watchdog.h"
#include "common/fd.h"
#include "common/io.h"
#include "common/log.h"
#include "common/log_id.h"
#include "common/notify.h"

struct process {
    struct br_options options;
    uv_loop_t loop;
    struct br_broker *broker;
    struct br_inherited inherited;
    struct br_sockets sockets;
    struct br_metrics metrics;
    const char *metrics_path; /* of a socket that we made; NULL: none */
    struct br_spawn spawn;
    struct br_lock lock;
    struct br_watchdog watchdog;
    uv_signal_t term;
    uv_signal_t interrupt;
    uv_signal_t usr1;
    uv_signal_t hup;
    struct br_reload reload;
    struct br_ending ending;
    bool stopping;
};

static void on_executor_exit(struct br_spawn *spawn, int status)
{
    struct process *process = spawn->owner;

    if (!process->stopping) {
        vgpu_log(VGPU_LOG_ERROR, "executor ended status=%d signal=%d",
                 WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        br_broker_set_starting(process->broker, false);
    }
}

static void stop(struct process *process)
{
    if (process->stopping) {
        return;
    }
    process->stopping = true;
    process->broker->stopping = true;
    vgpu_notify("STOPPING=1\nSTATUS=stopping");
    br_sockets_close(&process->sockets);
    br_metrics_close(&process->metrics);
    br_broker_log_stats(process->broker);
    br_broker_stop(process->broker);
    br_spawn_stop(&process->spawn);
    uv_close((uv_handle_t *)&process->term, NULL);
    uv_close((uv_handle_t *)&process->interrupt, NULL);
    uv_close((uv_handle_t *)&process->usr1, NULL);
    uv_close((uv_handle_t *)&process->hup, NULL);
    br_ending_close(&process->ending);
    br_reload_stop(&process->reload);
    br_watchdog_stop(&process->watchdog);
}

static void on_drained(struct br_ending *ending)
{
    stop(ending->owner);
}

/* A second signal waits for nobody. */
static void drain_or_stop(struct process *process)
{
    if (br_ending_begin(&process->ending, process->options.settings.drain_ms)) {
        vgpu_notify("STOPPING=1\nSTATUS=draining");
    } else {
        stop(process);
    }
}

static void on_signal(uv_signal_t *signal, int signum)
{
    struct process *process = signal->data;

    if (signum == SIGUSR1) {
        br_broker_log_stats(process->broker);
        return;
    }
    if (signum == SIGHUP) {
        br_reload_now(&process->reload);
        return;
    }
    vgpu_log(VGPU_LOG_INFO, "stopping signal=%d", signum);
    drain_or_stop(process);
}

static int watch_signal(struct process *process, uv_signal_t *handle, int signum)
{
    int rc = uv_signal_init(&process->loop, handle);

    handle->data = process;
    return rc < 0 ? rc : uv_signal_start(handle, on_signal, signum);
}

static int open_signals(struct process *process)
{
    int rc = watch_signal(process, &process->term, SIGTERM);

    if (rc == 0) {
        rc = watch_signal(process, &process->interrupt, SIGINT);
    }
    if (rc == 0) {
        rc = watch_signal(process, &process->usr1, SIGUSR1);
    }
    if (rc == 0) {
        rc = watch_signal(process, &process->hup, SIGHUP);
    }
    return rc;
}

static int start_executors(struct process *process)
{
    int rc;

    if (!process->options.spawn_executors) {
        return 0;
    }
    process->spawn.owner = process;
    process->spawn.on_exit = on_executor_exit;
    rc = br_spawn_start(&process->spawn, &process->loop, &process->options);
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "cannot start vgpu-executor error=\"%s\"", strerror(-rc));
        return rc;
    }
    br_broker_set_starting(process->broker, true);
    return 0;
}

/* Where the metrics are served: the service manager's socket before the setting's. */
static int listen_for_metrics(struct process *process)
{
    const struct br_metrics_address *address = &process->options.metrics;
    int fd = br_inherited_take(&process->inherited, "metrics");

    if (fd >= 0) {
        int rc = vgpu_fd_set_nonblock(fd, true);

        if (rc < 0) {
            vgpu_fd_close(&fd);
        }
        return rc < 0 ? rc : fd;
    }
    if (!address->wanted) {
        return -ENOENT;
    }
    fd = br_metrics_address_listen(address);
    if (fd >= 0 && address->address.ss_family == AF_UNIX) {
        process->metrics_path = process->options.settings.metrics;
    }
    return fd;
}

static int open_metrics(struct process *process)
{
    const char *where = process->options.settings.metrics;
    int rc = listen_for_metrics(process);
    char at[BR_METRICS_ADDRESS_TEXT];

    if (rc == -ENOENT && !process->options.metrics.wanted) {
        return 0;
    }
    if (rc >= 0) {
        br_metrics_address_text(rc, at);
        rc = br_metrics_open(&process->metrics, process->broker, &process->loop, rc);
    }
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "cannot serve metrics at=%s error=\"%s\"", where, strerror(-rc));
    } else {
        vgpu_log(VGPU_LOG_INFO, "Listening on socket: %s", at);
    }
    return rc;
}

static int make_lock(struct process *process)
{
    const char **paths = calloc(BR_SOCKETS_OWN + process->sockets.door_count + 1, sizeof(*paths));
    size_t count;
    int rc;

    if (paths == NULL) {
        return -ENOMEM;
    }
    count = br_sockets_paths(&process->sockets, paths);
    if (process->metrics_path != NULL) {
        paths[count++] = process->metrics_path;
    }
    process->lock.serves_metrics = process->metrics.daemon != NULL;
    rc = br_lock_init(&process->lock, paths, count, process->spawn.pid);
    free(paths);
    return rc;
}

static int lock(struct process *process)
{
    int rc = make_lock(process);

#if VGPU_SANDBOX
    process->broker->sandbox = "seccomp";
    rc = rc == 0 ? br_lock_enter(&process->lock) : rc;
#endif
    return rc;
}

/* Whoever waits is told: the service manager, and the descriptor of --ready-fd. */
static int tell_ready(struct process *process)
{
    static const char ready[] = "READY\n";
    int rc = 0;

#if VGPU_SANDBOX
    vgpu_log_id(VGPU_LOG_INFO, VGPU_LOG_ID_READY, "ready sandbox=seccomp");
#else
    vgpu_log_id(VGPU_LOG_WARNING, VGPU_LOG_ID_READY, "ready sandbox=none (sanitizer build)");
#endif
    vgpu_notify("READY=1\nSTATUS=serving");
    if (process->options.daemon.ready_fd >= 0) {
        rc = vgpu_write_full(process->options.daemon.ready_fd, ready, sizeof(ready) - 1);
        vgpu_fd_close(&process->options.daemon.ready_fd);
    }
    if (rc == 0) {
        br_activity_beat(process->broker);
    }
    return rc;
}

static int lock_and_test(struct process *process)
{
    int rc = lock(process);

    if (rc < 0) {
        return rc;
    }
    rc = br_selftest();
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "self-test failed: no channel error=\"%s\"", strerror(-rc));
    }
    return rc;
}

/* Every session costs five descriptors, every machine three, every cached image one. */
static void raise_fd_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void log_bounds(const struct process *process)
{
    const struct br_settings *settings = &process->options.settings;

    vgpu_log(VGPU_LOG_INFO,
             "memory bound_mib=%llu sessions_max=%u session_buffer_kib=%u directions=2 "
             "stash_kib=%u vms=%zu vm_kib=%llu channel_mib=%u spin_us=%llu",
             (unsigned long long)(br_broker_memory_bound(process->broker) >> 20),
             settings->sessions_max, settings->session_buffer_kib, 2 * BR_LINK_RX_BYTES / 1024,
             process->options.roster.count, (unsigned long long)(br_vm_memory_bound() >> 10),
             settings->channel_mib, (unsigned long long)(process->broker->spin_ns / 1000));
}

static int open_sockets(struct process *process)
{
    int rc = br_inherited_read(&process->inherited);

    if (rc == 0) {
        rc = br_sockets_open(&process->sockets, process->broker, &process->loop, &process->options,
                             &process->inherited);
    }
    if (rc == 0) {
        rc = open_metrics(process);
    }
    br_inherited_close(&process->inherited);
    return rc;
}

static int start(struct process *process)
{
    int rc;

    /* Later versions of libuv would wait through io_uring, which the filter does not know. */
    (void)setenv("UV_USE_IO_URING", "0", 1);
    rc = uv_loop_init(&process->loop);
    if (rc < 0) {
        return rc;
    }
    process->broker = br_broker_new(&process->loop, &process->options.settings);
    if (process->broker == NULL) {
        return -ENOMEM;
    }
    rc = open_signals(process);
    if (rc == 0) {
        rc = br_watchdog_start(&process->watchdog, &process->loop, process->broker);
    }
    process->ending.over = on_drained;
    process->ending.owner = process;
    if (rc == 0) {
        rc = br_ending_init(&process->ending, &process->loop, process->broker);
    }
    if (rc == 0) {
        rc = br_reload_start(&process->reload, &process->loop, process->broker);
    }
    if (rc == 0) {
        rc = open_sockets(process);
    }
    if (rc == 0) {
        log_bounds(process);
    }
    if (rc == 0) {
        rc = start_executors(process);
    }
    if (rc == 0) {
        rc = lock_and_test(process);
    }
    if (rc == 0) {
        rc = tell_ready(process);
    }
    return rc;
}

/* Behind the lock only the copies of the paths that it made may be removed. */
static void remove_files(const struct process *process)
{
    if (process->lock.paths == NULL) {
        br_sockets_remove(&process->sockets);
        if (process->metrics_path != NULL) {
            br_listener_remove(process->metrics_path);
        }
        return;
    }
    for (size_t i = 0; i < process->lock.path_count; i++) {
        br_listener_remove(process->lock.paths[i]);
    }
}

static void finish(struct process *process)
{
    remove_files(process);
    br_reload_fini(&process->reload);
    br_broker_free(process->broker);
    (void)uv_loop_close(&process->loop);
    br_options_fini(&process->options);
    vgpu_log_id(VGPU_LOG_INFO, VGPU_LOG_ID_STOPPED, "stopped");
}

int main(int argc, char **argv)
{
    static const enum vgpu_log_level levels[] = {VGPU_LOG_ERROR, VGPU_LOG_WARNING, VGPU_LOG_INFO,
                                                 VGPU_LOG_DEBUG};
    static struct process process;
    int rc = br_options_parse(&process.options, argc, argv, stdout, stderr);

    if (rc != 0) {
        br_options_fini(&process.options);
        return rc < 0 ? 2 : 0;
    }
    (void)vgpu_log_init("vgpu-broker", levels[process.options.settings.log_level],
                        VGPU_LOG_TARGET_AUTO);
    raise_fd_limit();
    rc = vgpu_notify_init();
    if (rc < 0) {
        vgpu_log(VGPU_LOG_WARNING, "cannot tell the service manager error=\"%s\"", strerror(-rc));
    }
    rc = br_reload_fork(&process.reload, &process.options, argc, argv);
    if (rc == 0) {
        rc = start(&process);
    }
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "cannot start error=\"%s\"", strerror(-rc));
        remove_files(&process);
        return 1;
    }
    (void)uv_run(&process.loop, UV_RUN_DEFAULT);
    finish(&process);
    return 0;
}
