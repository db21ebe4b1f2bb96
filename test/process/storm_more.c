/* SPDX-License-Identifier: Apache-2.0 */

/* Scenes of storm.c: memory by address ranges, arrays, boxes, words that streams write. */

#include "test/process/storm.h"

#define GRANULE ((size_t)2 << 20)

/* A range of addresses with memory behind it. */
struct range {
    CUdeviceptr p;
    CUmemGenericAllocationHandle handle;
};

static struct range map(struct storm_actor *a)
{
    const CUmemLocation here = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = a->device};
    const CUmemAllocationProp prop = {.type = CU_MEM_ALLOCATION_TYPE_PINNED, .location = here};
    const CUmemAccessDesc access = {.location = here, .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
    struct range range = {0};

    STORM(cuMemCreate(&range.handle, GRANULE, &prop, 0));
    STORM(cuMemAddressReserve(&range.p, GRANULE, 0, 0, 0));
    STORM(cuMemMap(range.p, GRANULE, 0, range.handle, 0));
    STORM(cuMemSetAccess(range.p, GRANULE, &access, 1));
    return range;
}

static void mapped(struct storm_actor *a)
{
    unsigned int words = storm_words(a), value = storm_value(a);
    struct storm_lane lane = storm_enter(a);
    struct range range = map(a);

    if (storm_pick(a, 2) == 0) {
        STORM(cuMemRelease(range.handle));
        range.handle = 0;
    }
    storm_fill(a, lane.stream, range.p, words, value);
    storm_verify(a, lane.stream, range.p, words, value);
    STORM(cuMemUnmap(range.p, GRANULE));
    STORM(cuMemAddressFree(range.p, GRANULE));
    if (range.handle != 0) {
        STORM(cuMemRelease(range.handle));
    }
    storm_leave(a, lane);
}

/* The middle four of eight words of each row go out as a box. */
static void box(struct storm_actor *a)
{
    unsigned int value = storm_value(a), rows = 1 + storm_pick(a, 16), wrong = 0;
    struct storm_lane lane = storm_enter(a);
    CUDA_MEMCPY2D copy = {.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                          .srcXInBytes = 8,
                          .dstMemoryType = CU_MEMORYTYPE_HOST,
                          .dstHost = a->back,
                          .dstPitch = 16,
                          .WidthInBytes = 16,
                          .Height = rows};
    CUdeviceptr p = 0;
    size_t pitch = 0;

    STORM(cuMemAllocPitch_v2(&p, &pitch, 32, rows, 4));
    STORM(cuMemsetD2D32Async(p, pitch, 0, 8, rows, lane.stream));
    STORM(cuMemsetD2D32Async(p + 8, pitch, value, 4, rows, lane.stream));
    copy.srcDevice = p;
    copy.srcPitch = pitch;
    STORM(cuMemcpy2DAsync_v2(&copy, lane.stream));
    STORM(cuStreamSynchronize(lane.stream));
    for (unsigned int i = 0; i < 4 * rows; i++) {
        wrong += a->back[i] != value;
    }
    STORM_EXPECT(wrong == 0);
    storm_leave(a, lane);
    STORM(cuMemFree_v2(p));
}

static void array(struct storm_actor *a)
{
    const CUDA_ARRAY_DESCRIPTOR shape = {
        .Width = STORM_WORDS, .Format = CU_AD_FORMAT_UNSIGNED_INT32, .NumChannels = 1};
    CUDA_RESOURCE_DESC res = {.resType = CU_RESOURCE_TYPE_ARRAY};
    unsigned int words = storm_words(a), value = storm_value(a);
    struct storm_lane lane = storm_enter(a);
    const CUDA_TEXTURE_DESC how = {.flags = CU_TRSF_READ_AS_INTEGER};
    CUtexObject texture = 0;
    CUarray made = NULL;
    CUdeviceptr p = 0;

    STORM(cuArrayCreate_v2(&made, &shape));
    res.res.array.hArray = made;
    STORM(cuTexObjectCreate(&texture, &res, &how, NULL));
    STORM(cuMemAlloc_v2(&p, words * 4ul));
    storm_fill(a, lane.stream, p, words, value);
    STORM(cuStreamSynchronize(lane.stream));
    STORM(cuMemcpyDtoA_v2(made, 0, p, words * 4ul));
    STORM(cuStreamSynchronize(NULL)); /* the copy itself waits for nothing */
    storm_fill(a, lane.stream, p, words, ~value);
    STORM(cuStreamSynchronize(lane.stream));
    STORM(cuMemcpyAtoD_v2(p, made, 0, words * 4ul));
    storm_verify(a, NULL, p, words, value);
    STORM(cuMemFree_v2(p));
    STORM(cuTexObjectDestroy(texture));
    STORM(cuArrayDestroy(made));
    storm_leave(a, lane);
}

/* One stream waits for a word that another one writes. */
static void written(struct storm_actor *a)
{
    CUstream first = storm_private_stream(a), second = storm_private_stream(a);
    unsigned int value = storm_value(a);
    CUdeviceptr p = 0;

    STORM(cuMemAlloc_v2(&p, 512));
    STORM(cuMemsetD32Async(p, 0, 128, first));
    STORM(cuStreamSynchronize(first));
    storm_launch(a, STORM_STORE, first, p + 256, 64, value);
    STORM(cuStreamWriteValue32_v2(first, p, value, CU_STREAM_WRITE_VALUE_DEFAULT));
    STORM(cuStreamWaitValue32_v2(second, p, value, CU_STREAM_WAIT_VALUE_EQ));
    storm_verify(a, second, p + 256, 64, value);
    STORM(cuStreamDestroy_v2(first));
    STORM(cuStreamDestroy_v2(second));
    STORM(cuMemFree_v2(p));
}

const struct storm_scene storm_more_scenes[] = {
    {"mapped", mapped, 2}, {"box", box, 3}, {"array", array, 2}, {"written", written, 3}, {0},
};
