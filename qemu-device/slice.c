/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slice.h"

#include "proto/limits.h"

#define VGPU_SLICE(obj) OBJECT_CHECK(VgpuSlice, (obj), TYPE_VGPU_SLICE)

/*
 * Mapped without access first and unlocked: with "-overcommit mem-lock=on" a mapping
 * would else be filled at once, all of it.
 */
static void *map_sparse(int fd, uint64_t bytes, Error **errp)
{
    void *memory = mmap(NULL, bytes, PROT_NONE, MAP_SHARED | MAP_NORESERVE, fd, 0);

    if (memory == MAP_FAILED) {
        error_setg_errno(errp, errno, "vgpu-cuda: cannot map the memory of a channel");
        return NULL;
    }
    munlock(memory, bytes);
    if (mprotect(memory, bytes, PROT_READ | PROT_WRITE) < 0) {
        error_setg_errno(errp, errno, "vgpu-cuda: cannot open the memory of a channel");
        munmap(memory, bytes);
        return NULL;
    }
    return memory;
}

/*
 * The region is "RAM of a device" over our own mapping, not RAM with a descriptor:
 * such RAM would be offered to every vhost-user backend of the machine, and would be
 * written out, holes and all, when the guest's memory is dumped.
 */
VgpuSlice *vgpu_slice_new(uint64_t bytes, Error **errp)
{
    VgpuSlice *slice = VGPU_SLICE(object_new(TYPE_VGPU_SLICE));

    slice->bytes = bytes;
    slice->fd = qemu_memfd_create("vgpu-channel", bytes, false, 0,
                                  F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL, errp);
    if (slice->fd >= 0) {
        slice->memory = map_sparse(slice->fd, bytes, errp);
    }
    if (!slice->memory) {
        object_unref(OBJECT(slice));
        return NULL;
    }
    memory_region_init_ram_device_ptr(&slice->region, OBJECT(slice), "vgpu-channel", bytes,
                                      slice->memory);
    return slice;
}

void vgpu_slice_map(VgpuSlice *slice, MemoryRegion *window, uint64_t offset)
{
    memory_region_add_subregion(window, offset, &slice->region);
}

void vgpu_slice_unmap(VgpuSlice *slice, MemoryRegion *window)
{
    memory_region_del_subregion(window, &slice->region);
}

/* The guest and the worker may write the word at any time. */
void vgpu_slice_fail(VgpuSlice *slice, uint32_t result)
{
    uint32_t *word = (uint32_t *)((char *)slice->memory + VGPU_CHANNEL_STATE_OFFSET);
    uint32_t none = 0;

    __atomic_compare_exchange_n(word, &none, result, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void vgpu_slice_init(Object *obj)
{
    VGPU_SLICE(obj)->fd = -1;
}

/* Runs when no memory map names the region any more; QOM has ended the region by then. */
static void vgpu_slice_finalize(Object *obj)
{
    VgpuSlice *slice = VGPU_SLICE(obj);

    if (slice->memory) {
        munmap(slice->memory, slice->bytes);
    }
    if (slice->fd >= 0) {
        close(slice->fd);
    }
}

static const TypeInfo vgpu_slice_info = {
    .name = TYPE_VGPU_SLICE,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(VgpuSlice),
    .instance_init = vgpu_slice_init,
    .instance_finalize = vgpu_slice_finalize,
};

void vgpu_slice_register_type(void)
{
    type_register_static(&vgpu_slice_info);
}
