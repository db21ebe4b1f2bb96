/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/startup.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/fd.h"
#include "executor/sandbox/init_filter.h"
#include "executor/sandbox/landlock.h"
#include "executor/sandbox/limits.h"
#include "executor/sandbox/locked_filter.h"
#include "executor/sandbox/trace.h"
#include "executor/sandbox/verify.h"
#include "executor/worker/crash.h"
#include "executor/worker/credentials.h"
#include "executor/worker/environment.h"
#include "executor/worker/pipe.h"
#include "executor/worker/reservation.h"
#include "executor/worker/watch.h"

static int close_descriptors(const struct ex_options *options)
{
    static const int keep[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, EX_PIPE_FD};

    (void)options;
    return vgpu_fd_close_all_except(keep, sizeof(keep) / sizeof(keep[0]));
}

static int scrub_environment(const struct ex_options *options)
{
    (void)options;
    return ex_environment_scrub();
}

static int drop_account(const struct ex_options *options)
{
    return ex_credentials_drop(options->user);
}

/* After the last change of credentials, which clears the signal. */
static int follow_parent(const struct ex_options *options)
{
    if (options->activated) {
        return ex_watch_open();
    }
    if (options->parent == 0) {
        return 0;
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
        return -errno;
    }
    return getppid() == options->parent ? 0 : -ESRCH;
}

static int set_limits(const struct ex_options *options)
{
    (void)options;
    return ex_limits_set();
}

/* The kernel rounds sleeps of 20 us up by 50 us otherwise. */
static int sharpen_timers(const struct ex_options *options)
{
    (void)options;
    return prctl(PR_SET_TIMERSLACK, 1000) < 0 ? -errno : 0;
}

static int forbid_dumps(const struct ex_options *options)
{
    (void)options;
    return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}

static int watch_for_crashes(const struct ex_options *options)
{
    (void)options;
    return ex_crash_watch();
}

static int reserve_addresses(const struct ex_options *options)
{
    (void)options;
    return ex_reservation_make() > 0 ? 0 : -EADDRINUSE;
}

static int forbid_privileges(const struct ex_options *options)
{
    (void)options;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static const struct {
    const char *name;
    int (*run)(const struct ex_options *options);
} steps[] = {
    {"close descriptors", close_descriptors},
    {"scrub environment", scrub_environment},
    {"change account", drop_account},
    {"follow parent or supervisor", follow_parent},
    {"set limits", set_limits},
    {"sharpen timers", sharpen_timers},
    {"forbid dumps", forbid_dumps},
    {"watch for crashes", watch_for_crashes},
    {"reserve addresses", reserve_addresses},
    {"no new privileges", forbid_privileges},
};

static int restrict_paths(const struct ex_options *options, struct ex_layers *layers)
{
    int rc = ex_landlock_restrict(options->driver, &layers->landlock_abi);

    if (rc == 0 && layers->landlock_abi == 0) {
        vgpu_log(VGPU_LOG_DEBUG, "layer missing: the kernel has no Landlock");
    }
    return rc;
}

static int load_init_filter(const struct ex_options *options)
{
    int rc = options->sandbox_trace ? ex_trace_install() : 0;

    return rc == 0 ? ex_filter_load(&ex_init_policy, options->sandbox_trace, NULL) : rc;
}

int ex_startup_isolate(const struct ex_options *options, struct ex_layers *layers)
{
    const char *name = "";
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
        name = steps[i].name;
        rc = steps[i].run(options);
    }
    if (VGPU_SANDBOX && rc == 0) {
        name = "landlock";
        rc = restrict_paths(options, layers);
    }
    if (VGPU_SANDBOX && rc == 0) {
        name = "init filter";
        rc = load_init_filter(options);
    }
    if (rc == 0 && options->activated) {
        name = "watch";
        rc = ex_watch_start();
    }
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "worker cannot start step=\"%s\" error=%d", name, -rc);
    }
    return rc;
}

int ex_startup_lock(const struct ex_options *options, struct ex_layers *layers)
{
    if (!VGPU_SANDBOX) {
        vgpu_log(VGPU_LOG_WARNING, "this build has no sandbox: for tests with a sanitizer only");
        return 0;
    }
    int rc = ex_filter_load(&ex_locked_policy, options->sandbox_trace, &layers->filter_hash);

    if (rc == 0) {
        rc = ex_verify_locked();
    }
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "worker cannot be locked error=%d", -rc);
    }
    return rc;
}
