/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/user_object.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "guest/libcuda/host_call.h"
#include "proto/handles.h"
#include "proto/limits.h"

struct gs_user_object {
    uint64_t handle;
    uint64_t count;
    CUhostFn destroy;
    void *ptr;
};

static struct vgpu_handles *objects;

CUresult gs_user_object_new(void *ptr, CUhostFn destroy, unsigned int count, CUuserObject *handle)
{
    struct gs_user_object *object = calloc(1, sizeof(*object));

    if (objects == NULL) {
        objects = vgpu_handles_new(VGPU_HANDLE_USER_OBJECT, VGPU_USER_OBJECTS_MAX);
    }
    if (object == NULL || objects == NULL ||
        vgpu_handles_mint(objects, object, &object->handle) != 0) {
        free(object);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    object->count = count;
    object->destroy = destroy;
    object->ptr = ptr;
    *handle = (CUuserObject)(uintptr_t)object->handle;
    return CUDA_SUCCESS;
}

struct gs_user_object *gs_user_object_find(CUuserObject handle)
{
    return objects != NULL ? vgpu_handles_get(objects, (uint64_t)(uintptr_t)handle) : NULL;
}

void gs_user_object_retain(struct gs_user_object *object, uint64_t count)
{
    object->count += count;
}

static void *destroy_main(void *arg)
{
    struct gs_user_object *object = arg;

    gs_host_call_plain(object->destroy, object->ptr);
    free(object);
    return NULL;
}

/* The caller holds locks of its own maybe: its destructor runs elsewhere, as native. */
static void destroy(struct gs_user_object *object)
{
    pthread_t thread;
    sigset_t all;
    sigset_t old;

    (void)vgpu_handles_take(objects, object->handle);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&thread, NULL, destroy_main, object) == 0) {
        (void)pthread_detach(thread);
    }
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

bool gs_user_object_release(struct gs_user_object *object, uint64_t count)
{
    if (count > object->count) {
        return false;
    }
    object->count -= count;
    if (object->count == 0) {
        destroy(object);
    }
    return true;
}

bool gs_user_refs_add(struct gs_user_ref **list, struct gs_user_object *object, uint64_t count)
{
    struct gs_user_ref *ref = *list;

    while (ref != NULL && ref->object != object) {
        ref = ref->next;
    }
    if (ref == NULL) {
        ref = calloc(1, sizeof(*ref));
        if (ref == NULL) {
            return false;
        }
        ref->object = object;
        ref->next = *list;
        *list = ref;
    }
    ref->count += count;
    return true;
}

bool gs_user_refs_take(struct gs_user_ref **list, const struct gs_user_object *object,
                       uint64_t count)
{
    struct gs_user_ref **at = list;
    struct gs_user_ref *ref;

    while (*at != NULL && (*at)->object != object) {
        at = &(*at)->next;
    }
    ref = *at;
    if (ref == NULL || ref->count < count) {
        return false;
    }
    ref->count -= count;
    if (ref->count == 0) {
        *at = ref->next;
        free(ref);
    }
    return true;
}

bool gs_user_refs_copy(struct gs_user_ref **to, const struct gs_user_ref *from)
{
    for (; from != NULL; from = from->next) {
        if (!gs_user_refs_add(to, from->object, from->count)) {
            return false;
        }
        gs_user_object_retain(from->object, from->count);
    }
    return true;
}

void gs_user_refs_drop(struct gs_user_ref **list)
{
    while (*list != NULL) {
        struct gs_user_ref *ref = *list;

        *list = ref->next;
        (void)gs_user_object_release(ref->object, ref->count);
        free(ref);
    }
}
