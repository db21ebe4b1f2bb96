/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "hostd/hostd.h"
#include "proto/control.h"

/* "ok", or what is wrong with the file and what to do. */
static void registry_state(const struct hd_hostd *hostd, char *text, size_t cap)
{
    const struct hd_store *store = &hostd->store;

    if (store->fault[0] != '\0') {
        (void)snprintf(text, cap, "takes no changes: %.450s", store->fault);
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
    row.vms = (uint32_t)hostd->table.machine_count;
    row.last_error = hostd->last_error;
    frame.kind_case = VGPU__FRAME__KIND_HOST_ROW;
    frame.host_row = &row;
    hd_link_send(link, &frame, -1);
}

static void send_machine(struct hd_link *link, const struct hd_machine *machine)
{
    Vgpu__RegistryRow row = VGPU__REGISTRY_ROW__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    struct hd_machine m = *machine;
    char state[HD_WHY_MAX] = "";

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
            send_machine(link, machine);
        }
    }
    return 0;
}

int hd_rows_send(struct hd_hostd *hostd, struct hd_link *link, const Vgpu__CtlAsk *ask, char *why,
                 size_t cap)
{
    switch (ask->what) {
    case VGPU_CTL_HOSTD:
        send_host(hostd, link);
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
