/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-demo-vectoradd [N]
 *
 *   host a, b --HtoD--> device --kernel c = a + b--> DtoH --> checked on the CPU
 */
#include "test/programs/demo.h"

#include <stdlib.h>

#include "vectoradd_ptx.h"

static void check_sum(const float *a, const float *b, const float *c, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++) {
        if (c[i] != a[i] + b[i]) {
            demo_fail("element %u is %g, not %g", i, (double)c[i], (double)(a[i] + b[i]));
        }
    }
}

static void fill(float *a, float *b, unsigned int n)
{
    unsigned int seed = 1;

    for (unsigned int i = 0; i < n; i++) {
        a[i] = (float)(demo_random(&seed) % 4096);
        b[i] = (float)(demo_random(&seed) % 4096) / 8.0f;
    }
}

int main(int argc, char **argv)
{
    struct demo demo;
    unsigned int n = demo_size(argc, argv, 1u << 16, 1u << 28);
    size_t bytes = n * sizeof(float);
    float *host = malloc(3 * bytes);
    CUdeviceptr a, b, c;

    demo_start(&demo, "vectoradd", vectoradd_ptx);
    if (!host) {
        demo_fail("no host memory for %u elements", n);
    }
    fill(host, host + n, n);
    DEMO_CHECK(cuMemAlloc_v2(&a, bytes));
    DEMO_CHECK(cuMemAlloc_v2(&b, bytes));
    DEMO_CHECK(cuMemAlloc_v2(&c, bytes));
    DEMO_CHECK(cuMemcpyHtoD_v2(a, host, bytes));
    DEMO_CHECK(cuMemcpyHtoD_v2(b, host + n, bytes));

    void *params[] = {&a, &b, &c, &n};
    demo_launch(demo_kernel(&demo, "vectoradd"), n, NULL, params);
    DEMO_CHECK(cuMemcpyDtoH_v2(host + 2 * (size_t)n, c, bytes));
    check_sum(host, host + n, host + 2 * (size_t)n, n);
    DEMO_CHECK(cuMemFree_v2(a));
    DEMO_CHECK(cuMemFree_v2(b));
    DEMO_CHECK(cuMemFree_v2(c));
    free(host);
    return demo_pass(&demo, "%u elements", n);
}
