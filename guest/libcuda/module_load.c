/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/image_hash.h"
#include "common/io.h"
#include "gs_calls.h"
#include "guest/libcuda/address.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/environment.h"
#include "guest/libcuda/image_pick.h"
#include "guest/libcuda/image_send.h"
#include "guest/libcuda/image_set.h"
#include "guest/libcuda/jit.h"
#include "guest/libcuda/log.h"

static CUresult file_module(const struct gs_call *call, uint64_t wire, struct gs_module **filed)
{
    struct gs_module *module = calloc(1, sizeof(*module));

    if (module == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    module->session = call->session;
    module->context = call->context;
    module->wire = wire;
    if (vgpu_handles_accept(call->session->modules, wire, module) != 0) {
        free(module);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    (void)pthread_mutex_init(&module->lock, NULL);
    *filed = module;
    return CUDA_SUCCESS;
}

static bool hash_piece(void *arg, const uint8_t *bytes, size_t size)
{
    vgpu_image_hash_add(arg, bytes, size);
    return true;
}

/* Whether the hash of what travels is worth making: another process of this machine may have sent
 * it, if it has sent anything of its size. */
static bool may_be_known(struct gs_session *s, uint64_t bytes)
{
    struct vgpu_args_vgpuImageKnown args = {.image_size = bytes};
    struct vgpu_ret_vgpuImageKnown ret;

    return bytes >= VGPU_CACHE_BYTES_MIN && bytes <= VGPU_CACHE_BYTES_MAX &&
           atomic_load(&s->cache) && gs_call_vgpuImageKnown(s, &args, &ret) == CUDA_SUCCESS &&
           ret.known != 0;
}

/* Asks for the image by its hash.  False: it must be sent. */
static bool load_known(const struct gs_call *call, const struct gs_pick *pick,
                       const struct vgpu_args_cuModuleLoadDataEx *sent,
                       struct vgpu_ret_cuModuleLoadDataEx *ret, CUresult *cu)
{
    struct vgpu_args_cuModuleLoadDataEx args = *sent;
    uint8_t key[VGPU_SHA256_BYTES];
    struct vgpu_image_hash hash;

    if (!may_be_known(call->session, pick->bytes)) {
        return false;
    }
    vgpu_image_hash_begin(&hash);
    if (!gs_pick_each(pick, hash_piece, &hash)) {
        return false;
    }
    vgpu_image_hash_end(&hash, key);
    args.key = key;
    args.key_len = sizeof(key);
    *cu = gs_call_cuModuleLoadDataEx(call->session, &args, ret);
    return ret->missing == 0;
}

/* What the compiler and the worker say of a load that was tried. */
static void give_words(const struct gs_jit *jit, const struct vgpu_ret_cuModuleLoadDataEx *ret)
{
    struct gs_jit_logs logs = {.info = ret->info_log,
                               .error = ret->error_log,
                               .info_len = ret->info_log_len,
                               .error_len = ret->error_log_len,
                               .wall_time_us = ret->wall_time_us};

    gs_jit_give(jit, &logs);
    if (ret->managed_len > 0) {
        gs_log("the module has the managed variable \"%.*s\": managed memory is not supported",
               (int)ret->managed_len, (const char *)ret->managed);
    }
}

static CUresult load(const struct gs_call *call, const void *image, size_t size, uint32_t policy,
                     const struct gs_jit *jit, struct gs_module **module)
{
    struct vgpu_args_cuModuleLoadDataEx args = {.info_log_size = gs_jit_info_size(jit),
                                                .error_log_size = gs_jit_error_size(jit),
                                                .policy = policy,
                                                .options = jit->wire,
                                                .options_len = jit->wire_len};
    struct vgpu_ret_cuModuleLoadDataEx ret;
    struct gs_targets targets;
    struct gs_pick pick;
    CUresult cu;

    gs_targets_one(&targets, call->context->device);
    cu = gs_pick_plan(&pick, image, size, &targets);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    args.image_size = pick.bytes;
    memset(&ret, 0, sizeof(ret));
    if (!load_known(call, &pick, &args, &ret, &cu)) {
        cu = gs_image_send(call->session, &pick, &args, &ret);
    }
    give_words(jit, &ret);
    gs_limits_forget(&call->session->limits); /* the driver may have made room for its kernels */
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = gs_console_flush(call->session); /* of the modules before it */
    if (ret.prints != 0) {
        atomic_store(&call->session->prints, true);
    }
    return cu == CUDA_SUCCESS ? file_module(call, ret.module, module) : cu;
}

CUresult gs_module_load(const struct gs_call *call, const void *image, size_t size,
                        const struct gs_jit *jit, struct gs_module **module)
{
    return gs_image_is_set(image, size)
               ? gs_image_set_load(call, image, size, jit, module)
               : load(call, image, size, gs_environment()->code_policy, jit, module);
}

CUresult gs_module_load_made(const struct gs_call *call, const void *image, size_t size,
                             const struct gs_jit *jit, struct gs_module **module)
{
    return load(call, image, size, 0, jit, module);
}

CUresult gs_module_file(const char *path, char **text, size_t *size)
{
    VGPU_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    VGPU_CLEANUP_FREE char *bytes = NULL;
    struct stat status;

    if (fd < 0) {
        return CUDA_ERROR_FILE_NOT_FOUND;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return CUDA_ERROR_OUT_OF_MEMORY; /* what native says of a folder */
    }
    if ((uint64_t)status.st_size >= VGPU_MODULE_BYTES_MAX) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    *size = (size_t)status.st_size;
    bytes = malloc(*size + 1);
    if (bytes == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (vgpu_read_full(fd, bytes, *size) != (ssize_t)*size) {
        return CUDA_ERROR_FILE_NOT_FOUND;
    }
    bytes[(*size)++] = '\0';
    *text = vgpu_steal_ptr(bytes);
    return CUDA_SUCCESS;
}

/* Remembers where a variable lies: copies to it are checked like others. */
static CUresult file_global(struct gs_module *module, uint64_t base, uint64_t size)
{
    struct gs_alloc alloc = {.base = base,
                             .size = size,
                             .kind = GS_ALLOC_GLOBAL,
                             .context = module->context,
                             .module = module};
    struct gs_alloc known;
    int rc;

    if (size == 0 || gs_alloc_map_find(&module->session->allocs, base, &known)) {
        return CUDA_SUCCESS;
    }
    alloc.reserved = gs_address_reserve(base, size);
    rc = gs_alloc_map_add(&module->session->allocs, &alloc);
    if (rc != 0 && alloc.reserved) {
        gs_address_release(base, size);
    }
    return rc == -ENOMEM ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

static bool find_variable(struct gs_module *module, const char *name, uint64_t *base,
                          uint64_t *size)
{
    const struct gs_variable *at;

    (void)pthread_mutex_lock(&module->lock);
    at = module->variables;
    while (at != NULL && strcmp(at->name, name) != 0) {
        at = at->next;
    }
    if (at != NULL) {
        *base = at->base;
        *size = at->size;
    }
    (void)pthread_mutex_unlock(&module->lock);
    return at != NULL;
}

/* Without memory it is asked for again. */
static void keep_variable(struct gs_module *module, const char *name, uint64_t base, uint64_t size)
{
    struct gs_variable *variable = calloc(1, sizeof(*variable));

    if (variable == NULL || (variable->name = strdup(name)) == NULL) {
        free(variable);
        return;
    }
    variable->base = base;
    variable->size = size;
    (void)pthread_mutex_lock(&module->lock);
    variable->next = module->variables;
    module->variables = variable;
    (void)pthread_mutex_unlock(&module->lock);
}

CUresult gs_module_global(struct gs_module *module, const char *name, uint64_t *base,
                          uint64_t *size)
{
    struct vgpu_args_cuModuleGetGlobal_v2 args = {
        .module = module->wire,
        .name = (const uint8_t *)name,
        .name_len = (uint32_t)strnlen(name, VGPU_NAME_BYTES_MAX + 1),
    };
    struct vgpu_ret_cuModuleGetGlobal_v2 ret;
    CUresult cu;

    if (args.name_len > VGPU_NAME_BYTES_MAX) {
        return CUDA_ERROR_NOT_FOUND;
    }
    if (find_variable(module, name, base, size)) {
        return CUDA_SUCCESS;
    }
    cu = gs_call_cuModuleGetGlobal_v2(module->session, &args, &ret);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *base = ret.dptr;
    *size = ret.bytes;
    cu = file_global(module, ret.dptr, ret.bytes);
    if (cu == CUDA_SUCCESS) {
        keep_variable(module, name, ret.dptr, ret.bytes);
    }
    return cu;
}

/* Whole names with their NULs, taken out of the thread's scratch buffer; the caller's. */
static CUresult ask_names(struct gs_module *module, uint32_t first, char **names, size_t *len)
{
    struct vgpu_args_vgpuModuleNames args = {.module = module->wire, .first = first};
    struct vgpu_ret_vgpuModuleNames ret;
    CUresult cu = gs_call_vgpuModuleNames(module->session, &args, &ret);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (ret.names_len > 0 && ret.names[ret.names_len - 1] != '\0') {
        return CUDA_ERROR_LAUNCH_FAILED;
    }
    *len = ret.names_len;
    *names = malloc(*len + 1);
    if (*names == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (*len > 0) {
        memcpy(*names, ret.names, *len);
    }
    return CUDA_SUCCESS;
}

CUresult gs_module_names(struct gs_module *module, CUresult (*fn)(const char *name, void *arg),
                         void *arg)
{
    CUresult cu = CUDA_SUCCESS;
    uint32_t first = 0;
    size_t len = 1;

    while (cu == CUDA_SUCCESS && len > 0) {
        VGPU_CLEANUP_FREE char *names = NULL;

        len = 0;
        cu = ask_names(module, first, &names, &len);
        for (size_t at = 0; cu == CUDA_SUCCESS && at < len; at += strlen(names + at) + 1) {
            cu = fn(names + at, arg);
            first++;
        }
    }
    return cu;
}
