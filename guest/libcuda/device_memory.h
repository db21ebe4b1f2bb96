/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_DEVICE_MEMORY_H
#define GS_DEVICE_MEMORY_H

/*
 * Device memory, handed out here.  The worker gives chunks: multiples of 2 MiB, each with physical
 * memory of its own.  Small allocations share chunks of 2 MiB, as native's do; a larger one has a
 * chunk to itself.  Some chunks in which nothing lives are kept for the next allocation, so that
 * a program that allocates and frees in turn asks nobody.  Kept chunks count as free memory, and
 * go back before an allocation fails.  Any thread.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_session;
struct gs_device_chunk;

#define GS_DEVICE_CHUNK_BYTES 0x200000ull
/* Alignment of every allocation: native's. */
#define GS_DEVICE_ALIGN 512u
/* Larger ones have chunks of their own. */
#define GS_DEVICE_SMALL_MAX (GS_DEVICE_CHUNK_BYTES / 2)
/* Kept in chunks that are free; so much is hidden from other sessions at most. */
#define GS_DEVICE_KEEP_BYTES (64ull << 20)

/* Lists of chunks with room, by the power of two of their largest hole. */
#define GS_DEVICE_BINS 13u

struct gs_device_memory {
    pthread_mutex_t lock;
    void *chunks; /* by address */
    struct gs_device_chunk *bins[GS_DEVICE_BINS];
    struct gs_device_chunk *kept; /* last kept first */
    uint64_t kept_bytes;
};

/* None is kept. */
void gs_device_memory_init(struct gs_device_memory *memory);

/* Forgets everything; the worker is gone or going. */
void gs_device_memory_fini(struct gs_device_memory *memory);

/* `bytes` is at least 1.  CUDA_ERROR_OUT_OF_MEMORY or the worker's error. */
CUresult gs_device_memory_alloc(struct gs_session *s, uint64_t bytes, uint64_t *address);

/* Frees what gs_device_memory_alloc() gave; all work that may use it is done. */
CUresult gs_device_memory_free(struct gs_session *s, uint64_t address);

/* Gives the kept chunks back to the worker; false: there were none. */
bool gs_device_memory_trim(struct gs_session *s);

/* Bytes in kept chunks: the worker counts them as used. */
uint64_t gs_device_memory_kept(struct gs_session *s);

#endif
