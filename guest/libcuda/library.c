/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/library.h"

#include <stdlib.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/kernel.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct vgpu_handles *table;

static void make_table(void)
{
    table = vgpu_handles_new(VGPU_HANDLE_LIBRARY, VGPU_LIBRARIES_MAX);
}

static struct vgpu_handles *libraries(void)
{
    (void)pthread_once(&once, make_table);
    return table;
}

CUresult gs_library_find(CUlibrary handle, struct gs_library **library)
{
    CUresult cu = gs_ready();

    if (handle == NULL) {
        return CUDA_ERROR_INVALID_HANDLE; /* before cuInit too */
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *library = libraries() != NULL ? vgpu_handles_get(table, (uint64_t)(uintptr_t)handle) : NULL;
    return *library != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUlibrary gs_library_handle(const struct gs_library *library)
{
    return (CUlibrary)(uintptr_t)library->handle;
}

CUresult gs_library_new(const void *image, size_t size, void *copy, const struct gs_jit *jit,
                        struct gs_library **library)
{
    struct gs_library *made = calloc(1, sizeof(*made));

    if (made == NULL || libraries() == NULL || vgpu_handles_mint(table, made, &made->handle) != 0) {
        free(made);
        free(copy);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->image = image;
    made->size = size;
    made->copy = copy;
    made->jit = *jit;
    gs_jit_mute(&made->jit);
    (void)pthread_mutex_init(&made->lock, NULL);
    *library = made;
    return CUDA_SUCCESS;
}

static bool lasts(const struct gs_library_use *use)
{
    return gs_context_lives(use->context, use->epoch);
}

/* Forgets modules that went with their contexts. */
static void drop_stale(struct gs_library *library)
{
    struct gs_library_use **at = &library->uses;

    while (*at != NULL) {
        struct gs_library_use *use = *at;

        if (lasts(use)) {
            at = &use->next;
        } else {
            *at = use->next;
            free(use);
        }
    }
}

/* With the device's lock nobody ends the context, and the module with it, meanwhile. */
static CUresult unload(const struct gs_library_use *use)
{
    CUresult cu = CUDA_SUCCESS;

    (void)pthread_mutex_lock(&use->device->lock);
    if (lasts(use)) {
        cu = gs_session_told(use->context->session, gs_module_unload(use->module));
    }
    (void)pthread_mutex_unlock(&use->device->lock);
    return cu;
}

static CUresult unload_all(struct gs_library_use *use)
{
    CUresult cu = CUDA_SUCCESS;

    while (use != NULL) {
        struct gs_library_use *next = use->next;
        CUresult one = unload(use);

        cu = cu == CUDA_SUCCESS ? one : cu;
        free(use);
        use = next;
    }
    return cu;
}

CUresult gs_library_unload(struct gs_library *library)
{
    struct gs_library_use *uses;
    CUresult cu;

    if (vgpu_handles_take(libraries(), library->handle) == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    (void)pthread_mutex_lock(&library->lock);
    uses = library->uses;
    library->uses = NULL;
    (void)pthread_mutex_unlock(&library->lock); /* behind the device's: gs_library_visit() */
    cu = unload_all(uses);
    while (library->kernels != NULL) {
        struct gs_kernel *kernel = library->kernels;

        library->kernels = kernel->next;
        gs_kernel_free(kernel);
    }
    (void)pthread_mutex_destroy(&library->lock);
    free(library->copy);
    free(library);
    return cu;
}

static CUresult load(struct gs_library *library, const struct gs_call *call,
                     const struct gs_jit *jit, struct gs_module **module)
{
    struct gs_library_use *use = calloc(1, sizeof(*use));
    CUresult cu;

    if (use == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    use->context = call->context;
    use->device = call->context->device;
    use->epoch = atomic_load(&call->context->epoch);
    cu = gs_module_load(call, library->image, library->size, jit != NULL ? jit : &library->jit,
                        &use->module);
    if (cu != CUDA_SUCCESS) {
        free(use);
        return cu;
    }
    use->module->of_library = true;
    use->next = library->uses;
    library->uses = use;
    *module = use->module;
    return CUDA_SUCCESS;
}

CUresult gs_library_module(struct gs_library *library, const struct gs_call *call,
                           const struct gs_jit *jit, struct gs_module **module)
{
    CUresult cu = CUDA_SUCCESS;
    struct gs_library_use *use;

    (void)pthread_mutex_lock(&library->lock);
    drop_stale(library);
    for (use = library->uses; use != NULL && use->context != call->context; use = use->next) {
    }
    if (use != NULL) {
        *module = use->module;
    } else {
        cu = load(library, call, jit, module);
    }
    (void)pthread_mutex_unlock(&library->lock);
    return cu;
}

/* With the device's lock: nobody ends the context meanwhile. */
static CUresult visit_device(struct gs_thread *thread, struct gs_device *device,
                             CUresult (*fn)(const struct gs_call *call, void *arg), void *arg)
{
    struct gs_call call = {.thread = thread, .context = gs_context_of(device)};
    CUresult cu = CUDA_SUCCESS;

    if (call.context == NULL) {
        call.context = gs_context_primary(device);
        cu = gs_context_wake(call.context);
    }
    call.session = call.context->session;
    return cu == CUDA_SUCCESS ? fn(&call, arg) : cu;
}

CUresult gs_library_visit_alone(struct gs_device *device,
                                CUresult (*fn)(const struct gs_call *call, void *arg), void *arg)
{
    struct gs_thread *thread = gs_thread_get();
    struct gs_call call;
    CUresult cu;

    if (thread == NULL || gs_thread_buffer(thread, GS_BUFFER_SCRATCH) == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    (void)pthread_mutex_lock(&device->lock);
    if (gs_enter_quiet(&call) == CUDA_SUCCESS && call.context->device == device) {
        cu = fn(&call, arg);
    } else {
        cu = visit_device(thread, device, fn, arg);
    }
    (void)pthread_mutex_unlock(&device->lock);
    return cu;
}

/* A device with a live context, or the first one. */
static struct gs_device *choose_device(void)
{
    for (int i = 0; i < gs_device_count(); i++) {
        if (gs_context_of(gs_device_find(i)) != NULL) {
            return gs_device_find(i);
        }
    }
    return gs_device_find(0);
}

/* Behind a look at whether there still is a worker to ask. */
struct asking {
    CUresult (*fn)(const struct gs_call *call, void *arg);
    void *arg;
};

static CUresult ask(const struct gs_call *call, void *arg)
{
    const struct asking *asking = arg;
    CUresult cu = gs_session_error(call->session);

    return cu == CUDA_SUCCESS ? asking->fn(call, asking->arg) : cu;
}

CUresult gs_library_visit(struct gs_device *device,
                          CUresult (*fn)(const struct gs_call *call, void *arg), void *arg)
{
    struct asking asking = {.fn = fn, .arg = arg};
    struct gs_thread *thread = gs_thread_get();
    struct gs_call call;

    if (thread == NULL || gs_thread_buffer(thread, GS_BUFFER_SCRATCH) == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (gs_enter_quiet(&call) == CUDA_SUCCESS &&
        (device == NULL || call.context->device == device)) {
        return ask(&call, &asking);
    }
    return gs_library_visit_alone(device != NULL ? device : choose_device(), ask, &asking);
}
