/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/launch.h"
#include "guest/libcuda/module.h"

static CUresult ask(struct gs_function *f, const CUlaunchConfig *config, bool largest, int *answer)
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
    CUresult cu = gs_attributes_take(config, &a);

    if (cu == CUDA_SUCCESS) {
        cu = gs_function_settle(f, config->sharedMemBytes);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    args.attributes = (const uint8_t *)a.list;
    args.attributes_len = (uint32_t)(a.count * sizeof(a.list[0]));
    cu = gs_call_vgpuClusters(f->module->session, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        *answer = ret.value;
    }
    return cu;
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
    return answer != NULL && config != NULL ? ask(f, config, largest, answer)
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
