/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_HOSTD_H
#define HD_HOSTD_H

/* Private to hostd/.  The process as a whole: its parts know each other through this. */

#include <systemd/sd-event.h>

#include "hostd/broker.h"
#include "hostd/changes.h"
#include "hostd/options.h"
#include "hostd/scan.h"
#include "hostd/server.h"
#include "hostd/store.h"
#include "hostd/table.h"
#include "hostd/vms.h"
#include "hostd/watch.h"

struct hd_hostd {
    sd_event *event;
    struct hd_options options;
    struct hd_table table;
    struct hd_store store;
    bool recovered; /* what the broker had was read back */
    struct hd_changes changes;
    struct hd_vms vms;
    struct hd_broker broker;
    struct hd_server server;
    struct hd_watch watch;
    struct hd_scan scan;
    uint64_t started_ns;
    char last_error[HD_WHY_MAX]; /* for HostRow; empty: none */
};

/* Opens everything: socket, registry, folders, broker, QEMUs.  0 or -errno, with a line in the log.
 */
int hd_hostd_start(struct hd_hostd *hostd);

/* Closes everything; the machines' sockets stay for the broker. */
void hd_hostd_stop(struct hd_hostd *hostd);

/* Reads the settings again: all of them count, or none does. */
void hd_hostd_reload(struct hd_hostd *hostd);

/* Logs an error and keeps it for HostRow. */
__attribute__((format(printf, 2, 3))) void hd_hostd_error(struct hd_hostd *hostd, const char *fmt,
                                                          ...);

/* A toolstack has made, or removed, the folder of a QEMU. */
void hd_hostd_place_found(struct hd_hostd *hostd, const struct hd_place *place);
void hd_hostd_place_gone(struct hd_hostd *hostd, const struct hd_place *place);

/* It is still there: it gets a machine again when that was taken from it. */
void hd_hostd_place_kept(struct hd_hostd *hostd, const struct hd_place *place);

/* The broker says who has connected. */
void hd_hostd_peer(struct hd_hostd *hostd, const Vgpu__VmPeer *peer);

/* After a damaged registry was set aside (hostd/recover.c): takes what the broker's rows say, and
 * at last its machines. */
void hd_hostd_recover_pool(struct hd_hostd *hostd, const Vgpu__PoolRow *row);
void hd_hostd_recover_gpu(struct hd_hostd *hostd, const Vgpu__GpuRow *row);
void hd_hostd_recover(struct hd_hostd *hostd);

#endif
