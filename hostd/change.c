/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/change.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hostd/vm_keys.h"
#include "proto/control.h"

__attribute__((format(printf, 4, 5))) static int refuse(int rc, char *why, size_t cap,
                                                        const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(why, cap, fmt, args);
    va_end(args);
    return rc;
}

static int check_name(const char *what, const char *name, const char *wrong, char *why, size_t cap)
{
    return wrong == NULL ? 0 : refuse(-EINVAL, why, cap, "%s '%.80s': %s", what, name, wrong);
}

/* No two machines have one uuid or one socket. */
static int check_unique(const struct hd_table *table, const struct hd_machine *machine, char *why,
                        size_t cap)
{
    const struct hd_machine *other = hd_table_machine_by_uuid(table, machine->uuid);

    if (other != NULL && strcmp(other->name, machine->name) != 0) {
        return refuse(-EEXIST, why, cap, "uuid: %s is machine %s", machine->uuid, other->name);
    }
    other = hd_table_machine_by_socket(table, machine->socket);
    if (other != NULL && strcmp(other->name, machine->name) != 0) {
        return refuse(-EEXIST, why, cap, "socket: %s is that of machine %s", machine->socket,
                      other->name);
    }
    return 0;
}

static int begin_vm(struct hd_change *change, const struct hd_table *table,
                    const Vgpu__VmChange *asked, char *why, size_t cap)
{
    const struct hd_machine *row = hd_table_machine(table, asked->name);

    *change = (struct hd_change){.kind = asked->what == VGPU_CTL_REMOVE ? HD_DROP_MACHINE
                                                                        : HD_PUT_MACHINE};
    change->is_new = asked->what == VGPU_CTL_ADD;
    if (change->is_new) {
        if (row != NULL) {
            return refuse(-EEXIST, why, cap,
                          "machine %s is there already; to change it: vgpuctl vm set %s key=value",
                          asked->name, asked->name);
        }
        if (table->machine_count == VGPU_VMS_MAX) {
            return refuse(-ENOSPC, why, cap, "there are %u machines, and room for no more",
                          VGPU_VMS_MAX);
        }
        (void)snprintf(change->machine.name, sizeof(change->machine.name), "%s", asked->name);
        return 0;
    }
    if (row == NULL) {
        return asked->what == VGPU_CTL_REMOVE
                   ? refuse(-ENOENT, why, cap,
                            "the registry has no machine %s; vgpuctl vms lists them", asked->name)
                   : refuse(-ENOENT, why, cap,
                            "the registry has no machine %s; to add it: vgpuctl vm add %s",
                            asked->name, asked->name);
    }
    change->machine = *row;
    return 0;
}

int hd_change_of_vm(struct hd_change *change, const struct hd_table *table,
                    const Vgpu__VmChange *asked, char *why, size_t cap)
{
    int rc = check_name("machine", asked->name, hd_name_check(asked->name), why, cap);

    if (rc == 0 && asked->what > VGPU_CTL_REMOVE) {
        rc = refuse(-EINVAL, why, cap, "change %u: allowed: 0 add, 1 set, 2 remove", asked->what);
    }
    if (rc == 0 && asked->n_assign > VGPU_CTL_ASSIGNS_MAX) {
        rc = refuse(-E2BIG, why, cap, "more than %u settings in one change", VGPU_CTL_ASSIGNS_MAX);
    }
    if (rc == 0) {
        rc = begin_vm(change, table, asked, why, cap);
    }
    if (rc == 0 && asked->what == VGPU_CTL_SET && asked->n_assign == 0) {
        rc = refuse(-EINVAL, why, cap, "nothing to set; wanted key=value");
    }
    if (rc == 0 && asked->what == VGPU_CTL_REMOVE && asked->n_assign > 0) {
        rc = refuse(-EINVAL, why, cap, "to remove a machine takes no key=value");
    }
    if (rc == 0 && asked->what != VGPU_CTL_REMOVE) {
        rc = hd_vm_keys_apply(&change->machine, asked->assign, asked->n_assign, why, cap);
    }
    return rc == 0 && asked->what != VGPU_CTL_REMOVE
               ? check_unique(table, &change->machine, why, cap)
               : rc;
}

static int add_gpu(struct hd_pool *pool, const char *text, char *why, size_t cap)
{
    uint8_t *uuid = pool->gpus[pool->gpu_count];

    if (hd_gpu_parse(text, uuid) != 0) {
        return refuse(-EINVAL, why, cap,
                      "gpu '%.80s': wanted a uuid as vgpuctl gpus and nvidia-smi -L show it", text);
    }
    for (size_t i = 0; i < pool->gpu_count; i++) {
        if (memcmp(pool->gpus[i], uuid, HD_GPU_BYTES) == 0) {
            return refuse(-EINVAL, why, cap, "gpu %.80s: given twice", text);
        }
    }
    pool->gpu_count++;
    return 0;
}

static int begin_pool(struct hd_change *change, const struct hd_table *table,
                      const Vgpu__PoolChange *asked, char *why, size_t cap)
{
    const struct hd_pool *row = hd_table_pool(table, asked->name);
    const struct hd_machine *user = hd_table_pool_user(table, asked->name);

    *change = (struct hd_change){.kind = asked->n_gpu == 0 ? HD_DROP_POOL : HD_PUT_POOL};
    (void)snprintf(change->pool.name, sizeof(change->pool.name), "%s", asked->name);
    if (asked->n_gpu == 0 && row == NULL) {
        return refuse(-ENOENT, why, cap, "the registry has no pool %s; vgpuctl pools lists them",
                      asked->name);
    }
    if (asked->n_gpu == 0 && user != NULL) {
        return refuse(-EBUSY, why, cap,
                      "machine %s uses pool %s; first: vgpuctl vm set %s pool=none", user->name,
                      asked->name, user->name);
    }
    if (asked->n_gpu > 0 && row == NULL && table->pool_count == VGPU_POOLS_MAX) {
        return refuse(-ENOSPC, why, cap, "there are %u pools, and room for no more",
                      VGPU_POOLS_MAX);
    }
    return 0;
}

int hd_change_of_pool(struct hd_change *change, const struct hd_table *table,
                      const Vgpu__PoolChange *asked, char *why, size_t cap)
{
    int rc = check_name("pool", asked->name, hd_pool_name_check(asked->name), why, cap);

    if (rc == 0 && asked->n_gpu > VGPU_DEVICES_MAX) {
        rc = refuse(-E2BIG, why, cap, "more than %u GPUs in a pool", VGPU_DEVICES_MAX);
    }
    if (rc == 0) {
        rc = begin_pool(change, table, asked, why, cap);
    }
    for (size_t i = 0; rc == 0 && i < asked->n_gpu; i++) {
        rc = add_gpu(&change->pool, asked->gpu[i], why, cap);
    }
    return rc;
}

int hd_change_of_gpu(struct hd_change *change, const struct hd_table *table,
                     const Vgpu__GpuChange *asked, char *why, size_t cap)
{
    *change = (struct hd_change){.kind = HD_PUT_GPU, .gpu = {.drained = asked->drained}};
    if (hd_gpu_parse(asked->gpu, change->gpu.uuid) != 0) {
        return refuse(-EINVAL, why, cap,
                      "gpu '%.80s': wanted a uuid as vgpuctl gpus and nvidia-smi -L show it",
                      asked->gpu);
    }
    if (hd_table_gpu(table, change->gpu.uuid) == NULL && table->gpu_count == HD_GPUS_MAX) {
        return refuse(-ENOSPC, why, cap,
                      "%d GPUs were drained already, and there is room for no more", HD_GPUS_MAX);
    }
    return 0;
}

void hd_change_apply(const struct hd_change *change, struct hd_table *table)
{
    switch (change->kind) {
    case HD_PUT_MACHINE:
        (void)hd_table_put_machine(table, &change->machine);
        break;
    case HD_DROP_MACHINE:
        hd_table_drop_machine(table, change->machine.name);
        break;
    case HD_PUT_POOL:
        (void)hd_table_put_pool(table, &change->pool);
        break;
    case HD_DROP_POOL:
        hd_table_drop_pool(table, change->pool.name);
        break;
    case HD_PUT_GPU:
        (void)hd_table_put_gpu(table, &change->gpu);
        break;
    }
}

void hd_change_describe(const struct hd_change *change, char *text, size_t cap)
{
    char gpu[HD_GPU_TEXT];

    switch (change->kind) {
    case HD_PUT_MACHINE:
        (void)snprintf(text, cap, "vm %s %s", change->is_new ? "add" : "set", change->machine.name);
        break;
    case HD_DROP_MACHINE:
        (void)snprintf(text, cap, "vm remove %s", change->machine.name);
        break;
    case HD_PUT_POOL:
        (void)snprintf(text, cap, "pool set %s gpus=%zu", change->pool.name,
                       change->pool.gpu_count);
        break;
    case HD_DROP_POOL:
        (void)snprintf(text, cap, "pool remove %s", change->pool.name);
        break;
    case HD_PUT_GPU:
        hd_gpu_format(change->gpu.uuid, gpu);
        (void)snprintf(text, cap, "gpu %s %s", change->gpu.drained ? "drain" : "undrain", gpu);
        break;
    }
}
