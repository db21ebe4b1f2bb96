/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "hostd/hostd.h"

/* A registry whose file was damaged begins anew; what the broker still has is read back. */

/* Writes a change that nobody asked for; it counts also when it cannot be kept. */
static void put(struct hd_hostd *hostd, const struct hd_change *change)
{
    char why[HD_WHY_MAX];

    if (hd_store_begin(&hostd->store, change, why, sizeof(why)) < 0 ||
        hd_store_commit(&hostd->store, why, sizeof(why)) < 0) {
        hd_hostd_error(hostd, "registry: what the broker has cannot be kept: %.400s", why);
    }
    hd_change_apply(change, &hostd->table);
}

static bool wanted(const struct hd_hostd *hostd)
{
    return hostd->store.set_aside && !hostd->recovered;
}

/* "GPU-…, GPU-…" of a PoolRow. */
static void read_gpus(struct hd_pool *pool, const char *text)
{
    while (*text != '\0' && pool->gpu_count < VGPU_DEVICES_MAX) {
        size_t len = strcspn(text, ", ");
        char gpu[HD_GPU_TEXT];

        if (len < sizeof(gpu)) {
            memcpy(gpu, text, len);
            gpu[len] = '\0';
            if (hd_gpu_parse(gpu, pool->gpus[pool->gpu_count]) == 0) {
                pool->gpu_count++;
            }
        }
        text += len;
        text += strspn(text, ", ");
    }
}

void hd_hostd_recover_pool(struct hd_hostd *hostd, const Vgpu__PoolRow *row)
{
    struct hd_change change = {.kind = HD_PUT_POOL};

    if (!wanted(hostd) || hd_pool_name_check(row->name) != NULL ||
        hd_table_pool(&hostd->table, row->name) != NULL) {
        return;
    }
    (void)snprintf(change.pool.name, sizeof(change.pool.name), "%s", row->name);
    read_gpus(&change.pool, row->gpus);
    if (change.pool.gpu_count > 0 && hostd->table.pool_count < VGPU_POOLS_MAX) {
        put(hostd, &change);
    }
}

void hd_hostd_recover_gpu(struct hd_hostd *hostd, const Vgpu__GpuRow *row)
{
    struct hd_change change = {.kind = HD_PUT_GPU, .gpu = {.drained = true}};

    if (wanted(hostd) && strstr(row->state, "drain") != NULL &&
        hd_gpu_parse(row->uuid, change.gpu.uuid) == 0 && hostd->table.gpu_count < HD_GPUS_MAX) {
        put(hostd, &change);
    }
}

/* The usual socket is not written down as the machine's own. */
static void forget_usual_socket(const struct hd_hostd *hostd, struct hd_machine *row)
{
    char given[HD_PATH_MAX + 1];
    char usual[HD_PATH_MAX + 1];
    char why[HD_WHY_MAX];

    (void)snprintf(given, sizeof(given), "%s", row->socket);
    row->socket[0] = '\0';
    if (hd_vms_path(hostd, row, usual, why, sizeof(why)) < 0 || strcmp(usual, given) != 0) {
        (void)snprintf(row->socket, sizeof(row->socket), "%s", given);
    }
}

static bool recover_machine(struct hd_hostd *hostd, const struct hd_machine *reported)
{
    struct hd_change change = {.kind = HD_PUT_MACHINE, .machine = *reported};
    const struct hd_vm *vm = hd_vms_find(&hostd->vms, reported->name);
    char why[HD_WHY_MAX];

    forget_usual_socket(hostd, &change.machine);
    if (vm != NULL || hd_machine_check(&change.machine, why, sizeof(why)) < 0 ||
        hd_table_machine(&hostd->table, reported->name) != NULL ||
        hostd->table.machine_count == VGPU_VMS_MAX) {
        return false;
    }
    put(hostd, &change);
    return hd_vms_put(&hostd->vms, &change.machine, false) != NULL;
}

void hd_hostd_recover(struct hd_hostd *hostd)
{
    struct hd_store *store = &hostd->store;
    size_t count = 0;
    size_t len = strlen(store->notice);

    if (!wanted(hostd)) {
        return;
    }
    hostd->recovered = true;
    for (size_t i = 0; i < hostd->broker.reported_count; i++) {
        count += recover_machine(hostd, &hostd->broker.reported[i].row) ? 1 : 0;
    }
    (void)snprintf(store->notice + len, sizeof(store->notice) - len,
                   "; %zu machines read back from the broker", count);
    vgpu_log(VGPU_LOG_WARNING, "registry read back from the broker machines=%zu pools=%zu", count,
             hostd->table.pool_count);
}
