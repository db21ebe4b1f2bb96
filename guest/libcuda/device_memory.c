/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/device_memory.h"

#include <search.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/overflow.h"
#include "common/range_alloc.h"
#include "gs_calls.h"
#include "guest/libcuda/session.h"

/* A chunk is in one bin, or kept, or neither (full, or one allocation's own). */
struct gs_device_chunk {
    uint64_t base;
    uint64_t bytes;
    struct vgpu_range *pieces; /* NULL until it is shared for the first time */
    bool shared;
    struct gs_device_chunk **list; /* where it is linked, or NULL */
    struct gs_device_chunk *next;
    struct gs_device_chunk *previous;
};

void gs_device_memory_init(struct gs_device_memory *memory)
{
    *memory = (struct gs_device_memory){.chunks = NULL};
    (void)pthread_mutex_init(&memory->lock, NULL);
}

static void free_chunk(void *arg)
{
    struct gs_device_chunk *chunk = arg;

    vgpu_range_destroy(chunk->pieces);
    free(chunk);
}

void gs_device_memory_fini(struct gs_device_memory *memory)
{
    (void)pthread_mutex_lock(&memory->lock);
    tdestroy(memory->chunks, free_chunk);
    memory->chunks = NULL;
    for (unsigned int i = 0; i < GS_DEVICE_BINS; i++) {
        memory->bins[i] = NULL;
    }
    memory->kept = NULL;
    memory->kept_bytes = 0;
    (void)pthread_mutex_unlock(&memory->lock);
}

/* Ranges that overlap are equal: a search for one address finds the chunk around it. */
static int compare(const void *a, const void *b)
{
    const struct gs_device_chunk *left = a;
    const struct gs_device_chunk *right = b;

    if (left->base + left->bytes <= right->base) {
        return -1;
    }
    return right->base + right->bytes <= left->base ? 1 : 0;
}

static void unlink_chunk(struct gs_device_chunk *chunk)
{
    if (chunk->list == NULL) {
        return;
    }
    if (chunk->previous != NULL) {
        chunk->previous->next = chunk->next;
    } else {
        *chunk->list = chunk->next;
    }
    if (chunk->next != NULL) {
        chunk->next->previous = chunk->previous;
    }
    chunk->list = NULL;
}

static void link_chunk(struct gs_device_chunk *chunk, struct gs_device_chunk **list)
{
    unlink_chunk(chunk);
    chunk->list = list;
    chunk->previous = NULL;
    chunk->next = *list;
    if (*list != NULL) {
        (*list)->previous = chunk;
    }
    *list = chunk;
}

/* The worker's side of a chunk. */
static CUresult ask(struct gs_session *s, uint64_t bytes, uint64_t *base)
{
    struct vgpu_args_cuMemAlloc_v2 args = {.bytesize = bytes};
    struct vgpu_ret_cuMemAlloc_v2 ret;
    CUresult cu = gs_call_cuMemAlloc_v2(s, &args, &ret);

    *base = cu == CUDA_SUCCESS ? ret.dptr : 0;
    return cu;
}

static CUresult give_back(struct gs_session *s, uint64_t base)
{
    struct vgpu_args_cuMemFree_v2 args = {.dptr = base};
    struct vgpu_ret_cuMemFree_v2 ret;

    return gs_call_cuMemFree_v2(s, &args, &ret);
}

static CUresult end_chunk(struct gs_session *s, struct gs_device_chunk *chunk)
{
    struct gs_device_memory *memory = &s->device_memory;
    uint64_t base = chunk->base;

    if (chunk->list == &memory->kept) {
        memory->kept_bytes -= chunk->bytes;
    }
    unlink_chunk(chunk);
    (void)tdelete(chunk, &memory->chunks, compare);
    free_chunk(chunk);
    return give_back(s, base);
}

/* Takes kept chunks back to the worker, oldest first, until at most `bytes` are kept. */
static void trim(struct gs_session *s, uint64_t bytes)
{
    struct gs_device_memory *memory = &s->device_memory;

    while (memory->kept_bytes > bytes) {
        struct gs_device_chunk *oldest = memory->kept;

        while (oldest->next != NULL) {
            oldest = oldest->next;
        }
        (void)end_chunk(s, oldest);
    }
}

static struct gs_device_chunk *take_kept(struct gs_device_memory *memory, uint64_t bytes)
{
    for (struct gs_device_chunk *chunk = memory->kept; chunk != NULL; chunk = chunk->next) {
        if (chunk->bytes == bytes) {
            memory->kept_bytes -= bytes;
            unlink_chunk(chunk);
            return chunk;
        }
    }
    return NULL;
}

static CUresult new_chunk(struct gs_session *s, uint64_t bytes, struct gs_device_chunk **made)
{
    struct gs_device_memory *memory = &s->device_memory;
    struct gs_device_chunk *chunk = calloc(1, sizeof(*chunk));
    CUresult cu;

    if (chunk == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = ask(s, bytes, &chunk->base);
    if (cu == CUDA_ERROR_OUT_OF_MEMORY && memory->kept_bytes > 0) {
        trim(s, 0);
        cu = ask(s, bytes, &chunk->base);
    }
    chunk->bytes = bytes;
    if (cu == CUDA_SUCCESS && tsearch(chunk, &memory->chunks, compare) == NULL) {
        (void)give_back(s, chunk->base);
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        free(chunk);
        return cu;
    }
    *made = chunk;
    return CUDA_SUCCESS;
}

static CUresult get_chunk(struct gs_session *s, uint64_t bytes, struct gs_device_chunk **chunk)
{
    *chunk = take_kept(&s->device_memory, bytes);
    return *chunk != NULL ? CUDA_SUCCESS : new_chunk(s, bytes, chunk);
}

static unsigned int bin_of(uint64_t bytes)
{
    unsigned int power = 63u - (unsigned int)__builtin_clzll(bytes / GS_DEVICE_ALIGN);

    return power < GS_DEVICE_BINS ? power : GS_DEVICE_BINS - 1;
}

/* Files a shared chunk by its largest hole. */
static void file(struct gs_device_memory *memory, struct gs_device_chunk *chunk)
{
    uint64_t hole = vgpu_range_largest_hole(chunk->pieces);

    if (hole < GS_DEVICE_ALIGN) {
        unlink_chunk(chunk);
    } else if (chunk->list != &memory->bins[bin_of(hole)]) {
        link_chunk(chunk, &memory->bins[bin_of(hole)]);
    }
}

/* In the first bin a hole may be too small: only a few chunks are looked at. */
static struct gs_device_chunk *find_room(const struct gs_device_memory *memory, uint64_t bytes)
{
    unsigned int first = bin_of(bytes);
    unsigned int tries = 8;

    for (struct gs_device_chunk *chunk = memory->bins[first]; chunk != NULL && tries > 0;
         chunk = chunk->next) {
        if (vgpu_range_largest_hole(chunk->pieces) >= bytes) {
            return chunk;
        }
        tries--;
    }
    for (unsigned int i = first + 1; i < GS_DEVICE_BINS; i++) {
        if (memory->bins[i] != NULL) {
            return memory->bins[i];
        }
    }
    return NULL;
}

static CUresult new_shared(struct gs_session *s, struct gs_device_chunk **made)
{
    CUresult cu = get_chunk(s, GS_DEVICE_CHUNK_BYTES, made);
    struct gs_device_chunk *chunk = *made;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (chunk->pieces == NULL) {
        chunk->pieces = vgpu_range_new(chunk->base, chunk->bytes, GS_DEVICE_ALIGN);
    }
    if (chunk->pieces == NULL) {
        (void)end_chunk(s, chunk);
        *made = NULL;
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    chunk->shared = true;
    return CUDA_SUCCESS;
}

static CUresult alloc_small(struct gs_session *s, uint64_t bytes, uint64_t *address)
{
    struct gs_device_memory *memory = &s->device_memory;
    uint64_t rounded = (bytes + GS_DEVICE_ALIGN - 1) & ~(uint64_t)(GS_DEVICE_ALIGN - 1);
    struct gs_device_chunk *chunk = find_room(memory, rounded);
    CUresult cu = CUDA_SUCCESS;

    if (chunk == NULL) {
        cu = new_shared(s, &chunk);
    }
    if (cu == CUDA_SUCCESS && vgpu_range_alloc(chunk->pieces, rounded, 0, address) != 0) {
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (chunk != NULL) {
        file(memory, chunk);
    }
    return cu;
}

static CUresult alloc_large(struct gs_session *s, uint64_t bytes, uint64_t *address)
{
    struct gs_device_chunk *chunk = NULL;
    uint64_t rounded;
    CUresult cu;

    if (!vgpu_u64_align_up(bytes, GS_DEVICE_CHUNK_BYTES, &rounded)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = get_chunk(s, rounded, &chunk);
    if (cu == CUDA_SUCCESS) {
        chunk->shared = false;
        *address = chunk->base;
    }
    return cu;
}

CUresult gs_device_memory_alloc(struct gs_session *s, uint64_t bytes, uint64_t *address)
{
    CUresult cu;

    (void)pthread_mutex_lock(&s->device_memory.lock);
    cu = bytes <= GS_DEVICE_SMALL_MAX ? alloc_small(s, bytes, address)
                                      : alloc_large(s, bytes, address);
    (void)pthread_mutex_unlock(&s->device_memory.lock);
    return cu;
}

/* Nothing lives in it any more. */
static CUresult retire(struct gs_session *s, struct gs_device_chunk *chunk)
{
    struct gs_device_memory *memory = &s->device_memory;

    if (chunk->bytes > GS_DEVICE_KEEP_BYTES / 2) {
        return end_chunk(s, chunk);
    }
    link_chunk(chunk, &memory->kept);
    memory->kept_bytes += chunk->bytes;
    trim(s, GS_DEVICE_KEEP_BYTES);
    return CUDA_SUCCESS;
}

static CUresult free_locked(struct gs_session *s, uint64_t address)
{
    struct gs_device_chunk key = {.base = address, .bytes = 1};
    struct gs_device_chunk **node = tfind(&key, &s->device_memory.chunks, compare);
    struct gs_device_chunk *chunk = node != NULL ? *node : NULL;

    if (chunk == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (chunk->shared) {
        (void)vgpu_range_free(chunk->pieces, address);
        if (vgpu_range_count(chunk->pieces) > 0) {
            file(&s->device_memory, chunk);
            return CUDA_SUCCESS;
        }
    }
    return retire(s, chunk);
}

CUresult gs_device_memory_free(struct gs_session *s, uint64_t address)
{
    CUresult cu;

    (void)pthread_mutex_lock(&s->device_memory.lock);
    cu = free_locked(s, address);
    (void)pthread_mutex_unlock(&s->device_memory.lock);
    return cu;
}

bool gs_device_memory_trim(struct gs_session *s)
{
    bool any;

    (void)pthread_mutex_lock(&s->device_memory.lock);
    any = s->device_memory.kept_bytes > 0;
    trim(s, 0);
    (void)pthread_mutex_unlock(&s->device_memory.lock);
    return any;
}

uint64_t gs_device_memory_kept(struct gs_session *s)
{
    uint64_t bytes;

    (void)pthread_mutex_lock(&s->device_memory.lock);
    bytes = s->device_memory.kept_bytes;
    (void)pthread_mutex_unlock(&s->device_memory.lock);
    return bytes;
}
