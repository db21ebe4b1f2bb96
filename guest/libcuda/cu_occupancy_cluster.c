/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/launch.h"
#include "guest/libcuda/module.h"
#include "guest/libcuda/occupancy.h"

/* The whole configuration, as it travels. */
static void make_key(const struct gs_call *call, const struct gs_function *f,
                     const struct vgpu_args_vgpuClusters *args, struct gs_occupancy_key *key)
{
    const struct gs_occupancy_question question = {
        .kind = args->largest != 0 ? GS_OCCUPANCY_CLUSTER_SIZE : GS_OCCUPANCY_CLUSTERS,
        .numbers = {args->grid_x, args->grid_y, args->grid_z, args->block_x, args->block_y,
                    args->block_z, args->shared_bytes},
        .attributes = args->attributes,
        .attributes_len = args->attributes_len};

    gs_occupancy_key(f, call->context, &question, key);
}

static CUresult ask(const struct gs_call *call, struct gs_function *f, const CUlaunchConfig *config,
                    bool largest, int *answer)
{
    struct gs_attributes a;
    struct vgpu_args_vgpuClusters args = {.function = f->wire,
                                          .grid_x = config->gridDimX,
                                          .grid_y = config->gridDimY,
                                          .grid_z = config->gridDimZ,
                                          .block_x = config->blockDimX,
                                          .block_y = config->blockDimY,
                                          .block_z = config->blockDimZ,
                                          .shared_bytes = config->sharedMemBytes,
                                          .largest = largest};
    struct vgpu_ret_vgpuClusters ret;
    struct gs_occupancy_key key;
    uint64_t known;
    CUresult cu = gs_attributes_take(config, &a);

    if (cu == CUDA_SUCCESS) {
        cu = gs_function_settle(f, config->sharedMemBytes);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    args.attributes = (const uint8_t *)a.list;
    args.attributes_len = (uint32_t)(a.count * sizeof(a.list[0]));
    make_key(call, f, &args, &key);
    if (!gs_occupancy_find(f, &key, &known)) {
        cu = gs_call_vgpuClusters(f->module->session, &args, &ret);
        if (cu != CUDA_SUCCESS) {
            return cu;
        }
        known = (uint32_t)ret.value;
        gs_occupancy_keep(f, &key, known);
    }
    *answer = (int)known;
    return CUDA_SUCCESS;
}

static CUresult question(int *answer, CUfunction func, const CUlaunchConfig *config, bool largest)
{
    struct gs_function *f;
    struct gs_call call;
    CUresult cu;

    if (func == NULL) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = gs_enter(&call);
    if (cu == CUDA_SUCCESS) {
        cu = gs_function_in(&call, func, &f);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return answer != NULL && config != NULL ? ask(&call, f, config, largest, answer)
                                            : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_cuOccupancyMaxActiveClusters(int *numClusters, CUfunction func,
                                         const CUlaunchConfig *config)
{
    return question(numClusters, func, config, false);
}

CUresult gs_cuOccupancyMaxPotentialClusterSize(int *clusterSize, CUfunction func,
                                               const CUlaunchConfig *config)
{
    return question(clusterSize, func, config, true);
}
