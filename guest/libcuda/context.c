/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/context.h"

#include "guest/libcuda/object.h"
#include "guest/libcuda/settled.h"

/* Slots below VGPU_DEVICES_MAX are the primary contexts. */
static struct gs_context contexts[VGPU_CONTEXTS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_id;
static uint64_t last_epoch;

#define SLOT_MASK 0xffffffu

static uint64_t make_handle(uint32_t slot, uint32_t generation, const struct gs_device *device)
{
    return vgpu_handle_make(VGPU_HANDLE_CONTEXT, generation,
                            slot | (uint32_t)gs_device_index(device) << 28);
}

void gs_contexts_init(void)
{
    for (int i = 0; i < gs_device_count(); i++) {
        struct gs_context *context = &contexts[i];

        context->device = gs_device_find(i);
        context->primary = true;
        context->id = ++last_id;
        atomic_store(&context->handle, make_handle((uint32_t)i, 1, context->device));
    }
}

struct gs_context *gs_context_find(CUcontext handle)
{
    uint64_t value = (uint64_t)(uintptr_t)handle;
    uint32_t slot = vgpu_handle_index_of(value) & SLOT_MASK;

    if (vgpu_handle_kind_of(value) != VGPU_HANDLE_CONTEXT || slot >= VGPU_CONTEXTS_MAX ||
        atomic_load_explicit(&contexts[slot].handle, memory_order_acquire) != value) {
        return NULL;
    }
    return &contexts[slot];
}

struct gs_context *gs_context_primary(const struct gs_device *device)
{
    return &contexts[gs_device_index(device)];
}

struct gs_context *gs_context_of(const struct gs_device *device)
{
    struct gs_context *primary = gs_context_primary(device);

    if (atomic_load(&primary->alive)) {
        return primary;
    }
    for (uint32_t i = VGPU_DEVICES_MAX; i < VGPU_CONTEXTS_MAX; i++) {
        if (gs_context_is_active(&contexts[i]) && contexts[i].device == device) {
            return &contexts[i];
        }
    }
    return NULL;
}

static void init_alive(struct gs_context *context, struct gs_session *session)
{
    context->session = session;
    gs_stream_init_null(&context->null_stream, session, context);
    atomic_store(&context->cache_config, CU_FUNC_CACHE_PREFER_NONE);
    (void)pthread_mutex_lock(&lock);
    atomic_store(&context->epoch, ++last_epoch);
    (void)pthread_mutex_unlock(&lock);
    atomic_store_explicit(&context->alive, true, memory_order_release);
}

CUresult gs_context_wake(struct gs_context *context)
{
    struct gs_device *device = context->device;
    struct gs_session *session;
    CUresult cu = gs_process_error();

    if (cu == CUDA_SUCCESS) {
        cu = gs_device_session(device, &session);
    }
    if (cu == CUDA_SUCCESS && session->state != GS_SESSION_OPEN) {
        cu = gs_session_open_worker(session);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    device->contexts++;
    init_alive(context, session);
    return CUDA_SUCCESS;
}

CUresult gs_context_activate(struct gs_context *context)
{
    CUresult cu = atomic_load(&context->alive) ? gs_process_error() : gs_context_wake(context);

    if (cu == CUDA_SUCCESS) {
        atomic_store_explicit(&context->active, true, memory_order_release);
    }
    return cu;
}

/* Takes the life of a context; true: it was the last one that the program has on the device. */
static bool end_life(struct gs_context *context)
{
    struct gs_context *primary = gs_context_primary(context->device);

    atomic_store_explicit(&context->alive, false, memory_order_release);
    context->device->contexts--;
    if (context->device->contexts == 1 && atomic_load(&primary->alive) &&
        !gs_context_is_active(primary)) {
        atomic_store_explicit(&primary->alive, false, memory_order_release);
        context->device->contexts = 0;
    }
    return context->device->contexts == 0;
}

struct gs_stored *gs_context_deactivate(struct gs_context *context)
{
    struct gs_session *session = context->session;
    struct gs_stored *stored;

    atomic_store_explicit(&context->active, false, memory_order_release);
    stored = gs_storage_detach(context);
    if (atomic_load(&session->prints) && gs_session_error(session) == CUDA_SUCCESS) {
        (void)gs_synchronize(session); /* what its kernels print is seen */
    }
    if (end_life(context)) {
        gs_session_close_worker(session);
    } else if (gs_session_error(session) == CUDA_SUCCESS) {
        gs_objects_free_of(session, context);
    }
    return stored;
}

/* A slot that no live context has; its handle moves on so that old ones are known as dead. */
static struct gs_context *take_slot(struct gs_device *device)
{
    for (uint32_t i = VGPU_DEVICES_MAX; i < VGPU_CONTEXTS_MAX; i++) {
        struct gs_context *context = &contexts[i];
        uint32_t generation = vgpu_handle_generation_of(atomic_load(&context->handle));

        if (context->device == NULL && generation < VGPU_HANDLE_GENERATION_MAX) {
            context->device = device;
            context->id = ++last_id;
            atomic_store(&context->handle, make_handle(i, generation + 1, device));
            return context;
        }
    }
    return NULL;
}

CUresult gs_context_create(struct gs_device *device, unsigned int flags,
                           struct gs_context **context)
{
    struct gs_context *made;
    CUresult cu;

    (void)pthread_mutex_lock(&lock);
    made = take_slot(device);
    (void)pthread_mutex_unlock(&lock);
    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    atomic_store(&made->flags, flags);
    cu = gs_context_activate(made);
    if (cu != CUDA_SUCCESS) {
        gs_context_forget(made);
        return cu;
    }
    *context = made;
    return CUDA_SUCCESS;
}

void gs_context_forget(struct gs_context *context)
{
    (void)pthread_mutex_lock(&lock);
    context->device = NULL;
    (void)pthread_mutex_unlock(&lock);
}

CUresult gs_enter_quiet(struct gs_call *call)
{
    CUresult cu = gs_ready();

    if (__builtin_expect(cu != CUDA_SUCCESS, 0)) {
        return cu;
    }
    call->thread = gs_thread_get();
    if (call->thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (call->thread->depth == 0) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    call->context =
        gs_context_find((CUcontext)(uintptr_t)call->thread->stack[call->thread->depth - 1]);
    if (call->context == NULL || !gs_context_is_active(call->context)) {
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    }
    call->session = call->context->session;
    return CUDA_SUCCESS;
}

CUresult gs_enter(struct gs_call *call)
{
    CUresult cu = gs_enter_quiet(call);

    if (cu == CUDA_SUCCESS) {
        cu = gs_session_error(call->session);
    }
    if (cu == CUDA_SUCCESS && gs_thread_buffer(call->thread, GS_BUFFER_SCRATCH) == NULL) {
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    return cu;
}

CUresult gs_context_push(struct gs_thread *thread, const struct gs_context *context)
{
    if (thread->depth == GS_STACK_MAX) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    thread->stack[thread->depth++] = (uint64_t)(uintptr_t)gs_context_handle(context);
    return CUDA_SUCCESS;
}
