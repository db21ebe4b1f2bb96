/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-demo-reduce [N]
 *
 *   numbers --HtoD--> device --stage 1: shuffles, one sum a block--> partials
 *   --stage 2: 64-bit atomics--> one word --DtoH--> checked on the CPU
 */
#include "test/programs/demo.h"

#include <stdlib.h>

#include "reduce_ptx.h"

#define BLOCKS  24u
#define THREADS 256u

static unsigned long long fill(unsigned int *in, unsigned int n)
{
    unsigned long long sum = 0;
    unsigned int seed = 11;

    for (unsigned int i = 0; i < n; i++) {
        in[i] = demo_random(&seed) % 1000;
        sum += in[i];
    }
    return sum;
}

static void reduce(const struct demo *demo, CUdeviceptr in, CUdeviceptr partial, CUdeviceptr total,
                   unsigned int n)
{
    unsigned int blocks = BLOCKS;
    void *first[] = {&in, &partial, &n};
    void *second[] = {&partial, &total, &blocks};
    CUfunction stage1 = demo_kernel(demo, "reduce_blocks");
    CUfunction stage2 = demo_kernel(demo, "reduce_atomic");

    DEMO_CHECK(cuMemsetD32_v2(total, 0, 2));
    DEMO_CHECK(cuLaunchKernel(stage1, BLOCKS, 1, 1, THREADS, 1, 1, 0, NULL, first, NULL));
    demo_launch(stage2, BLOCKS, NULL, second);
}

int main(int argc, char **argv)
{
    struct demo demo;
    unsigned int n = demo_size(argc, argv, 1u << 16, 1u << 26);
    size_t bytes = n * sizeof(unsigned int);
    unsigned int *in = malloc(bytes);
    unsigned long long want, got = 0;
    CUdeviceptr din, partial, total;

    demo_start(&demo, "reduce", reduce_ptx);
    if (!in) {
        demo_fail("no host memory for %u elements", n);
    }
    want = fill(in, n);
    DEMO_CHECK(cuMemAlloc_v2(&din, bytes));
    DEMO_CHECK(cuMemAlloc_v2(&partial, BLOCKS * sizeof(unsigned int)));
    DEMO_CHECK(cuMemAlloc_v2(&total, sizeof(got)));
    DEMO_CHECK(cuMemcpyHtoD_v2(din, in, bytes));
    reduce(&demo, din, partial, total, n);
    DEMO_CHECK(cuMemcpyDtoH_v2(&got, total, sizeof(got)));
    if (got != want) {
        demo_fail("sum is %llu, not %llu", got, want);
    }
    DEMO_CHECK(cuMemFree_v2(din));
    DEMO_CHECK(cuMemFree_v2(partial));
    DEMO_CHECK(cuMemFree_v2(total));
    free(in);
    return demo_pass(&demo, "%u elements, sum %llu", n, got);
}
