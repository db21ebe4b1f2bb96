/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/jit.h"

#include <stdbool.h>
#include <string.h>

static bool names_tables(CUjit_option option)
{
    return option == CU_JIT_GLOBAL_SYMBOL_NAMES || option == CU_JIT_GLOBAL_SYMBOL_ADDRESSES ||
           option == CU_JIT_GLOBAL_SYMBOL_COUNT ||
           (option >= CU_JIT_REFERENCED_KERNEL_NAMES && option <= CU_JIT_REFERENCED_VARIABLE_COUNT);
}

/* The place where an option that stays here is remembered, or NULL. */
static int *place(struct gs_jit *jit, unsigned int option)
{
    switch (option) {
    case CU_JIT_WALL_TIME:
        return &jit->wall_time;
    case CU_JIT_INFO_LOG_BUFFER:
        return &jit->info_buffer;
    case CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES:
        return &jit->info_size;
    case CU_JIT_ERROR_LOG_BUFFER:
        return &jit->error_buffer;
    case CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES:
        return &jit->error_size;
    default:
        return NULL;
    }
}

/* Only the low half of a value means anything: options are int, unsigned int or enumerations. */
static void put_option(struct gs_jit *jit, uint32_t option, const void *value)
{
    uint32_t head[2] = {option, 0};
    uint64_t low = (uint32_t)(uintptr_t)value;

    memcpy(jit->wire + jit->wire_len, head, sizeof(head));
    memcpy(jit->wire + jit->wire_len + 8, &low, sizeof(low));
    jit->wire_len += 16;
}

void gs_jit_mute(struct gs_jit *jit)
{
    jit->values = NULL;
    jit->info_buffer = jit->info_size = jit->error_buffer = jit->error_size = -1;
    jit->wall_time = -1;
    jit->info_cap = jit->error_cap = 0;
}

static uint32_t log_size(const struct gs_jit *jit, int buffer, int size)
{
    uint32_t wanted;

    if (buffer < 0 || size < 0 || jit->values[buffer] == NULL) {
        return 0;
    }
    wanted = (uint32_t)(uintptr_t)jit->values[size];
    return wanted < VGPU_JIT_LOG_BYTES_MAX ? wanted : VGPU_JIT_LOG_BYTES_MAX;
}

CUresult gs_jit_take(struct gs_jit *jit, unsigned int count, const CUjit_option *options,
                     void **values)
{
    gs_jit_mute(jit);
    jit->values = values;
    jit->wire_len = 0;
    if (count > 0 && (options == NULL || values == NULL || count > VGPU_JIT_OPTIONS_MAX)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned int i = 0; i < count; i++) {
        int *at;

        if ((unsigned int)options[i] >= CU_JIT_NUM_OPTIONS) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        if (names_tables(options[i])) {
            return CUDA_ERROR_NOT_SUPPORTED;
        }
        at = place(jit, options[i]);
        if (at != NULL) {
            *at = (int)i;
        } else {
            put_option(jit, options[i], values[i]);
        }
    }
    jit->info_cap = log_size(jit, jit->info_buffer, jit->info_size);
    jit->error_cap = log_size(jit, jit->error_buffer, jit->error_size);
    return CUDA_SUCCESS;
}

uint32_t gs_jit_info_size(const struct gs_jit *jit)
{
    return jit->info_cap;
}

uint32_t gs_jit_error_size(const struct gs_jit *jit)
{
    return jit->error_cap;
}

/* The text without its NUL may fill the buffer but for the last byte; the size becomes the text's
 * length. */
static void give_log(const struct gs_jit *jit, int buffer, int size, uint32_t cap,
                     const uint8_t *text, uint32_t len)
{
    if (cap > 0) {
        char *to = jit->values[buffer];

        len = text != NULL ? (uint32_t)strnlen((const char *)text, len) : 0;
        len = len < cap ? len : cap - 1;
        if (len > 0) {
            memcpy(to, text, len);
        }
        to[len] = '\0';
    } else {
        len = 0;
    }
    if (size >= 0) {
        jit->values[size] = (void *)(uintptr_t)len;
    }
}

void gs_jit_give(const struct gs_jit *jit, const struct gs_jit_logs *logs)
{
    give_log(jit, jit->info_buffer, jit->info_size, jit->info_cap, logs->info, logs->info_len);
    give_log(jit, jit->error_buffer, jit->error_size, jit->error_cap, logs->error, logs->error_len);
    if (jit->wall_time >= 0) {
        float ms = (float)logs->wall_time_us / 1000.0f;

        jit->values[jit->wall_time] = NULL;
        memcpy(&jit->values[jit->wall_time], &ms, sizeof(ms));
    }
}
