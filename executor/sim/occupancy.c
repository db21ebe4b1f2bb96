/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/occupancy.h"

#include "executor/sim/handle.h"
#include "executor/sim/launch.h"

#define WARP 32
/* Registers are given to a warp in units of this. */
#define REG_UNIT 256

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

int occupancy_blocks(const struct CUfunc_st *f, int threads, size_t shared_dynamic)
{
    size_t warps = ((size_t)threads + WARP - 1) / WARP;
    size_t regs = sim_round_up((size_t)f->ptx->reg_estimate * WARP, REG_UNIT) * warps;
    size_t shared = f->ptx->shared_bytes + shared_dynamic;
    size_t blocks = least(SIM_BLOCKS_PER_SM, SIM_THREADS_PER_SM / (warps * WARP));

    if (threads > SIM_THREADS_PER_BLOCK || shared > SIM_SHARED_OPTIN) {
        return 0;
    }
    blocks = least(blocks, SIM_REGS_PER_SM / regs);
    return (int)least(blocks, SIM_SHARED_PER_SM / (shared + SIM_SHARED_RESERVED));
}

/* Begin a query of a function; nothing is held on an error. */
static CUresult begin_query(const char *call, const void *out, CUfunction f)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (out == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    return handle_ok(HANDLE_FUNCTION, f) ? CUDA_SUCCESS : sim_end(CUDA_ERROR_INVALID_HANDLE);
}

static CUresult max_blocks(const char *call, int *numBlocks, CUfunction f, int threads,
                           size_t shared, unsigned int flags)
{
    CUresult cu = begin_query(call, numBlocks, f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (threads <= 0 || (flags & ~(unsigned)CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE) != 0) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *numBlocks = occupancy_blocks(f, threads, shared);
    return sim_end(CUDA_SUCCESS);
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *numBlocks, CUfunction func, int blockSize,
                                                     size_t dynamicSMemSize)
{
    return max_blocks(__func__, numBlocks, func, blockSize, dynamicSMemSize, 0);
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *numBlocks, CUfunction func,
                                                              int blockSize, size_t dynamicSMemSize,
                                                              unsigned int flags)
{
    return max_blocks(__func__, numBlocks, func, blockSize, dynamicSMemSize, flags);
}

struct potential {
    CUoccupancyB2DSize shared_of;
    size_t shared;
    int limit;
};

/* The largest block size that gives the most resident threads. */
static void best_block(CUfunction f, const struct potential *p, int *grid, int *block)
{
    int max = (int)f->ptx->max_threads;
    int limit = p->limit > 0 && p->limit < max ? p->limit : max;
    int best = 0;

    *grid = 0;
    *block = 0;
    for (int try = (limit + WARP - 1) / WARP * WARP; try > 0; try -= WARP) {
        int size = try < limit ?
        try : limit
            ;
        int blocks =
            occupancy_blocks(f, size, p->shared_of != NULL ? p->shared_of(size) : p->shared);

        if (blocks * size > best) {
            best = blocks * size;
            *block = size;
            *grid = blocks * SIM_SM_COUNT;
        }
        if (best == SIM_THREADS_PER_SM) {
            break;
        }
    }
}

static CUresult potential_size(const char *call, int *minGridSize, int *blockSize, CUfunction f,
                               const struct potential *p, unsigned int flags)
{
    CUresult cu = begin_query(call, minGridSize, f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (blockSize == NULL || (flags & ~(unsigned)CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE) != 0) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    best_block(f, p, minGridSize, blockSize);
    return sim_end(CUDA_SUCCESS);
}

CUresult cuOccupancyMaxPotentialBlockSize(int *minGridSize, int *blockSize, CUfunction func,
                                          CUoccupancyB2DSize blockSizeToDynamicSMemSize,
                                          size_t dynamicSMemSize, int blockSizeLimit)
{
    struct potential p = {blockSizeToDynamicSMemSize, dynamicSMemSize, blockSizeLimit};

    return potential_size(__func__, minGridSize, blockSize, func, &p, 0);
}

CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(int *minGridSize, int *blockSize,
                                                   CUfunction func,
                                                   CUoccupancyB2DSize blockSizeToDynamicSMemSize,
                                                   size_t dynamicSMemSize, int blockSizeLimit,
                                                   unsigned int flags)
{
    struct potential p = {blockSizeToDynamicSMemSize, dynamicSMemSize, blockSizeLimit};

    return potential_size(__func__, minGridSize, blockSize, func, &p, flags);
}

CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *dynamicSmemSize, CUfunction func,
                                                 int numBlocks, int blockSize)
{
    CUresult cu = begin_query(__func__, dynamicSmemSize, func);
    size_t share;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (blockSize <= 0 || numBlocks <= 0 || numBlocks > occupancy_blocks(func, blockSize, 0)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    share = least(SIM_SHARED_PER_SM / (size_t)numBlocks, SIM_SHARED_OPTIN);
    *dynamicSmemSize = share - least(share, func->ptx->shared_bytes);
    return sim_end(CUDA_SUCCESS);
}

/* Begin a question about clusters; nothing is held on an error. */
static CUresult begin_cluster(const char *call, const int *out, CUfunction f,
                              const CUlaunchConfig *config, struct launch_request *q)
{
    CUcontext ctx;
    CUresult cu = f == NULL ? CUDA_ERROR_INVALID_VALUE : sim_begin_ctx(call, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (out == NULL || config == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    if (!handle_ok(HANDLE_FUNCTION, f)) {
        return sim_end(CUDA_ERROR_INVALID_HANDLE);
    }
    cu = launch_read(config, q);
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
