/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/broker.h"

#include <string.h>

/* Frames to the broker.  protobuf-c takes pointers to bytes that it does not write. */
static char *text(const char *bytes)
{
    char *writable;

    memcpy(&writable, &bytes, sizeof(writable));
    return writable;
}

static enum hd_pending_kind kind_of(bool change, enum hd_pending_kind otherwise)
{
    return change ? HD_PENDING_CHANGE : otherwise;
}

uint32_t hd_broker_set_vm(struct hd_broker *broker, const struct hd_machine *row,
                          const struct hd_vm_socket *vm_socket, bool hand_over, bool change)
{
    Vgpu__VmSet set = VGPU__VM_SET__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    set.id = hd_broker_expect(broker, kind_of(change, HD_PENDING_VM), row->name);
    set.name = text(row->name);
    set.uuid = text(row->uuid);
    set.pool = text(row->pool);
    set.priority = row->priority;
    set.socket = text(vm_socket->path);
    set.listener = hand_over;
    set.sessions_max = row->sessions_max;
    set.memory_quota = row->memory_quota;
    set.calls_per_s = row->calls_per_s;
    set.calls_burst = row->calls_burst;
    set.bytes_per_s = row->bytes_per_s;
    set.bytes_burst = row->bytes_burst;
    set.starts_own = row->starts_own;
    set.starts_per_s = row->starts_per_s;
    set.starts_burst = row->starts_burst;
    frame.kind_case = VGPU__FRAME__KIND_VM_SET;
    frame.vm_set = &set;
    hd_link_send(&broker->link, &frame, hand_over ? vm_socket->listener : -1);
    return set.id;
}

void hd_broker_remove_vm(struct hd_broker *broker, const char *name, bool change)
{
    Vgpu__VmRemove remove = VGPU__VM_REMOVE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    remove.id = hd_broker_expect(broker, kind_of(change, HD_PENDING_GONE), name);
    remove.name = text(name);
    frame.kind_case = VGPU__FRAME__KIND_VM_REMOVE;
    frame.vm_remove = &remove;
    hd_link_send(&broker->link, &frame, -1);
}

void hd_broker_set_pool(struct hd_broker *broker, const struct hd_pool *pool, bool change)
{
    Vgpu__PoolSet set = VGPU__POOL_SET__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint8_t copy[VGPU_DEVICES_MAX][HD_GPU_BYTES];
    ProtobufCBinaryData uuid[VGPU_DEVICES_MAX];

    memcpy(copy, pool->gpus, sizeof(copy));
    for (size_t i = 0; i < pool->gpu_count; i++) {
        uuid[i] = (ProtobufCBinaryData){.len = HD_GPU_BYTES, .data = copy[i]};
    }
    set.id = hd_broker_expect(broker, kind_of(change, HD_PENDING_OTHER), pool->name);
    set.name = text(pool->name);
    set.n_uuid = pool->gpu_count;
    set.uuid = uuid;
    frame.kind_case = VGPU__FRAME__KIND_POOL_SET;
    frame.pool_set = &set;
    hd_link_send(&broker->link, &frame, -1);
}

void hd_broker_drain(struct hd_broker *broker, const struct hd_gpu *gpu, bool change)
{
    Vgpu__GpuDrain drain = VGPU__GPU_DRAIN__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint8_t copy[HD_GPU_BYTES];

    memcpy(copy, gpu->uuid, sizeof(copy));
    drain.id = hd_broker_expect(broker, kind_of(change, HD_PENDING_OTHER), "gpu");
    drain.uuid = (ProtobufCBinaryData){.len = HD_GPU_BYTES, .data = copy};
    drain.drained = gpu->drained;
    frame.kind_case = VGPU__FRAME__KIND_GPU_DRAIN;
    frame.gpu_drain = &drain;
    hd_link_send(&broker->link, &frame, -1);
}

void hd_broker_ask(struct hd_broker *broker, uint32_t what, enum hd_pending_kind kind)
{
    Vgpu__CtlAsk ask = VGPU__CTL_ASK__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    ask.id = hd_broker_expect(broker, kind, "");
    ask.what = what;
    frame.kind_case = VGPU__FRAME__KIND_CTL_ASK;
    frame.ctl_ask = &ask;
    hd_link_send(&broker->link, &frame, -1);
}

void hd_broker_begin(struct hd_broker *broker)
{
    Vgpu__HostBegin begin = VGPU__HOST_BEGIN__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    begin.id = hd_broker_expect(broker, HD_PENDING_OTHER, "begin");
    frame.kind_case = VGPU__FRAME__KIND_HOST_BEGIN;
    frame.host_begin = &begin;
    hd_link_send(&broker->link, &frame, -1);
}

void hd_broker_commit(struct hd_broker *broker)
{
    Vgpu__HostCommit commit = VGPU__HOST_COMMIT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    commit.id = hd_broker_expect(broker, HD_PENDING_COMMIT, "commit");
    frame.kind_case = VGPU__FRAME__KIND_HOST_COMMIT;
    frame.host_commit = &commit;
    hd_link_send(&broker->link, &frame, -1);
}

void hd_broker_identity(struct hd_broker *broker, const char *name, uint32_t pid, uint32_t verdict,
                        const char *why)
{
    Vgpu__VmIdentity identity = VGPU__VM_IDENTITY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    /* Its answer, if any, changes nothing here. */
    identity.id = ++broker->next_id;
    identity.name = text(name);
    identity.pid = pid;
    identity.verdict = verdict;
    identity.text = text(why);
    frame.kind_case = VGPU__FRAME__KIND_VM_IDENTITY;
    frame.vm_identity = &identity;
    hd_link_send(&broker->link, &frame, -1);
}
