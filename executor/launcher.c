/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/launcher.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "executor/supervisor/probe.h"
#include "executor/supervisor/spawn.h"
#include "proto/limits.h"

static pid_t children[VGPU_DEVICES_MAX];
static uint32_t child_count;

static void forward(int number)
{
    int saved = errno;

    for (uint32_t i = 0; i < child_count; i++) {
        if (children[i] > 0) {
            (void)kill(children[i], number);
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
    int rc = ex_probe_run(options, &probe);

    if (rc < 0) {
        return rc;
    }
    *count = probe.device_count < VGPU_DEVICES_MAX ? probe.device_count : VGPU_DEVICES_MAX;
    ex_probe_fini(&probe);
    return *count > 0 ? 0 : -ENODEV;
}

/* Waits for all supervisors; one that ends takes the others along. */
static int wait_all(void)
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
            if (children[i] == pid) {
                children[i] = 0;
                left--;
                worst |= WIFEXITED(status) ? WEXITSTATUS(status) : 1;
                forward(SIGTERM);
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
    for (uint32_t i = 0; i < count; i++) {
        rc = ex_spawn_supervisor(options, i, &children[i]);
        if (rc < 0) {
            vgpu_log(VGPU_LOG_ERROR, "supervisor not started gpu=%u error=%d", i, -rc);
            break;
        }
        child_count++;
    }
    return child_count > 0 ? wait_all() : 1;
}
