/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "executor/worker/environment.h"
#include "executor/worker/pipe.h"

#define ARGS_MAX 40
#define SELF     "/proc/self/exe"

struct arguments {
    const char *argv[ARGS_MAX];
    unsigned int count;
    char gpu[16];
    char parent[16];
    char helpers[16];
    char spares[16];
    char workers_max[16];
    char memory_quota[16];
    char ready_timeout[16];
};

static void add(struct arguments *a, const char *name, const char *value)
{
    a->argv[a->count++] = name;
    if (value != NULL) {
        a->argv[a->count++] = value;
    }
}

static const char *number(char *text, size_t cap, uint32_t value)
{
    (void)snprintf(text, cap, "%u", value);
    return text;
}

static void add_common(struct arguments *a, const struct ex_options *options)
{
    add(a, "--driver", options->driver);
    add(a, "--user", options->user);
    add(a, "--helpers", number(a->helpers, sizeof(a->helpers), options->settings.helpers));
    add(a, "--parent", number(a->parent, sizeof(a->parent), (uint32_t)getpid()));
    add(a, "--log-level", vgpu_log_level_name(options->log_level));
    if (options->sandbox_trace) {
        add(a, "--sandbox-trace", NULL);
    }
    if (options->config != NULL) {
        add(a, "--config", options->config);
    }
}

/* argv of a child is not written to: the casts away from const end here. */
static _Noreturn void exec_self(const struct arguments *a, char **environment)
{
    char *argv[ARGS_MAX + 1] = {NULL};

    for (unsigned int i = 0; i < a->count; i++) {
        memcpy(&argv[i], &a->argv[i], sizeof(argv[i]));
    }
    execve(SELF, argv, environment);
    _exit(127);
}

static void reset_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
}

/* In the child, between fork and exec: standard streams, the pipe, nothing else. */
static void set_descriptors(int pipe)
{
    int null = open("/dev/null", O_RDWR);

    if (pipe != EX_PIPE_FD && dup2(pipe, EX_PIPE_FD) < 0) {
        _exit(126);
    }
    if (pipe == EX_PIPE_FD) {
        (void)fcntl(pipe, F_SETFD, 0);
    }
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
    }
    (void)close_range(EX_PIPE_FD + 1, ~0u, 0);
}

static int make_pipe(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}

int ex_spawn(const struct ex_options *options, enum ex_mode mode, pid_t *pid, int *pipe)
{
    struct arguments a = {.count = 0};
    VGPU_CLEANUP_FREE char **environment = ex_environment_make(environ);
    int ends[2] = {-1, -1};
    int rc = environment == NULL ? -ENOMEM : make_pipe(ends);

    if (rc < 0) {
        return rc;
    }
    add(&a, mode == EX_MODE_WORKER ? "vgpu-worker" : "vgpu-probe", NULL);
    if (mode == EX_MODE_WORKER) {
        add(&a, "--worker", NULL);
        add(&a, "--gpu", options->gpu.text);
    } else {
        add(&a, "--probe", options->gpu.text);
    }
    add_common(&a, options);
    *pid = fork();
    if (*pid == 0) {
        set_descriptors(ends[1]);
        reset_signals();
        exec_self(&a, environment);
    }
    rc = *pid < 0 ? -errno : 0;
    vgpu_fd_close(&ends[1]);
    if (rc < 0) {
        vgpu_fd_close(&ends[0]);
    }
    *pipe = ends[0];
    return rc;
}

int ex_spawn_supervisor(const struct ex_options *options, uint32_t gpu, pid_t *pid)
{
    struct arguments a = {.count = 0};

    (void)number(a.gpu, sizeof(a.gpu), gpu);
    add(&a, "vgpu-executor", NULL);
    add(&a, "--gpu", a.gpu);
    add(&a, "--socket", options->socket);
    add(&a, "--spares", number(a.spares, sizeof(a.spares), options->settings.spares));
    add(&a, "--workers-max",
        number(a.workers_max, sizeof(a.workers_max), options->settings.workers_max));
    add(&a, "--memory-quota-mib",
        number(a.memory_quota, sizeof(a.memory_quota), options->settings.memory_quota_mib));
    add(&a, "--worker-socket", options->settings.worker_socket);
    add(&a, "--hostd-socket", options->settings.hostd_socket);
    add(&a, "--ready-timeout-ms",
        number(a.ready_timeout, sizeof(a.ready_timeout), options->settings.ready_timeout_ms));
    add_common(&a, options);
    *pid = fork();
    if (*pid == 0) {
        reset_signals();
        exec_self(&a, environ);
    }
    return *pid < 0 ? -errno : 0;
}
