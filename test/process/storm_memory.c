/* SPDX-License-Identifier: Apache-2.0 */

/* Scenes of storm.c: memory of the device and of the host, copies and fills. */

#include <stdlib.h>
#include <string.h>

#include "test/process/storm.h"

static void plain(struct storm_actor *a)
{
    unsigned int words = storm_words(a), value = storm_value(a);
    struct storm_lane lane = storm_enter(a);
    CUdeviceptr base = 0, p = 0;
    size_t bytes = 0;

    STORM(cuMemAlloc_v2(&p, words * 4ul));
    storm_fill(a, lane.stream, p, words, value);
    STORM(cuMemGetAddressRange_v2(&base, &bytes, p + 8));
    STORM_EXPECT(base == p && bytes == words * 4ul);
    storm_verify(a, lane.stream, p, words, value);
    storm_leave(a, lane);
    STORM(cuMemFree_v2(p));
}

/* The free waits for what the streams still do. */
static void freed_at_work(struct storm_actor *a)
{
    unsigned int words = storm_words(a);
    struct storm_lane lane = storm_enter(a);
    CUdeviceptr p = 0;

    STORM(cuMemAlloc_v2(&p, words * 4ul));
    for (unsigned int i = storm_pick(a, 8); i > 0; i--) {
        storm_fill(a, lane.stream, p, words, i);
    }
    STORM(cuMemFree_v2(p));
    storm_leave(a, lane);
}

static void synchronous(struct storm_actor *a)
{
    unsigned int words = storm_words(a), value = storm_value(a), wrong = 0;
    unsigned int *from = malloc(words * 4ul);
    CUdeviceptr p = 0, q = 0;

    STORM_EXPECT(from != NULL);
    memset(from, (int)(value & 0xff), words * 4ul);
    STORM(cuMemAlloc_v2(&p, words * 4ul));
    STORM(cuMemAlloc_v2(&q, words * 4ul));
    STORM(cuMemcpyHtoD_v2(p, from, words * 4ul));
    STORM(cuMemcpyDtoD_v2(q, p, words * 4ul));
    STORM(cuMemsetD8_v2(p, 0, words * 4ul));
    STORM(cuMemcpyDtoH_v2(from, q, words * 4ul));
    for (unsigned int i = 0; i < words; i++) {
        wrong += from[i] != value;
    }
    STORM_EXPECT(wrong == 0);
    STORM(cuMemcpyDtoH_v2(from, p, 4));
    STORM_EXPECT(from[0] == 0);
    STORM(cuMemFree_v2(q));
    STORM(cuMemFree_v2(p));
    free(from);
}

static void between(struct storm_actor *a)
{
    unsigned int words = storm_words(a), value = storm_value(a);
    struct storm_lane lane = storm_enter(a);
    CUdeviceptr p = 0;

    STORM(cuMemAlloc_v2(&p, words * 8ul));
    storm_fill(a, lane.stream, p, words, value);
    STORM(cuMemcpyDtoDAsync_v2(p + words * 4ul, p, words * 4ul, lane.stream));
    storm_fill(a, lane.stream, p, words, ~value);
    storm_verify(a, lane.stream, p + words * 4ul, words, value);
    storm_leave(a, lane);
    STORM(cuMemFree_v2(p));
}

/* Fills host memory through the device and looks at it where it lies. */
static void through(struct storm_actor *a, unsigned int *host, unsigned int words)
{
    unsigned int value = storm_value(a), wrong = 0;
    struct storm_lane lane = storm_enter(a);
    CUdeviceptr p = 0, seen = 0;

    STORM(cuMemAlloc_v2(&p, words * 4ul));
    if (storm_pick(a, 2) == 0) {
        storm_fill(a, lane.stream, p, words, value);
        STORM(cuMemcpyDtoHAsync_v2(host, p, words * 4ul, lane.stream));
    } else {
        STORM(cuMemHostGetDevicePointer_v2(&seen, host, 0));
        storm_launch(a, STORM_STORE, lane.stream, seen, words, value);
    }
    STORM(cuMemcpyHtoDAsync_v2(p, host, words * 4ul, lane.stream));
    STORM(cuStreamSynchronize(lane.stream));
    for (unsigned int i = 0; i < words; i++) {
        wrong += host[i] != value;
    }
    STORM_EXPECT(wrong == 0);
    storm_verify(a, lane.stream, p, words, value);
    storm_leave(a, lane);
    STORM(cuMemFree_v2(p));
}

static void pinned(struct storm_actor *a)
{
    unsigned int words = storm_words(a), type = 0;
    void *host = NULL;

    STORM(cuMemHostAlloc(&host, words * 4ul, storm_pick(a, 2) ? CU_MEMHOSTALLOC_PORTABLE : 0));
    STORM(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                (CUdeviceptr)(uintptr_t)host));
    STORM_EXPECT(type == CU_MEMORYTYPE_HOST);
    through(a, host, words);
    STORM(cuMemFreeHost(host));
}

static void registered(struct storm_actor *a)
{
    size_t bytes = 4096ul * (1 + storm_pick(a, 3));
    unsigned int *host = aligned_alloc(4096, bytes);

    STORM_EXPECT(host != NULL);
    host[bytes / 4 - 1] = 77;
    STORM(cuMemHostRegister_v2(host, bytes, CU_MEMHOSTREGISTER_DEVICEMAP));
    through(a, host, storm_words(a));
    STORM(cuMemHostUnregister(host));
    STORM_EXPECT(host[bytes / 4 - 1] == 77);
    free(host);
}

static void asked(struct storm_actor *a)
{
    size_t available = 0, total = 0;

    STORM(cuMemGetInfo_v2(&available, &total));
    STORM_EXPECT(available > 0 && available <= total);
}

/* ---- memory that goes from thread to thread ---------------------------------- */

static struct storm_item make_item(struct storm_actor *a)
{
    struct storm_item item = {
        .words = storm_words(a), .value = storm_value(a), .ordered = storm_pick(a, 2) == 0};
    struct storm_lane lane = storm_enter(a);

    if (item.ordered) {
        STORM(cuMemAllocAsync(&item.p, item.words * 4ul, lane.stream));
    } else {
        STORM(cuMemAlloc_v2(&item.p, item.words * 4ul));
    }
    storm_fill(a, lane.stream, item.p, item.words, item.value);
    STORM(cuStreamSynchronize(lane.stream));
    storm_leave(a, lane);
    return item;
}

static void end_item(struct storm_actor *a, struct storm_item item)
{
    struct storm_lane lane = storm_enter(a);

    storm_verify(a, lane.stream, item.p, item.words, item.value);
    if (item.ordered && storm_pick(a, 3) != 0) {
        STORM(cuMemFreeAsync(item.p, lane.stream));
    } else {
        STORM(cuMemFree_v2(item.p));
    }
    storm_leave(a, lane);
}

static struct storm_item swap_item(struct storm_actor *a, struct storm_place *place,
                                   struct storm_item item)
{
    unsigned int at = storm_pick(a, STORM_SLOTS);
    struct storm_item old;

    pthread_mutex_lock(&place->slots_lock);
    old = place->slots[at];
    place->slots[at] = item;
    pthread_mutex_unlock(&place->slots_lock);
    return old;
}

static void handed_on(struct storm_actor *a)
{
    struct storm_item old;

    if (a->place == NULL) {
        return;
    }
    old = swap_item(a, a->place, make_item(a));
    if (old.p != 0) {
        end_item(a, old);
    }
}

void storm_clear_slots(struct storm_actor *a, struct storm_place *place)
{
    for (unsigned int i = 0; i < STORM_SLOTS; i++) {
        if (place->slots[i].p != 0) {
            STORM(cuMemFree_v2(place->slots[i].p));
            place->slots[i].p = 0;
        }
    }
}

const struct storm_scene storm_memory_scenes[] = {
    {"plain", plain, 6},
    {"freed_at_work", freed_at_work, 3},
    {"synchronous", synchronous, 3},
    {"between", between, 4},
    {"pinned", pinned, 4},
    {"registered", registered, 3},
    {"asked", asked, 1},
    {"handed_on", handed_on, 8},
    {0},
};
