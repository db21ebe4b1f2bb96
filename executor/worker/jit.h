/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_JIT_H
#define EX_WORKER_JIT_H

/*
 * Options of the PTX compiler that a guest may give, and the log buffers, which are the
 * worker's own: options that are pointers or paths never come from outside.
 */

#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/limits.h"

/* The guest's, and five of ours. */
#define EX_JIT_OPTIONS (VGPU_JIT_OPTIONS_MAX + 5u)

struct ex_jit {
    unsigned int count;
    unsigned int wall_time; /* index of CU_JIT_WALL_TIME, `count` without */
    CUjit_option options[EX_JIT_OPTIONS];
    void *values[EX_JIT_OPTIONS];
    char *info; /* the caller's */
    char *error;
    uint32_t info_size;
    uint32_t error_size;
};

/* Room for both logs; the driver writes there until the load or the link has ended. */
struct ex_jit_room {
    char info[VGPU_JIT_LOG_BYTES_MAX];
    char error[VGPU_JIT_LOG_BYTES_MAX];
};

/*
 * Reads `len` bytes of pairs (u32 id, u32 zero, u64 value) and adds log buffers in `room` of the
 * sizes asked for, at most VGPU_JIT_LOG_BYTES_MAX; NULL: none.  CUDA_ERROR_INVALID_VALUE for a
 * malformed list, CUDA_ERROR_NOT_SUPPORTED for an option that is not carried.
 */
CUresult ex_jit_read(struct ex_jit *jit, const uint8_t *bytes, uint32_t len,
                     struct ex_jit_room *room, uint32_t info_size, uint32_t error_size);

/* Microseconds that the driver says it took; 0 when it was not asked. */
uint32_t ex_jit_wall_time_us(const struct ex_jit *jit);

/* Length of the text in a log buffer of `size` bytes. */
uint32_t ex_jit_log_length(const char *log, uint32_t size);

#endif
