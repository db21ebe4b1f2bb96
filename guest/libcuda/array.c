/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/array.h"

#include <stdlib.h>

#include "gs_calls.h"
#include "guest/libcuda/context.h"

CUresult gs_array_find(CUarray handle, struct gs_array **array)
{
    uint64_t value = (uint64_t)(uintptr_t)handle;
    CUresult cu = gs_ready();
    struct gs_session *s;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    s = gs_session_of(value, VGPU_HANDLE_ARRAY);
    *array = s != NULL ? vgpu_handles_get(s->arrays, gs_handle_wire(value)) : NULL;
    return *array != NULL ? gs_session_error(s) : CUDA_ERROR_INVALID_HANDLE;
}

CUarray gs_array_handle(const struct gs_array *array)
{
    return (CUarray)(uintptr_t)gs_handle_public(array->session, array->wire);
}

static CUresult ask_array(struct gs_session *s, const CUDA_ARRAY3D_DESCRIPTOR *shape,
                          uint64_t *wire)
{
    struct vgpu_args_vgpuArrayCreate args = {
        .width = shape->Width,
        .height = shape->Height,
        .depth = shape->Depth,
        .format = (uint32_t)shape->Format,
        .channels = shape->NumChannels,
        .flags = shape->Flags,
    };
    struct vgpu_ret_vgpuArrayCreate ret;
    CUresult cu = gs_call_vgpuArrayCreate(s, &args, &ret);

    if (cu == CUDA_ERROR_OUT_OF_MEMORY && gs_device_memory_trim(s)) {
        cu = gs_call_vgpuArrayCreate(s, &args, &ret);
    }
    *wire = cu == CUDA_SUCCESS ? ret.array : 0;
    return cu;
}

static CUresult give_array_back(struct gs_session *s, uint64_t wire)
{
    struct vgpu_args_vgpuArrayDestroy args = {.array = wire};
    struct vgpu_ret_vgpuArrayDestroy ret;

    return gs_call_vgpuArrayDestroy(s, &args, &ret);
}

CUresult gs_array_new(const struct gs_call *call, const CUDA_ARRAY3D_DESCRIPTOR *shape,
                      struct gs_array **array)
{
    struct gs_array *made = calloc(1, sizeof(*made));
    struct gs_session *s = call->session;
    CUresult cu;

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *made = (struct gs_array){.session = s, .context = call->context, .shape = *shape};
    cu = ask_array(s, shape, &made->wire);
    if (cu == CUDA_SUCCESS && vgpu_handles_accept(s->arrays, made->wire, made) != 0) {
        (void)give_array_back(s, made->wire);
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        free(made);
        return cu;
    }
    *array = made;
    return CUDA_SUCCESS;
}

CUresult gs_array_destroy(struct gs_array *array)
{
    struct gs_session *s = array->session;
    CUresult cu = gs_settle(s);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (vgpu_handles_take(s->arrays, array->wire) == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    cu = give_array_back(s, array->wire);
    free(array);
    return cu;
}

/* ---- all of a session ---- */

CUresult gs_arrays_make(struct gs_session *s)
{
    s->arrays = vgpu_handles_new(VGPU_HANDLE_ARRAY, VGPU_ARRAYS_MAX);
    s->mipmaps = vgpu_handles_new(VGPU_HANDLE_MIPMAP, VGPU_MIPMAPS_MAX);
    return s->arrays != NULL && s->mipmaps != NULL ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static void drop_mipmap(void *object, uint64_t handle, void *arg)
{
    (void)handle;
    (void)arg;
    gs_mipmap_free(object);
}

static void drop_array(void *object, uint64_t handle, void *arg)
{
    (void)handle;
    (void)arg;
    free(object);
}

void gs_arrays_drop(struct gs_session *s)
{
    if (s->mipmaps != NULL && s->arrays != NULL) {
        vgpu_handles_each(s->mipmaps, drop_mipmap, NULL); /* their levels too */
        vgpu_handles_each(s->arrays, drop_array, NULL);
    }
    vgpu_handles_free(s->mipmaps);
    vgpu_handles_free(s->arrays);
    s->mipmaps = NULL;
    s->arrays = NULL;
}

static bool mipmap_is_of(const void *object, const void *context)
{
    return ((const struct gs_mipmap *)object)->context == context;
}

/* Levels go with their mipmaps. */
static bool array_is_of(const void *object, const void *context)
{
    const struct gs_array *array = object;

    return array->context == context && array->owner == NULL;
}

void gs_arrays_end_of(struct gs_session *s, struct gs_context *context)
{
    struct gs_mipmap *mipmap;
    struct gs_array *array;
    uint32_t at = 0;

    while ((mipmap = vgpu_handles_find(s->mipmaps, &at, mipmap_is_of, context)) != NULL) {
        (void)gs_mipmap_destroy(mipmap);
    }
    at = 0;
    while ((array = vgpu_handles_find(s->arrays, &at, array_is_of, context)) != NULL) {
        (void)gs_array_destroy(array);
    }
}
