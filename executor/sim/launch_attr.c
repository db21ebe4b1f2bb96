/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/launch.h"

#include <string.h>

#include "executor/sim/handle.h"
#include "executor/sim/occupancy.h"

#define CLUSTER_PORTABLE 8
#define CLUSTER_MOST     16

/* Clusters are not simulated: one that has more than a block is refused, not ignored. */
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

static CUresult take_event(const CUlaunchAttributeValue *v, struct launch_request *q)
{
    if (!handle_ok(HANDLE_EVENT, v->launchCompletionEvent.event)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (q->event_count == LAUNCH_EVENTS_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    q->events[q->event_count++] = v->launchCompletionEvent.event;
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
    case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
        return take_event(v, q);
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

static CUresult configure(const CUlaunchConfig *config, struct launch_request *q)
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

CUresult launch_configure(const CUlaunchConfig *config, struct launch_request *q)
{
    CUresult cu = configure(config, q);

    if (cu == CUDA_SUCCESS && q->cluster > 1) {
        sim_log("a cluster of %u blocks cannot be simulated", q->cluster);
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return cu;
}

/* Begin a question about clusters; nothing is held on an error. */
static CUresult begin_cluster(const char *call, const int *out, CUfunction f,
                              const CUlaunchConfig *config, struct launch_request *q)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (out == NULL || config == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    if (!handle_ok(HANDLE_FUNCTION, f)) {
        return sim_end(CUDA_ERROR_INVALID_HANDLE);
    }
    cu = configure(config, q);
    return cu == CUDA_SUCCESS ? CUDA_SUCCESS : sim_end(cu);
}

CUresult cuOccupancyMaxActiveClusters(int *numClusters, CUfunction func,
                                      const CUlaunchConfig *config)
{
    struct launch_request q = {.f = func};
    CUresult cu = begin_cluster(__func__, numClusters, func, config, &q);
    int threads;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    threads = (int)(q.block[0] * q.block[1] * q.block[2]);
    if (threads <= 0) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *numClusters = occupancy_blocks(func, threads, q.shared) * SIM_SM_COUNT /
                   (int)(q.cluster != 0 ? q.cluster : 1);
    return sim_end(CUDA_SUCCESS);
}

CUresult cuOccupancyMaxPotentialClusterSize(int *clusterSize, CUfunction func,
                                            const CUlaunchConfig *config)
{
    struct launch_request q = {.f = func};
    CUresult cu = begin_cluster(__func__, clusterSize, func, config, &q);
    const int allowed = CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED -
                        CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *clusterSize = func->cluster[allowed] != 0 ? CLUSTER_MOST : CLUSTER_PORTABLE;
    return sim_end(CUDA_SUCCESS);
}
