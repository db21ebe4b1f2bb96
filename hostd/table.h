/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_TABLE_H
#define HD_TABLE_H

/* What the registry says, in memory: machines, pools of GPUs, GPUs that are drained or were. */

#include <stdbool.h>
#include <stddef.h>

#include "hostd/machine.h"
#include "hostd/uuid.h"
#include "proto/limits.h"

#define HD_GPUS_MAX 64

struct hd_pool {
    char name[HD_POOL_MAX + 1];
    uint8_t gpus[VGPU_DEVICES_MAX][HD_GPU_BYTES];
    size_t gpu_count; /* at least 1 */
};

struct hd_gpu {
    uint8_t uuid[HD_GPU_BYTES];
    bool drained;
};

/* Starts zeroed. */
struct hd_table {
    struct hd_machine machines[VGPU_VMS_MAX];
    size_t machine_count;
    struct hd_pool pools[VGPU_POOLS_MAX];
    size_t pool_count;
    struct hd_gpu gpus[HD_GPUS_MAX];
    size_t gpu_count;
};

/* Each returns a borrowed row, valid until the next change of the table, or NULL. */
const struct hd_machine *hd_table_machine(const struct hd_table *table, const char *name);
const struct hd_machine *hd_table_machine_by_uuid(const struct hd_table *table, const char *uuid);
const struct hd_machine *hd_table_machine_by_socket(const struct hd_table *table, const char *path);
const struct hd_pool *hd_table_pool(const struct hd_table *table, const char *name);
const struct hd_gpu *hd_table_gpu(const struct hd_table *table, const uint8_t uuid[HD_GPU_BYTES]);

/* The first machine that uses this pool, or NULL. */
const struct hd_machine *hd_table_pool_user(const struct hd_table *table, const char *pool);

/* Adds a row or replaces the one of that name.  0 or -ENOSPC. */
int hd_table_put_machine(struct hd_table *table, const struct hd_machine *machine);
int hd_table_put_pool(struct hd_table *table, const struct hd_pool *pool);
int hd_table_put_gpu(struct hd_table *table, const struct hd_gpu *gpu);

/* Removes a row where there is one. */
void hd_table_drop_machine(struct hd_table *table, const char *name);
void hd_table_drop_pool(struct hd_table *table, const char *name);

#endif
