/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/module.h"
#include "guest/libcuda/occupancy.h"

/* How many blocks of this size fit on a multiprocessor. */
struct blocks_of {
    size_t shared;
    int32_t block_size;
    uint32_t flags;
};

static CUresult active_blocks(const struct gs_call *call, struct gs_function *f,
                              const struct blocks_of *of, int *blocks)
{
    struct vgpu_args_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags args = {
        .function = f->wire,
        .block_size = of->block_size,
        .shared_bytes = of->shared,
        .flags = of->flags,
    };
    struct vgpu_ret_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags ret;
    const struct gs_occupancy_question question = {
        .kind = GS_OCCUPANCY_BLOCKS, .numbers = {(uint32_t)of->block_size, of->flags, of->shared}};
    struct gs_occupancy_key key;
    uint64_t answer;
    CUresult cu = gs_function_settle(f, of->shared);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    gs_occupancy_key(f, call->context, &question, &key);
    if (!gs_occupancy_find(f, &key, &answer)) {
        cu = gs_call_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(f->module->session, &args,
                                                                          &ret);
        if (cu != CUDA_SUCCESS) {
            return cu;
        }
        answer = (uint32_t)ret.blocks;
        gs_occupancy_keep(f, &key, answer);
    }
    *blocks = (int)answer;
    return CUDA_SUCCESS;
}

/* Occupancy asks for the context before it looks at the function (measured). */
static CUresult enter(CUfunction handle, struct gs_call *call, struct gs_function **f)
{
    CUresult cu = gs_enter(call);

    return cu == CUDA_SUCCESS ? gs_function_in(call, handle, f) : cu;
}

CUresult gs_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, CUfunction function,
                                                                 int block_size,
                                                                 size_t shared_bytes,
                                                                 unsigned int flags)
{
    const struct blocks_of of = {.block_size = block_size, .flags = flags, .shared = shared_bytes};
    struct gs_function *f;
    struct gs_call call;
    CUresult cu = enter(function, &call, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (blocks == NULL || block_size <= 0 || flags > CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return active_blocks(&call, f, &of, blocks);
}

CUresult gs_cuOccupancyMaxActiveBlocksPerMultiprocessor(int *numBlocks, CUfunction func,
                                                        int blockSize, size_t dynamicSMemSize)
{
    return gs_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(numBlocks, func, blockSize,
                                                                   dynamicSMemSize, 0);
}

struct best {
    int threads; /* resident ones on a multiprocessor */
    int blocks;
    int block_size;
};

static int round_down(int value, int step)
{
    return value / step * step;
}

/*
 * The search that the toolkit's own header makes: block sizes from the largest down by warps; the
 * first one that fills a multiprocessor ends it.  Limits are rounded down to warps, as the driver
 * does (100 gives 64 threads on a card that holds 32 blocks of 64).
 */
static CUresult search(const struct gs_call *call, struct gs_function *f, int limit,
                       CUoccupancyB2DSize size_of, struct blocks_of of, struct best *best)
{
    const struct gs_device *device = call->context->device;
    int warp = gs_device_attribute(device, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 32);
    int most = gs_device_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, 0);
    size_t shared = of.shared;

    for (int size = limit >= warp ? round_down(limit, warp) : limit; size > 0;) {
        int blocks;
        CUresult cu;

        of.block_size = size;
        of.shared = size_of != NULL ? size_of(size) : shared;
        cu = active_blocks(call, f, &of, &blocks);
        if (cu != CUDA_SUCCESS) {
            return cu;
        }
        if (blocks * size > best->threads) {
            *best = (struct best){blocks * size, blocks, size};
        }
        if (best->threads >= most) {
            break;
        }
        size = size > warp ? size - warp : 0;
    }
    return CUDA_SUCCESS;
}

CUresult gs_cuOccupancyMaxPotentialBlockSizeWithFlags(int *minGridSize, int *blockSize,
                                                      CUfunction func,
                                                      CUoccupancyB2DSize blockSizeToDynamicSMemSize,
                                                      size_t dynamicSMemSize, int blockSizeLimit,
                                                      unsigned int flags)
{
    const struct blocks_of of = {.flags = flags, .shared = dynamicSMemSize};
    struct best best = {0, 0, 0};
    struct gs_function *f;
    struct gs_call call;
    int limit;
    CUresult cu = enter(func, &call, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (minGridSize == NULL || blockSize == NULL || blockSizeLimit < 0 ||
        flags > CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    limit = atomic_load(&f->attributes[CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK]);
    if (blockSizeLimit > 0 && blockSizeLimit < limit) {
        limit = blockSizeLimit;
    }
    cu = search(&call, f, limit, blockSizeToDynamicSMemSize, of, &best);
    if (cu == CUDA_SUCCESS) {
        *blockSize = best.block_size;
        *minGridSize =
            best.blocks *
            gs_device_attribute(call.context->device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0);
    }
    return cu;
}

CUresult gs_cuOccupancyMaxPotentialBlockSize(int *minGridSize, int *blockSize, CUfunction func,
                                             CUoccupancyB2DSize blockSizeToDynamicSMemSize,
                                             size_t dynamicSMemSize, int blockSizeLimit)
{
    return gs_cuOccupancyMaxPotentialBlockSizeWithFlags(minGridSize, blockSize, func,
                                                        blockSizeToDynamicSMemSize, dynamicSMemSize,
                                                        blockSizeLimit, 0);
}

static CUresult available(const struct gs_call *call, struct gs_function *f, int32_t blocks,
                          int32_t block_size, size_t *bytes)
{
    struct vgpu_args_cuOccupancyAvailableDynamicSMemPerBlock args = {
        .function = f->wire, .blocks = blocks, .block_size = block_size};
    struct vgpu_ret_cuOccupancyAvailableDynamicSMemPerBlock ret;
    const struct gs_occupancy_question question = {
        .kind = GS_OCCUPANCY_SHARED, .numbers = {(uint32_t)blocks, (uint32_t)block_size}};
    struct gs_occupancy_key key;
    uint64_t answer;

    gs_occupancy_key(f, call->context, &question, &key);
    if (!gs_occupancy_find(f, &key, &answer)) {
        CUresult cu =
            gs_call_cuOccupancyAvailableDynamicSMemPerBlock(f->module->session, &args, &ret);

        if (cu != CUDA_SUCCESS) {
            return cu;
        }
        answer = ret.bytes;
        gs_occupancy_keep(f, &key, answer);
    }
    *bytes = answer;
    return CUDA_SUCCESS;
}

CUresult gs_cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, CUfunction function, int blocks,
                                                    int block_size)
{
    struct gs_function *f;
    struct gs_call call;
    CUresult cu = enter(function, &call, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return bytes != NULL && blocks > 0 && block_size > 0
               ? available(&call, f, blocks, block_size, bytes)
               : CUDA_ERROR_INVALID_VALUE;
}
