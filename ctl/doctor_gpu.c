/* SPDX-License-Identifier: Apache-2.0 */
/* The GPUs, who serves them, how their workers are locked, and who may use them. */
#include <stdio.h>
#include <string.h>

#include "ctl/doctor.h"
#include "ctl/escape.h"

/* A supervisor that cannot make a worker says why; else it is making one. */
static void check_workers(const ProtobufCMessage *gpu, const char *name, struct ct_finding *finding)
{
    static const char cure[] = "journalctl -u 'vgpu-executor@*'; nvidia-smi";
    bool none = ct_row_number(gpu, "workers") == 0;
    char trouble[256];

    (void)ct_escape(trouble, sizeof(trouble), ct_row_text(gpu, "trouble"));
    if (trouble[0] != '\0') {
        ct_find(finding, none ? CT_RED_LIGHT : CT_AMBER, cure, "%s: no worker can be made%s: %s",
                name, none ? "" : " beside those that are there", trouble);
    } else if (none && ct_row_number(gpu, "spares_wanted") == 0) {
        ct_find(finding, CT_GREEN, NULL, "%s: no worker is kept ready (spares = 0)", name);
    } else if (none) {
        ct_find(finding, CT_GREEN, NULL, "%s: a worker is starting", name);
    }
}

/* The second one waits, and serves nobody. */
static void check_rival(const ProtobufCMessage *gpu, const char *name, struct ct_finding *finding)
{
    unsigned int rival = (unsigned int)ct_row_number(gpu, "rival_pid");

    if (rival != 0) {
        ct_find(finding, CT_AMBER,
                "end one of the two: systemctl status 'vgpu-executor@*' shows which unit each "
                "belongs to, systemctl stop UNIT; one started by hand: kill PID",
                "%s: two vgpu-executors want it: process %u serves it, process %u waits", name,
                (unsigned int)ct_row_number(gpu, "supervisor_pid"), rival);
    }
}

static void check_gpu(const ProtobufCMessage *gpu, struct ct_finding *finding)
{
    const char *state = ct_row_text(gpu, "state");
    char name[64];
    char clean[64];
    char cure[128];

    (void)ct_escape(name, sizeof(name), ct_row_text(gpu, "uuid"));
    if (strcmp(state, "gone") == 0) {
        (void)snprintf(cure, sizeof(cure), "systemctl restart vgpu-executor@%s; nvidia-smi", name);
        ct_find(finding, CT_RED_LIGHT, cure, "%s is gone: its vgpu-executor has ended", name);
    } else if (strcmp(state, "leaving") == 0) {
        (void)snprintf(cure, sizeof(cure), "systemctl status vgpu-executor@%s", name);
        ct_find(finding, CT_AMBER, cure,
                "%s takes no new sessions: its vgpu-executor stops when those it has are over",
                name);
    } else if (strcmp(state, "up") != 0) {
        (void)snprintf(cure, sizeof(cure), "vgpuctl gpu undrain %s", name);
        ct_find(finding, CT_AMBER, cure, "%s is %s: it takes no new sessions", name,
                ct_escape(clean, sizeof(clean), state));
    } else {
        check_workers(gpu, name, finding);
        check_rival(gpu, name, finding);
    }
}

void ct_check_gpus(const struct ct_host *host, struct ct_finding *finding)
{
    const struct ct_rows *gpus = &host->view.gpus;
    char name[64];

    if (!ct_find_broker(host, finding)) {
        return;
    }
    if (gpus->count == 0) {
        ct_find(finding, CT_RED_LIGHT,
                "systemctl start vgpu-gpu@all; journalctl -u 'vgpu-gpu@*' -u 'vgpu-executor@*'; "
                "nvidia-smi -L",
                "no GPU has registered: no vgpu-executor runs, or none could use its GPU");
        return;
    }
    for (size_t i = 0; i < gpus->count; i++) {
        check_gpu(ct_rows_at(gpus, i), finding);
    }
    ct_find(finding, CT_GREEN, NULL, "%u: %s%s", (unsigned int)gpus->count,
            ct_escape(name, sizeof(name), ct_row_text(ct_rows_at(gpus, 0), "name")),
            gpus->count > 1 ? " and others" : "");
}

void ct_check_sandbox(const struct ct_host *host, struct ct_finding *finding)
{
    const struct ct_rows *gpus = &host->view.gpus;
    char layers[128] = "no workers yet";

    if (!ct_find_broker(host, finding)) {
        return;
    }
    for (size_t i = 0; i < gpus->count; i++) {
        const char *text = ct_row_text(ct_rows_at(gpus, i), "sandbox");

        if (text[0] == '\0') {
            continue;
        }
        (void)ct_escape(layers, sizeof(layers), text);
        if (strstr(text, "seccomp") == NULL) {
            ct_find(finding, CT_RED_LIGHT,
                    "install a release build and restart vgpu-executor@*: this one has no sandbox",
                    "workers run without seccomp (%s)", layers);
        } else if (strstr(text, "landlock") == NULL) {
            ct_find(finding, CT_AMBER,
                    "boot a kernel with Landlock (lsm=landlock,... on 5.13 or later)",
                    "workers run without Landlock (%s)", layers);
        }
    }
    ct_find(finding, CT_GREEN, NULL, "%s", layers);
}

void ct_check_pools(const struct ct_host *host, struct ct_finding *finding)
{
    const struct ct_view *view = &host->view;
    char vm[64];
    char pool[64];
    char cure[128];

    if (!ct_find_broker(host, finding)) {
        return;
    }
    for (size_t i = 0; i < view->vms.count; i++) {
        const ProtobufCMessage *row = ct_rows_at(&view->vms, i);
        const char *name = ct_row_text(row, "pool");
        const ProtobufCMessage *found = ct_rows_find(&view->pools, "name", name);

        if (name[0] != '\0' && (found == NULL || ct_row_text(found, "gpus")[0] == '\0')) {
            (void)ct_escape(pool, sizeof(pool), name);
            (void)snprintf(cure, sizeof(cure), "vgpuctl pool set %s GPU; vgpuctl gpus lists them",
                           pool);
            ct_find(finding, CT_RED_LIGHT, cure, "machine %s is of pool %s, which has no GPU",
                    ct_escape(vm, sizeof(vm), ct_row_text(row, "name")), pool);
        }
    }
    if (view->pools.count == 0) {
        ct_find(finding, CT_GREEN, NULL, "none: every machine may use every GPU");
    }
    ct_find(finding, CT_GREEN, NULL, "%u", (unsigned int)view->pools.count);
}
