/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-demo-misbehave
 *
 *   kernel writes to an address that nobody owns
 *     --> synchronise says 700 (illegal address)
 *     --> every later call says 700 as well, until the process ends
 */
#include "test/programs/demo.h"

#include <stdio.h>

#include "misbehave_ptx.h"

#define NOWHERE ((CUdeviceptr)16)

static void expect_illegal(CUresult cu, const char *what)
{
    if (cu != CUDA_ERROR_ILLEGAL_ADDRESS) {
        demo_fail("%s answers %d, not 700", what, (int)cu);
    }
}

int main(void)
{
    struct demo demo;
    CUdeviceptr where = NOWHERE, data = 0;
    CUstream stream = NULL;
    unsigned int what = 42;
    void *params[] = {&where, &what};
    CUfunction fn;

    demo_start(&demo, "misbehave", misbehave_ptx);
    fn = demo_kernel(&demo, "scribble");
    DEMO_CHECK(cuMemAlloc_v2(&data, 4096));
    DEMO_CHECK(cuLaunchKernel(fn, 1, 1, 1, 32, 1, 1, 0, NULL, params, NULL));
    expect_illegal(drv.cuCtxSynchronize(), "the first cuCtxSynchronize");

    expect_illegal(drv.cuCtxSynchronize(), "a second cuCtxSynchronize");
    expect_illegal(drv.cuMemcpyDtoH_v2(&what, data, sizeof(what)), "cuMemcpyDtoH");
    expect_illegal(drv.cuMemAlloc_v2(&where, 4096), "cuMemAlloc");
    expect_illegal(drv.cuStreamCreate(&stream, 0), "cuStreamCreate");
    expect_illegal(drv.cuLaunchKernel(fn, 1, 1, 1, 32, 1, 1, 0, NULL, params, NULL),
                   "cuLaunchKernel");
    printf("misbehave: PASS illegal address is 700 and stays 700\n");
    return 0;
}
