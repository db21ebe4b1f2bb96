/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-demo-saxpy [N]
 *
 *   x, y --HtoD--> device --kernel y = a x + y, three times--> DtoH --> checked
 */
#include "test/programs/demo.h"

#include <stdlib.h>

#include "saxpy_ptx.h"

#define PASSES 3u

/* Values stay small integers, so that the CPU's result is exactly the GPU's. */
static void check(const float *x, const float *y, unsigned int n, float a)
{
    for (unsigned int i = 0; i < n; i++) {
        float want = (float)(i % 97) + (float)PASSES * a * x[i];

        if (y[i] != want) {
            demo_fail("element %u is %g, not %g", i, (double)y[i], (double)want);
        }
    }
}

int main(int argc, char **argv)
{
    struct demo demo;
    unsigned int n = demo_size(argc, argv, 1u << 16, 1u << 28);
    size_t bytes = n * sizeof(float);
    float a = 3.0f, *x = malloc(bytes), *y = malloc(bytes);
    CUdeviceptr dx, dy;

    demo_start(&demo, "saxpy", saxpy_ptx);
    if (!x || !y) {
        demo_fail("no host memory for %u elements", n);
    }
    for (unsigned int i = 0; i < n; i++) {
        x[i] = (float)(i % 31);
        y[i] = (float)(i % 97);
    }
    DEMO_CHECK(cuMemAlloc_v2(&dx, bytes));
    DEMO_CHECK(cuMemAlloc_v2(&dy, bytes));
    DEMO_CHECK(cuMemcpyHtoD_v2(dx, x, bytes));
    DEMO_CHECK(cuMemcpyHtoD_v2(dy, y, bytes));

    CUfunction fn = demo_kernel(&demo, "saxpy");
    void *params[] = {&n, &a, &dx, &dy};
    for (unsigned int pass = 0; pass < PASSES; pass++) {
        DEMO_CHECK(cuLaunchKernel(fn, 32, 1, 1, 128, 1, 1, 0, NULL, params, NULL));
    }
    DEMO_CHECK(cuCtxSynchronize());
    DEMO_CHECK(cuMemcpyDtoH_v2(y, dy, bytes));
    check(x, y, n, a);
    DEMO_CHECK(cuMemFree_v2(dx));
    DEMO_CHECK(cuMemFree_v2(dy));
    free(x);
    free(y);
    return demo_pass(&demo, "%u elements, %u passes", n, PASSES);
}
