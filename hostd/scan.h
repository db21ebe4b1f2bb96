/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_SCAN_H
#define HD_SCAN_H

/* The QEMUs that run on this host, found in /proc every so many seconds. */

#include <systemd/sd-event.h>

#include "hostd/qemu.h"
#include "proto/limits.h"

#define HD_QEMUS_MAX VGPU_VMS_MAX

/* What a tool is told is no older than this: many questions cost few looks. */
#define HD_SCAN_FRESH_NS UINT64_C(500000000)

struct hd_hostd;

/* What was found of the identity of a QEMU, of the same age as its row. */
struct hd_scan_word {
    char vm[HD_NAME_MAX + 1]; /* as which machine; empty: nothing yet */
    char identity[HD_WHY_MAX];
};

/* Starts zeroed. */
struct hd_scan {
    struct hd_hostd *hostd;
    sd_event_source *timer;
    struct hd_qemu qemus[HD_QEMUS_MAX];
    struct hd_scan_word words[HD_QEMUS_MAX];
    uint64_t looked_ns;
    size_t count;
    size_t with_device;
    bool said;
};

/* Looks now, and from now on every scan_s seconds.  0 or -errno. */
int hd_scan_start(struct hd_scan *scan, struct hd_hostd *hostd);

/* Looks now: `now_ns` is vgpu_clock_ns(). */
void hd_scan_look(struct hd_scan *scan, uint64_t now_ns);

/* The same, unless the last look is fresh. */
void hd_scan_refresh(struct hd_scan *scan, uint64_t now_ns);

/* Reads one process.  True when it is a QEMU. */
bool hd_scan_read(pid_t pid, struct hd_qemu *qemu);

/* Looks no more. */
void hd_scan_stop(struct hd_scan *scan);

#endif
