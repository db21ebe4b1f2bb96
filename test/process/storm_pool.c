/* SPDX-License-Identifier: Apache-2.0 */

/* Scenes of storm.c: memory in the order of streams, and the pools that it comes from. */

#include "test/process/storm.h"

static CUmemoryPool new_pool(struct storm_actor *a)
{
    const CUmemPoolProps props = {
        .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = a->device}};
    CUmemoryPool pool = NULL;

    STORM(cuMemPoolCreate(&pool, &props));
    return pool;
}

static void ordered(struct storm_actor *a)
{
    unsigned int words = storm_words(a), value = storm_value(a);
    struct storm_lane lane = storm_enter(a);
    CUdeviceptr p = 0;

    STORM(cuMemAllocAsync(&p, words * 4ul, lane.stream));
    storm_fill(a, lane.stream, p, words, value);
    if (storm_pick(a, 2) == 0) {
        storm_verify(a, lane.stream, p, words, value);
    }
    STORM(cuMemFreeAsync(p, lane.stream));
    storm_leave(a, lane);
}

/* Made in one stream, used and freed in another. */
static void handed_over(struct storm_actor *a)
{
    unsigned int words = storm_words(a), value = storm_value(a);
    struct storm_lane from = storm_enter(a), to = storm_enter(a);
    CUevent event = NULL;
    CUdeviceptr p = 0;

    STORM(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    STORM(cuMemAllocAsync(&p, words * 4ul, from.stream));
    storm_fill(a, from.stream, p, words, value);
    STORM(cuEventRecord(event, from.stream));
    STORM(cuStreamWaitEvent(to.stream, event, 0));
    STORM(cuEventDestroy_v2(event));
    storm_leave(a, from);
    storm_verify(a, to.stream, p, words, value);
    STORM(cuMemFreeAsync(p, to.stream));
    storm_leave(a, to);
}

static void set_threshold(struct storm_actor *a, CUmemoryPool pool)
{
    cuuint64_t threshold = (cuuint64_t)storm_pick(a, 4) << 20;
    int reuse = (int)storm_pick(a, 2);

    STORM(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold));
    STORM(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC, &reuse));
}

static void look_at(struct storm_actor *a, CUmemoryPool pool)
{
    cuuint64_t reserved = 0, used = 0;

    STORM(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
    STORM(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &reserved));
}

static void from_pool(struct storm_actor *a, CUmemoryPool pool)
{
    unsigned int words = storm_words(a), value = storm_value(a);
    struct storm_lane lane = storm_enter(a);
    CUdeviceptr p = 0;

    STORM(cuMemAllocFromPoolAsync(&p, words * 4ul, pool, lane.stream));
    storm_fill(a, lane.stream, p, words, value);
    storm_verify(a, lane.stream, p, words, value);
    STORM(cuMemFreeAsync(p, lane.stream));
    storm_leave(a, lane);
}

static void own_pool(struct storm_actor *a)
{
    CUmemoryPool pool = new_pool(a);

    if (storm_pick(a, 2) == 0) {
        set_threshold(a, pool);
    }
    for (unsigned int i = storm_pick(a, 4); i > 0; i--) {
        from_pool(a, pool);
    }
    look_at(a, pool);
    if (storm_pick(a, 2) == 0) {
        STORM(cuMemPoolTrimTo(pool, 0));
    }
    STORM(cuMemPoolDestroy(pool));
}

/* What came out of it lives on. */
static void pool_ends_first(struct storm_actor *a)
{
    unsigned int words = storm_words(a), value = storm_value(a);
    struct storm_lane lane = storm_enter(a);
    CUmemoryPool pool = new_pool(a);
    CUdeviceptr p = 0;

    STORM(cuMemAllocFromPoolAsync(&p, words * 4ul, pool, lane.stream));
    STORM(cuMemPoolDestroy(pool));
    storm_fill(a, lane.stream, p, words, value);
    storm_verify(a, lane.stream, p, words, value);
    if (storm_pick(a, 2) == 0) {
        STORM(cuMemFreeAsync(p, lane.stream));
    } else {
        STORM(cuMemFree_v2(p));
    }
    storm_leave(a, lane);
}

static void shared_pool(struct storm_actor *a)
{
    if (a->place == NULL) {
        return;
    }
    switch (storm_pick(a, 6)) {
    case 0:
        set_threshold(a, a->place->pool);
        break;
    case 1:
        STORM(cuMemPoolTrimTo(a->place->pool, storm_pick(a, 2) << 20));
        break;
    case 2:
        look_at(a, a->place->pool);
        break;
    default:
        from_pool(a, a->place->pool);
    }
}

static void default_pool(struct storm_actor *a)
{
    CUmemoryPool pool = NULL, now = NULL;

    STORM(cuDeviceGetDefaultMemPool(&pool, a->device));
    STORM(cuDeviceGetMemPool(&now, a->device));
    STORM_EXPECT(pool == now);
    if (storm_pick(a, 2) == 0) {
        STORM(cuMemPoolTrimTo(pool, 0));
    }
    look_at(a, pool);
    from_pool(a, pool);
}

const struct storm_scene storm_pool_scenes[] = {
    {"ordered", ordered, 6},
    {"handed_over", handed_over, 4},
    {"own_pool", own_pool, 4},
    {"pool_ends_first", pool_ends_first, 3},
    {"shared_pool", shared_pool, 4},
    {"default_pool", default_pool, 2},
    {0},
};
