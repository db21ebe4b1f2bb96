/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/compiled.h"

#include <stdlib.h>
#include <string.h>

#include "common/sha256.h"
#include "executor/worker/device.h"
#include "executor/worker/error.h"
#include "executor/worker/image.h"
#include "executor/worker/image_part.h"
#include "executor/worker/private_copy.h"
#include "executor/worker/session.h"

/* A text on its way to machine code. */
struct source {
    const char *text;
    size_t size;    /* without the NUL */
    uint8_t *owned; /* unpacked, or NULL: the image's */
    const uint8_t *options;
    uint32_t options_len;
    uint8_t key[VGPU_CACHE_KEY_BYTES];
};

static bool links(const struct ex_driver *driver)
{
    return driver->cuLinkCreate != NULL && driver->cuLinkAddData != NULL &&
           driver->cuLinkComplete != NULL && driver->cuLinkDestroy != NULL;
}

/* The text that the driver would compile; false: it has machine code, or nothing. */
static bool find_text(const struct ex_choice *choice, uint32_t capability, struct source *source)
{
    struct ex_part part;

    source->owned = NULL;
    source->text = (const char *)choice->bytes;
    source->size = choice->size;
    if (choice->kind == EX_IMAGE_FATBIN) {
        if (!ex_part_for(choice->bytes, capability, false, &part) || part.kind != VGPU_FATBIN_PTX) {
            return false;
        }
        source->owned = ex_part_code(&part, &source->size);
        source->text = (const char *)source->owned;
    } else if (choice->kind != EX_IMAGE_PTX) {
        return false;
    }
    if (source->text == NULL) {
        return false;
    }
    source->size = strnlen(source->text, source->size);
    return true;
}

/* All that the machine code depends on. */
static void make_key(struct ex_session *x, uint32_t capability, struct source *source)
{
    static const char use[] = "vgpu compiled 1";
    uint64_t sizes[2] = {source->size, source->options_len};
    struct vgpu_sha256 sha;
    int version = 0;

    (void)x->driver->cuDriverGetVersion(&version);
    vgpu_sha256_begin(&sha);
    vgpu_sha256_add(&sha, use, sizeof(use));
    vgpu_sha256_add(&sha, &capability, sizeof(capability));
    vgpu_sha256_add(&sha, &version, sizeof(version));
    vgpu_sha256_add(&sha, sizes, sizeof(sizes));
    vgpu_sha256_add(&sha, source->options, source->options_len);
    vgpu_sha256_add(&sha, source->text, source->size);
    vgpu_sha256_end(&sha, source->key);
}

static CUresult load(struct ex_session *x, const void *code, struct ex_jit *jit, CUmodule *module)
{
    return x->driver->cuModuleLoadDataEx(module, code, jit->count, jit->options, jit->values);
}

/* Another worker may have filed anything: what is no code is refused here, the rest by the driver.
 */
static bool load_found(struct ex_session *x, const struct source *source, struct ex_jit *jit,
                       CUmodule *module, CUresult *cu)
{
    struct ex_cached cached;

    if (!ex_cache_find(x, source->key, &cached)) {
        return false;
    }
    *cu = ex_image_check(cached.bytes, cached.size) != EX_IMAGE_BAD
              ? load(x, cached.bytes, jit, module)
              : CUDA_ERROR_INVALID_IMAGE;
    ex_cache_let_go(&cached);
    if (*cu == CUDA_ERROR_INVALID_IMAGE || *cu == CUDA_ERROR_NO_BINARY_FOR_GPU) {
        ex_cache_wrong(x, source->key, "no code that the driver takes");
    }
    return *cu == CUDA_SUCCESS || ex_error_is_sticky(*cu);
}

/* Machine code in the linker's memory. */
static CUresult compile(struct ex_session *x, const struct source *source, CUlinkState link,
                        void **code, size_t *size)
{
    void *text = (void *)(uintptr_t)source->text;
    CUresult cu =
        x->driver->cuLinkAddData(link, CU_JIT_INPUT_PTX, text, source->size + 1, "", 0, NULL, NULL);

    if (cu == CUDA_SUCCESS) {
        cu = x->driver->cuLinkComplete(link, code, size);
    }
    return cu == CUDA_SUCCESS && (*code == NULL || *size > VGPU_MODULE_BYTES_MAX)
               ? CUDA_ERROR_INVALID_IMAGE
               : cu;
}

/* False: it must be loaded as it is. */
static bool load_compiled(struct ex_session *x, const struct source *source, struct ex_jit *jit,
                          CUmodule *module)
{
    CUlinkState link = NULL;
    struct ex_jit linking;
    void *code = NULL;
    uint8_t *copy;
    size_t size = 0;
    bool good;

    if (ex_jit_read(&linking, source->options, source->options_len, NULL, 0, 0) != CUDA_SUCCESS ||
        x->driver->cuLinkCreate(linking.count, linking.options, linking.values, &link) !=
            CUDA_SUCCESS) {
        return false;
    }
    good = compile(x, source, link, &code, &size) == CUDA_SUCCESS &&
           load(x, code, jit, module) == CUDA_SUCCESS;
    copy = good ? ex_private_copy(code, size) : NULL;
    if (copy != NULL) {
        ex_cache_later(source->key, copy, size);
    }
    (void)x->driver->cuLinkDestroy(link);
    return good;
}

static bool can_cache(const struct ex_session *x, const struct ex_jit *jit)
{
    return x->cache.on && links(x->driver) && jit->info_size == 0 && jit->wall_time >= jit->count;
}

CUresult ex_compiled_load(struct ex_session *x, const struct ex_choice *choice, struct ex_jit *jit,
                          const uint8_t *options, uint32_t options_len, CUmodule *module)
{
    struct source source = {.options = options, .options_len = options_len};
    uint32_t capability = ex_device_capability(x->driver, x->device);
    CUresult cu = CUDA_SUCCESS;

    if (!can_cache(x, jit) || !find_text(choice, capability, &source)) {
        return load(x, choice->bytes, jit, module);
    }
    make_key(x, capability, &source);
    if (!load_found(x, &source, jit, module, &cu)) {
        cu = CUDA_SUCCESS;
        if (!load_compiled(x, &source, jit, module)) {
            cu = load(x, choice->bytes, jit, module);
        }
    }
    free(source.owned);
    return cu;
}
