/* SPDX-License-Identifier: Apache-2.0 */

/* What scenes of storm.c share: chance, streams, kernels, memory of one value. */

#include "test/process/storm.h"

/* The legacy and the per-thread stream have numbers for names. */
#define LEGACY     ((CUstream)(uintptr_t)1)
#define PER_THREAD ((CUstream)(uintptr_t)2)

unsigned int storm_pick(struct storm_actor *a, unsigned int bound)
{
    uint64_t x = a->random;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    a->random = x;
    return (unsigned int)((x >> 33) % bound);
}

CUstream storm_private_stream(struct storm_actor *a)
{
    CUstream stream = NULL;

    if (storm_pick(a, 2) == 0) {
        STORM(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    } else {
        STORM(cuStreamCreateWithPriority(&stream, CU_STREAM_NON_BLOCKING, -1));
    }
    return stream;
}

struct storm_lane storm_enter(struct storm_actor *a)
{
    struct storm_lane lane = {0};

    switch (storm_pick(a, 7)) {
    case 0:
        return (struct storm_lane){.stream = NULL};
    case 1:
        return (struct storm_lane){.stream = LEGACY};
    case 2:
        return (struct storm_lane){.stream = PER_THREAD};
    case 3:
        lane.own = true;
        STORM(cuStreamCreate(&lane.stream, CU_STREAM_DEFAULT));
        return lane;
    case 4:
        return (struct storm_lane){.stream = storm_private_stream(a), .own = true};
    default:
        if (a->place == NULL) {
            return lane;
        }
        return (struct storm_lane){.stream = a->place->streams[storm_pick(a, STORM_STREAMS)]};
    }
}

void storm_leave(struct storm_actor *a, struct storm_lane lane)
{
    if (lane.own) {
        STORM(cuStreamDestroy_v2(lane.stream));
    }
}

CUfunction storm_function(struct storm_actor *a, enum storm_kernel kernel)
{
    CUfunction function = NULL;

    switch (storm_pick(a, 3)) {
    case 0:
        return (CUfunction)storm.kernels[kernel];
    case 1:
        STORM(cuKernelGetFunction(&function, storm.kernels[kernel]));
        return function;
    default:
        return a->place != NULL ? a->place->functions[kernel] : (CUfunction)storm.kernels[kernel];
    }
}

void storm_launch(struct storm_actor *a, enum storm_kernel kernel, CUstream stream, CUdeviceptr p,
                  unsigned int words, unsigned int value)
{
    void *params[] = {&p, &value};

    STORM(cuLaunchKernel(storm_function(a, kernel), words / 64, 1, 1, 64, 1, 1, 0, stream, params,
                         NULL));
}

unsigned int storm_words(struct storm_actor *a)
{
    return 64 * (1 + storm_pick(a, STORM_WORDS / 64));
}

/* All its bytes are alike, so that a fill of bytes gives it too. */
unsigned int storm_value(struct storm_actor *a)
{
    return 0x01010101u * (1 + storm_pick(a, 255));
}

static void copy_in(struct storm_actor *a, CUstream stream, CUdeviceptr p, unsigned int words,
                    unsigned int value)
{
    unsigned int from[STORM_WORDS];

    for (unsigned int i = 0; i < words; i++) {
        from[i] = value;
    }
    STORM(cuMemcpyHtoDAsync_v2(p, from, words * 4ul, stream));
}

void storm_fill(struct storm_actor *a, CUstream stream, CUdeviceptr p, unsigned int words,
                unsigned int value)
{
    switch (storm_pick(a, 6)) {
    case 0:
        STORM(cuMemsetD32Async(p, value, words, stream));
        break;
    case 1:
        STORM(cuMemsetD16Async(p, (unsigned short)value, words * 2ul, stream));
        break;
    case 2:
        STORM(cuMemsetD8Async(p, (unsigned char)value, words * 4ul, stream));
        break;
    case 3:
        copy_in(a, stream, p, words, value);
        break;
    case 4:
        STORM(cuMemsetD32Async(p, value - 5, words, stream));
        storm_launch(a, STORM_ADD, stream, p, words, 5);
        break;
    default:
        storm_launch(a, STORM_STORE, stream, p, words, value);
    }
}

void storm_verify(struct storm_actor *a, CUstream stream, CUdeviceptr p, unsigned int words,
                  unsigned int value)
{
    unsigned int wrong = 0;

    if (storm_pick(a, 2) == 0) {
        STORM(cuMemcpyDtoHAsync_v2(a->back, p, words * 4ul, stream));
        STORM(cuStreamSynchronize(stream));
    } else {
        STORM(cuStreamSynchronize(stream));
        STORM(cuMemcpyDtoH_v2(a->back, p, words * 4ul));
    }
    for (unsigned int i = 0; i < words; i++) {
        wrong += a->back[i] != value;
    }
    STORM_EXPECT(wrong == 0);
}
