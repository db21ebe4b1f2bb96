/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgpu-executor
 *
 *   --all          launcher ──fork+exec──► one supervisor per GPU        (development)
 *
 *   --gpu GPU      supervisor ◄──frames──► broker's executor socket
 *                     │ obtains (fork+exec, or systemd by a socket), waits for Ready, reads
 *                     │ /proc/PID, hands over, sees the end
 *                     ├──► --probe GPU  driver, context, Facts on descriptor 3, ends
 *                     └──► --worker     descriptor 3 goes on to the broker:
 *
 *   --worker --activated   the same, started by systemd: WorkerStart says which of the two
 *
 *      worker   isolate ► driver ► context ► self-test ► helpers ► lock ► Ready
 *                                                                           │
 *               broker ──Submit──► dispatcher ──► driver ──► GPU            ▼
 *                      ◄─Complete─     └─blocking─► helper threads ─► driver
 *
 * The supervisor never calls the driver: a process that has done so cannot fork.  A worker
 * serves one session and ends with it.
 */

#include <stdio.h>
#include <unistd.h>

#include "executor/launcher.h"
#include "executor/options.h"
#include "executor/supervisor/supervisor.h"
#include "executor/worker/activation.h"
#include "executor/worker/exit_status.h"
#include "executor/worker/worker.h"

/* Workers log to the standard error that they inherit: they must not connect anywhere. */
static enum vgpu_log_target target_of(enum ex_mode mode)
{
    return mode == EX_MODE_WORKER || mode == EX_MODE_PROBE || mode == EX_MODE_SELF_TEST
               ? VGPU_LOG_TARGET_STDERR
               : VGPU_LOG_TARGET_AUTO;
}

static const char *name_of(enum ex_mode mode)
{
    return mode == EX_MODE_WORKER ? "vgpu-worker" : "vgpu-executor";
}

static int run(struct ex_options *options)
{
    if (options->activated && ex_activation_take(options) < 0) {
        return EX_EXIT_START;
    }
    switch (options->mode) {
    case EX_MODE_ALL:
        return ex_launcher_main(options);
    case EX_MODE_SUPERVISOR:
        return ex_supervisor_main(options);
    case EX_MODE_PROBE:
        return ex_probe_main(options);
    case EX_MODE_WORKER:
        return ex_worker_main(options);
    case EX_MODE_SELF_TEST:
        return ex_selftest_main(options);
    case EX_MODE_NONE:
        break;
    }
    return 2;
}

int main(int argc, char **argv)
{
    struct ex_options options;
    int status = 2;

    if (ex_options_parse(&options, argc, argv) == 0) {
        if (options.help) {
            (void)fputs(ex_options_help, stdout);
            status = 0;
        } else if (options.version) {
            (void)puts("vgpu-executor " VGPU_VERSION);
            status = 0;
        } else if (options.check) {
            status = 0;
        } else {
            (void)vgpu_log_init(name_of(options.mode), options.log_level, target_of(options.mode));
            status = run(&options);
        }
    }
    ex_options_fini(&options);
    return status;
}
