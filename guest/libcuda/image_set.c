/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/image_set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/environment.h"
#include "guest/libcuda/image.h"
#include "guest/libcuda/image_pick.h"
#include "guest/libcuda/jit.h"
#include "guest/libcuda/linker.h"
#include "guest/libcuda/module.h"
#include "proto/code_policy.h"

#define WRAPPER_VERSION 2u
#define PARTS_MAX       65536u

struct wrapper {
    uint32_t magic;
    uint32_t version;
    const void *linked;
    const void *const *parts; /* up to NULL */
};

/* A set begins so, which no image does, and goes on with fat binaries, each behind its size. */
static const uint8_t set_mark[8] = {0, 'v', 'g', 'p', 'u', 's', 'e', 't'};

bool gs_image_is_set_wrapper(const void *image)
{
    uint32_t version;

    if (!gs_image_is_wrapper(image)) {
        return false;
    }
    memcpy(&version, (const uint8_t *)image + sizeof(uint32_t), sizeof(version));
    return version == WRAPPER_VERSION;
}

bool gs_image_is_set(const void *image, size_t size)
{
    return size >= sizeof(set_mark) && memcmp(image, set_mark, sizeof(set_mark)) == 0;
}

/* A set that is made; without `bytes` only its size is. */
struct making {
    struct gs_targets targets;
    uint8_t *bytes;
    size_t room;
    size_t used;
};

static CUresult add_part(struct making *m, const void *part)
{
    struct gs_pick pick;
    const void *start;
    size_t size;
    CUresult cu = gs_image_fatbin(part, &start, &size);

    if (cu == CUDA_SUCCESS) {
        cu = gs_pick_plan(&pick, start, size, &m->targets);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (m->room - m->used < sizeof(pick.bytes) ||
        m->room - m->used - sizeof(pick.bytes) < pick.bytes) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    if (m->bytes != NULL) {
        memcpy(m->bytes + m->used, &pick.bytes, sizeof(pick.bytes));
        cu = gs_pick_copy(&pick, m->bytes + m->used + sizeof(pick.bytes));
    }
    m->used += sizeof(pick.bytes) + pick.bytes;
    return cu;
}

static CUresult add_all(struct making *m, const struct wrapper *wrapper)
{
    CUresult cu;

    m->used = sizeof(set_mark);
    cu = add_part(m, wrapper->linked);
    for (size_t i = 0; cu == CUDA_SUCCESS && wrapper->parts[i] != NULL; i++) {
        cu = i < PARTS_MAX ? add_part(m, wrapper->parts[i]) : CUDA_ERROR_INVALID_IMAGE;
    }
    return cu;
}

const void *gs_image_set_linked(const void *image)
{
    struct gs_targets targets;
    struct wrapper wrapper;
    const void *start;
    size_t size;

    memcpy(&wrapper, image, sizeof(wrapper));
    if (gs_image_fatbin(wrapper.linked, &start, &size) != CUDA_SUCCESS ||
        (gs_environment()->code_policy & VGPU_CODE_FORCE_JIT) != 0) {
        return NULL;
    }
    gs_targets_all(&targets);
    return gs_image_runs(start, size, &targets) ? start : NULL;
}

CUresult gs_image_set_make(const void *image, void **set, size_t *size)
{
    struct making m = {.bytes = NULL, .room = VGPU_MODULE_BYTES_MAX};
    struct wrapper wrapper;
    CUresult cu;

    memcpy(&wrapper, image, sizeof(wrapper));
    if (wrapper.linked == NULL || wrapper.parts == NULL) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    gs_targets_all(&m.targets);
    cu = add_all(&m, &wrapper);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    m.room = m.used; /* what another thread changes meanwhile must still fit */
    m.bytes = malloc(m.room);
    if (m.bytes == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memcpy(m.bytes, set_mark, sizeof(set_mark));
    cu = add_all(&m, &wrapper);
    if (cu != CUDA_SUCCESS) {
        free(m.bytes);
        return cu;
    }
    *set = m.bytes;
    *size = m.used;
    return CUDA_SUCCESS;
}

/* The fat binary at *at, which begins as 0, and moves it on; false: there are no more. */
static bool next_part(const uint8_t *set, size_t size, size_t *at, const uint8_t **part,
                      size_t *part_size)
{
    if (*at == 0) {
        *at = sizeof(set_mark);
    }
    if (*at == size) {
        return false;
    }
    memcpy(part_size, set + *at, sizeof(*part_size));
    *part = set + *at + sizeof(*part_size);
    *at += sizeof(*part_size) + *part_size;
    return true;
}

/* All parts from `at` on. */
static CUresult link_parts(struct gs_linker *linker, const uint8_t *set, size_t size, size_t at)
{
    static const struct gs_jit none = {
        .info_buffer = -1, .info_size = -1, .error_buffer = -1, .error_size = -1, .wall_time = -1};
    CUresult cu = CUDA_SUCCESS;
    const uint8_t *part;
    size_t part_size;

    while (cu == CUDA_SUCCESS && next_part(set, size, &at, &part, &part_size)) {
        cu = gs_linker_add(linker, CU_JIT_INPUT_FATBINARY, part, part_size, "", &none);
    }
    return cu == CUDA_SUCCESS ? gs_linker_complete(linker) : cu;
}

static CUresult load_linked(const struct gs_call *call, const uint8_t *set, size_t size, size_t at,
                            const struct gs_jit *jit, struct gs_module **module)
{
    struct gs_jit silent = *jit; /* the linker has told */
    struct gs_linker *linker;
    CUresult ended;
    CUresult cu = gs_linker_new(call, jit, &linker);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    gs_jit_mute(&silent);
    cu = link_parts(linker, set, size, at);
    if (cu == CUDA_SUCCESS) {
        cu = gs_module_load_made(call, linker->cubin, linker->cubin_bytes, &silent, module);
    }
    ended = gs_linker_destroy(linker);
    return cu == CUDA_SUCCESS ? ended : cu;
}

CUresult gs_image_set_load(const struct gs_call *call, const void *set, size_t size,
                           const struct gs_jit *jit, struct gs_module **module)
{
    uint32_t policy = gs_environment()->code_policy;
    struct gs_targets targets;
    const uint8_t *linked = NULL;
    size_t linked_size = 0;
    size_t at = 0;

    gs_targets_one(&targets, call->context->device);
    if (next_part(set, size, &at, &linked, &linked_size) && (policy & VGPU_CODE_FORCE_JIT) == 0 &&
        gs_image_runs(linked, linked_size, &targets)) {
        return gs_module_load(call, linked, linked_size, jit, module);
    }
    return (policy & VGPU_CODE_DISABLE_JIT) != 0 ? CUDA_ERROR_JIT_COMPILATION_DISABLED
                                                 : load_linked(call, set, size, at, jit, module);
}
