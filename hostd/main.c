/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-hostd: one process, one thread, one sd-event loop; the only privileged program.
 *
 *   vgpuctl ─hostd.sock─► client ─► changes ─► store (SQLite)
 *                                      │
 *                                      ▼ VmSet + listening socket, PoolSet, GpuDrain
 *   /var/xen/qemu ─inotify─► watch ─► vms ─► broker ──control.sock──► vgpu-broker
 *   /proc ─────────timer───► scan ─► identity ─┘ ◄─ VmPeer
 *   vgpu-executor ─hostd.sock, KillWorker─► client ─► kill
 *
 *   start:  options, log, privileges dropped, socket bound, registry read, folders watched, QEMUs
 *           looked for, READY; the broker is connected to from the loop, whenever it is there
 *   run:    SIGHUP reads the settings again
 *   end:    SIGTERM or SIGINT: exit 0.  The machines' sockets stay: the broker serves on
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "common/fd.h"
#include "common/io.h"
#include "common/log.h"
#include "hostd/hostd.h"
#include "hostd/privileges.h"

static const enum vgpu_log_level levels[] = {VGPU_LOG_ERROR, VGPU_LOG_WARNING, VGPU_LOG_INFO,
                                             VGPU_LOG_DEBUG};

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    struct hd_hostd *hostd = userdata;

    (void)source;
    vgpu_log(VGPU_LOG_INFO, "stopping signal=%u", info->ssi_signo);
    return sd_event_exit(hostd->event, 0);
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    (void)source;
    (void)info;
    hd_hostd_reload(userdata);
    return 0;
}

/* sd-event takes signals that are blocked.  A write beyond RLIMIT_FSIZE is an error, no end. */
static int open_signals(struct hd_hostd *hostd)
{
    sigset_t taken;
    int rc;

    (void)signal(SIGXFSZ, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&taken);
    (void)sigaddset(&taken, SIGTERM);
    (void)sigaddset(&taken, SIGINT);
    (void)sigaddset(&taken, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &taken, NULL);
    rc = sd_event_add_signal(hostd->event, NULL, SIGTERM, on_stop, hostd);
    if (rc >= 0) {
        rc = sd_event_add_signal(hostd->event, NULL, SIGINT, on_stop, hostd);
    }
    if (rc >= 0) {
        rc = sd_event_add_signal(hostd->event, NULL, SIGHUP, on_reload, hostd);
    }
    return rc < 0 ? rc : 0;
}

static void announce(struct hd_hostd *hostd)
{
    static const char ready[] = "READY\n";

    (void)sd_notify(0, "READY=1");
    vgpu_log(VGPU_LOG_INFO, "ready");
    if (hostd->options.daemon.ready_fd >= 0) {
        (void)vgpu_write_full(hostd->options.daemon.ready_fd, ready, sizeof(ready) - 1);
        vgpu_fd_close(&hostd->options.daemon.ready_fd);
    }
}

static int start(struct hd_hostd *hostd)
{
    int rc = sd_event_new(&hostd->event);

    if (rc >= 0) {
        rc = open_signals(hostd);
    }
    if (rc == 0) {
        rc = hd_hostd_start(hostd);
    }
    if (rc < 0) {
        return rc;
    }
    (void)sd_event_set_watchdog(hostd->event, 1);
    announce(hostd);
    return 0;
}

static void finish(struct hd_hostd *hostd)
{
    (void)sd_notify(0, "STOPPING=1");
    hd_hostd_stop(hostd);
    (void)sd_event_unref(hostd->event);
    hd_options_fini(&hostd->options);
    vgpu_log(VGPU_LOG_INFO, "stopped");
}

int main(int argc, char **argv)
{
    static struct hd_hostd hostd;
    int rc = hd_options_parse(&hostd.options, argc, argv, stdout, stderr);

    if (rc != 0) {
        hd_options_fini(&hostd.options);
        return rc < 0 ? 2 : 0;
    }
    (void)vgpu_log_init("vgpu-hostd", levels[hostd.options.settings.log_level],
                        VGPU_LOG_TARGET_AUTO);
    hostd.server.fd = -1;
    rc = hd_privileges_drop();
    if (rc == 0) {
        rc = start(&hostd);
    }
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "cannot start error=\"%s\"", strerror(-rc));
    } else {
        rc = sd_event_loop(hostd.event);
        if (rc < 0) {
            vgpu_log(VGPU_LOG_ERROR, "event loop ended error=\"%s\"", strerror(-rc));
        }
    }
    finish(&hostd);
    return rc < 0 ? 1 : 0;
}
