/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-broker: one process, one thread, one libuv loop.
 *
 *   guest ──socket──► listener ──► session ◄──rings── channel (memfd, doorbell, interrupt)
 *                                    │  ▲
 *                             Submit │  │ Complete, Wake, Fatal
 *                                    ▼  │
 *                                   worker ◄──WorkerReady (pipe)── gpu ◄──socket── supervisor
 *
 *   start:  options, log, loop, sockets bound, executors spawned (--spawn-executors),
 *           filter built, READY to systemd, locked, READY to --ready-fd
 *   run:    doorbell ─► ring ─► pipe, pipe ─► ring ─► interrupt; SIGUSR1 logs figures
 *   end:    SIGTERM or SIGINT: accepts no more, refuses who waits, error word 719 to
 *           every session, sockets closed and removed, child ended, exit 0
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/listener.h"
#include "broker/lock.h"
#include "broker/options.h"
#include "broker/spawn.h"
#include "common/fd.h"
#include "common/io.h"
#include "common/log.h"

struct process {
    struct br_options options;
    uv_loop_t loop;
    struct br_broker *broker;
    struct br_listener guests;
    struct br_listener supervisors;
    struct br_spawn spawn;
    struct br_lock lock;
    uv_signal_t term;
    uv_signal_t interrupt;
    uv_signal_t usr1;
    uid_t uid;
    bool stopping;
};

static void on_guest(struct br_listener *listener, int fd, pid_t pid, uid_t uid)
{
    struct process *process = listener->owner;

    vgpu_log(VGPU_LOG_DEBUG, "guest connected pid=%d uid=%u", (int)pid, (unsigned int)uid);
    br_broker_add_guest(process->broker, fd);
}

static void on_supervisor(struct br_listener *listener, int fd, pid_t pid, uid_t uid)
{
    struct process *process = listener->owner;

    if (uid != 0 && uid != process->uid) {
        vgpu_log(VGPU_LOG_WARNING, "supervisor of another account refused pid=%d uid=%u", (int)pid,
                 (unsigned int)uid);
        vgpu_fd_close(&fd);
        return;
    }
    br_broker_add_supervisor(process->broker, fd);
}

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
    br_listener_close(&process->guests);
    br_listener_close(&process->supervisors);
    br_broker_log_stats(process->broker);
    br_broker_stop(process->broker);
    br_spawn_stop(&process->spawn);
    uv_close((uv_handle_t *)&process->term, NULL);
    uv_close((uv_handle_t *)&process->interrupt, NULL);
    uv_close((uv_handle_t *)&process->usr1, NULL);
}

static void on_signal(uv_signal_t *signal, int signum)
{
    struct process *process = signal->data;

    if (signum == SIGUSR1) {
        br_broker_log_stats(process->broker);
        return;
    }
    vgpu_log(VGPU_LOG_INFO, "stopping signal=%d", signum);
    stop(process);
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
    return rc;
}

static int open_listener(struct process *process, struct br_listener *listener, const char *path,
                         uint32_t mode)
{
    int rc;

    listener->owner = process;
    rc = br_listener_open(listener, &process->loop, path, mode);
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "cannot listen path=%s error=\"%s\"", path, strerror(-rc));
    }
    return rc;
}

static int open_listeners(struct process *process)
{
    const struct br_settings *settings = &process->options.settings;
    int rc;

    process->guests.on_connect = on_guest;
    process->supervisors.on_connect = on_supervisor;
    rc = open_listener(process, &process->supervisors, settings->executor_socket, 0600);
    if (rc == 0) {
        rc = open_listener(process, &process->guests, settings->socket, settings->socket_mode);
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

/* systemd is told just before the lock, because telling it makes a socket. */
static int lock_and_notify(struct process *process)
{
    const char *paths[BR_LOCK_PATHS] = {process->options.settings.socket,
                                        process->options.settings.executor_socket};
    static const char ready[] = "READY\n";
    int rc = br_lock_init(&process->lock, paths, process->spawn.pid);

    if (rc < 0) {
        return rc;
    }
    (void)sd_notify(1, "READY=1");
#if VGPU_SANDBOX
    rc = br_lock_enter(&process->lock);
    vgpu_log(VGPU_LOG_INFO, "ready sandbox=seccomp");
#else
    vgpu_log(VGPU_LOG_WARNING, "ready sandbox=none (sanitizer build)");
#endif
    if (rc == 0 && process->options.ready_fd >= 0) {
        rc = vgpu_write_full(process->options.ready_fd, ready, sizeof(ready) - 1);
        vgpu_fd_close(&process->options.ready_fd);
    }
    return rc;
}

/* Every session costs five descriptors. */
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
             "stash_kib=%u channel_mib=%u spin_us=%llu",
             (unsigned long long)(br_broker_memory_bound(process->broker) >> 20),
             settings->sessions_max, settings->session_buffer_kib, 2 * BR_LINK_RX_BYTES / 1024,
             settings->channel_mib, (unsigned long long)(process->broker->spin_ns / 1000));
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
    log_bounds(process);
    rc = open_signals(process);
    if (rc == 0) {
        rc = open_listeners(process);
    }
    if (rc == 0) {
        rc = start_executors(process);
    }
    if (rc == 0) {
        rc = lock_and_notify(process);
    }
    return rc;
}

/* Leaves no socket file behind that nobody answers. */
static void undo(struct process *process)
{
    if (process->guests.is_open) {
        br_listener_remove(process->options.settings.socket);
    }
    if (process->supervisors.is_open) {
        br_listener_remove(process->options.settings.executor_socket);
    }
}

static void finish(struct process *process)
{
    for (int i = 0; i < BR_LOCK_PATHS; i++) {
        br_listener_remove(process->lock.paths[i]);
    }
    br_broker_free(process->broker);
    (void)uv_loop_close(&process->loop);
    br_options_fini(&process->options);
    vgpu_log(VGPU_LOG_INFO, "stopped");
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
    process.uid = geteuid();
    raise_fd_limit();
    rc = start(&process);
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "cannot start error=\"%s\"", strerror(-rc));
        undo(&process);
        return 1;
    }
    (void)uv_run(&process.loop, UV_RUN_DEFAULT);
    finish(&process);
    return 0;
}
