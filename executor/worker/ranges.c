/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/memory_private.h"

#include <stdlib.h>

#include "common/overflow.h"

static bool inside(uint64_t base, uint64_t size, uint64_t ptr, uint64_t bytes)
{
    return ptr >= base && vgpu_span_fits(ptr - base, bytes, size);
}

bool ex_memory_in_global(const struct ex_memory *m, uint64_t ptr, uint64_t bytes)
{
    for (uint32_t i = 0; i < m->global_count; i++) {
        if (inside(m->globals[i].ptr, m->globals[i].bytes, ptr, bytes)) {
            return true;
        }
    }
    return false;
}

bool ex_memory_in_open_slab(const struct ex_memory *m, uint64_t ptr, uint64_t bytes)
{
    for (uint32_t i = 0; i < m->slab_count; i++) {
        if (m->slabs[i].open && inside(m->slabs[i].ptr, m->slabs[i].bytes, ptr, bytes)) {
            return true;
        }
    }
    return false;
}

bool ex_memory_in_slab(struct ex_memory *m, uint64_t ptr, uint64_t bytes)
{
    (void)pthread_mutex_lock(&m->lock);
    bool found = ex_memory_in_open_slab(m, ptr, bytes);

    (void)pthread_mutex_unlock(&m->lock);
    return found;
}

static bool has_global(const struct ex_memory *m, const struct ex_global *global)
{
    for (uint32_t i = 0; i < m->global_count; i++) {
        if (m->globals[i].owner == global->owner && m->globals[i].ptr == global->ptr) {
            return true;
        }
    }
    return false;
}

static CUresult file_global(struct ex_memory *m, const struct ex_global *global)
{
    if (has_global(m, global)) {
        return CUDA_SUCCESS;
    }
    if (m->global_count == m->global_capacity) {
        uint32_t capacity = m->global_capacity == 0 ? 16 : m->global_capacity * 2;
        struct ex_global *grown = NULL;

        if (capacity <= EX_GLOBALS_MAX) {
            grown = reallocarray(m->globals, capacity, sizeof(*grown));
        }
        if (grown == NULL) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
        m->globals = grown;
        m->global_capacity = capacity;
    }
    m->globals[m->global_count++] = *global;
    return CUDA_SUCCESS;
}

CUresult ex_memory_add_global(struct ex_memory *m, uint64_t owner, uint64_t ptr, uint64_t bytes)
{
    struct ex_global global = {.owner = owner, .ptr = ptr, .bytes = bytes};

    (void)pthread_mutex_lock(&m->lock);
    CUresult cu = file_global(m, &global);

    (void)pthread_mutex_unlock(&m->lock);
    return cu;
}

void ex_memory_remove_globals(struct ex_memory *m, uint64_t owner)
{
    uint32_t i = 0;

    (void)pthread_mutex_lock(&m->lock);
    while (i < m->global_count) {
        if (m->globals[i].owner == owner) {
            m->globals[i] = m->globals[--m->global_count];
        } else {
            i++;
        }
    }
    (void)pthread_mutex_unlock(&m->lock);
}

static struct ex_slab *find_slab(struct ex_memory *m, uint64_t ptr)
{
    for (uint32_t i = 0; i < m->slab_count; i++) {
        if (m->slabs[i].ptr == ptr) {
            return &m->slabs[i];
        }
    }
    return NULL;
}

static CUresult file_slab(struct ex_memory *m, uint64_t ptr, uint64_t bytes)
{
    for (uint32_t i = 0; i < m->slab_count; i++) {
        if (ptr < m->slabs[i].ptr + m->slabs[i].bytes && m->slabs[i].ptr < ptr + bytes) {
            return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
        }
    }
    if (m->slab_count == VGPU_HOST_SLABS_MAX) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    m->slabs[m->slab_count++] = (struct ex_slab){.ptr = ptr, .bytes = bytes, .open = false};
    return CUDA_SUCCESS;
}

CUresult ex_memory_add_slab(struct ex_memory *m, uint64_t ptr, uint64_t bytes)
{
    (void)pthread_mutex_lock(&m->lock);
    CUresult cu = file_slab(m, ptr, bytes);

    (void)pthread_mutex_unlock(&m->lock);
    return cu;
}

void ex_memory_open_slab(struct ex_memory *m, uint64_t ptr)
{
    (void)pthread_mutex_lock(&m->lock);
    struct ex_slab *slab = find_slab(m, ptr);

    if (slab != NULL) {
        slab->open = true;
    }
    (void)pthread_mutex_unlock(&m->lock);
}

bool ex_memory_close_slab(struct ex_memory *m, uint64_t ptr)
{
    (void)pthread_mutex_lock(&m->lock);
    struct ex_slab *slab = find_slab(m, ptr);
    bool was_open = slab != NULL && slab->open;

    if (was_open) {
        slab->open = false;
    }
    (void)pthread_mutex_unlock(&m->lock);
    return was_open;
}

void ex_memory_remove_slab(struct ex_memory *m, uint64_t ptr)
{
    (void)pthread_mutex_lock(&m->lock);
    struct ex_slab *slab = find_slab(m, ptr);

    if (slab != NULL) {
        *slab = m->slabs[--m->slab_count];
    }
    (void)pthread_mutex_unlock(&m->lock);
}
