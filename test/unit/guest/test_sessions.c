/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "gs_symbols.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"

static struct fake_broker broker;

static void start(void)
{
    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    fake_broker_settle(&broker);
}

static void no_broker(void)
{
    (void)setenv("VGPU_SOCKET", "/nonexistent/broker.sock", 1);
    (void)setenv("VGPU_LOG", "off", 1);
    CHILD_CHECK(cuInit(0) == CUDA_ERROR_SYSTEM_NOT_READY);
    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

static void refusals(void)
{
    CUcontext context;
    CUdeviceptr p;

    broker.refuse = CUDA_ERROR_DEVICE_UNAVAILABLE;
    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_ERROR_DEVICE_UNAVAILABLE);
    broker.refuse = 0;
    broker.refuse_hello = CUDA_ERROR_NO_DEVICE;
    CHILD_CHECK(cuInit(0) == CUDA_ERROR_NO_DEVICE);
    broker.refuse_hello = 0;
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    atomic_store(&broker.refuse_open, CUDA_ERROR_DEVICE_UNAVAILABLE);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_ERROR_DEVICE_UNAVAILABLE);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_ERROR_INVALID_CONTEXT);
    atomic_store(&broker.refuse_open, 0);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

#define RIVALS 2u

/* Threads that end the same context. */
struct rivalry {
    CUcontext context;
    pthread_barrier_t begin;
    _Atomic unsigned int ended;
    _Atomic unsigned int wrong;
};

static void *rival(void *arg)
{
    struct rivalry *r = arg;
    CUresult cu;

    (void)pthread_barrier_wait(&r->begin);
    cu = cuCtxDestroy_v2(r->context);
    (void)atomic_fetch_add(&r->ended, cu == CUDA_SUCCESS);
    (void)atomic_fetch_add(&r->wrong, cu != CUDA_SUCCESS && cu != CUDA_ERROR_CONTEXT_IS_DESTROYED);
    return NULL;
}

static void contend(void)
{
    struct rivalry r = {.ended = 0};
    pthread_t threads[RIVALS];
    CUcontext other;

    CHILD_CHECK(cuCtxCreate_v2(&r.context, 0, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxPopCurrent_v2(NULL) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxCreate_v2(&other, 0, 0) == CUDA_SUCCESS);
    CHILD_CHECK(pthread_barrier_init(&r.begin, NULL, RIVALS + 1) == 0);
    for (unsigned int i = 0; i < RIVALS; i++) {
        CHILD_CHECK(pthread_create(&threads[i], NULL, rival, &r) == 0);
    }
    (void)pthread_barrier_wait(&r.begin);
    CHILD_CHECK(cuCtxDestroy_v2(other) == CUDA_SUCCESS); /* they wait for that, both */
    for (unsigned int i = 0; i < RIVALS; i++) {
        CHILD_CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHILD_CHECK(atomic_load(&r.ended) == 1 && atomic_load(&r.wrong) == 0);
    (void)pthread_barrier_destroy(&r.begin);
}

/* A context ends once, and the worker with the last one. */
static void one_of_two_ends_it(void)
{
    CUcontext primary;

    start();
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&primary, 0) == CUDA_SUCCESS);
    for (unsigned int i = 0; i < 200; i++) {
        contend();
    }
    CHILD_CHECK(atomic_load(&broker.opens) == 1 && atomic_load(&broker.closes) == 0);
    CHILD_CHECK(cuDevicePrimaryCtxRelease_v2(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&primary, 0) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.opens) == 2 && atomic_load(&broker.closes) == 1);
    fake_broker_stop(&broker);
}

static void sticky_error(void)
{
    CUcontext context;
    CUcontext primary;
    CUcontext again;
    CUstream stream;
    CUdeviceptr p;
    int count;

    start();
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&primary, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamCreate(&stream, 0) == CUDA_SUCCESS);
    fake_channel_fail(&broker.channels[0], CUDA_ERROR_ILLEGAL_ADDRESS);
    CHILD_CHECK(cuCtxSynchronize() == CUDA_ERROR_ILLEGAL_ADDRESS);
    CHILD_CHECK(cuMemAlloc_v2(&p, 0) == CUDA_ERROR_ILLEGAL_ADDRESS);
    CHILD_CHECK(cuStreamQuery(stream) == CUDA_ERROR_ILLEGAL_ADDRESS);
    CHILD_CHECK(cuStreamDestroy_v2(stream) == CUDA_ERROR_ILLEGAL_ADDRESS);
    CHILD_CHECK(cuCtxGetCurrent(&again) == CUDA_SUCCESS && again == context);
    CHILD_CHECK(cuDeviceGetCount(&count) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&again, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxDestroy_v2(context) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxReset_v2(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&again, 0) == CUDA_ERROR_ILLEGAL_ADDRESS);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_ERROR_ILLEGAL_ADDRESS);
    fake_broker_stop(&broker);
}

static void broker_dies(void)
{
    CUcontext context;
    CUdeviceptr p;

    start();
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
    atomic_store(&broker.hold, true);
    fake_broker_stop(&broker);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_ERROR_LAUNCH_FAILED);
    CHILD_CHECK(cuCtxSynchronize() == CUDA_ERROR_LAUNCH_FAILED);
}

static void two_devices(void)
{
    CUcontext a;
    CUcontext b;
    CUstream on_a;
    CUstream on_b;
    CUdeviceptr p;
    CUdeviceptr q;

    broker.devices = 2;
    start();
    CHILD_CHECK(cuCtxCreate_v2(&a, 0, 1) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&p, 64) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamCreate(&on_a, 0) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.count) == 1);
    CHILD_CHECK(cuCtxCreate_v2(&b, 0, 0) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.count) == 2);
    CHILD_CHECK(cuMemAlloc_v2(&q, 64) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamCreate(&on_b, 0) == CUDA_SUCCESS && on_a != on_b);
    CHILD_CHECK(cuMemcpyDtoDAsync_v2(q, q + 32, 32, on_b) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemcpyDtoDAsync_v2(p, p + 32, 32, on_a) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemcpyDtoDAsync_v2(q, p, 32, on_b) == CUDA_ERROR_NOT_SUPPORTED);
    CHILD_CHECK(cuStreamSynchronize(on_a) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(on_b) == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

static void *use_own_stream(void *arg)
{
    CUdeviceptr p = *(CUdeviceptr *)arg;
    unsigned long long id = 0;
    CUcontext context;

    CHILD_CHECK(cuDevicePrimaryCtxRetain(&context, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxSetCurrent(context) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD8Async(p, 1, 8, CU_STREAM_PER_THREAD) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamGetId(CU_STREAM_PER_THREAD, &id) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(CU_STREAM_PER_THREAD) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxRelease_v2(0) == CUDA_SUCCESS);
    return (void *)(uintptr_t)id;
}

static void per_thread_streams(void)
{
    pthread_t threads[4];
    CUcontext context;
    CUdeviceptr p;
    void *ids[4];

    start();
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&context, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxSetCurrent(context) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&p, 64) == CUDA_SUCCESS);
    for (int i = 0; i < 4; i++) {
        CHILD_CHECK(pthread_create(&threads[i], NULL, use_own_stream, &p) == 0);
    }
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], &ids[i]);
        for (int k = 0; k < i; k++) {
            CHILD_CHECK(ids[i] != ids[k]);
        }
    }
    fake_broker_stop(&broker);
}

#define IN_CHILD(fn)                                                                               \
    static void test_##fn(void **state)                                                            \
    {                                                                                              \
        (void)state;                                                                               \
        fake_run_in_child(fn);                                                                     \
    }
IN_CHILD(no_broker)
IN_CHILD(refusals)
IN_CHILD(one_of_two_ends_it)
IN_CHILD(sticky_error)
IN_CHILD(broker_dies)
IN_CHILD(two_devices)
IN_CHILD(per_thread_streams)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_broker),          cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_one_of_two_ends_it), cmocka_unit_test(test_sticky_error),
        cmocka_unit_test(test_broker_dies),        cmocka_unit_test(test_two_devices),
        cmocka_unit_test(test_per_thread_streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
