/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_CHANGE_H
#define HD_CHANGE_H

/* One change of the registry, made from a tool's frame and checked against the table. */

#include "hostd/table.h"
#include "proto/frame.h"

enum hd_change_kind {
    HD_PUT_MACHINE,
    HD_DROP_MACHINE,
    HD_PUT_POOL,
    HD_DROP_POOL,
    HD_PUT_GPU,
};

struct hd_change {
    enum hd_change_kind kind;
    bool is_new;               /* PUT_MACHINE: there was none */
    struct hd_machine machine; /* of DROP: the row as it was */
    struct hd_pool pool;
    struct hd_gpu gpu;
};

/* Makes the change that the frame asks for.  0; or a negative errno, with a line in `why` that says
 * what is wrong and what to do: -EINVAL, -EEXIST, -ENOENT, -EBUSY (a pool in use), -ENOSPC. */
int hd_change_of_vm(struct hd_change *change, const struct hd_table *table,
                    const Vgpu__VmChange *asked, char *why, size_t cap);
int hd_change_of_pool(struct hd_change *change, const struct hd_table *table,
                      const Vgpu__PoolChange *asked, char *why, size_t cap);
int hd_change_of_gpu(struct hd_change *change, const struct hd_table *table,
                     const Vgpu__GpuChange *asked, char *why, size_t cap);

/* Applies it to the table.  It has room: the functions above looked. */
void hd_change_apply(const struct hd_change *change, struct hd_table *table);

/* "vm add alpha" and the like, for the log; `cap` at least 96. */
void hd_change_describe(const struct hd_change *change, char *text, size_t cap);

#endif
