/* SPDX-License-Identifier: Apache-2.0 */
/* The daemons, what they are told by files, and what they have seen since they started. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ctl/doctor.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/stale.h"

#define STATE_FOLDER  "/var/lib/vgpu"
#define DISK_FREE_MIN (UINT64_C(64) << 20)
#define TEXT          256

/* Who may not ask need not start anything. */
static const char *cure_of(const struct ct_error *error, const char *start)
{
    return strstr(error->text, "the group " CT_GROUP) != NULL
               ? "as root, or as a member of the group " CT_GROUP ": vgpuctl doctor"
               : start;
}

void ct_check_broker(const struct ct_host *host, struct ct_finding *finding)
{
    const ProtobufCMessage *row = ct_view_broker(&host->view);
    char age[CT_HUMAN];
    char version[64];

    if (row == NULL) {
        ct_find(finding, CT_RED_LIGHT,
                cure_of(&host->view.broker_error,
                        "systemctl start vgpu-broker; journalctl -u vgpu-broker"),
                "%s", host->view.broker_error.text);
        return;
    }
    if (strstr(ct_row_text(row, "sandbox"), "seccomp") == NULL) {
        ct_find(finding, CT_RED_LIGHT, "install a release build and restart vgpu-broker",
                "vgpu-broker runs without its lock");
    }
    if (ct_row_number(row, "sessions") >= ct_row_number(row, "sessions_max")) {
        ct_find(finding, CT_AMBER, "raise sessions_max in /etc/vgpu/vgpu.conf; vgpuctl sessions",
                "all %u sessions are in use", (unsigned int)ct_row_number(row, "sessions_max"));
    }
    ct_find(finding, CT_GREEN, NULL, "vgpu-broker %s, pid %u, up %s",
            ct_escape(version, sizeof(version), ct_row_text(row, "version")),
            (unsigned int)ct_row_number(row, "pid"),
            ct_duration(age, ct_row_number(row, "uptime_ms")));
}

void ct_check_hostd(const struct ct_host *host, struct ct_finding *finding)
{
    const ProtobufCMessage *row = ct_view_hostd(&host->view);
    char text[TEXT];

    if (row == NULL) {
        ct_find(finding, CT_AMBER,
                cure_of(&host->view.hostd_error,
                        "systemctl start vgpu-hostd; journalctl -u vgpu-hostd"),
                "%s", host->view.hostd_error.text);
        return;
    }
    if (ct_row_number(row, "broker") == 0) {
        ct_find(finding, CT_RED_LIGHT, "journalctl -u vgpu-hostd; systemctl restart vgpu-hostd",
                "vgpu-hostd is not connected to vgpu-broker: changes do not reach it");
    }
    if (ct_row_text(row, "last_error")[0] != '\0') {
        ct_find(finding, CT_AMBER, "journalctl -u vgpu-hostd -p warning", "its last error: %s",
                ct_escape(text, sizeof(text), ct_row_text(row, "last_error")));
    }
    ct_find(finding, CT_GREEN, NULL, "vgpu-hostd %s, pid %u",
            ct_escape(text, sizeof(text), ct_row_text(row, "version")),
            (unsigned int)ct_row_number(row, "pid"));
}

void ct_check_registry(const struct ct_host *host, struct ct_finding *finding)
{
    const ProtobufCMessage *row = ct_view_hostd(&host->view);
    char state[TEXT];
    char path[TEXT];

    if (row == NULL) {
        ct_find(finding, CT_AMBER, "systemctl start vgpu-hostd",
                "not known: vgpu-hostd does not answer; machines of vgpu.conf work without it");
        return;
    }
    (void)ct_escape(state, sizeof(state), ct_row_text(row, "registry_state"));
    (void)ct_escape(path, sizeof(path), ct_row_text(row, "registry"));
    if (strncmp(state, "did not take", 12) == 0) {
        ct_find(finding, CT_RED_LIGHT, "df -h " STATE_FOLDER "; journalctl -u vgpu-hostd", "%s %s",
                path, state);
    } else if (strncmp(state, "takes no changes", 16) == 0) {
        ct_find(finding, CT_RED_LIGHT,
                "journalctl -u vgpu-hostd names the cause; when the file is damaged: move it away, "
                "systemctl restart vgpu-hostd, then vgpuctl vm add",
                "%s %s", path, state);
    } else if (strcmp(state, "ok") != 0) {
        ct_find(finding, CT_AMBER, "vgpuctl vms: are all machines there? Else vgpuctl vm add NAME",
                "%s: %s", path, state);
    }
    ct_find(finding, CT_GREEN, NULL, "%s, %u machines", path,
            (unsigned int)ct_row_number(row, "vms"));
}

void ct_check_disk(const struct ct_host *host, struct ct_finding *finding)
{
    char path[CT_PATH];
    char size[CT_HUMAN];
    struct statvfs disk;
    uint64_t left;

    ct_host_path(host, STATE_FOLDER, path);
    if (statvfs(path, &disk) != 0) {
        ct_find(finding, CT_AMBER,
                errno == ENOENT ? "systemd-tmpfiles --create; or install -d -m 0750 " STATE_FOLDER
                                : "ls -ld /var/lib " STATE_FOLDER,
                STATE_FOLDER ": %s", strerror(errno));
        return;
    }
    left = (uint64_t)disk.f_bavail * disk.f_frsize;
    (void)ct_bytes(size, left);
    if ((disk.f_flag & ST_RDONLY) != 0) {
        ct_find(finding, CT_RED_LIGHT, "dmesg names a disk's fault; then mount -o remount,rw",
                STATE_FOLDER " is on a file system that is read-only");
    }
    if (left < DISK_FREE_MIN) {
        ct_find(finding, CT_RED_LIGHT,
                "df -h " STATE_FOLDER "; make room: journalctl --vacuum-size=200M",
                STATE_FOLDER " has %s left: changes cannot be kept", size);
    }
    ct_find(finding, CT_GREEN, NULL, STATE_FOLDER " has %s left", size);
}

/* Without a journal lines go to the standard error of who writes them; nobody waits for either. */
void ct_check_journal(const struct ct_host *host, struct ct_finding *finding)
{
    static const char path[] = "/run/systemd/journal/socket";
    int rc = ct_host_connect(host, path, SOCK_DGRAM);

    if (rc == -ENOENT) {
        ct_find(finding, CT_AMBER, "systemctl start systemd-journald.socket systemd-journald",
                "there is no journal: the daemons' lines go to their standard error");
    } else if (rc == -ECONNREFUSED) {
        ct_find(finding, CT_AMBER, "systemctl restart systemd-journald",
                "nobody reads %s: the daemons' lines go to their standard error", path);
    }
    if (rc >= 0) {
        (void)close(rc);
    }
    ct_find(finding, CT_GREEN, NULL, "there");
}

/* One figure that should be 0. */
static void count_bad(struct ct_finding *finding, uint64_t count, const char *what,
                      const char *cure)
{
    if (count > 0) {
        ct_find(finding, CT_AMBER, cure, "%llu %s", (unsigned long long)count, what);
    }
}

void ct_check_errors(const struct ct_host *host, struct ct_finding *finding)
{
    const ProtobufCMessage *row = ct_view_broker(&host->view);
    const struct ct_view *view = &host->view;

    if (!ct_find_broker(host, finding)) {
        return;
    }
    count_bad(finding, ct_rows_sum(&view->gpus, "workers_crashed"),
              "workers have crashed since the start",
              "journalctl -u 'vgpu-executor@*' -p warning; dmesg | grep -i xid");
    count_bad(finding, ct_row_number(row, "misuses"),
              "peers broke the protocol since the start and lost their session",
              "journalctl -u vgpu-broker -p warning; vgpuctl vms --json shows whose (misuses)");
    count_bad(finding, ct_row_number(row, "lines_dropped"), "log lines were dropped",
              "systemctl status systemd-journald; else a machine causes too many: vgpuctl vms");
    count_bad(finding, ct_rows_sum(&view->vms, "refused"), "sessions of machines were refused",
              "vgpuctl vms --json shows whose (refused) and their limits; vgpuctl vm set NAME ...");
    count_bad(finding, ct_row_number(row, "unknown"), "calls were not known to the workers",
              "host and guest libraries are of different releases: vgpuctl status");
    ct_find(finding, CT_GREEN, NULL, "none since vgpu-broker started");
}

void ct_check_versions(const struct ct_host *host, struct ct_finding *finding)
{
    json_t *notes = NULL;

    if (!ct_find_broker(host, finding)) {
        return;
    }
    notes = ct_stale_notes(&host->view);
    if (json_array_size(notes) > 0) {
        const json_t *first = json_array_get(notes, 0);
        char name[64];
        char text[TEXT];

        ct_find(finding, CT_AMBER, json_string_value(json_object_get(first, "cure")),
                "restart needed: %s %s: %s (%u in all)",
                json_string_value(json_object_get(first, "what")),
                ct_escape(name, sizeof(name), json_string_value(json_object_get(first, "name"))),
                ct_escape(text, sizeof(text), json_string_value(json_object_get(first, "text"))),
                (unsigned int)json_array_size(notes));
    }
    json_decref(notes);
    ct_find(finding, CT_GREEN, NULL, "all is of release " VGPU_VERSION);
}
