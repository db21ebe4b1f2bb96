/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/memory.h"
#include "guest/libcuda/registration.h"

static CUresult alloc_host(const struct gs_call *call, size_t size, unsigned int flags, void **pp)
{
    struct gs_session *s = call->session;
    struct gs_alloc alloc = {.size = size, .kind = GS_ALLOC_HOST, .context = call->context};
    uint64_t offset;
    CUresult cu;

    if (size > s->link.channel.bytes) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = gs_hostmem_alloc(s, size, &offset);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    alloc.base = (uint64_t)(uintptr_t)(s->window + offset);
    /* All of it can be reached from the device, and native says so. */
    alloc.host_flags = flags | CU_MEMHOSTALLOC_DEVICEMAP;
    if (gs_alloc_map_add(&s->allocs, &alloc) != 0) {
        gs_hostmem_free(s, offset);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *pp = s->window + offset;
    return CUDA_SUCCESS;
}

CUresult gs_cuMemHostAlloc(void **pp, size_t bytesize, unsigned int Flags)
{
    const unsigned int known =
        CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_WRITECOMBINED;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pp == NULL || (Flags & ~known) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (bytesize == 0) {
        *pp = NULL;
        return CUDA_SUCCESS;
    }
    return alloc_host(&call, bytesize, Flags, pp);
}

CUresult gs_cuMemAllocHost_v2(void **pp, size_t bytesize)
{
    return gs_cuMemHostAlloc(pp, bytesize, 0);
}

/* As native: only when all earlier work is done, which may use the memory. */
CUresult gs_cuMemFreeHost(void *p)
{
    uint64_t address = (uint64_t)(uintptr_t)p;
    struct gs_session *s;
    struct gs_alloc alloc;
    struct gs_call call;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS || p == NULL) {
        return cu;
    }
    s = gs_memory_find(address, &alloc);
    if (s == NULL) {
        cu = gs_enter(&call);
        return cu == CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE : cu;
    }
    if (alloc.kind != GS_ALLOC_HOST || alloc.base != address) {
        cu = gs_session_error(s);
        return cu == CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE : cu;
    }
    cu = gs_settle(s);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!gs_alloc_map_take(&s->allocs, address, GS_ALLOC_HOST, &alloc)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    gs_memory_give_back(s, &alloc);
    return CUDA_SUCCESS;
}

static const struct gs_session *find_host(const void *p, struct gs_alloc *alloc)
{
    const struct gs_session *s = gs_memory_find((uint64_t)(uintptr_t)p, alloc);

    return s != NULL && gs_alloc_is_host(alloc) ? s : NULL;
}

CUresult gs_cuMemHostGetDevicePointer_v2(CUdeviceptr *pdptr, void *p, unsigned int Flags)
{
    const struct gs_session *s;
    struct gs_alloc alloc;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    s = find_host(p, &alloc);
    if (pdptr == NULL || Flags != 0 || s == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pdptr = alloc.kind == GS_ALLOC_REGISTERED
                 ? gs_registration_alias(s, &alloc, (uint64_t)(uintptr_t)p)
                 : (CUdeviceptr)(uintptr_t)p;
    return CUDA_SUCCESS;
}

CUresult gs_cuMemHostGetFlags(unsigned int *pFlags, void *p)
{
    struct gs_alloc alloc;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pFlags == NULL || find_host(p, &alloc) == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pFlags = alloc.host_flags;
    return CUDA_SUCCESS;
}
