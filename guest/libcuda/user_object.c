/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/user_object.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/thread.h"
#include "guest/libcuda/host_call.h"
#include "proto/handles.h"
#include "proto/limits.h"

struct gs_user_object {
    struct gs_user_object *next; /* of those that end */
    uint64_t handle;
    uint64_t count;
    uint64_t held; /* by lists */
    CUhostFn destroy;
    void *ptr;
};

static struct vgpu_handles *objects;

/* Objects whose destructors are still to be called, in their order, by a thread that is there
 * before the first of them: none can be lost for want of one. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct gs_user_object *first;
    struct gs_user_object **last;
    bool served;
} ended = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct gs_user_object *next_ended(void)
{
    struct gs_user_object *object;

    (void)pthread_mutex_lock(&ended.lock);
    while (ended.first == NULL) {
        (void)pthread_cond_wait(&ended.changed, &ended.lock);
    }
    object = ended.first;
    ended.first = object->next;
    (void)pthread_mutex_unlock(&ended.lock);
    return object;
}

static void *serve(void *arg)
{
    for (;;) {
        struct gs_user_object *object = next_ended();

        gs_host_call_plain(object->destroy, object->ptr);
        free(object);
    }
    return arg;
}

CUresult gs_user_object_new(void *ptr, CUhostFn destroy, unsigned int count, CUuserObject *handle)
{
    struct gs_user_object *object = calloc(1, sizeof(*object));

    if (objects == NULL) {
        objects = vgpu_handles_new(VGPU_HANDLE_USER_OBJECT, VGPU_USER_OBJECTS_MAX);
    }
    ended.served = ended.served || vgpu_thread_start(serve, NULL) == 0;
    if (object == NULL || objects == NULL || !ended.served ||
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

/* The caller may hold locks of its own: its destructor runs elsewhere, as native. */
static void destroy(struct gs_user_object *object)
{
    (void)vgpu_handles_take(objects, object->handle);
    object->next = NULL;
    (void)pthread_mutex_lock(&ended.lock);
    if (ended.first == NULL) {
        ended.first = object;
    } else {
        *ended.last = object;
    }
    ended.last = &object->next;
    (void)pthread_cond_signal(&ended.changed);
    (void)pthread_mutex_unlock(&ended.lock);
}

uint64_t gs_user_object_own(const struct gs_user_object *object)
{
    return object->count - object->held;
}

/* What lists hold stays, however often a program releases: they point to the object. */
bool gs_user_object_release(struct gs_user_object *object, uint64_t count)
{
    if (count > gs_user_object_own(object)) {
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
    object->held += count;
    return true;
}

bool gs_user_refs_take(struct gs_user_ref **list, struct gs_user_object *object, uint64_t count)
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
    object->held -= count;
    if (ref->count == 0) {
        *at = ref->next;
        free(ref);
    }
    return true;
}

bool gs_user_refs_copy(struct gs_user_ref **to, const struct gs_user_ref *from)
{
    for (; from != NULL; from = from->next) {
        gs_user_object_retain(from->object, from->count);
        if (!gs_user_refs_add(to, from->object, from->count)) {
            (void)gs_user_object_release(from->object, from->count);
            return false;
        }
    }
    return true;
}

void gs_user_refs_drop(struct gs_user_ref **list)
{
    while (*list != NULL) {
        struct gs_user_ref *ref = *list;

        *list = ref->next;
        ref->object->held -= ref->count;
        (void)gs_user_object_release(ref->object, ref->count);
        free(ref);
    }
}
