/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/*
 * Memory is freed while a kernel is still going to write to it, and memory of the same size is
 * asked for: what the kernel writes must not reach the next owner.  A thread lets the kernel go
 * some time later, because the free may wait for it.
 */

#define BLOCK 256u

static void *release(void *arg)
{
    const struct timespec while_the_free_waits = {.tv_nsec = 50 * 1000 * 1000};

    nanosleep(&while_the_free_waits, NULL);
    conf_busy_stop(arg);
    return NULL;
}

struct race {
    CUstream writer;
    CUstream filler;
    CUfunction store;
    struct conf_busy busy;
    pthread_t thread;
};

static void prepare(struct race *race)
{
    conf_context();
    race->store = conf_kernel("store");
    CONF_SETUP(cuStreamCreate(&race->writer, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuStreamCreate(&race->filler, CU_STREAM_NON_BLOCKING));
}

/* From here on a kernel writes ones to the memory as soon as it is let go. */
static void start_writer(struct race *race, CUdeviceptr p, unsigned int words)
{
    unsigned int one = 1;
    void *params[] = {&p, &one};

    conf_busy_start(&race->busy, race->writer);
    conf_launch(race->store, words / BLOCK, BLOCK, race->writer, params);
    CONF_EXPECT(!pthread_create(&race->thread, NULL, release, &race->busy));
}

static unsigned int wrong_words(const unsigned int *data, unsigned int words, unsigned int wanted)
{
    unsigned int wrong = 0;

    for (unsigned int i = 0; i < words; i++) {
        wrong += data[i] != wanted;
    }
    return wrong;
}

static void device_memory(unsigned int words)
{
    unsigned int *seen = malloc(4ul * words);
    struct race race;
    CUdeviceptr p = 0;
    CUdeviceptr next = 0;

    prepare(&race);
    p = conf_memory(4ul * words);
    start_writer(&race, p, words);
    CONF_OK(cuMemFree_v2(p));
    CONF_OK(cuMemAlloc_v2(&next, 4ul * words));
    CONF_OK(cuMemsetD32Async(next, 2, words, race.filler));
    CONF_OK(cuStreamSynchronize(race.filler));
    pthread_join(race.thread, NULL);
    CONF_OK(cuCtxSynchronize());
    CONF_OK(cuMemcpyDtoH_v2(seen, next, 4ul * words));
    CONF_VALUE(wrong_words(seen, words, 2));
    CONF_EXPECT(wrong_words(seen, words, 2) == 0);
    free(seen);
}

CONF_POSITIVE(cuMemFree_v2, late_writes_stay_out_of_small_memory)
{
    device_memory(1024);
}

CONF_POSITIVE(cuMemFree_v2, late_writes_stay_out_of_half_a_page)
{
    device_memory(256u << 10);
}

CONF_POSITIVE(cuMemFree_v2, late_writes_stay_out_of_large_memory)
{
    device_memory(1536u << 10);
}

CONF_POSITIVE(cuMemFreeHost, late_writes_stay_out)
{
    struct race race;
    unsigned int *p = NULL;
    unsigned int *next = NULL;
    unsigned int words = 64u << 10;

    prepare(&race);
    CONF_SETUP(cuMemAllocHost_v2((void **)&p, 4ul * words));
    start_writer(&race, (CUdeviceptr)p, words);
    CONF_OK(cuMemFreeHost(p));
    CONF_OK(cuMemAllocHost_v2((void **)&next, 4ul * words));
    CONF_OK(cuMemsetD32Async((CUdeviceptr)next, 2, words, race.filler));
    CONF_OK(cuStreamSynchronize(race.filler));
    pthread_join(race.thread, NULL);
    CONF_OK(cuCtxSynchronize());
    CONF_EXPECT(wrong_words(next, words, 2) == 0);
}

/* Blocks of many sizes, freed in another order: each keeps what was written to it alone. */
CONF_POSITIVE(cuMemAlloc_v2, neighbours_do_not_overlap)
{
    CUdeviceptr p[96];
    unsigned int wrong = 0;

    conf_context();
    for (unsigned int round = 0; round < 3; round++) {
        for (unsigned int i = 0; i < 96; i++) {
            p[i] = conf_memory(400 + 7919ul * i * (round + 1));
            CONF_SETUP(cuMemsetD8_v2(p[i], (unsigned char)i, 400 + 7919ul * i * (round + 1)));
        }
        for (unsigned int i = 0; i < 96; i++) {
            unsigned char ends[2] = {0};
            unsigned int at = i * 41 % 96;

            CONF_SETUP(cuMemcpyDtoH_v2(&ends[0], p[at], 1));
            CONF_SETUP(cuMemcpyDtoH_v2(&ends[1], p[at] + 399 + 7919ul * at * (round + 1), 1));
            wrong += ends[0] != at || ends[1] != at;
            CONF_SETUP(cuMemFree_v2(p[at]));
        }
    }
    CONF_VALUE(wrong);
    CONF_EXPECT(wrong == 0);
}

/* Other processes of the device allocate and end meanwhile: one undisturbed look of many is enough.
 */
#define LOOKS 40

static bool look_at_free_memory(void)
{
    size_t before = 0, during = 0, after = 0, total = 0;
    CUdeviceptr p[10];

    CONF_SETUP(cuMemAlloc_v2(&p[0], 16));
    CONF_SETUP(cuMemGetInfo_v2(&before, &total));
    for (unsigned int i = 1; i < 10; i++) {
        CONF_SETUP(cuMemAlloc_v2(&p[i], 16u << 20));
    }
    CONF_SETUP(cuMemGetInfo_v2(&during, &total));
    for (unsigned int i = 0; i < 10; i++) {
        CONF_SETUP(cuMemFree_v2(p[i]));
    }
    CONF_SETUP(cuMemGetInfo_v2(&after, &total));
    return before <= total && during < before && after >= during + (100u << 20);
}

/* What is freed counts as free at once, whoever keeps it. */
CONF_POSITIVE(cuMemGetInfo_v2, freed_memory_is_free)
{
    bool seen = false;

    conf_context();
    for (int i = 0; i < LOOKS && !seen; i++) {
        seen = look_at_free_memory();
    }
    CONF_EXPECT(seen);
}
CONF_ALONE(cuMemGetInfo_v2, freed_memory_is_free)
