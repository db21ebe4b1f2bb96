/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/launcher.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "executor/supervisor/probe.h"
#include "executor/supervisor/spawn.h"
#include "proto/limits.h"

/* A supervisor that was killed comes back after so long. */
#define RESTART_NS 100000000L

static pid_t children[VGPU_DEVICES_MAX];
static uint32_t child_count;
static volatile sig_atomic_t stopping;

/* A supervisor knows a wish to stop by this signal, whatever the launcher was sent. */
static void forward(int number)
{
    int saved = errno;

    (void)number;
    stopping = 1;
    for (uint32_t i = 0; i < child_count; i++) {
        if (children[i] > 0) {
            (void)kill(children[i], SIGTERM);
        }
    }
    errno = saved;
}

static void set_handlers(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = forward;
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
}

static int count_gpus(const struct ex_options *options, uint32_t *count)
{
    struct ex_probe probe;
    int rc = ex_probe_run(options, -1, &probe);

    if (rc < 0) {
        return rc;
    }
    *count = probe.device_count < VGPU_DEVICES_MAX ? probe.device_count : VGPU_DEVICES_MAX;
    ex_probe_fini(&probe);
    return *count > 0 ? 0 : -ENODEV;
}

/* A signal was not its own doing, so its GPU comes back; an exit status is its last word. */
static bool restart(const struct ex_options *options, uint32_t gpu, int status)
{
    struct timespec pause = {.tv_nsec = RESTART_NS};

    if (stopping || !WIFSIGNALED(status)) {
        return false;
    }
    vgpu_log(VGPU_LOG_WARNING, "supervisor killed, starts again gpu=%u signal=%d", gpu,
             WTERMSIG(status));
    (void)nanosleep(&pause, NULL);
    if (ex_spawn_supervisor(options, gpu, &children[gpu]) < 0) {
        return false;
    }
    if (stopping) {
        (void)kill(children[gpu], SIGTERM);
    }
    return true;
}

/* The supervisor of `gpu` has ended.  True when it has ended for good; then the others end too. */
static bool ended(const struct ex_options *options, uint32_t gpu, int status)
{
    children[gpu] = 0;
    if (restart(options, gpu, status)) {
        return false;
    }
    children[gpu] = 0;
    forward(SIGTERM);
    return true;
}

/* Waits for all supervisors. */
static int wait_all(const struct ex_options *options)
{
    uint32_t left = child_count;
    int status;
    int worst = 0;

    while (left > 0) {
        pid_t pid = waitpid(-1, &status, 0);

        if (pid < 0) {
            if (errno == EINTR) {
                continue;
            }
            break;
        }
        for (uint32_t i = 0; i < child_count; i++) {
            if (children[i] == pid && ended(options, i, status)) {
                left--;
                worst |= WIFEXITED(status) ? WEXITSTATUS(status) : 1;
            }
        }
    }
    return worst;
}

int ex_launcher_main(const struct ex_options *options)
{
    uint32_t count = 0;

    /* Started by the broker, it ends with the broker. */
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    int rc = count_gpus(options, &count);

    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "no GPU driver=%s error=%d", options->driver, -rc);
        return 1;
    }
    set_handlers();
    for (uint32_t i = 0; i < count && !stopping; i++) {
        rc = ex_spawn_supervisor(options, i, &children[i]);
        if (rc < 0) {
            vgpu_log(VGPU_LOG_ERROR, "supervisor not started gpu=%u error=%d", i, -rc);
            break;
        }
        child_count++;
    }
    if (stopping) {
        forward(SIGTERM); /* those that were started meanwhile have not heard it */
    }
    return child_count > 0 ? wait_all(options) : 1;
}
