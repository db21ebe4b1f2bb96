/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

#include <pthread.h>
#include <time.h>

/* Faults and limits by rule; each in a child with its own environment. */

static void several_rules(void)
{
    CUdeviceptr p = 0;
    CUstream s = NULL;

    setenv("VGPU_SIM_FAULT", "cuMemAlloc:2:46,cuStreamCreate:2+:2,garbage,cuMemFree:x:1", 1);
    (void)sim_context();
    OK(cuMemAlloc(&p, 4));
    FAILS(46, cuMemAlloc(&p, 4));
    OK(cuMemAlloc(&p, 4));
    OK(cuMemFree(p));
    OK(cuStreamCreate(&s, 0));
    for (int i = 0; i < 5; i++) {
        FAILS(CUDA_ERROR_OUT_OF_MEMORY, cuStreamCreate(&s, 0));
    }
}

static CUfunction vecadd(CUdeviceptr *p)
{
    *p = sim_device(NULL, 256);
    return sim_function(sim_module("vecadd.ptx"), "vecadd");
}

static void kernel_fails(void)
{
    CUdeviceptr p = 0;
    CUfunction f;
    int n = 64;

    setenv("VGPU_SIM_FAULT", "kernel:2:700", 1);
    (void)sim_context();
    f = vecadd(&p);
    sim_launch(f, 1, 64, 0, (void *[]){&p, &p, &p, &n});
    OK(cuLaunchKernel(f, 1, 1, 1, 64, 1, 1, 0, NULL, (void *[]){&p, &p, &p, &n}, NULL));
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, cuMemAlloc(&p, 4));
}

static void kernel_hangs(void)
{
    const struct timespec while_it = {0, 50000000};
    CUdeviceptr p = 0;
    CUstream a = NULL;
    CUstream b = NULL;
    CUfunction f;
    int n = 64;

    setenv("VGPU_SIM_FAULT", "kernel:1:hang", 1);
    (void)sim_context();
    f = vecadd(&p);
    OK(cuStreamCreate(&a, CU_STREAM_NON_BLOCKING));
    OK(cuStreamCreate(&b, CU_STREAM_NON_BLOCKING));
    OK(cuLaunchKernel(f, 1, 1, 1, 64, 1, 1, 0, a, (void *[]){&p, &p, &p, &n}, NULL));
    OK(cuLaunchKernel(f, 1, 1, 1, 64, 1, 1, 0, b, (void *[]){&p, &p, &p, &n}, NULL));
    OK(cuStreamSynchronize(b));
    (void)nanosleep(&while_it, NULL);
    FAILS(CUDA_ERROR_NOT_READY, cuStreamQuery(a));
    OK(cuStreamQuery(b));
}

static void *call_that_hangs(void *returned)
{
    CUdeviceptr p = 0;

    (void)cuMemAlloc(&p, 4);
    *(int *)returned = 1;
    return NULL;
}

static void call_hangs(void)
{
    const struct timespec while_it = {0, 50000000};
    static int returned;
    pthread_t thread;
    CUdeviceptr p = 0;

    setenv("VGPU_SIM_FAULT", "cuMemAlloc:1:hang", 1);
    (void)sim_context();
    CHECK(pthread_create(&thread, NULL, call_that_hangs, &returned) == 0);
    (void)nanosleep(&while_it, NULL);
    OK(cuMemAlloc(&p, 4)); /* the others go on */
    CHECK(returned == 0);
}

static void memory_ends(void)
{
    CUdeviceptr p = 0;
    size_t unused = 0;
    size_t all = 0;

    setenv("VGPU_SIM_MEMORY", "0x2000000", 1);
    (void)sim_context();
    OK(cuMemGetInfo(&unused, &all));
    CHECK(all == 0x2000000 && unused <= all);
    OK(cuMemAlloc(&p, unused / 2));
    FAILS(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc(&p, unused));
    OK(cuMemFree(p));
    OK(cuMemAlloc(&p, unused / 4 * 3));
}

static void test_several_rules(void **state)
{
    (void)state;
    sim_child(several_rules);
}

static void test_kernel_fails(void **state)
{
    (void)state;
    sim_child(kernel_fails);
}

static void test_kernel_hangs(void **state)
{
    (void)state;
    sim_child(kernel_hangs);
}

static void test_call_hangs(void **state)
{
    (void)state;
    sim_child(call_hangs);
}

static void test_memory_ends(void **state)
{
    (void)state;
    sim_child(memory_ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_several_rules), cmocka_unit_test(test_kernel_fails),
        cmocka_unit_test(test_kernel_hangs),  cmocka_unit_test(test_call_hangs),
        cmocka_unit_test(test_memory_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
