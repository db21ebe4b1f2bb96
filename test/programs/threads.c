/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-demo-threads [THREADS]
 *
 *   one context, T host threads; each: own stream, own memory, rounds of
 *   HtoD, two kernels, DtoH on that stream, checked on the CPU
 */
#include "test/programs/demo.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "threads_ptx.h"

#define ELEMENTS    2048u
#define ROUNDS      8u
#define MAX_THREADS 64u

struct worker {
    pthread_t thread;
    CUcontext ctx;
    CUfunction kernel;
    unsigned int index;
    unsigned int in[ELEMENTS];
    unsigned int out[ELEMENTS];
};

static void round_trip(struct worker *w, CUdeviceptr data, CUstream stream, unsigned int round)
{
    unsigned int n = ELEMENTS, first = w->index + round, second = w->index * 7 + round;
    void *params[] = {&data, &n, &first}, *again[] = {&data, &n, &second};

    for (unsigned int i = 0; i < ELEMENTS; i++) {
        w->in[i] = i * (round + 1) + w->index;
    }
    DEMO_CHECK(cuMemcpyHtoDAsync_v2(data, w->in, sizeof(w->in), stream));
    demo_launch(w->kernel, n, stream, params);
    demo_launch(w->kernel, n, stream, again);
    DEMO_CHECK(cuMemcpyDtoHAsync_v2(w->out, data, sizeof(w->out), stream));
    DEMO_CHECK(cuStreamSynchronize(stream));
    for (unsigned int i = 0; i < ELEMENTS; i++) {
        if (w->out[i] != (w->in[i] * 3u + first) * 3u + second) {
            demo_fail("thread %u round %u element %u is wrong", w->index, round, i);
        }
    }
}

static void *run(void *arg)
{
    struct worker *w = arg;
    CUcontext current = w->ctx;
    CUdeviceptr data;
    CUstream stream;

    DEMO_CHECK(cuCtxGetCurrent(&current));
    if (current) {
        demo_fail("thread %u starts with a current context", w->index);
    }
    DEMO_CHECK(cuCtxSetCurrent(w->ctx));
    DEMO_CHECK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    DEMO_CHECK(cuMemAlloc_v2(&data, sizeof(w->in)));
    for (unsigned int round = 0; round < ROUNDS; round++) {
        round_trip(w, data, stream, round);
    }
    DEMO_CHECK(cuMemFree_v2(data));
    DEMO_CHECK(cuStreamDestroy_v2(stream));
    return NULL;
}

int main(int argc, char **argv)
{
    struct demo demo;
    unsigned int count = demo_size(argc, argv, 6, MAX_THREADS);
    struct worker *workers = calloc(count, sizeof(*workers));

    demo_start(&demo, "threads", threads_ptx);
    if (!workers) {
        demo_fail("no host memory for %u threads", count);
    }
    for (unsigned int i = 0; i < count; i++) {
        workers[i].index = i;
        workers[i].ctx = demo.ctx;
        workers[i].kernel = demo_kernel(&demo, "accumulate");
        if (pthread_create(&workers[i].thread, NULL, run, &workers[i])) {
            demo_fail("cannot make thread %u", i);
        }
    }
    for (unsigned int i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    free(workers);
    return demo_pass(&demo, "%u threads, %u rounds each", count, ROUNDS);
}
