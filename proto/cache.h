/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_CACHE_H
#define VGPU_CACHE_H

/*
 * The memory of a cached image: `bytes` bytes, then zeros up to a whole page, at least one, so that
 * text ends.  The broker seals its size, the worker that fills it seals the content; who uses it
 * checks both, and the content against its key.
 */

#include <fcntl.h>
#include <stdint.h>

#define VGPU_CACHE_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* The size of the memory for `bytes` bytes, at most VGPU_CACHE_BYTES_MAX. */
static inline uint64_t vgpu_cache_fd_bytes(uint64_t bytes)
{
    return (bytes + 4096) & ~(uint64_t)4095;
}

#endif
