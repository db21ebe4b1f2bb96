/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

#include <pthread.h>
#include <sched.h>

/* Streams, events, what blocks and what does not. */

static CUcontext context;
static CUfunction spin;
static volatile int *flag; /* pinned: the spinning kernel ends when it is set */

static int setup(void **state)
{
    void *p = NULL;

    (void)state;
    context = sim_context();
    spin = sim_function(sim_module("faults.ptx"), "spin");
    OK(cuMemHostAlloc(&p, 64, 0));
    flag = p;
    return 0;
}

static void release(void)
{
    __atomic_store_n(flag, 1, __ATOMIC_SEQ_CST);
}

static void spin_in(CUstream s)
{
    void *p = (void *)(uintptr_t)flag;

    __atomic_store_n(flag, 0, __ATOMIC_SEQ_CST);
    OK(cuLaunchKernel(spin, 1, 1, 1, 1, 1, 1, 0, s, (void *[]){&p}, NULL));
}

static CUstream stream_new(unsigned flags)
{
    CUstream s = NULL;

    OK(cuStreamCreate(&s, flags));
    return s;
}

static void test_endless_kernel_leaves_others_running(void **state)
{
    CUstream a = stream_new(CU_STREAM_NON_BLOCKING);
    CUstream b = stream_new(CU_STREAM_NON_BLOCKING);
    CUdeviceptr d = sim_device(NULL, 4096);
    CUdeviceptr more = 0;
    unsigned word = 0;

    (void)state;
    spin_in(a);
    OK(cuMemsetD32Async(d, 7, 1024, b));
    OK(cuMemcpyDtoHAsync(&word, d + 4000, 4, b));
    OK(cuStreamSynchronize(b));
    assert_int_equal(word, 7);
    FAILS(CUDA_ERROR_NOT_READY, cuStreamQuery(a));
    OK(cuStreamQuery(NULL));
    OK(cuMemAlloc(&more, 1 << 20)); /* does not wait for it */
    release();
    OK(cuStreamSynchronize(a));
    OK(cuStreamQuery(a));
}

static void test_legacy_stream_orders_blocking_ones(void **state)
{
    CUstream a = stream_new(CU_STREAM_DEFAULT);
    CUstream b = stream_new(CU_STREAM_DEFAULT);
    CUstream free_one = stream_new(CU_STREAM_NON_BLOCKING);
    CUdeviceptr d = sim_device(NULL, 64);

    (void)state;
    spin_in(a);
    FAILS(CUDA_ERROR_NOT_READY, cuStreamQuery(NULL));
    OK(cuStreamWriteValue32(b, d, 1, 0)); /* before the NULL stream's: runs */
    OK(cuStreamSynchronize(b));
    OK(cuStreamWriteValue32(NULL, d, 2, 0));
    OK(cuStreamWriteValue32(b, d, 3, 0)); /* held back by the NULL stream's */
    FAILS(CUDA_ERROR_NOT_READY, cuStreamQuery(b));
    OK(cuStreamWriteValue32(free_one, d + 4, 4, 0));
    OK(cuStreamSynchronize(free_one));
    release();
    OK(cuStreamSynchronize(NULL));
    OK(cuStreamQuery(b));
}

static void test_per_thread_stream_is_not_legacy(void **state)
{
    CUdeviceptr d = sim_device(NULL, 64);
    unsigned long long mine = 0;
    unsigned long long legacy = 0;

    (void)state;
    OK(cuStreamGetId(CU_STREAM_PER_THREAD, &mine));
    OK(cuStreamGetId(CU_STREAM_LEGACY, &legacy));
    assert_true(mine != legacy);
    OK(cuMemsetD8Async(d, 1, 64, CU_STREAM_PER_THREAD));
    OK(cuStreamSynchronize(CU_STREAM_PER_THREAD));
}

static void test_event_orders_and_times(void **state)
{
    CUstream a = stream_new(CU_STREAM_NON_BLOCKING);
    CUstream b = stream_new(CU_STREAM_NON_BLOCKING);
    CUevent start = NULL;
    CUevent end = NULL;
    CUdeviceptr d = sim_device(NULL, 64);
    unsigned word = 9;
    float ms = -1;

    (void)state;
    OK(cuEventCreate(&start, 0));
    OK(cuEventCreate(&end, CU_EVENT_BLOCKING_SYNC));
    OK(cuEventQuery(start));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuEventElapsedTime(&ms, start, end));
    OK(cuEventRecord(start, a));
    spin_in(a);
    OK(cuMemsetD32Async(d, 5, 1, a));
    OK(cuEventRecord(end, a));
    OK(cuStreamWaitEvent(b, end, 0));
    OK(cuEventRecord(end, b)); /* b still waits for the earlier record */
    FAILS(CUDA_ERROR_NOT_READY, cuEventQuery(end));
    FAILS(CUDA_ERROR_NOT_READY, cuEventElapsedTime(&ms, start, end));
    release();
    OK(cuEventSynchronize(end));
    OK(cuMemcpyDtoHAsync(&word, d, 4, b));
    assert_int_equal(word, 5);
    OK(cuEventElapsedTime(&ms, start, end));
    assert_true(ms >= 0);
    OK(cuEventDestroy(start));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuEventQuery(start));
}

static void test_wait_value_holds_stream(void **state)
{
    CUstream s = stream_new(CU_STREAM_NON_BLOCKING);
    uint64_t *words = NULL;
    void *p = NULL;

    (void)state;
    OK(cuMemHostAlloc(&p, 64, 0));
    words = p;
    memset(p, 0, 64);
    OK(cuStreamWaitValue64(s, (CUdeviceptr)(uintptr_t)&words[0], 10, CU_STREAM_WAIT_VALUE_GEQ));
    OK(cuStreamWriteValue64(s, (CUdeviceptr)(uintptr_t)&words[1], UINT64_C(1) << 40, 0));
    FAILS(CUDA_ERROR_NOT_READY, cuStreamQuery(s));
    __atomic_store_n(&words[0], 9, __ATOMIC_RELEASE);
    FAILS(CUDA_ERROR_NOT_READY, cuStreamQuery(s));
    __atomic_store_n(&words[0], 11, __ATOMIC_RELEASE);
    while (__atomic_load_n(&words[1], __ATOMIC_ACQUIRE) == 0) {
        sched_yield();
    }
    OK(cuStreamSynchronize(s));
    assert_true(words[1] == UINT64_C(1) << 40);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuStreamWriteValue64(s, (CUdeviceptr)(uintptr_t)p + 4, 1, 0));
    FAILS(CUDA_ERROR_NOT_SUPPORTED,
          cuStreamWaitValue32(s, (CUdeviceptr)(uintptr_t)p, 1, CU_STREAM_WAIT_VALUE_FLUSH));
}

static CUresult inside[3];

static void host_function(void *data)
{
    CUdeviceptr p;
    int n;

    inside[0] = cuMemAlloc(&p, 4);
    inside[1] = cuCtxSynchronize();
    inside[2] = cuDeviceGetCount(&n);
    __atomic_add_fetch((int *)data, 1, __ATOMIC_SEQ_CST);
}

static void test_host_function_runs_in_order(void **state)
{
    CUstream s = stream_new(CU_STREAM_DEFAULT);
    int count = 0;

    (void)state;
    spin_in(s);
    OK(cuLaunchHostFunc(s, host_function, &count));
    OK(cuLaunchHostFunc(s, host_function, &count));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuLaunchHostFunc(s, NULL, NULL));
    assert_int_equal(__atomic_load_n(&count, __ATOMIC_SEQ_CST), 0);
    release();
    OK(cuStreamSynchronize(s));
    assert_int_equal(count, 2);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(inside[i], CUDA_ERROR_NOT_PERMITTED);
    }
}

/* 1,021 launches behind a waiting kernel are taken; the next blocks its caller. */
static int launched;

static void *launch_many(void *stream)
{
    void *p = (void *)(uintptr_t)flag;

    OK(cuCtxSetCurrent(context));
    for (int i = 0; i < 1100; i++) {
        OK(cuLaunchKernel(spin, 1, 1, 1, 1, 1, 1, 0, stream, (void *[]){&p}, NULL));
        __atomic_add_fetch(&launched, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static void test_full_launch_queue_blocks_its_caller_only(void **state)
{
    CUstream full = stream_new(CU_STREAM_NON_BLOCKING);
    CUstream other = stream_new(CU_STREAM_NON_BLOCKING);
    void *p = (void *)(uintptr_t)flag;
    pthread_t t;

    (void)state;
    __atomic_store_n(flag, 0, __ATOMIC_SEQ_CST);
    launched = 0;
    CHECK(pthread_create(&t, NULL, launch_many, full) == 0);
    while (__atomic_load_n(&launched, __ATOMIC_SEQ_CST) < 1022) {
        sched_yield();
    }
    /* Another stream's launch goes through while that thread is stuck. */
    OK(cuLaunchKernel(spin, 1, 1, 1, 1, 1, 1, 0, other, (void *[]){&p}, NULL));
    assert_int_equal(__atomic_load_n(&launched, __ATOMIC_SEQ_CST), 1022);
    release();
    CHECK(pthread_join(t, NULL) == 0);
    OK(cuCtxSynchronize());
    assert_int_equal(launched, 1100);
}

static int freed;

static void *free_block(void *block)
{
    OK(cuCtxSetCurrent(context));
    OK(cuMemFree((CUdeviceptr)(uintptr_t)block));
    __atomic_store_n(&freed, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void test_free_waits_for_running_work(void **state)
{
    CUstream s = stream_new(CU_STREAM_NON_BLOCKING);
    CUdeviceptr d = sim_device(NULL, 64);
    pthread_t t;

    (void)state;
    freed = 0;
    spin_in(s);
    CHECK(pthread_create(&t, NULL, free_block, (void *)(uintptr_t)d) == 0);
    for (int i = 0; i < 100; i++) { /* it has ample chance to be wrong */
        FAILS(CUDA_ERROR_NOT_READY, cuStreamQuery(s));
        assert_int_equal(__atomic_load_n(&freed, __ATOMIC_SEQ_CST), 0);
        sched_yield();
    }
    release();
    CHECK(pthread_join(t, NULL) == 0);
    assert_int_equal(freed, 1);
}

static void test_destroyed_stream_finishes_its_work(void **state)
{
    CUstream s = stream_new(CU_STREAM_NON_BLOCKING);
    CUdeviceptr d = sim_device(NULL, 64);
    unsigned word = 0;

    (void)state;
    spin_in(s);
    OK(cuMemsetD32Async(d, 3, 1, s));
    OK(cuStreamDestroy(s));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuStreamQuery(s));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuStreamDestroy(NULL));
    release();
    OK(cuCtxSynchronize());
    sim_fetch(&word, d, 4);
    assert_int_equal(word, 3);
}

static void test_stream_attributes_answer(void **state)
{
    CUstream s = NULL;
    unsigned flags = 9;
    int priority = 9;
    CUcontext ctx = NULL;

    (void)state;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuStreamCreate(&s, 2));
    OK(cuStreamCreateWithPriority(&s, CU_STREAM_NON_BLOCKING, -99));
    OK(cuStreamGetPriority(s, &priority));
    OK(cuStreamGetFlags(s, &flags));
    OK(cuStreamGetCtx(s, &ctx));
    assert_int_equal(priority, -5);
    assert_int_equal(flags, CU_STREAM_NON_BLOCKING);
    assert_ptr_equal(ctx, context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endless_kernel_leaves_others_running),
        cmocka_unit_test(test_legacy_stream_orders_blocking_ones),
        cmocka_unit_test(test_per_thread_stream_is_not_legacy),
        cmocka_unit_test(test_event_orders_and_times),
        cmocka_unit_test(test_wait_value_holds_stream),
        cmocka_unit_test(test_host_function_runs_in_order),
        cmocka_unit_test(test_full_launch_queue_blocks_its_caller_only),
        cmocka_unit_test(test_free_waits_for_running_work),
        cmocka_unit_test(test_destroyed_stream_finishes_its_work),
        cmocka_unit_test(test_stream_attributes_answer),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
