/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime asks: primary contexts by their handle, modules of programs that older
 * releases have built, and whether a tool listens. */
#include "guest/libcuda/export.h"

#include "gs_calls.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/log.h"

/* The handle only: the context is not made active, and nobody uses it yet. */
static CUresult primary_handle(CUcontext *ctx, CUdevice dev)
{
    const struct gs_device *device;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    device = gs_device_find(dev);
    if (ctx == NULL || device == NULL) {
        return ctx == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_DEVICE;
    }
    *ctx = gs_context_handle(gs_context_primary(device));
    return CUDA_SUCCESS;
}

static CUresult load_wrapper(CUmodule *module, const void *wrapper)
{
    return gs_cuModuleLoadFatBinary(module, wrapper);
}

/* Nobody has published what the last three arguments are for; they are NULL, NULL, 0. */
static CUresult load_plain(CUmodule *module, const void *image, const void *a, const void *b,
                           unsigned int c)
{
    if (a != NULL || b != NULL || c != 0) {
        gs_log("an image was loaded by the driver's private table with arguments (%p, %p, %u) "
               "that are not supported",
               a, b, c);
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return gs_cuModuleLoadFatBinary(module, image);
}

static CUresult load_wrapper_with(CUmodule *module, const void *wrapper, const void *a,
                                  const void *b, unsigned int c)
{
    return load_plain(module, wrapper, a, b, c);
}

static CUresult load_fatbin_with(const void *fatbin, CUmodule *module, const void *a, const void *b,
                                 unsigned int c)
{
    return load_plain(module, fatbin, a, b, c);
}

/* Workers load the driver's compiler before they serve anybody. */
static CUresult load_compilers(void)
{
    return CUDA_SUCCESS;
}

const struct gs_export_slot gs_export_runtime[] = {
    GS_EXPORT_SLOT(1, load_wrapper),      GS_EXPORT_SLOT(2, primary_handle),
    GS_EXPORT_SLOT(6, load_wrapper_with), GS_EXPORT_SLOT(8, load_fatbin_with),
    GS_EXPORT_SLOT(12, load_compilers),   GS_EXPORT_END,
};

/*
 * Flags that a tool sets to hear of the runtime's calls and resources, by their numbers.  The
 * runtime reads as many as it has calls (523 in 13.0) whatever the count is that it is told, so
 * there are more than that.  None is ever set.
 */
#define CALL_FLAGS     1024u
#define CALL_FLAGS_MAX 4096u
#define RESOURCE_FLAGS 14u
static uint32_t call_flags[CALL_FLAGS_MAX];
static uint32_t resource_flags[CALL_FLAGS_MAX];

static void get_call_flags(uint32_t **flags, size_t *count)
{
    if (flags != NULL && count != NULL) {
        *flags = call_flags;
        *count = CALL_FLAGS;
    }
}

static void get_resource_flags(uint32_t **flags, size_t *count)
{
    if (flags != NULL && count != NULL) {
        *flags = resource_flags;
        *count = RESOURCE_FLAGS;
    }
}

/* The runtime tells of a call or a resource; there is no tool to pass it on to. */
static CUresult told(void)
{
    return CUDA_SUCCESS;
}

const struct gs_export_slot gs_export_hooks[] = {
    GS_EXPORT_SLOT(1, told), GS_EXPORT_SLOT(2, get_call_flags),
    GS_EXPORT_SLOT(3, told), GS_EXPORT_SLOT(4, told),
    GS_EXPORT_SLOT(5, told), GS_EXPORT_SLOT(6, get_resource_flags),
    GS_EXPORT_END,
};
