/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_VIRTUAL_MEMORY_H
#define GS_VIRTUAL_MEMORY_H

/*
 * Address ranges that the program reserves itself, and physical memory to map into them.  A
 * process has one zone of such addresses (proto/address.h), kept free of host memory range by
 * range; every worker's driver holds all of it, in strips.  A range of at most a strip lies in one.
 * Physical memory belongs to one session; a mapping is an allocation of kind GS_ALLOC_MAPPED in
 * that session's map.  What a worker had ends with it, so its end is no error where something is
 * given back.  Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_session;

/* What addresses and sizes are multiples of. */
#define GS_MAPPING_BYTES 0x200000ull

struct gs_physical {
    struct gs_session *session;
    uint64_t wire;
    uint64_t bytes;
    CUmemAllocationProp prop;
    uint32_t handles; /* that the program holds */
    uint32_t maps;
};

/* Reserves `bytes` (a multiple of GS_MAPPING_BYTES), at `hint` if that can be.
 * CUDA_ERROR_OUT_OF_MEMORY. */
CUresult gs_reserve(uint64_t bytes, uint64_t align, uint64_t hint, uint64_t *address);

/* Gives exactly this range back; CUDA_ERROR_INVALID_VALUE: it is none, or something is mapped. */
CUresult gs_unreserve(uint64_t address, uint64_t bytes);

/* The reservation around an address; false: none. */
bool gs_reservation_find(uint64_t address, uint64_t *base, uint64_t *bytes);

/* New physical memory with one handle. */
CUresult gs_physical_new(struct gs_session *s, uint64_t bytes, const CUmemAllocationProp *prop,
                         CUmemGenericAllocationHandle *handle);

/* Drops one handle; CUDA_ERROR_INVALID_VALUE: there is none. */
CUresult gs_physical_release(CUmemGenericAllocationHandle handle);

/* One more handle of what is mapped at an address; false: nothing is. */
bool gs_physical_retain(uint64_t address, CUmemGenericAllocationHandle *handle);

/* Copies what a living handle stands for; false: it is none. */
bool gs_physical_get(CUmemGenericAllocationHandle handle, struct gs_physical *physical);

/* The calls of the same names, with arguments that are whole multiples. */
CUresult gs_map(uint64_t address, uint64_t bytes, CUmemGenericAllocationHandle handle);
CUresult gs_unmap(uint64_t address, uint64_t bytes);
CUresult gs_set_access(uint64_t address, uint64_t bytes, const CUmemAccessDesc *desc);

/* Forgets what a session has; its worker is gone or going. */
void gs_virtual_memory_drop(struct gs_session *s);

#endif
