/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/array.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "executor/sim/context.h"
#include "executor/sim/engine.h"
#include "executor/sim/handle.h"
#include "executor/sim/memory.h"
#include "executor/sim/texture.h"
#include "proto/array_format.h"

/* Arrays take memory in units of this; a device gives it in units of SIM_PAGE. */
#define ARRAY_UNIT ((size_t)64 << 10)

static CUarray arrays;

size_t array_row(const CUDA_ARRAY3D_DESCRIPTOR *shape)
{
    return shape->Width * vgpu_element_bytes((uint32_t)shape->Format, shape->NumChannels);
}

/* The pages that all arrays of a device take together grow by this. */
static bool charge(struct sim_device *dev, size_t bytes)
{
    size_t before = sim_round_up(dev->array_bytes, SIM_PAGE);
    size_t after = sim_round_up(dev->array_bytes + bytes, SIM_PAGE);

    if (after != before && !memory_charge(dev, after - before)) {
        return false;
    }
    dev->array_bytes += bytes;
    return true;
}

static void uncharge(struct sim_device *dev, size_t bytes)
{
    size_t before = sim_round_up(dev->array_bytes, SIM_PAGE);

    dev->array_bytes -= bytes;
    memory_uncharge(dev, before - sim_round_up(dev->array_bytes, SIM_PAGE));
}

CUresult array_back(CUarray array)
{
    const CUDA_ARRAY3D_DESCRIPTOR *s = &array->shape;
    size_t bytes =
        sim_round_up(array_row(s) * array_side(s->Height) * array_side(s->Depth), ARRAY_UNIT);
    void *data;

    if (!charge(array->ctx->dev, bytes)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                -1, 0);
    if (data == MAP_FAILED) {
        uncharge(array->ctx->dev, bytes);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (handle_add(HANDLE_ARRAY, array) != 0) {
        (void)munmap(data, bytes);
        uncharge(array->ctx->dev, bytes);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    array->data = data;
    array->bytes = bytes;
    return CUDA_SUCCESS;
}

void array_unback(CUarray array)
{
    handle_del(array);
    texture_forget(array->data, array->bytes);
    (void)munmap(array->data, array->bytes);
    uncharge(array->ctx->dev, array->bytes);
}

static bool side_holds(size_t at, size_t size, size_t total)
{
    return at <= total && size <= total - at;
}

bool array_place(CUarray array, const size_t at[3], const size_t size[3], uintptr_t *base,
                 size_t *pitch, size_t *rows)
{
    const CUDA_ARRAY3D_DESCRIPTOR *s;
    size_t element;

    if (!handle_ok(HANDLE_ARRAY, array)) {
        return false;
    }
    s = &array->shape;
    element = vgpu_element_bytes((uint32_t)s->Format, s->NumChannels);
    *base = (uintptr_t)array->data;
    *pitch = array_row(s);
    *rows = array_side(s->Height);
    return element != 0 && size[0] % element == 0 && side_holds(at[0], size[0], *pitch) &&
           side_holds(at[1], size[1], *rows) && side_holds(at[2], size[2], array_side(s->Depth));
}

bool array_begins_element(CUarray array, size_t x)
{
    size_t element;

    if (!handle_ok(HANDLE_ARRAY, array)) {
        return false;
    }
    element = vgpu_element_bytes((uint32_t)array->shape.Format, array->shape.NumChannels);
    return element != 0 && x % element == 0;
}

static CUresult create(CUcontext ctx, CUarray *handle, const CUDA_ARRAY3D_DESCRIPTOR *shape)
{
    CUresult cu = handle == NULL ? CUDA_ERROR_INVALID_VALUE : array_shape_check(shape, false);
    CUarray array;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    array = calloc(1, sizeof(*array));
    if (array == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    array->shape = *shape;
    array->ctx = ctx;
    cu = array_back(array);
    if (cu != CUDA_SUCCESS) {
        free(array);
        return cu;
    }
    array->next = arrays;
    arrays = array;
    *handle = array;
    return CUDA_SUCCESS;
}

CUresult cuArray3DCreate(CUarray *pHandle, const CUDA_ARRAY3D_DESCRIPTOR *pAllocateArray)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(create(ctx, pHandle, pAllocateArray));
}

CUresult cuArrayCreate(CUarray *pHandle, const CUDA_ARRAY_DESCRIPTOR *pAllocateArray)
{
    CUDA_ARRAY3D_DESCRIPTOR shape = {0};
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pAllocateArray == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    shape.Width = pAllocateArray->Width;
    shape.Height = pAllocateArray->Height;
    shape.Format = pAllocateArray->Format;
    shape.NumChannels = pAllocateArray->NumChannels;
    return sim_end(create(ctx, pHandle, &shape));
}

static void end(CUarray array)
{
    CUarray *link = &arrays;

    while (*link != array) {
        link = &(*link)->next;
    }
    *link = array->next;
    array_unback(array);
    free(array);
}

/* As freeing memory: when all work of the process is done. */
static CUresult destroy(CUarray array)
{
    CUresult cu;

    if (!handle_ok(HANDLE_ARRAY, array) || array->owner != NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    cu = engine_wait_all(true);
    /* Another thread may have ended it meanwhile. */
    if (cu == CUDA_SUCCESS && handle_ok(HANDLE_ARRAY, array)) {
        end(array);
    }
    return cu;
}

CUresult cuArrayDestroy(CUarray hArray)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(destroy(hArray));
}

void array_free_all(CUcontext ctx)
{
    for (CUarray at = arrays; at != NULL;) {
        CUarray next = at->next;

        if (at->ctx == ctx) {
            end(at);
        }
        at = next;
    }
}

static CUresult describe(CUDA_ARRAY3D_DESCRIPTOR *out, CUarray array)
{
    if (out == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!handle_ok(HANDLE_ARRAY, array)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *out = array->shape;
    return CUDA_SUCCESS;
}

CUresult cuArray3DGetDescriptor(CUDA_ARRAY3D_DESCRIPTOR *pArrayDescriptor, CUarray hArray)
{
    CUcontext ctx;
    CUresult cu = hArray == NULL ? CUDA_ERROR_INVALID_HANDLE : sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(describe(pArrayDescriptor, hArray));
}

CUresult cuArrayGetDescriptor(CUDA_ARRAY_DESCRIPTOR *pArrayDescriptor, CUarray hArray)
{
    CUDA_ARRAY3D_DESCRIPTOR shape;
    CUcontext ctx;
    CUresult cu = hArray == NULL ? CUDA_ERROR_INVALID_HANDLE : sim_begin_ctx(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = pArrayDescriptor == NULL ? CUDA_ERROR_INVALID_VALUE : describe(&shape, hArray);
    if (cu == CUDA_SUCCESS) {
        *pArrayDescriptor =
            (CUDA_ARRAY_DESCRIPTOR){shape.Width, shape.Height, shape.Format, shape.NumChannels};
    }
    return sim_end(cu);
}
