/* SPDX-License-Identifier: Apache-2.0 */
#include "ex_dispatch.h"

#include <inttypes.h>

#include "common/log.h"
#include "executor/worker/session.h"

/* The calls about device memory, over memory.c. */

CUresult ex_check_device(struct ex_session *x, uint64_t ptr, uint64_t bytes)
{
    if (bytes == 0 || ex_memory_contains(x->memory, ptr, bytes) ||
        ex_vmm_contains(x->vmm, ptr, bytes)) {
        return CUDA_SUCCESS;
    }
    return CUDA_ERROR_INVALID_VALUE;
}

CUresult ex_do_cuMemAlloc_v2(struct ex_session *session, const struct vgpu_args_cuMemAlloc_v2 *args,
                             struct vgpu_ret_cuMemAlloc_v2 *ret)
{
    uint64_t ptr = 0;
    CUresult cu;

    vgpu_log(VGPU_LOG_DEBUG,
             "[cuda-executor] cuMemAlloc: allocating %" PRIu64 " bytes session=%" PRIu64,
             args->bytesize, session->id);
    cu = ex_memory_alloc(session->memory, args->bytesize, &ptr);
    if (cu == CUDA_SUCCESS) {
        vgpu_log(VGPU_LOG_DEBUG,
                 "[cuda-executor] cuMemAlloc SUCCESS session=%" PRIu64 " ptr=0x%" PRIx64,
                 session->id, ptr);
    } else {
        vgpu_log(VGPU_LOG_DEBUG, "[cuda-executor] cuMemAlloc FAILED session=%" PRIu64 " result=%d",
                 session->id, (int)cu);
    }
    ret->dptr = ptr;
    return cu;
}

CUresult ex_do_cuMemFree_v2(struct ex_session *session, const struct vgpu_args_cuMemFree_v2 *args,
                            struct vgpu_ret_cuMemFree_v2 *ret)
{
    (void)ret;
    /* The guest has waited for what uses it; one that has not faults, or mixes its own data up. */
    return ex_memory_retire(session->memory, args->dptr)
               ? ex_memory_reclaim(session->memory, args->dptr)
               : CUDA_ERROR_INVALID_VALUE;
}

CUresult ex_do_cuMemGetInfo_v2(struct ex_session *session,
                               const struct vgpu_args_cuMemGetInfo_v2 *args,
                               struct vgpu_ret_cuMemGetInfo_v2 *ret)
{
    size_t device_free = 0;
    size_t device_total = 0;
    uint64_t used;
    uint64_t quota;
    uint64_t others = 0;
    CUresult cu = session->driver->cuMemGetInfo(&device_free, &device_total);

    (void)args;
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    ret->free = device_free;
    ret->total = device_total;
    ex_memory_usage(session->memory, &used, &quota);
    if (quota == 0 || quota > device_total) {
        return CUDA_SUCCESS;
    }
    if (ex_memory_has_ledger(session->memory) && !ex_room_others(&others)) {
        ex_room_want(0); /* and comes again */
    }
    used = used < quota ? used : quota;
    others = others < quota - used ? others : quota - used;
    ret->total = quota;
    ret->free = quota - used - others < device_free ? quota - used - others : device_free;
    return CUDA_SUCCESS;
}
