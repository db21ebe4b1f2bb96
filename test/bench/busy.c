/* SPDX-License-Identifier: Apache-2.0 */
#include "test/bench/bench.h"

#include "busy_ptx.h"

void bench_busy_load(struct bench *b)
{
    CUmodule mod;
    void *word = NULL;

    BENCH_CHECK(cuModuleLoadData(&mod, busy_ptx));
    BENCH_CHECK(cuModuleGetFunction(&b->until, mod, "until"));
    BENCH_CHECK(cuModuleGetFunction(&b->turns, mod, "turns"));
    BENCH_CHECK(cuMemHostAlloc(&word, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
    b->word = word;
}

void bench_busy_start(struct bench *b, CUstream stream)
{
    CUdeviceptr word = 0;
    void *params[] = {&word};

    *b->word = 0;
    BENCH_CHECK(cuMemHostGetDevicePointer_v2(&word, (void *)(uintptr_t)b->word, 0));
    BENCH_CHECK(cuLaunchKernel(b->until, 1, 1, 1, 1, 1, 1, 0, stream, params, NULL));
}

void bench_busy_stop(struct bench *b, CUstream stream)
{
    __atomic_store_n(b->word, 1u, __ATOMIC_RELEASE);
    BENCH_CHECK(cuStreamSynchronize(stream));
}

static void launch_turns(struct bench *b, unsigned int count)
{
    CUdeviceptr word = 0;
    void *params[] = {&word, &count};

    BENCH_CHECK(cuMemHostGetDevicePointer_v2(&word, (void *)(uintptr_t)b->word, 0));
    BENCH_CHECK(cuLaunchKernel(b->turns, 1, 1, 1, 1, 1, 1, 0, b->stream, params, NULL));
}

void bench_busy_for(struct bench *b, double us)
{
    static unsigned int count;
    double took = 0;

    for (unsigned int n = 1; count == 0; n *= 2) {
        double start = bench_now_us();

        launch_turns(b, n);
        BENCH_CHECK(cuStreamSynchronize(b->stream));
        took = bench_now_us() - start;
        count = took >= us || n >= 1u << 30 ? n : 0;
    }
    launch_turns(b, count);
}
