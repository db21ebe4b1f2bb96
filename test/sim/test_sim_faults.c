/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

#include <pthread.h>

/* Faults: which code, and that it sticks to the process.  Each in a child. */

static CUmodule faults;

static void begin(void)
{
    (void)sim_context();
    faults = sim_module("faults.ptx");
}

/* After the code everything that works on the device answers it, for ever. */
static void check_poisoned(int code)
{
    CUcontext ctx = NULL;
    CUstream s = NULL;
    CUdeviceptr p = 0;
    CUdevice dev = 0;
    int n = 0;

    FAILS(code, cuMemAlloc(&p, 4));
    FAILS(code, cuStreamCreate(&s, 0));
    FAILS(code, cuStreamQuery(NULL));
    FAILS(code, cuCtxSynchronize());
    FAILS(code, cuCtxCreate(&ctx, NULL, 0, 0));
    FAILS(code, cuDevicePrimaryCtxRetain(&ctx, 0));
    OK(cuCtxGetCurrent(&ctx));
    OK(cuCtxGetDevice(&dev));
    OK(cuDeviceGetCount(&n));
    OK(cuCtxDestroy(ctx));
    FAILS(CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc(&p, 4));
    FAILS(code, cuCtxCreate(&ctx, NULL, 0, 0));
}

static void fault(const char *kernel, void **args, int code)
{
    OK(cuLaunchKernel(sim_function(faults, kernel), 1, 1, 1, 32, 1, 1, 0, NULL, args, NULL));
    FAILS(code, cuCtxSynchronize());
    check_poisoned(code);
}

static void illegal(void)
{
    CUdeviceptr p;

    begin();
    p = sim_device(NULL, 64);
    fault("illegal", (void *[]){&p}, CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void misaligned(void)
{
    CUdeviceptr p;

    begin();
    p = sim_device(NULL, 64);
    fault("misaligned", (void *[]){&p}, CUDA_ERROR_MISALIGNED_ADDRESS);
}

static void trapped(void)
{
    begin();
    fault("do_trap", NULL, CUDA_ERROR_LAUNCH_FAILED);
}

static void asserted(void)
{
    int x = 2;

    begin();
    fault("fail_assert", (void *[]){&x}, CUDA_ERROR_ASSERT);
}

static void overflowed(void)
{
    CUdeviceptr p;

    begin();
    p = sim_device(NULL, 64);
    fault("overflow", (void *[]){&p}, CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void shared_out(void)
{
    CUdeviceptr p;
    int n = 1 << 20;

    begin();
    p = sim_device(NULL, 64);
    fault("shared_out", (void *[]){&p, &n}, CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void out_of_bounds(void)
{
    CUdeviceptr p;
    CUdeviceptr q;
    int at = 1 << 20;

    begin();
    p = sim_device(NULL, 64);
    q = sim_device(NULL, 64);
    fault("copy_out", (void *[]){&p, &q, &at}, CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void freed(void)
{
    CUdeviceptr p;
    CUdeviceptr q;
    int at = 0;

    begin();
    q = sim_device(NULL, 64);
    OK(cuMemAlloc(&p, 8 << 20));
    OK(cuMemFree(p));
    fault("copy_out", (void *[]){&p, &q, &at}, CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void *wait_in_thread(void *ctx)
{
    OK(cuCtxSetCurrent(ctx));
    FAILS(CUDA_ERROR_LAUNCH_FAILED, cuCtxSynchronize());
    return NULL;
}

/* A fault releases whoever waits, also behind an endless kernel. */
static void wakes_waiters(void)
{
    CUcontext ctx = NULL;
    void *flag = NULL;
    CUstream s = NULL;
    pthread_t t;

    begin();
    OK(cuCtxGetCurrent(&ctx));
    OK(cuMemHostAlloc(&flag, 4, 0));
    memset(flag, 0, 4);
    OK(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    OK(cuLaunchKernel(sim_function(faults, "spin"), 1, 1, 1, 1, 1, 1, 0, s, (void *[]){&flag},
                      NULL));
    CHECK(pthread_create(&t, NULL, wait_in_thread, ctx) == 0);
    OK(cuLaunchKernel(sim_function(faults, "do_trap"), 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    FAILS(CUDA_ERROR_LAUNCH_FAILED, cuStreamSynchronize(NULL));
    CHECK(pthread_join(t, NULL) == 0);
    check_poisoned(CUDA_ERROR_LAUNCH_FAILED);
}

#define CASE(name, body)                                                                           \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        sim_child(body);                                                                           \
    }

CASE(test_illegal_address_is_700, illegal)
CASE(test_misaligned_address_is_716, misaligned)
CASE(test_trap_is_719, trapped)
CASE(test_assert_is_710, asserted)
CASE(test_stack_overflow_is_700, overflowed)
CASE(test_shared_overrun_is_700, shared_out)
CASE(test_overrun_is_700, out_of_bounds)
CASE(test_use_after_free_is_700, freed)
CASE(test_fault_wakes_waiters, wakes_waiters)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_illegal_address_is_700),
        cmocka_unit_test(test_misaligned_address_is_716),
        cmocka_unit_test(test_trap_is_719),
        cmocka_unit_test(test_assert_is_710),
        cmocka_unit_test(test_stack_overflow_is_700),
        cmocka_unit_test(test_shared_overrun_is_700),
        cmocka_unit_test(test_overrun_is_700),
        cmocka_unit_test(test_use_after_free_is_700),
        cmocka_unit_test(test_fault_wakes_waiters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
