/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/launch.h"

#include <stdlib.h>
#include <string.h>

#include "executor/sim/engine.h"
#include "executor/sim/event.h"
#include "executor/sim/handle.h"
#include "executor/sim/kexec.h"
#include "executor/sim/occupancy.h"
#include "executor/sim/stream.h"

static CUresult take_cluster(const CUlaunchAttributeValue *v, struct launch_request *q)
{
    const uint32_t dim[3] = {v->clusterDim.x, v->clusterDim.y, v->clusterDim.z};
    uint64_t blocks = (uint64_t)dim[0] * dim[1] * dim[2];

    if (blocks == 0 || dim[0] > CLUSTER_MOST || dim[1] > CLUSTER_MOST || dim[2] > CLUSTER_MOST) {
        return CUDA_ERROR_INVALID_CLUSTER_SIZE;
    }
    for (int i = 0; i < 3; i++) {
        if (q->grid[i] % dim[i] != 0) {
            return CUDA_ERROR_INVALID_CLUSTER_SIZE;
        }
    }
    q->cluster = (uint32_t)blocks;
    return CUDA_SUCCESS;
}

static CUresult take_event(CUevent event, bool untimed, struct launch_request *q)
{
    if (!handle_ok(HANDLE_EVENT, event)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (untimed && (event->flags & CU_EVENT_DISABLE_TIMING) == 0) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (q->event_count == LAUNCH_EVENTS_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    q->events[q->event_count++] = event;
    return CUDA_SUCCESS;
}

static CUresult within(unsigned int value, unsigned int most)
{
    return value <= most ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static CUresult take(const CUlaunchAttribute *a, struct launch_request *q)
{
    const CUlaunchAttributeValue *v = &a->value;

    switch ((int)a->id) {
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
        q->cooperative = v->cooperative != 0;
        return CUDA_SUCCESS;
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
        return take_cluster(v, q);
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
        return take_event(v->programmaticEvent.event, false, q);
    case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
        return take_event(v->launchCompletionEvent.event, true, q);
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
        return within((unsigned int)v->clusterSchedulingPolicyPreference,
                      CU_CLUSTER_SCHEDULING_POLICY_LOAD_BALANCING);
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
        return within((unsigned int)v->memSyncDomain, CU_LAUNCH_MEM_SYNC_DOMAIN_REMOTE);
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
        return v->sharedMemCarveout == (unsigned int)-1 ? CUDA_SUCCESS
                                                        : within(v->sharedMemCarveout, 100);
    case CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING:
        return within(v->nvlinkUtilCentricScheduling, 1);
    case CU_LAUNCH_ATTRIBUTE_IGNORE:
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
        return CUDA_SUCCESS; /* hints */
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

CUresult launch_read(const CUlaunchConfig *config, struct launch_request *q)
{
    CUresult cu = CUDA_SUCCESS;

    if (config == NULL || (config->numAttrs != 0 && config->attrs == NULL)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    q->grid[0] = config->gridDimX;
    q->grid[1] = config->gridDimY;
    q->grid[2] = config->gridDimZ;
    q->block[0] = config->blockDimX;
    q->block[1] = config->blockDimY;
    q->block[2] = config->blockDimZ;
    q->shared = config->sharedMemBytes;
    q->stream = config->hStream;
    for (unsigned int i = 0; i < config->numAttrs && cu == CUDA_SUCCESS; i++) {
        cu = take(&config->attrs[i], q);
    }
    return cu;
}

/* Blocks of a cluster are blocks like others as long as the code does not look: what it would see
 * is not simulated, so that is refused, not ignored. */
static CUresult check_cluster(const struct launch_request *q)
{
    const int allowed = CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED -
                        CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET;

    if (q->cluster <= 1 || !handle_ok(HANDLE_FUNCTION, q->f)) {
        return CUDA_SUCCESS;
    }
    if (q->cluster > (q->f->cluster[allowed] != 0 ? CLUSTER_MOST : CLUSTER_PORTABLE)) {
        return CUDA_ERROR_INVALID_CLUSTER_SIZE;
    }
    if (q->f->module->ptx->sees_clusters) {
        sim_log("a cluster of %u blocks cannot be simulated", q->cluster);
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return CUDA_SUCCESS;
}

static CUresult launch_configure(const CUlaunchConfig *config, struct launch_request *q)
{
    CUresult cu = launch_read(config, q);

    return cu == CUDA_SUCCESS ? check_cluster(q) : cu;
}

static CUresult check_dims(const struct launch_request *q)
{
    uint64_t threads = (uint64_t)q->block[0] * q->block[1];

    for (int i = 0; i < 3; i++) {
        if (q->grid[i] == 0 || q->block[i] == 0) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    if (q->grid[0] > INT32_MAX || q->grid[1] > 65535 || q->grid[2] > 65535 || q->block[0] > 1024 ||
        q->block[1] > 1024 || q->block[2] > 64 || threads * q->block[2] > q->f->ptx->max_threads) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (int i = 0; i < 3; i++) {
        if (q->f->ptx->reqntid[0] != 0 && q->f->ptx->reqntid[i] != q->block[i]) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    return q->shared > (uint32_t)q->f->dynamic_shared_max ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

static CUresult check_cooperative(const struct launch_request *q)
{
    uint64_t blocks = (uint64_t)q->grid[0] * q->grid[1] * q->grid[2];
    int threads = (int)(q->block[0] * q->block[1] * q->block[2]);
    uint64_t fit = (uint64_t)occupancy_blocks(q->f, threads, q->shared) * SIM_SM_COUNT;

    return q->cooperative && blocks > fit ? CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE : CUDA_SUCCESS;
}

/* The buffer form: key and value pairs up to CU_LAUNCH_PARAM_END. */
static CUresult extra_params(const struct ptx_func *f, void *const *extra, uint8_t *out)
{
    const void *buffer = NULL;
    const size_t *size = NULL;

    for (size_t i = 0; extra[i] != CU_LAUNCH_PARAM_END; i += 2) {
        if (extra[i] == CU_LAUNCH_PARAM_BUFFER_POINTER) {
            buffer = extra[i + 1];
        } else if (extra[i] == CU_LAUNCH_PARAM_BUFFER_SIZE) {
            size = extra[i + 1];
        } else {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    if (buffer == NULL || size == NULL || (*size == 0 && f->param_bytes != 0)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (*size > sim_round_up(f->param_bytes, 8)) {
        return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
    }
    memcpy(out, buffer, *size < f->param_bytes ? *size : f->param_bytes);
    return CUDA_SUCCESS;
}

static CUresult gather_params(const struct launch_request *q, uint8_t *out)
{
    const struct ptx_func *f = q->f->ptx;

    if (q->params != NULL && q->extra != NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (q->extra != NULL) {
        return extra_params(f, q->extra, out);
    }
    if (q->params == NULL) {
        return f->param_count == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    }
    for (uint32_t i = 0; i < f->param_count; i++) {
        if (q->params[i] == NULL) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        memcpy(out + f->param[i].offset, q->params[i], f->param[i].size);
    }
    return CUDA_SUCCESS;
}

CUresult launch_check(const struct launch_request *q, uint8_t *params)
{
    CUresult cu = check_dims(q);

    return cu == CUDA_SUCCESS ? gather_params(q, params) : cu;
}

static CUresult enqueue(CUcontext ctx, const struct launch_request *q, struct CUstream_st *stream)
{
    struct kexec_launch launch = {
        .func = q->f->ptx,
        .grid = {q->grid[0], q->grid[1], q->grid[2]},
        .block = {q->block[0], q->block[1], q->block[2]},
        .shared_dynamic = q->shared,
        .stack_limit = ctx->limit[CU_LIMIT_STACK_SIZE],
        .cooperative = q->cooperative,
    };
    uint8_t *params = calloc(1, q->f->ptx->param_bytes + 1);
    struct sim_op *op = engine_op_new(OP_KERNEL);
    CUresult cu = CUDA_ERROR_OUT_OF_MEMORY;

    if (params != NULL && op != NULL) {
        cu = gather_params(q, params);
    }
    if (cu == CUDA_SUCCESS) {
        launch.params = params;
        op->kernel = kexec_new(&launch);
        cu = op->kernel == NULL ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
    }
    free(params);
    if (cu != CUDA_SUCCESS) {
        free(op);
        return cu;
    }
    return engine_submit(stream, op);
}

/* The events of attributes are recorded behind the kernel: later than they may be, never earlier.
 */
static CUresult record_events(CUcontext ctx, const struct launch_request *q)
{
    CUresult cu = CUDA_SUCCESS;

    for (unsigned int i = 0; i < q->event_count && cu == CUDA_SUCCESS; i++) {
        cu = event_record(ctx, q->events[i], q->stream, CU_EVENT_RECORD_DEFAULT);
    }
    return cu;
}

static CUresult submit(CUcontext ctx, const struct launch_request *q)
{
    struct CUstream_st *stream;
    CUresult cu;

    if (!handle_ok(HANDLE_FUNCTION, q->f)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    cu = check_dims(q);
    if (cu == CUDA_SUCCESS) {
        cu = check_cooperative(q);
    }
    if (cu == CUDA_SUCCESS) {
        cu = stream_resolve(ctx, q->stream, &stream);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (q->f->module->ctx != stream->ctx) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    cu = enqueue(ctx, q, stream);
    return cu == CUDA_SUCCESS ? record_events(ctx, q) : cu;
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction f, void **kernelParams,
                          void **extra)
{
    struct launch_request q = {.f = f, .params = kernelParams, .extra = extra};
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = launch_configure(config, &q);
    return sim_end(cu == CUDA_SUCCESS ? submit(ctx, &q) : cu);
}

CUresult cuLaunchKernel(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,
                        unsigned int gridDimZ, unsigned int blockDimX, unsigned int blockDimY,
                        unsigned int blockDimZ, unsigned int sharedMemBytes, CUstream hStream,
                        void **kernelParams, void **extra)
{
    struct launch_request q = {
        .f = f,
        .grid = {gridDimX, gridDimY, gridDimZ},
        .block = {blockDimX, blockDimY, blockDimZ},
        .shared = sharedMemBytes,
        .stream = hStream,
        .params = kernelParams,
        .extra = extra,
    };
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(submit(ctx, &q));
}

CUresult cuLaunchCooperativeKernel(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,
                                   unsigned int gridDimZ, unsigned int blockDimX,
                                   unsigned int blockDimY, unsigned int blockDimZ,
                                   unsigned int sharedMemBytes, CUstream hStream,
                                   void **kernelParams)
{
    struct launch_request q = {
        .f = f,
        .grid = {gridDimX, gridDimY, gridDimZ},
        .block = {blockDimX, blockDimY, blockDimZ},
        .shared = sharedMemBytes,
        .stream = hStream,
        .params = kernelParams,
        .cooperative = true,
    };
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(submit(ctx, &q));
}
