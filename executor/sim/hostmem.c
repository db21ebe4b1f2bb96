/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/memory.h"

#include <errno.h>
#include <sys/mman.h>

#include "executor/sim/context.h"
#include "executor/sim/engine.h"

#define HOST_PAGE 4096
#define HOST_FLAGS                                                                                 \
    (CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_WRITECOMBINED)
#define REGISTER_FLAGS                                                                             \
    (CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP | CU_MEMHOSTREGISTER_IOMEMORY |    \
     CU_MEMHOSTREGISTER_READ_ONLY)
/* More than this cannot be pinned on any machine that is simulated. */
#define REGISTER_MAX ((size_t)1 << 39)

static CUresult host_alloc(CUcontext ctx, void **pp, size_t size, unsigned flags)
{
    struct range r = {.size = size, .kind = RANGE_HOST, .ctx = ctx, .dev = ctx->dev};
    void *p;

    if (pp == NULL || (flags & ~(unsigned)HOST_FLAGS) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (size == 0) {
        *pp = NULL;
        return CUDA_SUCCESS;
    }
    if (size > REGISTER_MAX) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    r.mapped = sim_round_up(size, HOST_PAGE);
    r.flags = flags | CU_MEMHOSTALLOC_DEVICEMAP; /* with unified addressing always mapped */
    r.access = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    p = mmap(NULL, r.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    r.base = (uintptr_t)p;
    if (memory_add(r) != 0) {
        (void)munmap(p, r.mapped);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *pp = p;
    return CUDA_SUCCESS;
}

CUresult cuMemHostAlloc(void **pp, size_t bytesize, unsigned int Flags)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(host_alloc(ctx, pp, bytesize, Flags));
}

CUresult cuMemAllocHost(void **pp, size_t bytesize)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(host_alloc(ctx, pp, bytesize, 0));
}

static CUresult free_host(uintptr_t base)
{
    const struct range *r = memory_find(base);
    CUresult cu;

    if (r == NULL || r->base != base || r->kind != RANGE_HOST) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = engine_wait_all(true);
    if (cu == CUDA_SUCCESS) {
        memory_release(base);
    }
    return cu;
}

CUresult cuMemFreeHost(void *p)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (sim.sticky != CUDA_SUCCESS && context_current() != NULL) {
        return sim_end(sim.sticky);
    }
    return sim_end(p == NULL ? CUDA_SUCCESS : free_host((uintptr_t)p));
}

/* The range of pinned host memory that p lies in; nothing is held on an error. */
static CUresult begin_pinned(const char *call, const void *out, const void *p,
                             const struct range **r)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *r = memory_find((uintptr_t)p);
    if (out == NULL || *r == NULL || ((*r)->kind != RANGE_HOST && (*r)->kind != RANGE_REGISTER)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    return CUDA_SUCCESS;
}

CUresult cuMemHostGetDevicePointer(CUdeviceptr *pdptr, void *p, unsigned int Flags)
{
    const struct range *r;
    CUresult cu = begin_pinned(__func__, pdptr, p, &r);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (Flags != 0) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *pdptr = (CUdeviceptr)(uintptr_t)p;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuMemHostGetFlags(unsigned int *pFlags, void *p)
{
    const struct range *r;
    CUresult cu = begin_pinned(__func__, pFlags, p, &r);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *pFlags = r->flags;
    return sim_end(CUDA_SUCCESS);
}

/* Whether every page is mapped: advice without effect fails over a hole. */
static bool mapped(uintptr_t base, size_t size)
{
    uintptr_t from = base & ~(uintptr_t)(HOST_PAGE - 1);

    return madvise((void *)from, sim_round_up(base + size - from, HOST_PAGE), MADV_NORMAL) == 0;
}

static CUresult host_register(CUcontext ctx, uintptr_t base, size_t size, unsigned flags)
{
    struct range r = {.base = base, .size = size, .kind = RANGE_REGISTER, .ctx = ctx};
    const struct range *hit = NULL;

    if (base == 0 || size == 0 || (flags & ~(unsigned)REGISTER_FLAGS) != 0 || base + size < base) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (size > REGISTER_MAX) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (memory_overlaps(base, size, &hit)) {
        return hit->kind == RANGE_REGISTER ? CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED
                                           : CUDA_ERROR_INVALID_VALUE;
    }
    if (!mapped(base, size)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    r.dev = ctx->dev;
    r.flags = (flags & (CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP)) |
              CU_MEMHOSTALLOC_DEVICEMAP;
    r.access = (flags & CU_MEMHOSTREGISTER_READ_ONLY) != 0 ? CU_MEM_ACCESS_FLAGS_PROT_READ
                                                           : CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    return memory_add(r) == 0 ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuMemHostRegister(void *p, size_t bytesize, unsigned int Flags)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(host_register(ctx, (uintptr_t)p, bytesize, Flags));
}

static CUresult host_unregister(uintptr_t base)
{
    const struct range *r = memory_find(base);
    CUresult cu;

    if (base == 0 || (r != NULL && (r->kind != RANGE_REGISTER || r->base != base))) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (r == NULL) {
        return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
    }
    cu = engine_wait_all(true);
    if (cu == CUDA_SUCCESS) {
        memory_remove(base);
    }
    return cu;
}

CUresult cuMemHostUnregister(void *p)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(host_unregister((uintptr_t)p));
}
