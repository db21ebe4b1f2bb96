/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/module.h"

static bool same(const struct gs_occupancy *a, const struct gs_occupancy *b)
{
    return a->known && a->of_shared == b->of_shared && a->block_size == b->block_size &&
           a->flags == b->flags && (a->of_shared ? a->blocks == b->blocks : a->shared == b->shared);
}

static bool remembered(struct gs_function *f, struct gs_occupancy *question)
{
    bool found = false;

    (void)pthread_mutex_lock(&f->lock);
    for (unsigned int i = 0; i < GS_OCCUPANCY && !found; i++) {
        if (same(&f->occupancy[i], question)) {
            *question = f->occupancy[i];
            found = true;
        }
    }
    (void)pthread_mutex_unlock(&f->lock);
    return found;
}

static void remember(struct gs_function *f, const struct gs_occupancy *answer)
{
    (void)pthread_mutex_lock(&f->lock);
    f->occupancy[f->next_occupancy] = *answer;
    f->occupancy[f->next_occupancy].known = true;
    f->next_occupancy = (f->next_occupancy + 1) % GS_OCCUPANCY;
    (void)pthread_mutex_unlock(&f->lock);
}

static CUresult active_blocks(struct gs_function *f, struct gs_occupancy *question)
{
    struct vgpu_args_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags args = {
        .function = f->wire,
        .block_size = question->block_size,
        .shared_bytes = question->shared,
        .flags = question->flags,
    };
    struct vgpu_ret_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags ret;
    CUresult cu = gs_function_settle(f, question->shared);

    if (cu == CUDA_SUCCESS && remembered(f, question)) {
        return CUDA_SUCCESS;
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_call_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(f->module->session, &args,
                                                                          &ret);
    }
    if (cu == CUDA_SUCCESS) {
        question->blocks = ret.blocks;
        remember(f, question);
    }
    return cu;
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
    struct gs_occupancy question = {
        .block_size = block_size, .flags = flags, .shared = shared_bytes};
    struct gs_function *f;
    struct gs_call call;
    CUresult cu = enter(function, &call, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (blocks == NULL || block_size <= 0 || flags > CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = active_blocks(f, &question);
    if (cu == CUDA_SUCCESS) {
        *blocks = question.blocks;
    }
    return cu;
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
static CUresult search(struct gs_function *f, const struct gs_device *device, int limit,
                       CUoccupancyB2DSize size_of, struct gs_occupancy question, struct best *best)
{
    int warp = gs_device_attribute(device, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 32);
    int most = gs_device_attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, 0);
    size_t shared = question.shared;

    for (int size = limit >= warp ? round_down(limit, warp) : limit; size > 0;) {
        CUresult cu;

        question.block_size = size;
        question.shared = size_of != NULL ? size_of(size) : shared;
        cu = active_blocks(f, &question);
        if (cu != CUDA_SUCCESS) {
            return cu;
        }
        if (question.blocks * size > best->threads) {
            *best = (struct best){question.blocks * size, question.blocks, size};
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
    struct gs_occupancy question = {.flags = flags, .shared = dynamicSMemSize};
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
    cu = search(f, call.context->device, limit, blockSizeToDynamicSMemSize, question, &best);
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

CUresult gs_cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, CUfunction function, int blocks,
                                                    int block_size)
{
    struct vgpu_args_cuOccupancyAvailableDynamicSMemPerBlock args = {.blocks = blocks,
                                                                     .block_size = block_size};
    struct gs_occupancy question = {.of_shared = true, .block_size = block_size, .blocks = blocks};
    struct vgpu_ret_cuOccupancyAvailableDynamicSMemPerBlock ret;
    struct gs_function *f;
    struct gs_call call;
    CUresult cu = enter(function, &call, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (bytes == NULL || blocks <= 0 || block_size <= 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    args.function = f->wire;
    if (!remembered(f, &question)) {
        cu = gs_call_cuOccupancyAvailableDynamicSMemPerBlock(f->module->session, &args, &ret);
        if (cu == CUDA_SUCCESS) {
            question.shared = ret.bytes;
            remember(f, &question);
        }
    }
    if (cu == CUDA_SUCCESS) {
        *bytes = question.shared;
    }
    return cu;
}
