/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/control_host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broker/admission.h"
#include "broker/broker.h"
#include "broker/door.h"
#include "common/fd.h"
#include "common/text.h"
#include "proto/control.h"

/* What is wrong with a command: an errno, and words that say what to do. */
struct verdict {
    int error; /* 0: done */
    char text[BR_WHY_MAX];
};

static struct verdict refuse(int error, const char *text)
{
    struct verdict verdict = {.error = error};

    (void)snprintf(verdict.text, sizeof(verdict.text), "%s", text);
    return verdict;
}

static struct verdict done(void)
{
    return (struct verdict){.error = 0};
}

/* ---- machines --------------------------------------------------------------- */

/* A field of the message becomes one of the policy; false: it does not fit. */
static bool take_text(char *to, size_t cap, const char *from)
{
    vgpu_text_copy(to, cap, from);
    return strlen(from) < cap;
}

static struct verdict read_policy(const Vgpu__VmSet *set, struct br_policy *policy)
{
    *policy = (struct br_policy){
        .priority = set->priority,
        .sessions_max = set->sessions_max,
        .memory_quota = set->memory_quota,
        .calls_per_s = set->calls_per_s,
        .calls_burst = set->calls_burst,
        .bytes_per_s = set->bytes_per_s,
        .bytes_burst = set->bytes_burst,
        .starts_own = set->starts_own,
        .starts_per_s = set->starts_per_s,
        .starts_burst = set->starts_burst,
    };
    if (!take_text(policy->uuid, sizeof(policy->uuid), set->uuid)) {
        return refuse(EINVAL, "the machine's uuid is longer than a uuid");
    }
    if (!take_text(policy->pool, sizeof(policy->pool), set->pool)) {
        return refuse(EINVAL, "the pool's name is longer than a pool's name can be");
    }
    return done();
}

static struct verdict check_vm(const struct br_broker *broker, const Vgpu__VmSet *set,
                               const struct br_vm *vm)
{
    uint32_t all;
    uint32_t connected;

    if (!br_roster_name_is_good(set->name)) {
        return refuse(EINVAL, "a machine's name has 1 to 64 bytes of A-Z a-z 0-9 . _ -");
    }
    if (strlen(set->socket) > BR_VM_PATH_MAX) {
        return refuse(EINVAL, "the socket's path is longer than 107 bytes");
    }
    if (vm != NULL && !vm->from_hostd) {
        return refuse(EEXIST, "vgpu.conf has a machine of this name: take it out of section [vms]");
    }
    br_broker_count_vms(broker, &all, &connected);
    if (vm == NULL && all >= VGPU_VMS_MAX) {
        return refuse(ENOSPC, "there are 256 machines already: remove one first");
    }
    return done();
}

static struct verdict take_door(struct br_control_client *client, struct br_door **door)
{
    int fd = br_link_take_fd(&client->link);
    int rc = fd < 0 ? -EBADF : br_door_adopt(client->control->broker, fd, door);

    if (rc == -EBADF) {
        return refuse(EBADF, "the listening socket was not sent with the message");
    }
    if (rc == -ENOTSOCK) {
        return refuse(ENOTSOCK, "the descriptor is no listening AF_UNIX stream socket");
    }
    return rc < 0 ? refuse(-rc, "the socket cannot be watched") : done();
}

/* Everything is checked: only the policy can still be refused, by what the cards have. */
static struct verdict apply_vm(struct br_broker *broker, const Vgpu__VmSet *set, struct br_vm *vm,
                               const struct br_policy *policy)
{
    struct verdict verdict = {.error = 0};
    bool is_new = vm == NULL;

    if (is_new) {
        vm = br_broker_add_vm(broker, set->name);
    }
    if (vm == NULL) {
        return refuse(ENOMEM, "no memory");
    }
    vm->from_hostd = true;
    verdict.error = -br_vm_set_policy(vm, policy, verdict.text, sizeof(verdict.text));
    if (verdict.error != 0 && is_new) {
        br_broker_remove_vm(broker, vm, "refused");
    }
    if (verdict.error == 0) {
        vgpu_text_copy(vm->socket, sizeof(vm->socket), set->socket);
        vgpu_log(VGPU_LOG_INFO, "machine %s %s pool=%s sessions_max=%u memory_quota=%llu",
                 is_new ? "added" : "changed", vm->who, vm->share.pool->name, policy->sessions_max,
                 (unsigned long long)policy->memory_quota);
    }
    return verdict;
}

static struct verdict on_vm_set(struct br_control_client *client, const Vgpu__VmSet *set)
{
    struct br_broker *broker = client->control->broker;
    struct br_vm *vm = br_broker_find_vm(broker, set->name);
    struct br_door *door = NULL;
    struct br_policy policy;
    /* The descriptor first: it must not be left for the next message. */
    struct verdict verdict = set->listener ? take_door(client, &door) : done();

    if (vm != NULL) {
        vm->named = true;
    }
    if (verdict.error == 0) {
        verdict = check_vm(broker, set, vm);
    }
    if (verdict.error == 0) {
        verdict = read_policy(set, &policy);
    }
    if (verdict.error == 0) {
        verdict = apply_vm(broker, set, vm, &policy);
    }
    if (verdict.error != 0 && door != NULL) {
        br_door_close(door);
    }
    if (verdict.error == 0) {
        vm = br_broker_find_vm(broker, set->name);
        vm->named = true;
        if (door != NULL) {
            br_door_hang(door, vm);
            vgpu_log(VGPU_LOG_INFO, "Listening on socket: %s",
                     vm->socket[0] != '\0' ? vm->socket : "(a machine's, of vgpu-hostd)");
        }
    }
    return verdict;
}

static struct verdict on_vm_remove(struct br_broker *broker, const Vgpu__VmRemove *remove)
{
    struct br_vm *vm = br_broker_find_vm(broker, remove->name);

    if (vm == NULL) {
        return refuse(ENOENT, "there is no machine of this name");
    }
    if (!vm->from_hostd) {
        return refuse(EPERM, "this machine is one of vgpu.conf: take it out of section [vms]");
    }
    br_broker_remove_vm(broker, vm, "vgpu-hostd removed it");
    return done();
}

static struct verdict on_vm_identity(struct br_broker *broker, const Vgpu__VmIdentity *identity)
{
    struct br_vm *vm = br_broker_find_vm(broker, identity->name);
    char text[64];

    if (vm == NULL || vm->phase == BR_VM_ABSENT || (uint32_t)vm->pid != identity->pid) {
        return refuse(ESRCH, "this process is not connected as the machine any more");
    }
    if (identity->verdict > VGPU_CTL_ANOTHERS) {
        return refuse(EINVAL, "there is no such verdict");
    }
    vgpu_text_copy(text, sizeof(text), identity->text);
    if (identity->verdict == VGPU_CTL_ANOTHERS) {
        br_vm_expel(vm, text);
        return done();
    }
    (void)snprintf(vm->identity, sizeof(vm->identity), "%s%s%s%s",
                   identity->verdict == VGPU_CTL_VERIFIED ? "verified" : "socket only",
                   text[0] != '\0' ? " (" : "", text, text[0] != '\0' ? ")" : "");
    return done();
}

/* ---- pools and GPUs --------------------------------------------------------- */

static void tell_removed(const struct br_pools *pools, const char *name)
{
    const struct br_pool *pool = br_pool_find(pools, name);

    if (pool == NULL) {
        vgpu_log(VGPU_LOG_INFO, "pool removed pool=%s", name);
    } else {
        vgpu_log(VGPU_LOG_INFO, "pool has its own GPUs again pool=%s source=%s", pool->name,
                 br_pool_source_text(pool));
    }
}

static struct verdict remove_pool(struct br_pools *pools, const char *name)
{
    const struct br_pool *pool = br_pool_find(pools, name);
    const char *wrong;
    int error = EBUSY;

    if (pool == NULL) {
        error = ENOENT;
    } else if (pool->source != BR_POOL_HOSTD) {
        error = EPERM;
    }
    wrong = br_pool_remove(pools, name);
    if (wrong != NULL) {
        return refuse(error, wrong);
    }
    tell_removed(pools, name);
    return done();
}

static struct verdict on_pool_set(struct br_broker *broker, const Vgpu__PoolSet *set)
{
    uint8_t uuid[VGPU_DEVICES_MAX][BR_UUID_BYTES];
    struct br_pool *pool;
    const char *wrong;

    if (set->n_uuid == 0) {
        return remove_pool(&broker->pools, set->name);
    }
    if (set->n_uuid > VGPU_DEVICES_MAX) {
        return refuse(EINVAL, "a pool has at most 16 GPUs");
    }
    for (size_t i = 0; i < set->n_uuid; i++) {
        if (set->uuid[i].len != BR_UUID_BYTES) {
            return refuse(EINVAL, "a GPU's uuid has 16 bytes");
        }
        memcpy(uuid[i], set->uuid[i].data, BR_UUID_BYTES);
    }
    wrong = br_pool_set(&broker->pools, set->name, uuid, (uint32_t)set->n_uuid, &pool);
    if (wrong != NULL) {
        return refuse(EINVAL, wrong);
    }
    pool->named = true;
    vgpu_log(VGPU_LOG_INFO, "pool set pool=%s gpus=%zu", pool->name, set->n_uuid);
    return done();
}

static struct verdict on_gpu_drain(struct br_broker *broker, const Vgpu__GpuDrain *drain)
{
    if (drain->uuid.len != BR_UUID_BYTES) {
        return refuse(EINVAL, "a GPU's uuid has 16 bytes");
    }
    if (br_gpu_set_drained(broker, drain->uuid.data, drain->drained) < 0) {
        return refuse(ENOSPC, "64 GPUs are drained already: take one back first");
    }
    return done();
}

/* ---- all that there is ------------------------------------------------------ */

static struct verdict on_begin(struct br_control_client *client)
{
    struct br_broker *broker = client->control->broker;
    struct br_vm *vm;

    if (client->begun) {
        return refuse(EALREADY, "HostBegin again: HostCommit is due first");
    }
    client->begun = true;
    TAILQ_FOREACH(vm, &broker->vms, entry)
    {
        vm->named = false;
    }
    for (uint32_t i = 0; i < broker->pools.count; i++) {
        broker->pools.list[i]->named = false;
    }
    return done();
}

static void remove_unnamed_vms(struct br_broker *broker)
{
    struct br_vm *vm = TAILQ_FIRST(&broker->vms);

    while (vm != NULL) {
        struct br_vm *next = TAILQ_NEXT(vm, entry);

        if (vm->from_hostd && !vm->named) {
            br_broker_remove_vm(broker, vm, "vgpu-hostd does not name it");
        }
        vm = next;
    }
}

static void remove_unnamed_pools(struct br_pools *pools)
{
    for (uint32_t i = pools->count; i-- > 0;) {
        const struct br_pool *pool = pools->list[i];
        char name[sizeof(pool->name)];

        if (pool->named || (pool->source != BR_POOL_HOSTD && !pool->changed)) {
            continue;
        }
        (void)snprintf(name, sizeof(name), "%s", pool->name);
        /* One that a machine still uses stays: its VmSet was refused. */
        if (br_pool_remove(pools, name) == NULL) {
            tell_removed(pools, name);
        }
    }
}

static struct verdict on_commit(struct br_control_client *client)
{
    struct br_broker *broker = client->control->broker;

    if (!client->begun) {
        return refuse(EINVAL, "HostCommit without HostBegin");
    }
    client->begun = false;
    remove_unnamed_vms(broker);
    remove_unnamed_pools(&broker->pools);
    return done();
}

/* ---- dispatch --------------------------------------------------------------- */

static void reply(struct br_control_client *client, uint32_t id, struct verdict verdict)
{
    if (verdict.error != 0 && br_control_may_log(client->control)) {
        vgpu_log(VGPU_LOG_WARNING, "command of vgpu-hostd refused error=%d why=\"%s\"",
                 verdict.error, verdict.text);
    }
    br_control_client_reply(client, id, verdict.error, verdict.text);
}

void br_control_host_frame(struct br_control_client *client, const Vgpu__Frame *frame)
{
    struct br_broker *broker = client->control->broker;

    if (frame->kind_case == VGPU__FRAME__KIND_HOST_BEGIN) {
        reply(client, frame->host_begin->id, on_begin(client));
    } else if (frame->kind_case == VGPU__FRAME__KIND_HOST_COMMIT) {
        reply(client, frame->host_commit->id, on_commit(client));
    } else if (frame->kind_case == VGPU__FRAME__KIND_VM_SET) {
        reply(client, frame->vm_set->id, on_vm_set(client, frame->vm_set));
    } else if (frame->kind_case == VGPU__FRAME__KIND_VM_REMOVE) {
        reply(client, frame->vm_remove->id, on_vm_remove(broker, frame->vm_remove));
    } else if (frame->kind_case == VGPU__FRAME__KIND_POOL_SET) {
        reply(client, frame->pool_set->id, on_pool_set(broker, frame->pool_set));
    } else if (frame->kind_case == VGPU__FRAME__KIND_GPU_DRAIN) {
        reply(client, frame->gpu_drain->id, on_gpu_drain(broker, frame->gpu_drain));
    } else if (frame->kind_case == VGPU__FRAME__KIND_VM_IDENTITY) {
        reply(client, frame->vm_identity->id, on_vm_identity(broker, frame->vm_identity));
    }
}
