/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/memory.h"
#include "guest/libcuda/registration.h"

CUresult gs_cuMemHostRegister_v2(void *p, size_t bytesize, unsigned int Flags)
{
    const unsigned int known = CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP |
                               CU_MEMHOSTREGISTER_IOMEMORY | CU_MEMHOSTREGISTER_READ_ONLY;
    const unsigned int kept = CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP;
    uint64_t base = (uint64_t)(uintptr_t)p;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (p == NULL || bytesize == 0 || (Flags & ~known) != 0 || base + bytesize < base) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((Flags & CU_MEMHOSTREGISTER_IOMEMORY) != 0) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (bytesize > call.session->link.channel.bytes) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return gs_register(&call, base, bytesize, (Flags & kept) | CU_MEMHOSTALLOC_DEVICEMAP);
}

/* As native: only when all earlier work is done, which may use the memory. */
CUresult gs_cuMemHostUnregister(void *p)
{
    uint64_t base = (uint64_t)(uintptr_t)p;
    struct gs_session *s;
    struct gs_alloc alloc;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    s = gs_memory_find(base, &alloc);
    if (p == NULL || (s != NULL && (alloc.kind != GS_ALLOC_REGISTERED || alloc.base != base))) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (s == NULL) {
        return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
    }
    cu = gs_settle(s);
    if (cu == CUDA_SUCCESS && !gs_alloc_map_take(&s->allocs, base, GS_ALLOC_REGISTERED, &alloc)) {
        cu = CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
    }
    return cu == CUDA_SUCCESS ? gs_unregister(s, &alloc) : cu;
}
