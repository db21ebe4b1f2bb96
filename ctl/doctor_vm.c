/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU and the machines: can they carry the device, are they connected, do they work. */
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/doctor.h"
#include "ctl/escape.h"
#include "ctl/human.h"

#define XEN_QEMU "/usr/lib64/xen/bin/qemu-system-i386"
/* Calls that wait so long in a ring do not come through. */
#define STUCK_MS 10000
#define NAME     64
#define CURE     256
/* Groups of a QEMU's account that are looked at. */
#define GROUPS 32

/* vgpu-qemu's exit statuses (vgpu-qemu(1)), each with its cure. */
static const char *cure_of(int status)
{
    switch (status) {
    case 3:
        return "apt install qemu-system-x86, or name a QEMU with VGPU_QEMU";
    case 4:
        return "install the package vgpu-qemu-device, or name the loader's folder with "
               "VGPU_QEMU_MODULES";
    case 5:
        return "qemu-device/build QEMU-SOURCE FOLDER (OBJECTS in vgpu-qemu(1))";
    case 6:
        return "qemu-device/in-tree/install QEMU-SOURCE, then build that QEMU (BUILT INTO QEMU in "
               "vgpu-qemu(1))";
    default:
        return "build the object from this QEMU's own source: qemu-device/build QEMU-SOURCE FOLDER";
    }
}

static bool find_program(const struct ct_host *host, char out[static CT_PATH])
{
    static const char *const places[] = {"/usr/bin/vgpu-qemu", "/usr/local/bin/vgpu-qemu"};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        ct_host_path(host, places[i], out);
        if (access(out, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

/* Xen has a QEMU of its own, which takes no loader. */
static bool check_xen(const struct ct_host *host, struct ct_finding *finding)
{
    char path[CT_PATH];
    char text[CT_ERROR_TEXT];
    char device[] = "-device";
    char help[] = "vgpu-cuda,help";
    char *argv[] = {path, device, help, NULL};

    ct_host_path(host, XEN_QEMU, path);
    if (access(path, X_OK) != 0) {
        return false;
    }
    if (ct_host_run(argv, text, sizeof(text)) >= 0 && strstr(text, "vgpu-cuda options") != NULL) {
        ct_find(finding, CT_AMBER, "see deploy/xcp-ng/README.md for what does not work on Xen",
                XEN_QEMU " has vgpu-cuda built in, but Xen does not share its memory with us");
    } else {
        ct_find(finding, CT_RED_LIGHT, "see deploy/xcp-ng/README.md: the device must be built in",
                XEN_QEMU " does not know the device vgpu-cuda");
    }
    return true;
}

void ct_check_qemu(const struct ct_host *host, struct ct_finding *finding)
{
    char path[CT_PATH];
    char text[512];
    char check[] = "--check";
    char *argv[] = {path, check, NULL};
    int status;

    if (check_xen(host, finding)) {
        return;
    }
    if (!find_program(host, path)) {
        ct_find(finding, CT_AMBER,
                "install the package vgpu-qemu-device; programs of this host need none",
                "there is no vgpu-qemu: no machine can be given the device");
        return;
    }
    status = ct_host_run(argv, text, sizeof(text));
    if (status != 0) {
        ct_find(finding, CT_RED_LIGHT, cure_of(status), "%s",
                text[0] != '\0' ? text : "vgpu-qemu --check does not end");
        return;
    }
    text[strcspn(text, "\\")] = '\0';
    ct_find(finding, CT_GREEN, NULL, "%s: %s",
            strstr(text, "built in") != NULL ? "patched" : "stock with loader",
            strncmp(text, "vgpu-qemu: ", 11) == 0 ? text + 11 : text);
}

static bool is_connected(const ProtobufCMessage *vm)
{
    return strcmp(ct_row_text(vm, "state"), "connected") == 0;
}

/* The numbers behind a name of /proc/PID/status; how many of at most `cap`. */
static size_t read_numbers(const char *status, const char *name, unsigned int *to, size_t cap)
{
    const char *at = strstr(status, name);
    size_t count = 0;
    int len = 0;

    for (at = at != NULL ? at + strlen(name) : "";
         count < cap && sscanf(at, "%u%n", &to[count], &len) == 1; count++) {
        at += len;
    }
    return count;
}

/* Whether the account of a process may connect to a socket; *gid is its group. */
static bool may_connect(const char *status, const struct stat *what, unsigned int *gid)
{
    unsigned int uid[2] = {0, 0};
    unsigned int groups[GROUPS + 2];
    size_t count;

    /* Effective ones are second. */
    if (read_numbers(status, "\nUid:", uid, 2) < 2 || uid[1] == 0 ||
        read_numbers(status, "\nGid:", groups, 2) < 2) {
        return true;
    }
    *gid = groups[1];
    if (what->st_uid == uid[1]) {
        return (what->st_mode & 0200) != 0;
    }
    count = 2 + read_numbers(status, "\nGroups:", groups + 2, GROUPS);
    for (size_t i = 1; i < count; i++) {
        if (what->st_gid == groups[i]) {
            return (what->st_mode & 020) != 0;
        }
    }
    return (what->st_mode & 02) != 0;
}

/* The QEMU's account is kept from the socket, as libvirt's is until the settings name its group. */
static bool check_access(const struct ct_host *host, const ProtobufCMessage *vm, unsigned int pid,
                         struct ct_finding *finding)
{
    const char *section = strcmp(ct_row_text(vm, "source"), "hostd") == 0 ? "hostd" : "broker";
    char path[NAME];
    char status[2048];
    char name[NAME];
    char cure[CURE];
    unsigned int gid = 0;
    struct stat what;
    const struct group *group;

    (void)snprintf(path, sizeof(path), "/proc/%u/status", pid);
    if (ct_host_read(host, path, status, sizeof(status)) < 0 ||
        ct_host_stat(host, ct_row_text(vm, "socket"), &what) < 0 ||
        may_connect(status, &what, &gid)) {
        return false;
    }
    group = getgrgid(gid);
    (void)snprintf(cure, sizeof(cure),
                   "[%s] vm_socket_group = %.32s in /etc/vgpu/vgpu.conf; systemctl %s vgpu-%s",
                   section, group != NULL ? group->gr_name : "QEMU's group",
                   section[0] == 'h' ? "reload" : "restart", section);
    ct_find(finding, CT_RED_LIGHT, cure,
            "QEMU %u of machine %s (group %u) may not connect: its socket has group %u, mode %03o",
            pid, ct_escape(name, sizeof(name), ct_row_text(vm, "name")), gid,
            (unsigned int)what.st_gid, (unsigned int)what.st_mode & 0777U);
    return true;
}

/* A QEMU that runs with the device and has not come to the broker. */
static void check_lost(const struct ct_host *host, struct ct_finding *finding)
{
    for (size_t i = 0; i < host->view.qemus.count; i++) {
        const ProtobufCMessage *qemu = ct_rows_at(&host->view.qemus, i);
        const ProtobufCMessage *vm = ct_rows_find(&host->view.vms, "name", ct_row_text(qemu, "vm"));
        unsigned int pid = (unsigned int)ct_row_number(qemu, "pid");
        char name[NAME];
        char path[2 * NAME];
        char cure[CURE];

        if (vm == NULL || is_connected(vm) || check_access(host, vm, pid, finding)) {
            continue;
        }
        (void)ct_escape(name, sizeof(name), ct_row_text(vm, "name"));
        (void)snprintf(cure, sizeof(cure), "compare the chardev's path with %s; vgpuctl logs %s",
                       ct_escape(path, sizeof(path), ct_row_text(vm, "socket")), name);
        ct_find(finding, CT_RED_LIGHT, cure,
                "machine %s runs (QEMU %u) and its device is not connected", name, pid);
    }
}

static unsigned int count_connected(const struct ct_host *host)
{
    unsigned int count = 0;

    for (size_t i = 0; i < host->view.vms.count; i++) {
        count += is_connected(ct_rows_at(&host->view.vms, i));
    }
    return count;
}

void ct_check_machines(const struct ct_host *host, struct ct_finding *finding)
{
    size_t all = host->view.vms.count;
    unsigned int connected = count_connected(host);

    if (!ct_find_broker(host, finding)) {
        return;
    }
    check_lost(host, finding);
    if (all == 0) {
        ct_find(finding, CT_AMBER, "vgpuctl vm add NAME",
                "no machine is known: only programs of this host can use a GPU");
    } else if (connected == 0) {
        ct_find(finding, CT_AMBER,
                "start one with vgpu-qemu ... -vgpu socket=PATH; vgpuctl vms --json has the paths",
                "none of %u machines is connected", (unsigned int)all);
    }
    ct_find(finding, CT_GREEN, NULL, "%u of %u connected", connected, (unsigned int)all);
}

void ct_check_identity(const struct ct_host *host, struct ct_finding *finding)
{
    unsigned int verified = 0;
    char name[NAME];
    char text[NAME];

    if (!ct_find_broker(host, finding)) {
        return;
    }
    for (size_t i = 0; i < host->view.vms.count; i++) {
        const ProtobufCMessage *vm = ct_rows_at(&host->view.vms, i);
        const char *identity = ct_row_text(vm, "identity");

        verified += is_connected(vm) && strncmp(identity, "verified", 8) == 0;
        if (is_connected(vm) && strstr(identity, "another") != NULL) {
            ct_find(finding, CT_RED_LIGHT,
                    "journalctl -u vgpu-hostd; ls -l on the machine's socket",
                    "who is connected as machine %s is another: %s",
                    ct_escape(name, sizeof(name), ct_row_text(vm, "name")),
                    ct_escape(text, sizeof(text), identity));
        }
    }
    ct_find(finding, CT_GREEN, NULL,
            "%u of %u connected machines verified, the others by socket only", verified,
            count_connected(host));
}

void ct_check_doorbells(const struct ct_host *host, struct ct_finding *finding)
{
    int64_t last = -1;
    char age[CT_HUMAN];

    if (!ct_find_broker(host, finding)) {
        return;
    }
    for (size_t i = 0; i < host->view.vms.count; i++) {
        const ProtobufCMessage *vm = ct_rows_at(&host->view.vms, i);
        int64_t idle = ct_row_signed(vm, "doorbell_idle_ms");
        char name[NAME];

        if (is_connected(vm) && idle < 0) {
            ct_find(finding, CT_AMBER, "in the machine, as root: vgpu-info --doctor",
                    "machine %s is connected and has never rung",
                    ct_escape(name, sizeof(name), ct_row_text(vm, "name")));
        }
        last = idle >= 0 && (last < 0 || idle < last) ? idle : last;
    }
    if (last < 0) {
        ct_find(finding, CT_GREEN, NULL, "no machine is connected that could ring");
    }
    ct_find(finding, CT_GREEN, NULL, "the last one %s ago", ct_duration(age, (uint64_t)last));
}

static void check_stuck(const struct ct_host *host, struct ct_finding *finding)
{
    for (size_t i = 0; i < host->view.sessions.count; i++) {
        const ProtobufCMessage *session = ct_rows_at(&host->view.sessions, i);
        char age[CT_HUMAN];
        char name[NAME];

        if (ct_row_number(session, "queued") > 0 && ct_row_number(session, "idle_ms") > STUCK_MS) {
            ct_find(finding, CT_RED_LIGHT,
                    "nvidia-smi; journalctl -u 'vgpu-executor@*' -u vgpu-broker; vgpuctl sessions",
                    "calls of %s (session %llu) wait and none was taken for %s",
                    ct_escape(name, sizeof(name), ct_row_text(session, "program")),
                    (unsigned long long)ct_row_number(session, "id"),
                    ct_duration(age, ct_row_number(session, "idle_ms")));
        }
    }
}

/* A machine rings, but no call ever came of it. */
static void check_empty_rings(const struct ct_host *host, struct ct_finding *finding)
{
    for (size_t i = 0; i < host->view.vms.count; i++) {
        const ProtobufCMessage *vm = ct_rows_at(&host->view.vms, i);
        char name[NAME];

        if (is_connected(vm) && ct_row_signed(vm, "doorbell_idle_ms") >= 0 &&
            ct_row_number(vm, "processed") == 0) {
            ct_find(finding, CT_AMBER, "in the machine: run a CUDA program, or vgpu-info --doctor",
                    "machine %s has rung, but made no call yet",
                    ct_escape(name, sizeof(name), ct_row_text(vm, "name")));
        }
    }
}

void ct_check_calls(const struct ct_host *host, struct ct_finding *finding)
{
    const ProtobufCMessage *broker = ct_view_broker(&host->view);
    char count[CT_HUMAN];

    if (!ct_find_broker(host, finding)) {
        return;
    }
    check_stuck(host, finding);
    check_empty_rings(host, finding);
    if (ct_row_number(broker, "processed") == 0) {
        ct_find(finding, CT_AMBER, "vgpuctl self-test local", "none since vgpu-broker started");
    }
    ct_find(finding, CT_GREEN, NULL, "%s processed",
            ct_count(count, ct_row_number(broker, "processed")));
}
