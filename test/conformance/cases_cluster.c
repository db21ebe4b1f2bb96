/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

static CUlaunchConfig clustered(CUlaunchAttribute *a, unsigned int blocks, unsigned int cluster)
{
    CUlaunchConfig c = {.gridDimX = blocks,
                        .gridDimY = 1,
                        .gridDimZ = 1,
                        .blockDimX = 64,
                        .blockDimY = 1,
                        .blockDimZ = 1,
                        .attrs = a,
                        .numAttrs = 1};

    *a = (CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
                             .value = {.clusterDim = {cluster, 1, 1}}};
    return c;
}

/* A device without clusters has nothing to say here. */
static void need_clusters(void)
{
    CUdevice dev = conf_device();
    int has = 0;

    CONF_SETUP(cuDeviceGetAttribute(&has, CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH, dev));
    if (!has) {
        conf_skip("the device has no clusters");
    }
}

CONF_POSITIVE(cuOccupancyMaxActiveClusters, one_and_four)
{
    CUlaunchAttribute a;
    CUlaunchConfig c;
    CUfunction f = NULL;
    int one = -1, four = -1;

    need_clusters();
    conf_context();
    f = conf_kernel("noop");
    c = clustered(&a, 8, 1);
    CONF_OK(cuOccupancyMaxActiveClusters(&one, f, &c));
    c = clustered(&a, 8, 4);
    CONF_OK(cuOccupancyMaxActiveClusters(&four, f, &c));
    CONF_EXPECT(four > 0 && one >= four);
}

CONF_POSITIVE(cuOccupancyMaxActiveClusters, of_a_kernel)
{
    CUlaunchAttribute a;
    CUlaunchConfig c;
    int n = -1, m = -2;

    need_clusters();
    conf_context();
    c = clustered(&a, 8, 2);
    CONF_OK(cuOccupancyMaxActiveClusters(&n, conf_kernel("noop"), &c));
    CONF_OK(cuOccupancyMaxActiveClusters(&m, (CUfunction)conf_library_kernel("noop"), &c));
    CONF_EXPECT(n == m);
}

CONF_NEGATIVE(cuOccupancyMaxActiveClusters, null_out)
{
    CUlaunchAttribute a;
    CUlaunchConfig c;

    need_clusters();
    conf_context();
    c = clustered(&a, 8, 2);
    CONF_RESULT(cuOccupancyMaxActiveClusters(NULL, conf_kernel("noop"), &c),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuOccupancyMaxActiveClusters, null_config)
{
    int n = -1;

    need_clusters();
    conf_context();
    CONF_RESULT(cuOccupancyMaxActiveClusters(&n, conf_kernel("noop"), NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuOccupancyMaxActiveClusters, null_function)
{
    CUlaunchAttribute a;
    CUlaunchConfig c;
    int n = -1;

    need_clusters();
    conf_context();
    c = clustered(&a, 8, 2);
    CONF_EITHER(cuOccupancyMaxActiveClusters(&n, NULL, &c), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuOccupancyMaxPotentialClusterSize, portable)
{
    CUlaunchAttribute a;
    CUlaunchConfig c;
    int n = -1;

    need_clusters();
    conf_context();
    c = clustered(&a, 8, 1);
    CONF_OK(cuOccupancyMaxPotentialClusterSize(&n, conf_kernel("noop"), &c));
    CONF_VALUE(n);
}

CONF_NEGATIVE(cuOccupancyMaxPotentialClusterSize, null_out)
{
    CUlaunchAttribute a;
    CUlaunchConfig c;

    need_clusters();
    conf_context();
    c = clustered(&a, 8, 1);
    CONF_RESULT(cuOccupancyMaxPotentialClusterSize(NULL, conf_kernel("noop"), &c),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuOccupancyMaxPotentialClusterSize, null_config)
{
    int n = -1;

    need_clusters();
    conf_context();
    CONF_RESULT(cuOccupancyMaxPotentialClusterSize(&n, conf_kernel("noop"), NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuLaunchKernelEx, clusters)
{
    CUlaunchAttribute a;
    CUlaunchConfig c;
    CUdeviceptr p = 0;
    unsigned int value = 13, word = 0;
    void *params[] = {&p, &value};

    need_clusters();
    conf_context();
    p = conf_memory(8 * 64 * 4);
    for (unsigned int n = 1; n <= 8; n *= 2) {
        c = clustered(&a, 8, n);
        CONF_OK(cuLaunchKernelEx(&c, conf_kernel("store"), params, NULL));
    }
    CONF_OK(cuMemcpyDtoH_v2(&word, p + 511 * 4, 4));
    CONF_VALUE(word);
}

/* Refused the first time and after the same cluster was accepted with another grid. */
CONF_NEGATIVE(cuLaunchKernelEx, clusters_that_do_not_divide_the_grid)
{
    CUlaunchAttribute a;
    CUlaunchConfig c;
    CUfunction f = NULL;
    CUresult first, second;

    need_clusters();
    conf_context();
    f = conf_kernel("noop");
    c = clustered(&a, 7, 2);
    first = drv.cuLaunchKernelEx(&c, f, NULL, NULL);
    c = clustered(&a, 8, 2);
    CONF_OK(cuLaunchKernelEx(&c, f, NULL, NULL));
    c = clustered(&a, 7, 2);
    second = drv.cuLaunchKernelEx(&c, f, NULL, NULL);
    CONF_EXPECT(first != CUDA_SUCCESS && first == second);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuLaunchKernelEx, clusters_that_are_too_large)
{
    CUlaunchAttribute a;
    CUlaunchConfig c;

    need_clusters();
    conf_context();
    c = clustered(&a, 64, 64);
    CONF_FAILS(cuLaunchKernelEx(&c, conf_kernel("noop"), NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}
