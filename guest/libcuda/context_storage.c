/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/context_storage.h"

#include <pthread.h>
#include <stdlib.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/thread.h"

/* Guards the lists of all contexts. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Grows with every change of one of them. */
static _Atomic uint64_t changes = 1;

static struct gs_stored **find(struct gs_context *context, const void *key)
{
    struct gs_stored **at = &context->stored;

    while (*at != NULL && (*at)->key != key) {
        at = &(*at)->next;
    }
    return at;
}

static CUresult put_locked(struct gs_context *context, struct gs_stored *made)
{
    struct gs_stored **at;
    struct gs_stored *old;

    if (!gs_context_is_active(context)) {
        free(made);
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    at = find(context, made->key);
    old = *at;
    made->next = old != NULL ? old->next : NULL;
    *at = made;
    free(old);
    atomic_fetch_add(&changes, 1);
    return CUDA_SUCCESS;
}

CUresult gs_storage_put(struct gs_context *context, void *key, void *value, gs_stored_end end)
{
    struct gs_stored *made = malloc(sizeof(*made));
    CUresult cu;

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *made = (struct gs_stored){NULL, key, value, end};
    (void)pthread_mutex_lock(&lock);
    cu = put_locked(context, made);
    (void)pthread_mutex_unlock(&lock);
    return cu;
}

CUresult gs_storage_delete(struct gs_context *context, const void *key)
{
    CUresult cu = CUDA_ERROR_INVALID_CONTEXT;
    struct gs_stored *found = NULL;
    struct gs_stored **at;

    (void)pthread_mutex_lock(&lock);
    if (gs_context_is_active(context)) {
        at = find(context, key);
        found = *at;
        cu = found != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
    }
    if (found != NULL) {
        *at = found->next;
        atomic_fetch_add(&changes, 1);
    }
    (void)pthread_mutex_unlock(&lock);
    free(found);
    return cu;
}

/* Keys are addresses of variables in different libraries. */
static struct gs_storage_seen *remembered(struct gs_thread *thread, const void *key)
{
    uint64_t hash = (uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15ull;

    return &thread->seen[hash >> 32 & (GS_STORAGE_SEEN - 1)];
}

static CUresult look(struct gs_context *context, const void *key, struct gs_storage_seen *seen)
{
    CUresult cu = CUDA_ERROR_INVALID_CONTEXT;
    const struct gs_stored *found;

    (void)pthread_mutex_lock(&lock);
    if (gs_context_is_active(context)) {
        found = *find(context, key);
        cu = found != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
        if (found != NULL) {
            *seen = (struct gs_storage_seen){atomic_load(&context->handle), atomic_load(&changes),
                                             key, found->value};
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return cu;
}

CUresult gs_storage_get(struct gs_thread *thread, struct gs_context *context, const void *key,
                        void **value)
{
    struct gs_storage_seen *seen = remembered(thread, key);
    CUresult cu = CUDA_SUCCESS;

    if (__builtin_expect(seen->key != key ||
                             seen->context !=
                                 atomic_load_explicit(&context->handle, memory_order_relaxed) ||
                             seen->change != atomic_load_explicit(&changes, memory_order_acquire),
                         0)) {
        cu = look(context, key, seen);
    }
    if (cu == CUDA_SUCCESS) {
        *value = seen->value;
    }
    return cu;
}

struct gs_stored *gs_storage_detach(struct gs_context *context)
{
    struct gs_stored *list;

    (void)pthread_mutex_lock(&lock);
    list = context->stored;
    context->stored = NULL;
    atomic_fetch_add(&changes, 1);
    (void)pthread_mutex_unlock(&lock);
    return list;
}

void gs_storage_end(CUcontext context, struct gs_stored *list)
{
    while (list != NULL) {
        struct gs_stored *next = list->next;

        if (list->end != NULL) {
            list->end(context, list->key, list->value);
        }
        free(list);
        list = next;
    }
}
