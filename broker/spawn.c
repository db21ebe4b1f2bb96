/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/spawn.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"

#define KILL_AFTER_MS 5000u
/* Fixed arguments, and an option with its value for each --set. */
#define ARGS_MAX (16 + 2 * VGPU_DAEMON_SETS_MAX)

struct args {
    char program[PATH_MAX];
    char sets[VGPU_DAEMON_SETS_MAX][256]; /* "--key\0value" */
    char *list[ARGS_MAX];
    unsigned int count;
};

static void add(struct args *args, const char *text)
{
    /* execv() takes pointers to non-const bytes that it does not write. */
    memcpy(&args->list[args->count++], &text, sizeof(text));
    args->list[args->count] = NULL;
}

/* Beside this program: in the build tree, in the same folder, or in ../libexec. */
static int find_program(struct args *args, const char *named)
{
    static const char *const places[] = {"../executor", ".", "../libexec/vgpu", "../libexec"};
    char folder[PATH_MAX - 64];
    ssize_t len;

    if (named != NULL) {
        return snprintf(args->program, sizeof(args->program), "%s", named) <
                       (int)sizeof(args->program)
                   ? 0
                   : -ENAMETOOLONG;
    }
    len = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
    if (len < 0) {
        return -errno;
    }
    folder[len] = '\0';
    *strrchr(folder, '/') = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        (void)snprintf(args->program, sizeof(args->program), "%s/%s/vgpu-executor", folder,
                       places[i]);
        if (access(args->program, X_OK) == 0) {
            return 0;
        }
    }
    return -ENOENT;
}

/* --set executor.some_key=value becomes --some-key value. */
static void add_set(struct args *args, unsigned int i, const char *assignment)
{
    static const char prefix[] = "executor.";
    char *text = args->sets[i];
    char *equals;

    if (strncmp(assignment, prefix, sizeof(prefix) - 1) != 0 ||
        snprintf(text, sizeof(args->sets[i]), "--%s", assignment + sizeof(prefix) - 1) >=
            (int)sizeof(args->sets[i])) {
        return;
    }
    equals = strchr(text, '=');
    *equals = '\0';
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '_' ? '-' : *at;
    }
    add(args, text);
    add(args, equals + 1);
}

static int make_args(struct args *args, const struct br_options *options)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    int rc = find_program(args, options->executor);

    if (rc < 0) {
        return rc;
    }
    add(args, args->program);
    add(args, "--all");
    add(args, "--socket");
    add(args, options->settings.executor_socket);
    add(args, "--log-level");
    add(args, levels[options->settings.log_level]);
    if (options->driver != NULL) {
        add(args, "--driver");
        add(args, options->driver);
    }
    if (options->daemon.config_path != NULL) {
        add(args, "--config");
        add(args, options->daemon.config_path);
    }
    for (unsigned int i = 0; i < options->daemon.set_count; i++) {
        add_set(args, i, options->daemon.sets[i]);
    }
    return 0;
}

__attribute__((noreturn)) static void run_child(const struct args *args, pid_t parent)
{
    sigset_t none;

    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent) {
        (void)execv(args->program, args->list);
    }
    _exit(127);
}

static void reap(uv_signal_t *child, int signum)
{
    struct br_spawn *spawn = child->data;
    int status;

    (void)signum;
    if (spawn->pid == 0 || waitpid(spawn->pid, &status, WNOHANG) != spawn->pid) {
        return;
    }
    spawn->pid = 0;
    uv_close((uv_handle_t *)&spawn->child, NULL);
    uv_close((uv_handle_t *)&spawn->kill_timer, NULL);
    spawn->is_open = false;
    spawn->on_exit(spawn, status);
}

int br_spawn_start(struct br_spawn *spawn, uv_loop_t *loop, const struct br_options *options)
{
    struct args *args = calloc(1, sizeof(*args));
    pid_t self = getpid();
    int rc = args == NULL ? -ENOMEM : make_args(args, options);

    if (rc < 0) {
        free(args);
        return rc;
    }
    (void)uv_signal_init(loop, &spawn->child);
    (void)uv_timer_init(loop, &spawn->kill_timer);
    spawn->is_open = true;
    spawn->child.data = spawn;
    spawn->kill_timer.data = spawn;
    rc = uv_signal_start(&spawn->child, reap, SIGCHLD);
    if (rc == 0) {
        spawn->pid = fork();
        rc = spawn->pid < 0 ? -errno : 0;
    }
    if (rc == 0 && spawn->pid == 0) {
        run_child(args, self);
    }
    if (rc < 0) {
        spawn->pid = 0;
    } else {
        vgpu_log(VGPU_LOG_INFO, "executor started pid=%d program=%s", (int)spawn->pid,
                 args->program);
    }
    free(args);
    return rc;
}

static void on_kill_timer(uv_timer_t *timer)
{
    struct br_spawn *spawn = timer->data;

    vgpu_log(VGPU_LOG_WARNING, "executor does not end, killed pid=%d", (int)spawn->pid);
    (void)kill(spawn->pid, SIGKILL);
}

void br_spawn_stop(struct br_spawn *spawn)
{
    if (spawn->pid > 0) {
        (void)kill(spawn->pid, SIGTERM);
        (void)uv_timer_start(&spawn->kill_timer, on_kill_timer, KILL_AFTER_MS, 0);
    }
}
