/* SPDX-License-Identifier: Apache-2.0 */

/* A few bytes to the device and a wait for them: whatever the program does next finds them there.
 */

#include "test/conformance/conf.h"

#include <string.h>

#define ROUNDS 100u
#define WORDS  64u

static uint32_t host[WORDS];

/* Copies of both kinds, a wait, and at once a kernel of a stream that waits for none. */
CONF_POSITIVE(cuStreamSynchronize, small_copies_are_seen_by_another_stream)
{
    CUstream copies = NULL, kernels = NULL;
    uint32_t *pinned = NULL, sum = 0;
    CUdeviceptr p = 0;
    unsigned int one = 1, wrong = 0;
    void *params[] = {&p, &one};
    CUfunction add = NULL;

    conf_context();
    p = conf_memory(4096);
    add = conf_kernel("add");
    CONF_SETUP(cuMemHostAlloc((void **)&pinned, 4096, 0));
    CONF_SETUP(cuStreamCreate(&copies, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuStreamCreate(&kernels, CU_STREAM_NON_BLOCKING));
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t *source = i % 2 == 0 ? pinned : host;

        *source = i;
        CONF_SETUP(cuMemcpyHtoDAsync_v2(p, source, 4, copies));
        CONF_SETUP(cuStreamSynchronize(copies));
        conf_launch(add, 1, 1, kernels, params);
        CONF_SETUP(cuMemcpyDtoHAsync_v2(&sum, p, 4, kernels));
        CONF_SETUP(cuStreamSynchronize(kernels));
        wrong += sum != i + 1;
    }
    CONF_VALUE(wrong);
    CONF_OK(cuStreamSynchronize(copies));
}

/* Behind the wait the source is the program's again, pinned or not. */
CONF_POSITIVE(cuStreamSynchronize, the_source_may_change_then)
{
    uint32_t *pinned = NULL;
    CUdeviceptr p = 0;
    CUstream s = NULL;
    unsigned int wrong = 0;

    conf_context();
    p = conf_memory(sizeof(host));
    CONF_SETUP(cuMemHostAlloc((void **)&pinned, 4096, 0));
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_DEFAULT));
    CONF_SETUP(cuMemsetD32_v2(p, 0, WORDS));
    for (uint32_t i = 0; i < WORDS; i++) {
        *pinned = i + 1;
        CONF_SETUP(cuMemcpyHtoDAsync_v2(p + 4ull * i, pinned, 4, s));
        CONF_SETUP(cuStreamSynchronize(s));
        CONF_EXPECT(drv.cuStreamQuery(s) == CUDA_SUCCESS);
    }
    *pinned = 0;
    CONF_SETUP(cuMemcpyDtoH_v2(host, p, sizeof(host)));
    for (uint32_t i = 0; i < WORDS; i++) {
        wrong += host[i] != i + 1;
    }
    CONF_VALUE(wrong);
}

/* The wait is for the copy, not for a kernel that the stream gets afterwards and that waits for
 * another stream. */
CONF_POSITIVE(cuStreamSynchronize, a_kernel_behind_it_holds_nobody_up)
{
    CUstream first = NULL, second = NULL;
    CUdeviceptr flag = 0, other = 0;
    void *params[] = {&flag};
    uint32_t word = 5;

    conf_context();
    flag = conf_memory(4096);
    other = conf_memory(4096);
    CONF_SETUP(cuMemsetD32_v2(flag, 0, 1));
    CONF_SETUP(cuStreamCreate(&first, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuStreamCreate(&second, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuCtxSynchronize());
    CONF_OK(cuMemcpyHtoDAsync_v2(other, &word, 4, first));
    CONF_OK(cuStreamSynchronize(first));
    conf_launch(conf_kernel("wait_for_flag"), 1, 1, first, params);
    CONF_OK(cuMemsetD32Async(flag, 1, 1, second));
    CONF_OK(cuStreamSynchronize(second));
    CONF_OK(cuStreamSynchronize(first));
    memset(host, 0, sizeof(host));
    CONF_OK(cuMemcpyDtoH_v2(host, other, 4));
    CONF_VALUE(host[0]);
}
