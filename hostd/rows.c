/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "hostd/hostd.h"
#include "hostd/identity.h"
#include "proto/control.h"

/* "ok", or what is wrong with the file and what to do. */
static void registry_state(const struct hd_hostd *hostd, char *text, size_t cap)
{
    const struct hd_store *store = &hostd->store;

    if (store->fault[0] != '\0') {
        (void)snprintf(text, cap, "takes no changes: %.450s", store->fault);
    } else if (store->failed[0] != '\0') {
        (void)snprintf(text, cap, "did not take the last change: %.450s", store->failed);
    } else {
        (void)snprintf(text, cap, "%.450s", store->notice[0] != '\0' ? store->notice : "ok");
    }
}

static void send_host(struct hd_hostd *hostd, struct hd_link *link)
{
    Vgpu__HostRow row = VGPU__HOST_ROW__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char version[] = VGPU_VERSION;
    char state[HD_WHY_MAX];

    registry_state(hostd, state, sizeof(state));
    row.version = version;
    row.pid = (uint32_t)getpid();
    row.uptime_ms = (vgpu_clock_ns() - hostd->started_ns) / VGPU_NS_PER_MS;
    row.registry = hostd->options.settings.registry;
    row.registry_state = state;
    row.vms = (uint32_t)hostd->vms.count;
    row.qemus = (uint32_t)hostd->scan.with_device;
    row.broker = hd_broker_is_up(&hostd->broker);
    row.last_error = hostd->last_error;
    frame.kind_case = VGPU__FRAME__KIND_HOST_ROW;
    frame.host_row = &row;
    hd_link_send(link, &frame, -1);
}

static void send_machine(struct hd_hostd *hostd, struct hd_link *link,
                         const struct hd_machine *machine)
{
    Vgpu__RegistryRow row = VGPU__REGISTRY_ROW__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    struct hd_machine m = *machine;
    char why[HD_WHY_MAX];
    const struct hd_vm *vm = hd_vms_find(&hostd->vms, machine->name);
    char state[HD_WHY_MAX] = "";

    if (vm != NULL) {
        (void)snprintf(state, sizeof(state), "%s", hd_vm_state(hostd, vm));
        (void)hd_vms_path(hostd, machine, m.socket, why, sizeof(why));
    }
    row.name = m.name;
    row.uuid = m.uuid;
    row.pool = m.pool;
    row.priority = m.priority;
    row.socket = m.socket;
    row.sessions_max = m.sessions_max;
    row.memory_quota = m.memory_quota;
    row.calls_per_s = m.calls_per_s;
    row.calls_burst = m.calls_burst;
    row.bytes_per_s = m.bytes_per_s;
    row.bytes_burst = m.bytes_burst;
    row.starts_own = m.starts_own;
    row.starts_per_s = m.starts_per_s;
    row.starts_burst = m.starts_burst;
    row.state = state;
    frame.kind_case = VGPU__FRAME__KIND_REGISTRY_ROW;
    frame.registry_row = &row;
    hd_link_send(link, &frame, -1);
}

static int send_registry(struct hd_hostd *hostd, struct hd_link *link, const char *name, char *why,
                         size_t cap)
{
    if (name[0] != '\0' && hd_table_machine(&hostd->table, name) == NULL) {
        (void)snprintf(why, cap, "the registry has no machine %.80s", name);
        return -ENOENT;
    }
    for (size_t i = 0; i < hostd->table.machine_count; i++) {
        const struct hd_machine *machine = &hostd->table.machines[i];

        if (name[0] == '\0' || strcmp(name, machine->name) == 0) {
            send_machine(hostd, link, machine);
        }
    }
    return 0;
}

/* The machine that a QEMU is, as far as the host can tell. */
static const struct hd_vm *vm_of(struct hd_hostd *hostd, const struct hd_qemu *qemu)
{
    const struct hd_machine *row = hd_table_machine_by_uuid(&hostd->table, qemu->uuid);
    const struct hd_vm *vm = hd_vms_find_socket(&hostd->vms, qemu->socket);

    if (vm == NULL && row != NULL) {
        vm = hd_vms_find(&hostd->vms, row->name);
    }
    return vm != NULL ? vm : hd_vms_find(&hostd->vms, qemu->name);
}

/* Once for each look and machine: it reads files of the process. */
static void find_identity(const struct hd_hostd *hostd, const struct hd_vm *vm, uint32_t pid,
                          struct hd_scan_word *word)
{
    static const char *const words[] = {"socket only", "verified", "another's"};
    enum vgpu_ctl_verdict verdict;
    char why[HD_WHY_MAX];

    if (strcmp(word->vm, vm->row.name) != 0) {
        verdict = hd_identity_check(hostd, vm, (pid_t)pid, (uid_t)-1, why, sizeof(why));
        (void)snprintf(word->vm, sizeof(word->vm), "%s", vm->row.name);
        (void)snprintf(word->identity, sizeof(word->identity), "%s: %.440s", words[verdict], why);
    }
}

static void send_qemu(struct hd_hostd *hostd, struct hd_link *link, const struct hd_qemu *found,
                      struct hd_scan_word *word)
{
    Vgpu__QemuRow row = VGPU__QEMU_ROW__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    struct hd_qemu qemu = *found;
    const struct hd_vm *vm = vm_of(hostd, found);
    char name[HD_NAME_MAX + 1];
    char device[48];
    char none[] = "";

    (void)snprintf(name, sizeof(name), "%s", vm != NULL ? vm->row.name : qemu.name);
    (void)snprintf(device, sizeof(device), "%s%s", qemu.device ? "vgpu-cuda" : "none",
                   qemu.loader ? " (loader)" : "");
    if (vm != NULL) {
        find_identity(hostd, vm, qemu.pid, word);
    }
    row.pid = qemu.pid;
    row.vm = name;
    row.uuid = qemu.uuid;
    row.socket = qemu.socket;
    row.binary = qemu.binary;
    row.device = device;
    row.identity = vm != NULL ? word->identity : none;
    frame.kind_case = VGPU__FRAME__KIND_QEMU_ROW;
    frame.qemu_row = &row;
    hd_link_send(link, &frame, -1);
}

static void send_qemus(struct hd_hostd *hostd, struct hd_link *link)
{
    hd_scan_refresh(&hostd->scan, vgpu_clock_ns());
    for (size_t i = 0; i < hostd->scan.count; i++) {
        send_qemu(hostd, link, &hostd->scan.qemus[i], &hostd->scan.words[i]);
    }
}

int hd_rows_send(struct hd_hostd *hostd, struct hd_link *link, const Vgpu__CtlAsk *ask, char *why,
                 size_t cap)
{
    switch (ask->what) {
    case VGPU_CTL_HOSTD:
        send_host(hostd, link);
        return 0;
    case VGPU_CTL_QEMUS:
        send_qemus(hostd, link);
        return 0;
    case VGPU_CTL_REGISTRY:
        return send_registry(hostd, link, ask->vm, why, cap);
    default:
        (void)snprintf(why, cap,
                       "vgpu-hostd does not answer questions of kind %u; "
                       "ask the broker's control socket",
                       ask->what);
        return -EINVAL;
    }
}
