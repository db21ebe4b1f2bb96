/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/jit.h"

#include <stdbool.h>
#include <string.h>

/* Options whose value is a plain number.  The rest are pointers, or answers. */
static bool is_allowed(uint32_t id)
{
    switch (id) {
    case CU_JIT_MAX_REGISTERS:
    case CU_JIT_THREADS_PER_BLOCK:
    case CU_JIT_OPTIMIZATION_LEVEL:
    case CU_JIT_TARGET_FROM_CUCONTEXT:
    case CU_JIT_TARGET:
    case CU_JIT_FALLBACK_STRATEGY:
    case CU_JIT_GENERATE_DEBUG_INFO:
    case CU_JIT_LOG_VERBOSE:
    case CU_JIT_GENERATE_LINE_INFO:
    case CU_JIT_CACHE_MODE:
    case CU_JIT_NEW_SM3X_OPT:
    case CU_JIT_FAST_COMPILE:
    case CU_JIT_LTO:
    case CU_JIT_FTZ:
    case CU_JIT_PREC_DIV:
    case CU_JIT_PREC_SQRT:
    case CU_JIT_FMA:
    case CU_JIT_OPTIMIZE_UNUSED_DEVICE_VARIABLES:
    case CU_JIT_POSITION_INDEPENDENT_CODE:
    case CU_JIT_MIN_CTA_PER_SM:
    case CU_JIT_MAX_THREADS_PER_BLOCK:
    case CU_JIT_OVERRIDE_DIRECTIVE_VALUES:
    case CU_JIT_SPLIT_COMPILE:
    case CU_JIT_WALL_TIME:
        return true;
    default:
        return false;
    }
}

/* The driver (580.159.04) rounds numbers of threads up to whole warps and divides by them: with
 * these it divides by 0, and ends its process. */
static bool is_harmless(uint32_t id, uint64_t value)
{
    const uint32_t threads = (uint32_t)value;

    switch (id) {
    case CU_JIT_THREADS_PER_BLOCK:
        return threads > 0 && threads <= UINT32_MAX - 31;
    case CU_JIT_MAX_THREADS_PER_BLOCK:
        return threads <= UINT32_MAX - 31;
    default:
        return true;
    }
}

static void add(struct ex_jit *jit, CUjit_option option, const void *value)
{
    jit->options[jit->count] = option;
    memcpy(&jit->values[jit->count], &value, sizeof(value));
    jit->count++;
}

static void add_log(struct ex_jit *jit, CUjit_option buffer, CUjit_option size_option, char *log,
                    uint32_t size)
{
    memset(log, 0, size);
    if (size > 0) {
        add(jit, buffer, log);
        add(jit, size_option, (void *)(uintptr_t)size);
    }
}

static uint32_t bounded(uint32_t size)
{
    return size < VGPU_JIT_LOG_BYTES_MAX ? size : VGPU_JIT_LOG_BYTES_MAX;
}

CUresult ex_jit_read(struct ex_jit *jit, const uint8_t *bytes, uint32_t len,
                     struct ex_jit_room *room, uint32_t info_size, uint32_t error_size)
{
    memset(jit, 0, sizeof(*jit));
    if (len % 16 != 0 || len / 16 > VGPU_JIT_OPTIONS_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    jit->wall_time = EX_JIT_OPTIONS;
    for (uint32_t at = 0; at < len; at += 16) {
        uint32_t id;
        uint64_t value;

        memcpy(&id, bytes + at, sizeof(id));
        memcpy(&value, bytes + at + 8, sizeof(value));
        if (!is_allowed(id)) {
            return CUDA_ERROR_NOT_SUPPORTED;
        }
        if (!is_harmless(id, value)) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        if (id == CU_JIT_WALL_TIME) {
            jit->wall_time = jit->count;
        }
        add(jit, (CUjit_option)id, (void *)(uintptr_t)value);
    }
    if (room != NULL) {
        jit->info = room->info;
        jit->error = room->error;
        jit->info_size = bounded(info_size);
        jit->error_size = bounded(error_size);
        add_log(jit, CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, jit->info,
                jit->info_size);
        add_log(jit, CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, jit->error,
                jit->error_size);
    }
    return CUDA_SUCCESS;
}

uint32_t ex_jit_wall_time_us(const struct ex_jit *jit)
{
    float milliseconds = 0;

    if (jit->wall_time >= jit->count) {
        return 0;
    }
    /* The driver stores a float where the option's value was. */
    memcpy(&milliseconds, &jit->values[jit->wall_time], sizeof(milliseconds));
    if (!(milliseconds > 0)) {
        return 0;
    }
    return milliseconds < 4e6f ? (uint32_t)(milliseconds * 1000.0f) : UINT32_MAX;
}

uint32_t ex_jit_log_length(const char *log, uint32_t size)
{
    return (uint32_t)strnlen(log, size);
}
