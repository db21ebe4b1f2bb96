/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/block.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/range_alloc.h"
#include "ex_driver_table.h"

static CUresult map_physical(struct ex_memory *m, struct ex_block *block)
{
    CUmemAllocationProp prop = {
        .type = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = m->device},
    };
    CUmemAccessDesc access = {
        .location = prop.location,
        .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE,
    };
    CUresult cu = m->driver->cuMemCreate(&block->physical, block->bytes, &prop, 0);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = m->driver->cuMemMap(block->base, block->bytes, 0, block->physical, 0);
    if (cu == CUDA_SUCCESS) {
        cu = m->driver->cuMemSetAccess(block->base, block->bytes, &access, 1);
        if (cu != CUDA_SUCCESS) {
            (void)m->driver->cuMemUnmap(block->base, block->bytes);
        }
    }
    if (cu != CUDA_SUCCESS) {
        (void)m->driver->cuMemRelease(block->physical);
    }
    return cu;
}

static void file_block(struct ex_memory *m, struct ex_block *block)
{
    m->blocks[(block->base - m->base) / EX_BLOCK_BYTES] = block;
    m->used += block->bytes;
    if (block->small != NULL) {
        block->next = m->shared;
        m->shared = block;
    }
}

static CUresult prepare(struct ex_memory *m, struct ex_block *block, bool shared)
{
    if (vgpu_range_alloc(m->arena, block->bytes, 0, &block->base) < 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (shared) {
        block->small = vgpu_range_new(block->base, block->bytes, EX_ALLOCATION_ALIGN);
    }
    CUresult cu = CUDA_ERROR_OUT_OF_MEMORY;

    if (!shared || block->small != NULL) {
        cu = map_physical(m, block);
    }
    if (cu != CUDA_SUCCESS) {
        vgpu_range_destroy(block->small);
        (void)vgpu_range_free(m->arena, block->base);
    }
    return cu;
}

CUresult ex_block_new(struct ex_memory *m, uint64_t bytes, bool shared, struct ex_block **block)
{
    if (!ex_memory_fits(m, bytes)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    struct ex_block *made = calloc(1, sizeof(*made));

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->bytes = bytes;
    CUresult cu = prepare(m, made, shared);

    if (cu != CUDA_SUCCESS) {
        free(made);
        return cu;
    }
    file_block(m, made);
    *block = made;
    return CUDA_SUCCESS;
}

CUresult ex_block_free(struct ex_memory *m, struct ex_block *block)
{
    CUresult cu = m->driver->cuMemUnmap(block->base, block->bytes);

    if (cu != CUDA_SUCCESS) {
        /* Still mapped: the addresses must not be handed out again, so it stays filed. */
        vgpu_log(VGPU_LOG_ERROR, "block not unmapped result=%d", (int)cu);
        return cu;
    }
    cu = m->driver->cuMemRelease(block->physical);
    for (struct ex_block **link = &m->shared; *link != NULL; link = &(*link)->next) {
        if (*link == block) {
            *link = block->next;
            break;
        }
    }
    m->blocks[(block->base - m->base) / EX_BLOCK_BYTES] = NULL;
    m->used -= block->bytes;
    vgpu_range_destroy(block->small);
    (void)vgpu_range_free(m->arena, block->base);
    free(block);
    return cu;
}
