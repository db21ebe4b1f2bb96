/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
#ifndef VGPU_HANDLE_H
#define VGPU_HANDLE_H

/*
 * A handle is kind:8 | generation:24 | index:32 (docs/specs/wire.md, "Handles").
 * Kinds start at 1, so no handle is below 0x10000 and none is a canonical pointer:
 * a program that dereferences one faults.  0 is "none" (for streams: the legacy
 * default stream of the worker's context).
 */

#include <stdint.h>

enum vgpu_handle_kind {
    VGPU_HANDLE_CONTEXT = 1,
    VGPU_HANDLE_STREAM = 2,
    VGPU_HANDLE_EVENT = 3,
    VGPU_HANDLE_MODULE = 4,
    VGPU_HANDLE_FUNCTION = 5,
    VGPU_HANDLE_LIBRARY = 6, /* libraries and kernels live in the guest only */
    VGPU_HANDLE_KERNEL = 7,
    VGPU_HANDLE_LINK = 8,
    VGPU_HANDLE_HOST_CALL = 9,
    VGPU_HANDLE_PHYSICAL = 16, /* physical memory */
    VGPU_HANDLE_POOL = 17,     /* memory pools live in the guest only */
    VGPU_HANDLE_ARRAY = 18,
    VGPU_HANDLE_MIPMAP = 19,
    VGPU_HANDLE_GRAPH_EXEC = 24,
    VGPU_HANDLE_GRAPH = 25, /* graphs, nodes and user objects live in the guest only */
    VGPU_HANDLE_GRAPH_NODE = 26,
    VGPU_HANDLE_USER_OBJECT = 27,
};

#define VGPU_HANDLE_GENERATION_MAX 0xffffffu

static inline uint64_t vgpu_handle_make(enum vgpu_handle_kind kind, uint32_t generation,
                                        uint32_t index)
{
    return ((uint64_t)kind << 56) | ((uint64_t)(generation & VGPU_HANDLE_GENERATION_MAX) << 32) |
           index;
}

static inline uint8_t vgpu_handle_kind_of(uint64_t handle)
{
    return (uint8_t)(handle >> 56);
}

static inline uint32_t vgpu_handle_generation_of(uint64_t handle)
{
    return (uint32_t)(handle >> 32) & VGPU_HANDLE_GENERATION_MAX;
}

static inline uint32_t vgpu_handle_index_of(uint64_t handle)
{
    return (uint32_t)handle;
}

#endif
