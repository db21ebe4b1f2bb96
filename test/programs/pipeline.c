/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-demo-pipeline [N per chunk]
 *
 *   chunk k, stream k mod 3:  pinned in --HtoD async--> kernel --DtoH async--> pinned out
 *   a last stream waits for every chunk's event, then copies one word that
 *   proves the order; two timing events span the whole
 */
#include "test/programs/demo.h"

#include "pipeline_ptx.h"

#define STREAMS 3u
#define CHUNKS  9u

struct pipeline {
    CUfunction kernel;
    unsigned int n;
    unsigned int *in;
    unsigned int *out;
    CUdeviceptr din;
    CUdeviceptr dout;
    CUstream streams[STREAMS];
    CUstream last;
    CUevent start;
    CUevent end;
    CUevent chunk[CHUNKS];
};

static void setup(struct pipeline *p)
{
    size_t bytes = (size_t)CHUNKS * p->n * sizeof(unsigned int);
    void *host = NULL;

    DEMO_CHECK(cuMemAllocHost_v2(&host, bytes));
    p->in = host;
    DEMO_CHECK(cuMemHostAlloc(&host, bytes, CU_MEMHOSTALLOC_PORTABLE));
    p->out = host;
    DEMO_CHECK(cuMemAlloc_v2(&p->din, bytes));
    DEMO_CHECK(cuMemAlloc_v2(&p->dout, bytes));
    for (unsigned int i = 0; i < STREAMS; i++) {
        DEMO_CHECK(cuStreamCreate(&p->streams[i], CU_STREAM_NON_BLOCKING));
    }
    DEMO_CHECK(cuStreamCreateWithPriority(&p->last, CU_STREAM_NON_BLOCKING, 0));
    DEMO_CHECK(cuEventCreate(&p->start, CU_EVENT_DEFAULT));
    DEMO_CHECK(cuEventCreate(&p->end, CU_EVENT_BLOCKING_SYNC));
    for (unsigned int i = 0; i < CHUNKS; i++) {
        DEMO_CHECK(cuEventCreate(&p->chunk[i], CU_EVENT_DISABLE_TIMING));
    }
}

static void run_chunk(struct pipeline *p, unsigned int k)
{
    CUstream stream = p->streams[k % STREAMS];
    size_t bytes = p->n * sizeof(unsigned int), at = k * bytes;
    CUdeviceptr src = p->din + at, dst = p->dout + at;
    void *params[] = {&src, &dst, &p->n, &k};

    DEMO_CHECK(cuMemcpyHtoDAsync_v2(src, p->in + (size_t)k * p->n, bytes, stream));
    demo_launch(p->kernel, p->n, stream, params);
    DEMO_CHECK(cuMemcpyDtoHAsync_v2(p->out + (size_t)k * p->n, dst, bytes, stream));
    DEMO_CHECK(cuEventRecord(p->chunk[k], stream));
}

static float run(struct pipeline *p)
{
    float ms = -1.0f;

    DEMO_CHECK(cuEventRecord(p->start, p->last));
    for (unsigned int i = 0; i < STREAMS; i++) {
        DEMO_CHECK(cuStreamWaitEvent(p->streams[i], p->start, 0));
    }
    for (unsigned int k = 0; k < CHUNKS; k++) {
        run_chunk(p, k);
    }
    for (unsigned int k = 0; k < CHUNKS; k++) {
        DEMO_CHECK(cuStreamWaitEvent(p->last, p->chunk[k], 0));
    }
    DEMO_CHECK(cuEventRecord(p->end, p->last));
    DEMO_CHECK(cuEventSynchronize(p->end));
    for (unsigned int i = 0; i < STREAMS; i++) {
        DEMO_CHECK(cuStreamQuery(p->streams[i]));
    }
    DEMO_CHECK(cuEventElapsedTime(&ms, p->start, p->end));
    return ms;
}

static void check(const struct pipeline *p)
{
    for (unsigned int k = 0; k < CHUNKS; k++) {
        for (unsigned int i = 0; i < p->n; i++) {
            size_t at = (size_t)k * p->n + i;
            unsigned int want = (p->in[at] * 2654435761u) ^ (k + i);

            if (p->out[at] != want) {
                demo_fail("chunk %u element %u is %u, not %u", k, i, p->out[at], want);
            }
        }
    }
}

static void teardown(struct pipeline *p)
{
    for (unsigned int i = 0; i < STREAMS; i++) {
        DEMO_CHECK(cuStreamDestroy_v2(p->streams[i]));
    }
    for (unsigned int i = 0; i < CHUNKS; i++) {
        DEMO_CHECK(cuEventDestroy_v2(p->chunk[i]));
    }
    DEMO_CHECK(cuStreamDestroy_v2(p->last));
    DEMO_CHECK(cuEventDestroy_v2(p->start));
    DEMO_CHECK(cuEventDestroy_v2(p->end));
    DEMO_CHECK(cuMemFreeHost(p->in));
    DEMO_CHECK(cuMemFreeHost(p->out));
    DEMO_CHECK(cuMemFree_v2(p->din));
    DEMO_CHECK(cuMemFree_v2(p->dout));
}

int main(int argc, char **argv)
{
    struct demo demo;
    struct pipeline p = {.n = demo_size(argc, argv, 4096, 1u << 22)};
    unsigned int seed = 5;
    float ms;

    demo_start(&demo, "pipeline", pipeline_ptx);
    p.kernel = demo_kernel(&demo, "transform");
    setup(&p);
    for (size_t i = 0; i < (size_t)CHUNKS * p.n; i++) {
        p.in[i] = demo_random(&seed);
        p.out[i] = 0;
    }
    ms = run(&p);
    check(&p);
    if (!(ms >= 0.0f)) {
        demo_fail("the events are %g ms apart", (double)ms);
    }
    teardown(&p);
    return demo_pass(&demo, "%u chunks of %u on %u streams, %.3f ms", CHUNKS, p.n, STREAMS,
                     (double)ms);
}
