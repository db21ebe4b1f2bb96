/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/module.h"

#include <stdlib.h>
#include <string.h>

#include "executor/worker/compiled.h"
#include "executor/worker/console.h"
#include "executor/worker/device.h"
#include "executor/worker/image.h"
#include "executor/worker/image_choose.h"
#include "executor/worker/image_scan.h"
#include "executor/worker/jit.h"
#include "executor/worker/private_copy.h"
#include "executor/worker/session.h"

bool ex_name_copy(char *name, size_t cap, const uint8_t *bytes, uint32_t len)
{
    if (len >= cap || memchr(bytes, '\0', len) != NULL) {
        return false;
    }
    memcpy(name, bytes, len);
    name[len] = '\0';
    return true;
}

CUresult ex_get_module(struct ex_session *x, uint64_t handle, CUmodule *module)
{
    struct ex_module *found = vgpu_handles_get(x->modules, handle);

    if (found == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *module = found->cu;
    return CUDA_SUCCESS;
}

/* Files a loaded module; the driver's module is unloaded when it cannot be. */
static CUresult file_module(struct ex_session *x, CUmodule cu_module,
                            const struct ex_module_cost *cost, uint64_t *handle)
{
    struct ex_module *module = calloc(1, sizeof(*module));
    int rc = -1;

    if (module != NULL) {
        module->cu = cu_module;
        module->cost = *cost;
        (void)pthread_mutex_lock(&x->objects);
        rc = vgpu_handles_mint(x->modules, module, &module->handle);
        /* Outside the lock a guessed handle could have been unloaded already. */
        *handle = rc < 0 ? 0 : module->handle;
        (void)pthread_mutex_unlock(&x->objects);
    }
    if (rc < 0) {
        free(module);
        (void)x->driver->cuModuleUnload(cu_module);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

/* False when the session has no room for it. */
static bool charge(struct ex_session *x, const struct ex_module_cost *cost)
{
    if (!ex_charge_code(&x->charges, cost->code)) {
        return false;
    }
    if (!ex_memory_charge(x->memory, cost->variables)) {
        ex_uncharge_code(&x->charges, cost->code);
        return false;
    }
    return true;
}

static void uncharge(struct ex_session *x, const struct ex_module_cost *cost)
{
    ex_uncharge_code(&x->charges, cost->code);
    ex_memory_uncharge(x->memory, cost->variables);
}

/* Without a quota nothing depends on what variables take. */
static bool variables_count(struct ex_session *x)
{
    uint64_t used;
    uint64_t quota;

    ex_memory_usage(x->memory, &used, &quota);
    return quota != 0;
}

static CUresult load(struct ex_session *x, const struct ex_choice *choice,
                     const struct ex_findings *findings,
                     const struct vgpu_args_cuModuleLoadDataEx *args, struct ex_jit *jit,
                     uint64_t *handle)
{
    struct ex_module_cost cost = {.code = choice->size, .variables = findings->variables};
    CUmodule module = NULL;
    CUresult cu;

    if (choice->kind == EX_IMAGE_BAD) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    if (!charge(x, &cost)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = ex_compiled_load(x, choice, jit, args->options, args->options_len, &module);
    if (cu == CUDA_SUCCESS) {
        cu = file_module(x, module, &cost, handle);
    }
    if (cu != CUDA_SUCCESS) {
        uncharge(x, &cost);
    }
    return cu;
}

/* Loads what the driver is to have of an image, if the guest can use it. */
static CUresult load_image(struct ex_session *x, const uint8_t *image,
                           const struct vgpu_args_cuModuleLoadDataEx *args, struct ex_jit *jit,
                           struct vgpu_ret_cuModuleLoadDataEx *ret)
{
    static _Thread_local struct ex_findings findings; /* until the answer is sent */
    uint32_t capability = ex_device_capability(x->driver, x->device);
    struct ex_choice choice;
    CUresult cu = ex_image_choose(image, args->image_size, capability, args->policy, &choice);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!ex_image_scan(choice.bytes, choice.size, choice.kind, capability, variables_count(x),
                       &findings)) {
        cu = CUDA_ERROR_INVALID_IMAGE;
    } else if (findings.managed[0] != '\0') {
        ret->managed = (const uint8_t *)findings.managed;
        ret->managed_len = (uint32_t)strlen(findings.managed);
        cu = CUDA_ERROR_NOT_SUPPORTED;
    }
    if (cu == CUDA_SUCCESS) {
        cu = load(x, &choice, &findings, args, jit, &ret->module);
    }
    if (cu == CUDA_SUCCESS && findings.prints) {
        ret->prints = 1;
        ex_console_open();
    }
    free(choice.owned);
    return cu;
}

/* The worker's own copy of an image: of what lies in the window, or what came in parts. */
static CUresult take_image(struct ex_session *x, const struct vgpu_args_cuModuleLoadDataEx *args,
                           uint8_t **image)
{
    const uint8_t *window;

    if (args->in_parts != 0) {
        *image = ex_incoming_take(x, args->image_size);
        return *image != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    }
    window = ex_window_data(&x->window, args->image_offset, args->image_size);
    if (window == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *image = ex_private_copy(window, args->image_size);
    return *image != NULL ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

/* An image that the guest has sent. */
static CUresult load_sent(struct ex_session *x, const struct vgpu_args_cuModuleLoadDataEx *args,
                          struct ex_jit *jit, struct vgpu_ret_cuModuleLoadDataEx *ret)
{
    uint8_t *image;
    CUresult cu = take_image(x, args, &image);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = load_image(x, image, args, jit, ret);
    if (cu == CUDA_SUCCESS && x->cache.on && args->image_size >= VGPU_CACHE_BYTES_MIN) {
        ex_cache_later(NULL, image, args->image_size);
    } else {
        ex_private_free(image, args->image_size);
    }
    return cu;
}

CUresult ex_do_vgpuImageKnown(struct ex_session *session,
                              const struct vgpu_args_vgpuImageKnown *args,
                              struct vgpu_ret_vgpuImageKnown *ret)
{
    ret->known = ex_cache_has_size(session, args->image_size);
    return CUDA_SUCCESS;
}

/* One that it knows by its hash: what that names is loaded, or nothing. */
static CUresult load_cached(struct ex_session *x, const struct vgpu_args_cuModuleLoadDataEx *args,
                            struct ex_jit *jit, struct vgpu_ret_cuModuleLoadDataEx *ret)
{
    struct ex_cached cached;
    CUresult cu;

    if (args->key_len != VGPU_CACHE_KEY_BYTES) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!ex_cache_find_image(x, args->key, &cached)) {
        ret->missing = 1;
        return CUDA_ERROR_NOT_FOUND;
    }
    if (cached.size == args->image_size) {
        cu = load_image(x, cached.bytes, args, jit, ret);
    } else {
        ret->missing = 1;
        cu = CUDA_ERROR_NOT_FOUND;
    }
    ex_cache_let_go(&cached);
    return cu;
}

CUresult ex_do_cuModuleLoadDataEx(struct ex_session *session,
                                  const struct vgpu_args_cuModuleLoadDataEx *args,
                                  struct vgpu_ret_cuModuleLoadDataEx *ret)
{
    static _Thread_local struct ex_jit_room room;
    struct ex_jit jit;
    CUresult cu = ex_jit_read(&jit, args->options, args->options_len, &room, args->info_log_size,
                              args->error_log_size);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (args->image_size == 0 || args->image_size > VGPU_MODULE_BYTES_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = args->key_len > 0 ? load_cached(session, args, &jit, ret)
                           : load_sent(session, args, &jit, ret);
    ret->wall_time_us = ex_jit_wall_time_us(&jit);
    ret->info_log = (const uint8_t *)jit.info;
    ret->info_log_len = ex_jit_log_length(jit.info, jit.info_size);
    ret->error_log = (const uint8_t *)jit.error;
    ret->error_log_len = ex_jit_log_length(jit.error, jit.error_size);
    return cu;
}

/* Ends the handles of a module and its functions; the dispatcher uses none of them any more. */
static struct ex_module *take_module(struct ex_session *x, uint64_t handle)
{
    (void)pthread_mutex_lock(&x->objects);
    struct ex_module *module = vgpu_handles_take(x->modules, handle);

    if (module != NULL) {
        for (struct ex_function *f = module->functions; f != NULL; f = f->next) {
            (void)vgpu_handles_take(x->functions, f->handle);
        }
    }
    (void)pthread_mutex_unlock(&x->objects);
    return module;
}

CUresult ex_do_cuModuleUnload(struct ex_session *session,
                              const struct vgpu_args_cuModuleUnload *args,
                              struct vgpu_ret_cuModuleUnload *ret)
{
    struct ex_module *module = take_module(session, args->module);
    CUresult cu;

    (void)ret;
    if (module == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    ex_memory_remove_globals(session->memory, module->handle);
    cu = session->driver->cuModuleUnload(module->cu);
    uncharge(session, &module->cost);
    while (module->functions != NULL) {
        struct ex_function *next = module->functions->next;

        free(module->functions);
        module->functions = next;
    }
    free(module);
    return cu;
}

CUresult ex_do_cuModuleGetGlobal_v2(struct ex_session *session,
                                    const struct vgpu_args_cuModuleGetGlobal_v2 *args,
                                    struct vgpu_ret_cuModuleGetGlobal_v2 *ret)
{
    static char name[VGPU_NAME_BYTES_MAX + 1]; /* the dispatcher's */
    CUmodule module = NULL;
    CUdeviceptr ptr = 0;
    size_t bytes = 0;
    CUresult cu = ex_get_module(session, args->module, &module);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!ex_name_copy(name, sizeof(name), args->name, args->name_len)) {
        return CUDA_ERROR_NOT_FOUND;
    }
    cu = session->driver->cuModuleGetGlobal(&ptr, &bytes, module, name);
    if (cu == CUDA_SUCCESS) {
        cu = ex_memory_add_global(session->memory, args->module, ptr, bytes);
    }
    ret->dptr = ptr;
    ret->bytes = bytes;
    return cu;
}
