/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/table.h"

#include <errno.h>
#include <string.h>

const struct hd_machine *hd_table_machine(const struct hd_table *table, const char *name)
{
    for (size_t i = 0; i < table->machine_count; i++) {
        if (strcmp(table->machines[i].name, name) == 0) {
            return &table->machines[i];
        }
    }
    return NULL;
}

const struct hd_machine *hd_table_machine_by_uuid(const struct hd_table *table, const char *uuid)
{
    for (size_t i = 0; i < table->machine_count; i++) {
        if (hd_uuid_same(table->machines[i].uuid, uuid)) {
            return &table->machines[i];
        }
    }
    return NULL;
}

const struct hd_machine *hd_table_machine_by_socket(const struct hd_table *table, const char *path)
{
    for (size_t i = 0; i < table->machine_count; i++) {
        if (table->machines[i].socket[0] != '\0' && strcmp(table->machines[i].socket, path) == 0) {
            return &table->machines[i];
        }
    }
    return NULL;
}

const struct hd_pool *hd_table_pool(const struct hd_table *table, const char *name)
{
    for (size_t i = 0; i < table->pool_count; i++) {
        if (strcmp(table->pools[i].name, name) == 0) {
            return &table->pools[i];
        }
    }
    return NULL;
}

const struct hd_gpu *hd_table_gpu(const struct hd_table *table, const uint8_t uuid[HD_GPU_BYTES])
{
    for (size_t i = 0; i < table->gpu_count; i++) {
        if (memcmp(table->gpus[i].uuid, uuid, HD_GPU_BYTES) == 0) {
            return &table->gpus[i];
        }
    }
    return NULL;
}

const struct hd_machine *hd_table_pool_user(const struct hd_table *table, const char *pool)
{
    for (size_t i = 0; i < table->machine_count; i++) {
        if (strcmp(table->machines[i].pool, pool) == 0) {
            return &table->machines[i];
        }
    }
    return NULL;
}

/* The place of an existing row, or a new one at the end; -1 when there is no room. */
static ptrdiff_t place(const void *found, const void *rows, size_t size, size_t *count, size_t max)
{
    if (found != NULL) {
        return ((const char *)found - (const char *)rows) / (ptrdiff_t)size;
    }
    return *count == max ? -1 : (ptrdiff_t)(*count)++;
}

int hd_table_put_machine(struct hd_table *table, const struct hd_machine *machine)
{
    ptrdiff_t at = place(hd_table_machine(table, machine->name), table->machines, sizeof(*machine),
                         &table->machine_count, VGPU_VMS_MAX);

    if (at < 0) {
        return -ENOSPC;
    }
    table->machines[at] = *machine;
    return 0;
}

int hd_table_put_pool(struct hd_table *table, const struct hd_pool *pool)
{
    ptrdiff_t at = place(hd_table_pool(table, pool->name), table->pools, sizeof(*pool),
                         &table->pool_count, VGPU_POOLS_MAX);

    if (at < 0) {
        return -ENOSPC;
    }
    table->pools[at] = *pool;
    return 0;
}

int hd_table_put_gpu(struct hd_table *table, const struct hd_gpu *gpu)
{
    ptrdiff_t at = place(hd_table_gpu(table, gpu->uuid), table->gpus, sizeof(*gpu),
                         &table->gpu_count, HD_GPUS_MAX);

    if (at < 0) {
        return -ENOSPC;
    }
    table->gpus[at] = *gpu;
    return 0;
}

void hd_table_drop_machine(struct hd_table *table, const char *name)
{
    for (size_t i = 0; i < table->machine_count; i++) {
        if (strcmp(table->machines[i].name, name) == 0) {
            table->machine_count--;
            memmove(&table->machines[i], &table->machines[i + 1],
                    (table->machine_count - i) * sizeof(table->machines[0]));
            return;
        }
    }
}

void hd_table_drop_pool(struct hd_table *table, const char *name)
{
    for (size_t i = 0; i < table->pool_count; i++) {
        if (strcmp(table->pools[i].name, name) == 0) {
            table->pool_count--;
            memmove(&table->pools[i], &table->pools[i + 1],
                    (table->pool_count - i) * sizeof(table->pools[0]));
            return;
        }
    }
}
