/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/memory.h"

#include <string.h>

#include "common/overflow.h"
#include "gs_calls.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/graph_block.h"
#include "guest/libcuda/pool.h"
#include "guest/libcuda/registration.h"

/* Rows of cuMemAllocPitch begin at multiples of this, as native's do. */
#define PITCH_UNIT 512u

struct gs_session *gs_memory_find(uint64_t address, struct gs_alloc *alloc)
{
    for (int i = 0; i < gs_device_count(); i++) {
        struct gs_session *s = atomic_load(&gs_device_find(i)->session);

        if (s != NULL && gs_alloc_map_find(&s->allocs, address, alloc)) {
            return s;
        }
    }
    return NULL;
}

bool gs_memory_overlaps(uint64_t address, uint64_t bytes, struct gs_alloc *found)
{
    for (int i = 0; i < gs_device_count(); i++) {
        struct gs_session *s = atomic_load(&gs_device_find(i)->session);

        if (s != NULL && gs_alloc_map_overlaps(&s->allocs, address, bytes, found)) {
            return true;
        }
    }
    return false;
}

void gs_memory_give_back(struct gs_session *s, const struct gs_alloc *alloc)
{
    if (alloc->kind == GS_ALLOC_DEVICE) {
        (void)gs_device_memory_free(s, alloc->base);
    } else if (alloc->kind == GS_ALLOC_HOST) {
        gs_hostmem_free(s, alloc->base - (uint64_t)(uintptr_t)s->window);
    } else if (alloc->kind == GS_ALLOC_REGISTERED) {
        (void)gs_unregister(s, alloc);
    }
}

CUresult gs_cuMemGetInfo_v2(size_t *free, size_t *total)
{
    struct vgpu_args_cuMemGetInfo_v2 args;
    struct vgpu_ret_cuMemGetInfo_v2 ret;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    memset(&args, 0, sizeof(args));
    cu = gs_call_cuMemGetInfo_v2(call.session, &args, &ret);
    if (cu == CUDA_SUCCESS && free != NULL) {
        *free = ret.free + gs_device_memory_kept(call.session);
    }
    if (cu == CUDA_SUCCESS && total != NULL) {
        *total = ret.total;
    }
    return cu;
}

CUresult gs_cuMemAlloc_v2(CUdeviceptr *dptr, size_t bytesize)
{
    struct gs_alloc alloc = {.size = bytesize, .kind = GS_ALLOC_DEVICE};
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (dptr == NULL || bytesize == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_device_memory_alloc(call.session, bytesize, &alloc.base);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    alloc.context = call.context;
    if (gs_alloc_map_add(&call.session->allocs, &alloc) != 0) {
        (void)gs_device_memory_free(call.session, alloc.base);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *dptr = alloc.base;
    return CUDA_SUCCESS;
}

CUresult gs_cuMemAllocPitch_v2(CUdeviceptr *dptr, size_t *pPitch, size_t WidthInBytes,
                               size_t Height, unsigned int ElementSizeBytes)
{
    struct gs_call call;
    uint64_t pitch;
    uint64_t bytes;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (dptr == NULL || pPitch == NULL || WidthInBytes == 0 || Height == 0 ||
        (ElementSizeBytes != 4 && ElementSizeBytes != 8 && ElementSizeBytes != 16)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!vgpu_u64_align_up(WidthInBytes, PITCH_UNIT, &pitch) ||
        !vgpu_u64_mul(pitch, Height, &bytes)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = gs_cuMemAlloc_v2(dptr, bytes);
    if (cu == CUDA_SUCCESS) {
        *pPitch = pitch;
    }
    return cu;
}

/* As native: this one does not wait, the program says that it is out of use. */
static CUresult free_pooled(struct gs_session *s, struct gs_alloc *alloc)
{
    CUresult cu = gs_session_error(s);

    if (cu == CUDA_SUCCESS && !gs_alloc_map_take(&s->allocs, alloc->base, GS_ALLOC_POOL, alloc)) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        gs_pool_free(alloc->pool, s, alloc->base, alloc->size, NULL);
    }
    return cu;
}

CUresult gs_cuMemFree_v2(CUdeviceptr dptr)
{
    struct gs_session *s;
    struct gs_alloc alloc;
    struct gs_call call;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (dptr == 0) {
        return gs_process_sticky();
    }
    s = gs_memory_find(dptr, &alloc);
    if (s == NULL) {
        cu = gs_enter(&call);
        return cu == CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE : cu;
    }
    if ((alloc.kind != GS_ALLOC_DEVICE && alloc.kind != GS_ALLOC_POOL &&
         alloc.kind != GS_ALLOC_GRAPH) ||
        alloc.base != dptr) {
        cu = gs_session_error(s);
        return cu == CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE : cu;
    }
    if (alloc.kind == GS_ALLOC_POOL) {
        return free_pooled(s, &alloc);
    }
    if (alloc.kind == GS_ALLOC_GRAPH) {
        cu = gs_session_error(s);
        return cu == CUDA_SUCCESS ? gs_block_free(dptr, NULL) : cu;
    }
    /* As native: when all earlier work is done, which may use the memory. */
    cu = gs_settle(s);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    /* Out of the map first: the address may be handed out again at once. */
    if (!gs_alloc_map_take(&s->allocs, dptr, GS_ALLOC_DEVICE, &alloc)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return gs_device_memory_free(s, dptr);
}

CUresult gs_cuMemGetAddressRange_v2(CUdeviceptr *pbase, size_t *psize, CUdeviceptr dptr)
{
    struct gs_alloc alloc;
    struct gs_call call;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS || (pbase == NULL && psize == NULL)) {
        return cu;
    }
    cu = gs_enter(&call);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (gs_memory_find(dptr, &alloc) == NULL) {
        return CUDA_ERROR_NOT_FOUND;
    }
    if (pbase != NULL) {
        *pbase = alloc.base;
    }
    if (psize != NULL) {
        *psize = alloc.size;
    }
    return CUDA_SUCCESS;
}
