/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/kernel.h"

#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/context.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct vgpu_handles *table;

static void make_table(void)
{
    table = vgpu_handles_new(VGPU_HANDLE_KERNEL, VGPU_KERNELS_MAX);
}

static struct vgpu_handles *kernels(void)
{
    (void)pthread_once(&once, make_table);
    return table;
}

struct gs_kernel *gs_kernel_get(CUkernel handle)
{
    return kernels() != NULL ? vgpu_handles_get(table, (uint64_t)(uintptr_t)handle) : NULL;
}

CUkernel gs_kernel_handle(const struct gs_kernel *kernel)
{
    return (CUkernel)(uintptr_t)kernel->handle;
}

void gs_kernel_free(struct gs_kernel *kernel)
{
    struct gs_kernel_use *use = atomic_load(&kernel->uses);

    if (kernel->handle != 0) {
        (void)vgpu_handles_take(table, kernel->handle);
    }
    while (use != NULL) {
        struct gs_kernel_use *next = use->next;

        free(use);
        use = next;
    }
    for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
        free(atomic_load(&kernel->devices[i]));
    }
    free(kernel->params);
    free(kernel->name);
    free(kernel);
}

/* What the library's functions answer of it anywhere.  With the library's lock. */
static struct gs_kernel *make_kernel(struct gs_library *library, const struct gs_function *f)
{
    struct gs_kernel *kernel = calloc(1, sizeof(*kernel));

    if (kernel == NULL) {
        return NULL;
    }
    kernel->library = library;
    kernel->name = strdup(f->name);
    kernel->param_count = f->param_count;
    kernel->params = calloc(f->param_count + 1, sizeof(*kernel->params));
    if (kernel->name == NULL || kernel->params == NULL || kernels() == NULL ||
        vgpu_handles_mint(table, kernel, &kernel->handle) != 0) {
        gs_kernel_free(kernel);
        return NULL;
    }
    memcpy(kernel->params, f->params, f->param_count * sizeof(*kernel->params));
    kernel->next = library->kernels;
    library->kernels = kernel;
    return kernel;
}

static struct gs_kernel *find_named(const struct gs_library *library, const char *name)
{
    struct gs_kernel *kernel = library->kernels;

    while (kernel != NULL && strcmp(kernel->name, name) != 0) {
        kernel = kernel->next;
    }
    return kernel;
}

struct gs_kernel *gs_kernel_known(struct gs_library *library, const char *name)
{
    struct gs_kernel *kernel;

    (void)pthread_mutex_lock(&library->lock);
    kernel = find_named(library, name);
    (void)pthread_mutex_unlock(&library->lock);
    return kernel;
}

/* The record of a device, made from a function that nobody has changed yet. */
static CUresult note_device(struct gs_kernel *kernel, const struct gs_function *f)
{
    CUdevice device = gs_device_index(f->module->context->device);
    struct gs_kernel_device *on = atomic_load(&kernel->devices[device]);

    if (on != NULL) {
        return CUDA_SUCCESS;
    }
    on = calloc(1, sizeof(*on));
    if (on == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    for (unsigned int i = 0; i < VGPU_FUNCTION_ATTRIBUTES; i++) {
        on->attributes[i] = atomic_load(&f->attributes[i]);
    }
    atomic_store(&kernel->devices[device], on);
    return CUDA_SUCCESS;
}

/* Gives a function what its kernel was given before. */
static CUresult pass_settings(const struct gs_kernel_device *on, struct gs_function *f)
{
    uint32_t own = atomic_load(&f->own);
    CUresult cu = CUDA_SUCCESS;

    for (unsigned int i = 0; i < VGPU_FUNCTION_ATTRIBUTES && cu == CUDA_SUCCESS; i++) {
        if ((on->set & ~own) >> i & 1) {
            cu = gs_function_set(f, (CUfunction_attribute)i, on->attributes[i]);
        }
    }
    if (cu == CUDA_SUCCESS && on->has_cache_config) {
        cu = gs_function_set_cache(f, on->cache_config);
    }
    return cu;
}

/* One whose life is over, or a new one.  With the library's lock. */
static struct gs_kernel_use *spare_use(struct gs_kernel *kernel)
{
    struct gs_kernel_use *use = atomic_load(&kernel->uses);

    while (use != NULL && gs_context_lives(use->context, atomic_load(&use->epoch))) {
        use = use->next;
    }
    return use != NULL ? use : calloc(1, sizeof(*use));
}

static CUresult add_use(struct gs_kernel *kernel, const struct gs_call *call, uint64_t epoch,
                        struct gs_function *f)
{
    struct gs_kernel_use *use = spare_use(kernel);
    bool fresh = use != NULL && use->context == NULL;

    if (use == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    use->context = call->context;
    atomic_store(&use->function, f);
    atomic_store_explicit(&use->epoch, epoch, memory_order_release);
    if (fresh) {
        use->next = atomic_load(&kernel->uses);
        atomic_store_explicit(&kernel->uses, use, memory_order_release);
    }
    return CUDA_SUCCESS;
}

static struct gs_function *find_use(const struct gs_kernel *kernel,
                                    const struct gs_context *context)
{
    const struct gs_kernel_use *use = atomic_load_explicit(&kernel->uses, memory_order_acquire);
    uint64_t epoch = atomic_load_explicit(&context->epoch, memory_order_relaxed);

    while (use != NULL && atomic_load_explicit(&use->epoch, memory_order_acquire) != epoch) {
        use = use->next;
    }
    return use != NULL ? atomic_load_explicit(&use->function, memory_order_relaxed) : NULL;
}

static CUresult join(struct gs_kernel *kernel, const struct gs_call *call, struct gs_function *f)
{
    uint64_t epoch = atomic_load(&call->context->epoch);
    CUresult cu;

    if (find_use(kernel, call->context) != NULL) {
        return CUDA_SUCCESS;
    }
    cu = note_device(kernel, f);
    if (cu == CUDA_SUCCESS) {
        CUdevice device = gs_device_index(call->context->device);

        cu = pass_settings(atomic_load(&kernel->devices[device]), f);
        atomic_store(&f->kernel, kernel->handle);
    }
    return cu == CUDA_SUCCESS ? add_use(kernel, call, epoch, f) : cu;
}

CUresult gs_kernel_function(struct gs_kernel *kernel, const struct gs_call *call,
                            struct gs_function **function)
{
    struct gs_library *library = kernel->library;
    struct gs_module *module;
    CUresult cu;

    *function = find_use(kernel, call->context);
    if (__builtin_expect(*function != NULL, 1)) {
        return CUDA_SUCCESS;
    }
    cu = gs_library_module(library, call, NULL, &module);
    if (cu == CUDA_SUCCESS) {
        cu = gs_module_function(module, kernel->name, function);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    (void)pthread_mutex_lock(&library->lock);
    cu = join(kernel, call, *function);
    (void)pthread_mutex_unlock(&library->lock);
    return cu;
}

CUresult gs_kernel_named(struct gs_library *library, const struct gs_call *call, const char *name,
                         struct gs_kernel **kernel)
{
    struct gs_function *function;
    struct gs_module *module;
    CUresult cu = gs_library_module(library, call, NULL, &module);

    if (cu == CUDA_SUCCESS) {
        cu = gs_module_function(module, name, &function);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    (void)pthread_mutex_lock(&library->lock);
    *kernel = find_named(library, name);
    if (*kernel == NULL) {
        *kernel = make_kernel(library, function);
    }
    cu = *kernel != NULL ? join(*kernel, call, function) : CUDA_ERROR_OUT_OF_MEMORY;
    (void)pthread_mutex_unlock(&library->lock);
    return cu;
}

static CUresult look(const struct gs_call *call, void *arg)
{
    struct gs_function *function;

    return gs_kernel_function(arg, call, &function);
}

CUresult gs_kernel_on(struct gs_kernel *kernel, struct gs_device *device,
                      struct gs_kernel_device **on)
{
    CUdevice index = gs_device_index(device);
    CUresult cu = CUDA_SUCCESS;

    if (atomic_load(&kernel->devices[index]) == NULL) {
        cu = gs_library_visit(device, look, kernel);
    }
    *on = atomic_load(&kernel->devices[index]);
    return cu;
}

/* Calls set() for each function of the kernel that lives on the device.  With the device's lock,
 * because others end what is theirs, and with the library's. */
static CUresult each_function(struct gs_kernel *kernel, const struct gs_device *device,
                              CUresult (*set)(struct gs_function *f, const void *arg),
                              const void *arg)
{
    const struct gs_kernel_use *use = atomic_load(&kernel->uses);
    CUresult cu = CUDA_SUCCESS;

    for (; use != NULL && cu == CUDA_SUCCESS; use = use->next) {
        if (use->context->device == device &&
            gs_context_lives(use->context, atomic_load(&use->epoch))) {
            cu = set(atomic_load(&use->function), arg);
        }
    }
    return cu;
}

/* A setting on its way to the functions of a device. */
struct setting {
    struct gs_kernel *kernel;
    CUfunction_attribute attrib;
    int value;
};

static CUresult set_attribute(struct gs_function *f, const void *arg)
{
    const struct setting *setting = arg;

    if ((atomic_load(&f->own) >> setting->attrib & 1) != 0) {
        return CUDA_SUCCESS;
    }
    return gs_function_set(f, setting->attrib, setting->value);
}

/* There is a function in this context, so the driver looks at the value. */
static CUresult apply_attribute(const struct gs_call *call, void *arg)
{
    const struct setting *setting = arg;
    struct gs_device *device = call->context->device;
    struct gs_kernel *kernel = setting->kernel;
    struct gs_function *function;
    CUresult cu = gs_kernel_function(kernel, call, &function);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    (void)pthread_mutex_lock(&kernel->library->lock);
    cu = each_function(kernel, device, set_attribute, setting);
    if (cu == CUDA_SUCCESS) {
        struct gs_kernel_device *on = atomic_load(&kernel->devices[gs_device_index(device)]);

        on->attributes[setting->attrib] = setting->value;
        on->set |= 1u << setting->attrib;
    }
    (void)pthread_mutex_unlock(&kernel->library->lock);
    return cu;
}

CUresult gs_kernel_set(struct gs_kernel *kernel, struct gs_device *device,
                       CUfunction_attribute attrib, int value)
{
    struct setting setting = {kernel, attrib, value};
    struct gs_kernel_device *on;
    bool done;

    (void)pthread_mutex_lock(&kernel->library->lock);
    on = atomic_load(&kernel->devices[gs_device_index(device)]);
    /* Libraries repeat themselves before every launch. */
    done = on != NULL && (on->set >> attrib & 1) != 0 && on->attributes[attrib] == value;
    (void)pthread_mutex_unlock(&kernel->library->lock);
    return done ? CUDA_SUCCESS : gs_library_visit_alone(device, apply_attribute, &setting);
}

static CUresult set_cache(struct gs_function *f, const void *arg)
{
    return gs_session_told(f->module->session,
                           gs_function_set_cache(f, *(const CUfunc_cache *)arg));
}

CUresult gs_kernel_set_cache(struct gs_kernel *kernel, struct gs_device *device,
                             CUfunc_cache config)
{
    struct gs_kernel_device *on;
    CUresult cu = gs_kernel_on(kernel, device, &on);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    (void)pthread_mutex_lock(&device->lock);
    (void)pthread_mutex_lock(&kernel->library->lock);
    cu = each_function(kernel, device, set_cache, &config);
    if (cu == CUDA_SUCCESS) {
        on->has_cache_config = true;
        on->cache_config = config;
    }
    (void)pthread_mutex_unlock(&kernel->library->lock);
    (void)pthread_mutex_unlock(&device->lock);
    return cu;
}
