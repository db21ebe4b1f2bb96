/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_SCAN_H
#define HD_SCAN_H

/* The QEMUs that run on this host, found in /proc every so many seconds. */

#include <systemd/sd-event.h>

#include "hostd/qemu.h"
#include "proto/limits.h"

#define HD_QEMUS_MAX VGPU_VMS_MAX

struct hd_hostd;

/* Starts zeroed. */
struct hd_scan {
    struct hd_hostd *hostd;
    sd_event_source *timer;
    struct hd_qemu qemus[HD_QEMUS_MAX];
    size_t count;
    size_t with_device;
    bool said;
};

/* Looks now, and from now on every scan_s seconds.  0 or -errno. */
int hd_scan_start(struct hd_scan *scan, struct hd_hostd *hostd);

/* Looks now. */
void hd_scan_look(struct hd_scan *scan);

/* Reads one process.  True when it is a QEMU. */
bool hd_scan_read(pid_t pid, struct hd_qemu *qemu);

void hd_scan_stop(struct hd_scan *scan);

#endif
