/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-demo-matmul [N]
 *
 *   a, b (N x N) --HtoD--> device --tiled kernel, shared memory and
 *   barriers--> DtoH --> checked on the CPU
 */
#include "test/programs/demo.h"

#include <stdlib.h>

#include "matmul_ptx.h"

#define TILE 16u

/* One element on the CPU; small integers, so that every sum is exact. */
static float expected(const float *a, const float *b, unsigned int n, unsigned int row,
                      unsigned int col)
{
    float sum = 0.0f;

    for (unsigned int k = 0; k < n; k++) {
        sum += a[(size_t)row * n + k] * b[(size_t)k * n + col];
    }
    return sum;
}

static void check(const float *a, const float *b, const float *c, unsigned int n)
{
    for (unsigned int row = 0; row < n; row++) {
        for (unsigned int col = 0; col < n; col++) {
            float want = expected(a, b, n, row, col);
            float got = c[(size_t)row * n + col];

            if (got != want) {
                demo_fail("element %u,%u is %g, not %g", row, col, (double)got, (double)want);
            }
        }
    }
}

static void multiply(CUfunction fn, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, unsigned int n)
{
    void *params[] = {&a, &b, &c, &n};

    DEMO_CHECK(cuLaunchKernel(fn, n / TILE, n / TILE, 1, TILE, TILE, 1, 0, NULL, params, NULL));
    DEMO_CHECK(cuCtxSynchronize());
}

int main(int argc, char **argv)
{
    struct demo demo;
    unsigned int n = (demo_size(argc, argv, 64, 4096) + TILE - 1) / TILE * TILE, seed = 7;
    size_t count = (size_t)n * n, bytes = count * sizeof(float);
    float *host = malloc(3 * bytes);
    CUdeviceptr dev;

    demo_start(&demo, "matmul", matmul_ptx);
    if (!host) {
        demo_fail("no host memory for %u x %u", n, n);
    }
    for (size_t i = 0; i < 2 * count; i++) {
        host[i] = (float)(demo_random(&seed) % 16);
    }
    DEMO_CHECK(cuMemAlloc_v2(&dev, 3 * bytes));
    DEMO_CHECK(cuMemcpyHtoD_v2(dev, host, 2 * bytes));
    multiply(demo_kernel(&demo, "matmul"), dev, dev + bytes, dev + 2 * bytes, n);
    DEMO_CHECK(cuMemcpyDtoH_v2(host + 2 * count, dev + 2 * bytes, bytes));
    check(host, host + count, host + 2 * count, n);
    DEMO_CHECK(cuMemFree_v2(dev));
    free(host);
    return demo_pass(&demo, "%u x %u", n, n);
}
