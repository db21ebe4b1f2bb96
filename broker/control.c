/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/control.h"

#include <unistd.h>

#include "broker/broker.h"
#include "common/clock.h"
#include "common/fd.h"

/* Lines that clients can cause. */
#define LINES 10u

void br_control_init(struct br_control *control, struct br_broker *broker)
{
    control->broker = broker;
    control->uid = geteuid();
    control->stall_ms = BR_CONTROL_STALL_MS;
    control->lines = (struct vgpu_ratelimit)VGPU_RATELIMIT_INIT(LINES, VGPU_NS_PER_S);
    TAILQ_INIT(&control->clients);
    TAILQ_INIT(&control->busy);
}

bool br_control_may_log(struct br_control *control)
{
    return br_broker_passes(&control->lines, "of=control");
}

void br_control_connect(struct br_control *control, int fd, pid_t pid, uid_t uid)
{
    bool own = uid == 0 || uid == control->uid;
    uint32_t places = VGPU_CTL_CLIENTS_MAX - (own ? 0 : BR_CONTROL_RESERVED);
    int rc;

    if (control->broker->stopping || control->count >= places) {
        if (!control->broker->stopping && br_control_may_log(control)) {
            vgpu_log(VGPU_LOG_WARNING, "control client turned away pid=%d uid=%u clients=%u",
                     (int)pid, (unsigned int)uid, control->count);
        }
        vgpu_fd_close(&fd);
        return;
    }
    rc = br_control_client_new(control, fd, pid, uid);
    if (rc < 0 && br_control_may_log(control)) {
        vgpu_log(VGPU_LOG_ERROR, "no memory for a control client pid=%d error=%d", (int)pid, -rc);
    }
}

static void send_peer(struct br_control *control, const struct br_vm *vm)
{
    Vgpu__VmPeer peer = VGPU__VM_PEER__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    bool there = vm->phase != BR_VM_ABSENT;
    char name[BR_VM_NAME_MAX + 1];

    (void)snprintf(name, sizeof(name), "%s", br_vm_name(vm));
    peer.name = name;
    peer.pid = there ? (uint32_t)vm->pid : 0;
    peer.uid = there ? vm->uid : 0;
    frame.kind_case = VGPU__FRAME__KIND_VM_PEER;
    frame.vm_peer = &peer;
    (void)br_control_client_send(control->host, &frame);
}

static void send_peers(struct br_control *control)
{
    struct br_vm *vm;

    control->peers_due = false;
    TAILQ_FOREACH(vm, &control->broker->vms, entry)
    {
        if (vm->peer_due && control->host != NULL && control->host->link.out != NULL) {
            control->peers_due = true;
            return;
        }
        if (vm->peer_due && control->host != NULL) {
            send_peer(control, vm);
        }
        vm->peer_due = false;
    }
}

void br_control_tell_peer(struct br_control *control, struct br_vm *vm)
{
    if (control->host == NULL) {
        return;
    }
    if (vm->removed) {
        send_peer(control, vm); /* it leaves the list; vgpu-hostd has asked for that */
        return;
    }
    vm->peer_due = true;
    control->peers_due = true;
}

void br_control_turn(struct br_control *control)
{
    struct br_control_client *client = TAILQ_FIRST(&control->busy);

    if (client != NULL) {
        br_control_client_turn(client);
    }
    if (control->peers_due) {
        send_peers(control);
    }
}

void br_control_stop(struct br_control *control)
{
    struct br_control_client *client;

    while ((client = TAILQ_FIRST(&control->clients)) != NULL) {
        br_control_client_end(client, "the broker stops");
    }
}

uint64_t br_control_memory_bound(void)
{
    return VGPU_CTL_CLIENTS_MAX * (sizeof(struct br_control_client) + sizeof(uv_poll_t) +
                                   BR_CONTROL_BUFFER + BR_LINK_RX_BYTES + br_trace_bytes());
}
