/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_JIT_H
#define GS_JIT_H

/* Options of the compiler: what travels, and what is written back to the program. */

#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/limits.h"

struct gs_jit {
    void **values; /* the program's */
    int info_buffer;
    int info_size;
    int error_buffer;
    int error_size;
    int wall_time; /* indices into values; -1: not asked for */
    uint32_t info_cap;
    uint32_t error_cap; /* room for the logs as it was at first */
    uint32_t wire_len;
    uint8_t wire[16 * VGPU_JIT_OPTIONS_MAX];
};

/* Sorts the program's options.  CUDA_ERROR_INVALID_VALUE for unknown ones or missing arrays,
 * CUDA_ERROR_NOT_SUPPORTED for those that point to tables of names. */
CUresult gs_jit_take(struct gs_jit *jit, unsigned int count, const CUjit_option *options,
                     void **values);

/* Forgets what is written back, so that the options can be used again after the call. */
void gs_jit_mute(struct gs_jit *jit);

/* The sizes of the logs that the program has room for, bounded by the protocol. */
uint32_t gs_jit_info_size(const struct gs_jit *jit);
uint32_t gs_jit_error_size(const struct gs_jit *jit);

/* What the worker sends with an answer. */
struct gs_jit_logs {
    const uint8_t *info;
    const uint8_t *error;
    uint32_t info_len;
    uint32_t error_len;
    uint32_t wall_time_us;
};

/* Writes logs, their lengths and the time back, after success and failure alike; again and again
 * for a link. */
void gs_jit_give(const struct gs_jit *jit, const struct gs_jit_logs *logs);

#endif
