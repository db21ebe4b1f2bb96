/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_METRICS_TABLE_H
#define BR_METRICS_TABLE_H

/*
 * The metrics: their names, types and help, and what writes their samples.  docs/metrics.md has
 * the same rows; a test compares it with what a broker says.
 */

#include <stdint.h>

#include "broker/broker.h"
#include "broker/metrics_text.h"

/* One rendering, and what it knows: sums over all sessions, taken once at its start. */
struct br_scrape {
    struct br_text *text;
    struct br_broker *broker;
    size_t next;         /* metric, counted through all groups */
    struct br_stats all; /* of every session, ended ones too */
    uint32_t gpu_sessions[VGPU_DEVICES_MAX];
    uint64_t gpu_used[VGPU_DEVICES_MAX];
};

struct br_metric {
    const char *name;
    const char *type;
    const char *help; /* one line, no backslash */
    void (*emit)(const struct br_scrape *scrape, const struct br_metric *metric);
    size_t at; /* of a member, for emitters that serve several rows */
};

struct br_metric_group {
    const struct br_metric *metrics;
    size_t count;
};

extern const struct br_metric_group br_metrics_host;
extern const struct br_metric_group br_metrics_vm;
extern const struct br_metric_group br_metrics_gpu;

/* Begins to write all metrics to `text` (borrowed). */
void br_metrics_begin(struct br_scrape *scrape, struct br_broker *broker, struct br_text *text);

/* Writes the next metric, of all machines; machines may come and go between two.  False: that was
 * all, and text->failed says that there is no memory for it. */
bool br_metrics_step(struct br_scrape *scrape);

/* The value of the label vm: a machine's name, "(host)" for the processes of this host. */
const char *br_metrics_vm_label(const struct br_share *share);

#define BR_METRIC_GROUP(rows)                                                                      \
    {                                                                                              \
        (rows), sizeof(rows) / sizeof((rows)[0])                                                   \
    }

#endif
