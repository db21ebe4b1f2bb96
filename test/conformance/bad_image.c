/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/bad_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "test/conformance/conf.h"

unsigned char bad_image_room[1 << 17] __attribute__((aligned(64)));

unsigned int bad_image_seed(const char *what)
{
    const char *given = getenv("VGPU_TEST_SEED");
    unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 0) : (unsigned int)time(NULL);

    fprintf(stderr, "%s: VGPU_TEST_SEED=%u\n", what, seed);
    return seed;
}

unsigned int bad_image_next(unsigned int *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

void bad_image_try(const void *image, unsigned int *unexpected)
{
    CUmodule module = NULL;
    CUresult cu = drv.cuModuleLoadData(&module, image);

    if (cu == CUDA_SUCCESS) {
        cu = drv.cuModuleUnload(module);
        *unexpected += cu != CUDA_SUCCESS;
    }
    /* 999 is what the vendor's driver says of some of them. */
    *unexpected += cu == CUDA_ERROR_LAUNCH_FAILED;
}

void bad_image_harmless(void)
{
    CUmodule module = NULL;
    CUfunction f = NULL;

    CONF_OK(cuModuleLoadData(&module, conf_ptx()));
    CONF_OK(cuModuleGetFunction(&f, module, "noop"));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}
