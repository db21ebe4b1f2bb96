/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/graph_block.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "guest/libcuda/graph.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/session.h"

/* A block serves a smaller allocation only if that is at least half of it. */
#define WASTE_MAX 2u

static struct gs_block *blocks; /* that somebody holds */
static struct gs_block *gone;
/* Read without the lock: whether there is anything to give back. */
static _Atomic bool any_gone;
static uint64_t last_id;
static struct gs_block_sums sums[VGPU_DEVICES_MAX];

struct gs_block_sums *gs_block_sums(uint32_t device)
{
    return &sums[device];
}

static void count_new(const struct gs_block *block)
{
    struct gs_block_sums *sum = &sums[block->device];

    sum->used += block->room;
    sum->reserved += block->room;
    sum->used_high = sum->used > sum->used_high ? sum->used : sum->used_high;
    sum->reserved_high = sum->reserved > sum->reserved_high ? sum->reserved : sum->reserved_high;
}

static void unlist(struct gs_block **list, const struct gs_block *block)
{
    while (*list != block) {
        list = &(*list)->next;
    }
    *list = block->next;
}

static void enter_map(struct gs_block *block, uint64_t bytes)
{
    struct gs_alloc_map *map = &block->session->allocs;
    struct gs_alloc alloc = {.base = block->address, .kind = GS_ALLOC_GRAPH};
    struct gs_alloc old;

    if (gs_alloc_map_take(map, block->address, GS_ALLOC_GRAPH, &old)) {
        alloc.size = old.size;
    }
    alloc.size = bytes > alloc.size ? bytes : alloc.size;
    (void)gs_alloc_map_add(map, &alloc);
}

static void let_go(struct gs_block *block)
{
    struct gs_alloc alloc;

    if (--block->holders > 0) {
        return;
    }
    unlist(&blocks, block);
    if (block->session == NULL) {
        free(block);
        return;
    }
    (void)gs_alloc_map_take(&block->session->allocs, block->address, GS_ALLOC_GRAPH, &alloc);
    sums[block->device].used -= block->room;
    block->next = gone;
    gone = block;
    atomic_store(&any_gone, true);
}

static struct gs_block *find(uint64_t address)
{
    struct gs_block *block = blocks;

    while (block != NULL && (block->address != address || block->session == NULL)) {
        block = block->next;
    }
    return block;
}

static struct gs_block *find_id(uint64_t id)
{
    struct gs_block *block = blocks;

    while (block != NULL && block->id != id) {
        block = block->next;
    }
    return block;
}

/* ---- nodes ---- */

static bool fits(const struct gs_block *block, const struct gs_graph *graph,
                 const struct gs_alloc_node *want)
{
    const struct gs_node *freed = gs_node_find((CUgraphNode)(uintptr_t)block->freed_by);

    return block->graph == graph->handle && block->session == want->session && !block->taken &&
           !block->live && freed != NULL && freed->mark != 0 && block->room >= want->bytes &&
           block->room / WASTE_MAX <= want->bytes;
}

bool gs_block_reuse(struct gs_graph *graph, const CUgraphNode *deps, size_t count,
                    struct gs_node_params *params)
{
    struct gs_alloc_node *want = &params->alloc;
    struct gs_block *best = NULL;

    if (!gs_graph_mark_before(graph, deps, count)) {
        return false;
    }
    for (struct gs_block *block = blocks; block != NULL; block = block->next) {
        if (fits(block, graph, want) && (best == NULL || block->room < best->room)) {
            best = block;
        }
    }
    if (best == NULL) {
        return false;
    }
    best->taken = true;
    want->block = best;
    want->reused = true;
    enter_map(best, want->bytes);
    return true;
}

static CUresult get_memory(struct gs_session *s, uint64_t bytes, uint64_t *address)
{
    CUresult cu;

    gs_blocks_reap(s);
    cu = gs_device_memory_alloc(s, bytes, address);
    if (cu != CUDA_ERROR_OUT_OF_MEMORY) {
        return cu;
    }
    cu = gs_settle(s);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    gs_blocks_reap(s);
    return gs_device_memory_alloc(s, bytes, address);
}

CUresult gs_block_new(struct gs_session *s, struct gs_node_params *params)
{
    struct gs_block *block = calloc(1, sizeof(*block));
    CUresult cu;

    if (block == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = get_memory(s, params->alloc.bytes, &block->address);
    if (cu != CUDA_SUCCESS) {
        free(block);
        return cu;
    }
    block->room = (params->alloc.bytes + GS_DEVICE_ALIGN - 1) & ~(uint64_t)(GS_DEVICE_ALIGN - 1);
    block->session = s;
    block->device = s->index;
    block->holders = 1;
    block->taken = true;
    gs_graphs_lock();
    block->id = ++last_id;
    block->next = blocks;
    blocks = block;
    count_new(block);
    enter_map(block, params->alloc.bytes);
    gs_graphs_unlock();
    params->alloc.block = block;
    params->alloc.reused = false;
    return CUDA_SUCCESS;
}

void gs_block_undo(struct gs_node_params *params)
{
    struct gs_alloc_node *alloc = &params->alloc;

    if (alloc->block != NULL && !alloc->placed && alloc->reused) {
        alloc->block->taken = false;
    } else if (alloc->block != NULL && !alloc->placed) {
        let_go(alloc->block);
    }
    alloc->block = NULL;
}

void gs_block_placed(struct gs_node *node)
{
    struct gs_alloc_node *alloc = &node->params.alloc;

    alloc->placed = true;
    alloc->address = alloc->block->address;
    alloc->block->graph = node->graph->handle;
    alloc->block->freed_by = 0;
    alloc->block->foreign = false;
    node->graph->memory++;
}

static bool frees_already(const struct gs_graph *graph, uint64_t id)
{
    for (const struct gs_node *node = graph->first; node != NULL; node = node->next) {
        if (node->params.type == CU_GRAPH_NODE_TYPE_MEM_FREE && node->params.free.block == id) {
            return true;
        }
    }
    return false;
}

CUresult gs_block_may_free(const struct gs_graph *graph, uint64_t address)
{
    const struct gs_block *block = find(address);

    if (block == NULL || block->freed_by != 0 ||
        (block->graph == graph->handle ? block->foreign : frees_already(graph, block->id))) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

void gs_block_freed(struct gs_node *node)
{
    struct gs_block *block = find(node->params.free.address);

    if (block == NULL) {
        return; /* never: gs_block_may_free() found it under the same hold of the lock */
    }
    node->params.free.block = block->id;
    if (block->graph == node->graph->handle) {
        block->freed_by = node->handle;
        block->taken = false;
    } else {
        block->foreign = true;
    }
    node->graph->memory++;
}

void gs_blocks_let_go(const struct gs_graph *graph)
{
    struct gs_block *block = blocks;

    while (block != NULL) {
        struct gs_block *next = block->next;

        if (block->graph == graph->handle) {
            block->graph = 0;
            let_go(block);
        }
        block = next;
    }
}

/* ---- runs ---- */

static uint32_t count_own(const struct gs_graph *graph)
{
    uint32_t count = 0;

    for (const struct gs_block *block = blocks; block != NULL; block = block->next) {
        count += block->graph == graph->handle;
    }
    return count;
}

static CUresult take_frees(const struct gs_graph *graph, struct gs_exec_blocks *taken)
{
    for (const struct gs_node *node = graph->first; node != NULL; node = node->next) {
        const struct gs_block *block;

        if (node->params.type != CU_GRAPH_NODE_TYPE_MEM_FREE) {
            continue;
        }
        block = find_id(node->params.free.block);
        if (block == NULL) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        if (block->graph != graph->handle) {
            taken->frees[taken->free_count++] = block->id;
        }
    }
    return CUDA_SUCCESS;
}

CUresult gs_exec_blocks_take(const struct gs_graph *graph, struct gs_exec_blocks *taken)
{
    taken->own = calloc((size_t)count_own(graph) + 1, sizeof(*taken->own));
    taken->frees = calloc((size_t)graph->memory + 1, sizeof(*taken->frees));
    if (taken->own == NULL || taken->frees == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    for (struct gs_block *block = blocks; block != NULL; block = block->next) {
        if (block->graph == graph->handle) {
            taken->own[taken->count].block = block;
            taken->own[taken->count].unfreed = block->freed_by == 0;
            taken->count++;
            block->holders++;
        }
    }
    return take_frees(graph, taken);
}

void gs_exec_blocks_drop(struct gs_exec_blocks *taken)
{
    for (uint32_t i = 0; i < taken->count; i++) {
        let_go(taken->own[i].block);
    }
    free(taken->own);
    free(taken->frees);
    *taken = (struct gs_exec_blocks){.count = 0};
}

CUresult gs_exec_blocks_check(const struct gs_exec_blocks *taken, bool again)
{
    for (uint32_t i = 0; i < taken->count; i++) {
        if (taken->own[i].unfreed && taken->own[i].block->live && !again) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    for (uint32_t i = 0; i < taken->free_count; i++) {
        const struct gs_block *block = find_id(taken->frees[i]);

        if (block == NULL || !block->live) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    return CUDA_SUCCESS;
}

static void end_life(struct gs_block *block)
{
    block->live = false;
    let_go(block);
}

void gs_exec_blocks_ran(const struct gs_exec_blocks *taken, const struct gs_stream *stream)
{
    for (uint32_t i = 0; i < taken->count; i++) {
        struct gs_block *block = taken->own[i].block;

        block->point = gs_point_now(stream);
        if (taken->own[i].unfreed && !block->live) {
            block->live = true;
            block->holders++;
        }
    }
    for (uint32_t i = 0; i < taken->free_count; i++) {
        struct gs_block *block = find_id(taken->frees[i]);

        if (block != NULL && block->live) {
            block->point = gs_point_now(stream);
            end_life(block);
        }
    }
}

CUresult gs_block_free(uint64_t address, const struct gs_stream *stream)
{
    CUresult cu = CUDA_ERROR_INVALID_VALUE;
    struct gs_block *block;

    gs_graphs_lock();
    block = find(address);
    if (block != NULL && block->live) {
        if (stream != NULL) {
            block->point = gs_point_now(stream);
        }
        end_life(block);
        cu = CUDA_SUCCESS;
    }
    gs_graphs_unlock();
    return cu;
}

/* ---- the end ---- */

void gs_blocks_reap(struct gs_session *s)
{
    struct gs_block **at = &gone;
    struct gs_block *done = NULL;

    if (!atomic_load(&any_gone)) {
        return;
    }
    gs_graphs_lock();
    while (*at != NULL) {
        struct gs_block *block = *at;

        if (block->session != s || !gs_point_is_past(s, &block->point)) {
            at = &block->next;
            continue;
        }
        *at = block->next;
        sums[block->device].reserved -= block->room;
        block->next = done;
        done = block;
    }
    atomic_store(&any_gone, gone != NULL);
    gs_graphs_unlock();
    while (done != NULL) {
        struct gs_block *next = done->next;

        (void)gs_device_memory_free(s, done->address);
        free(done);
        done = next;
    }
}

void gs_blocks_forget(struct gs_session *s)
{
    struct gs_block **at = &gone;
    struct gs_block *next;

    gs_graphs_lock();
    for (struct gs_block *block = blocks; block != NULL; block = next) {
        next = block->next;
        if (block->session == s) {
            block->session = NULL;
            if (block->live) {
                end_life(block); /* nobody can free it any more */
            }
        }
    }
    while (*at != NULL) {
        struct gs_block *block = *at;

        if (block->session == s) {
            *at = block->next;
            free(block);
        } else {
            at = &block->next;
        }
    }
    sums[s->index].used = 0;
    sums[s->index].reserved = 0;
    gs_graphs_unlock();
}
