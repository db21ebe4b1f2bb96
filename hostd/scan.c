/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/scan.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "hostd/hostd.h"
#include "hostd/proc.h"

/* One buffer for what is read: one thread. */
static char text[HD_PROC_TEXT_MAX];

/* The program's file without its folder, and without " (deleted)".  The kernel tells it of
 * processes with no more privileges than ours; of others the command line does. */
static bool read_binary(pid_t pid, char *to, size_t cap)
{
    char path[512];
    const char *name;

    if (hd_proc_link(pid, "exe", path, sizeof(path)) < 0 &&
        hd_proc_read(pid, "cmdline", path, sizeof(path)) <= 0) {
        return false;
    }
    name = strrchr(path, '/');
    name = name != NULL ? name + 1 : path;
    (void)snprintf(to, cap, "%.*s", (int)strcspn(name, " "), name);
    return true;
}

/* LD_PRELOAD names our loader. */
static bool has_loader(pid_t pid)
{
    ssize_t len = hd_proc_read(pid, "environ", text, sizeof(text));

    for (ssize_t at = 0; at < len; at += (ssize_t)strlen(text + at) + 1) {
        if (strncmp(text + at, "LD_PRELOAD=", 11) == 0) {
            return strstr(text + at, "vgpu") != NULL;
        }
    }
    return false;
}

bool hd_scan_read(pid_t pid, struct hd_qemu *qemu)
{
    ssize_t len;

    *qemu = (struct hd_qemu){.pid = (uint32_t)pid};
    if (!read_binary(pid, qemu->binary, sizeof(qemu->binary)) || !hd_qemu_is_binary(qemu->binary)) {
        return false;
    }
    len = hd_proc_read(pid, "cmdline", text, sizeof(text));
    if (len > 0) {
        /* Its last text may have been cut. */
        hd_qemu_read(qemu, text, (size_t)len + (text[len - 1] != '\0' ? 1 : 0));
    }
    qemu->loader = has_loader(pid);
    return true;
}

static void count(struct hd_scan *scan)
{
    size_t with_device = 0;

    for (size_t i = 0; i < scan->count; i++) {
        with_device += scan->qemus[i].device ? 1 : 0;
    }
    if (!scan->said || with_device != scan->with_device) {
        vgpu_log(VGPU_LOG_INFO, "Found %zu QEMU VMs with vgpu-cuda devices qemus=%zu", with_device,
                 scan->count);
    }
    scan->said = true;
    scan->with_device = with_device;
}

void hd_scan_look(struct hd_scan *scan, uint64_t now_ns)
{
    DIR *dir = opendir("/proc");
    const struct dirent *entry;

    scan->looked_ns = now_ns;
    scan->count = 0;
    while (dir != NULL && scan->count < HD_QEMUS_MAX && (entry = readdir(dir)) != NULL) {
        size_t len = strspn(entry->d_name, "0123456789");

        if (len > 0 && len < 10 && entry->d_name[len] == '\0' &&
            hd_scan_read((pid_t)strtol(entry->d_name, NULL, 10), &scan->qemus[scan->count])) {
            scan->words[scan->count].vm[0] = '\0';
            scan->count++;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    count(scan);
}

void hd_scan_refresh(struct hd_scan *scan, uint64_t now_ns)
{
    if (now_ns - scan->looked_ns >= HD_SCAN_FRESH_NS) {
        hd_scan_look(scan, now_ns);
    }
}

static int on_timer(sd_event_source *source, uint64_t now_us, void *userdata)
{
    struct hd_scan *scan = userdata;

    (void)now_us;
    hd_scan_look(scan, vgpu_clock_ns());
    hd_watch_look(&scan->hostd->watch);
    hd_vms_heal(scan->hostd);
    (void)sd_event_source_set_time_relative(source, scan->hostd->options.settings.scan_s *
                                                        UINT64_C(1000000));
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int hd_scan_start(struct hd_scan *scan, struct hd_hostd *hostd)
{
    int rc;

    scan->hostd = hostd;
    hd_scan_look(scan, vgpu_clock_ns());
    rc = sd_event_add_time_relative(hostd->event, &scan->timer, CLOCK_MONOTONIC,
                                    hostd->options.settings.scan_s * UINT64_C(1000000), 0, on_timer,
                                    scan);
    return rc < 0 ? rc : 0;
}

void hd_scan_stop(struct hd_scan *scan)
{
    scan->timer = sd_event_source_disable_unref(scan->timer);
}
