/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_HOSTD_H
#define HD_HOSTD_H

/* Private to hostd/.  The process as a whole: its parts know each other through this. */

#include <systemd/sd-event.h>

#include "hostd/changes.h"
#include "hostd/options.h"
#include "hostd/server.h"
#include "hostd/store.h"
#include "hostd/table.h"

struct hd_hostd {
    sd_event *event;
    struct hd_options options;
    struct hd_table table;
    struct hd_store store;
    struct hd_changes changes;
    struct hd_server server;
    uint64_t started_ns;
    char last_error[HD_WHY_MAX]; /* for HostRow; empty: none */
};

/* Logs an error and keeps it for HostRow. */
__attribute__((format(printf, 2, 3))) void hd_hostd_error(struct hd_hostd *hostd, const char *fmt,
                                                          ...);

#endif
