/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VGPU_QEMU_SLICE_H
#define VGPU_QEMU_SLICE_H

/*
 * The memory of a channel: a sealed memfd and the region that shows it in BAR1.
 *
 * A slice is a QOM object of its own, because the region's owner must live until the
 * last user of the memory map has let go of it: so a slice can be taken out and
 * replaced while the machine runs.
 */

#include "compat.h"

#define TYPE_VGPU_SLICE "vgpu-slice"

typedef struct VgpuSlice {
    Object parent_obj;
    MemoryRegion region;
    void *memory; /* the memfd, mapped shared */
    uint64_t bytes;
    int fd;
} VgpuSlice;

/* Makes a slice of `bytes` bytes that read zero.  Returns owned (object_unref), NULL with `errp`
 * set.  Nothing of it takes memory until it is touched. */
VgpuSlice *vgpu_slice_new(uint64_t bytes, Error **errp);

/* Puts it at `offset` of the window, and takes it out again. */
void vgpu_slice_map(VgpuSlice *slice, MemoryRegion *window, uint64_t offset);
void vgpu_slice_unmap(VgpuSlice *slice, MemoryRegion *window);

/* Stores `result` in the channel's error word unless that holds one already. */
void vgpu_slice_fail(VgpuSlice *slice, uint32_t result);

/* Makes the type known to QOM. */
void vgpu_slice_register_type(void);

#endif
