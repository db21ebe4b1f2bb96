/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/context_storage.h"

#include <pthread.h>
#include <stdlib.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/thread.h"

/* Guards the lists of all contexts. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
_Atomic uint64_t gs_storage_changes = 1;

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
    atomic_fetch_add(&gs_storage_changes, 1);
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
        atomic_fetch_add(&gs_storage_changes, 1);
    }
    (void)pthread_mutex_unlock(&lock);
    free(found);
    return cu;
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
            *seen = (struct gs_storage_seen){atomic_load(&context->handle),
                                             atomic_load(&gs_storage_changes), key, found->value};
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return cu;
}

CUresult gs_storage_get(struct gs_thread *thread, struct gs_context *context, const void *key,
                        void **value)
{
    struct gs_storage_seen *seen = &thread->seen[gs_storage_place(key)];
    CUresult cu = CUDA_SUCCESS;

    if (!gs_storage_is(seen, atomic_load(&context->handle), key)) {
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
    atomic_fetch_add(&gs_storage_changes, 1);
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
