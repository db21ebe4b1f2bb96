/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <stdlib.h>
#include <string.h>

#include "gs_symbols.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"
#include "vgpu_ops.h"

static struct fake_broker broker;

static CUcontext start(void)
{
    CUcontext context;

    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
    return context;
}

static void device_memory(void)
{
    CUdeviceptr p;
    CUdeviceptr base;
    size_t size;

    (void)start();
    CHILD_CHECK(cuMemAlloc_v2(&p, 0) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemAlloc_v2(&p, 1000) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemGetAddressRange_v2(&base, &size, p + 999) == CUDA_SUCCESS);
    CHILD_CHECK(base == p && size == 1000);
    CHILD_CHECK(cuMemGetAddressRange_v2(&base, &size, p + 1000) == CUDA_ERROR_NOT_FOUND);
    CHILD_CHECK(cuMemFree_v2(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemFree_v2(p + 4) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemFree_v2(p) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemFree_v2(p) == CUDA_ERROR_INVALID_VALUE);
    atomic_store(&broker.result, CUDA_ERROR_OUT_OF_MEMORY);
    /* What is kept here needs no worker; the rest does. */
    CHILD_CHECK(cuMemAlloc_v2(&p, 1000) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&p, 3u << 20) == CUDA_ERROR_OUT_OF_MEMORY);
    fake_broker_stop(&broker);
}

static uint64_t records(void)
{
    return atomic_load(&broker.channels[0].records);
}

/* Allocations in turn ask the worker once, whatever their size, and do not overlap. */
static void device_memory_is_kept(void)
{
    CUdeviceptr p[64];
    CUdeviceptr large;
    uint64_t before;

    (void)start();
    CHILD_CHECK(cuMemAlloc_v2(&p[0], 1u << 20) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&large, 6u << 20) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemFree_v2(p[0]) == CUDA_SUCCESS && cuMemFree_v2(large) == CUDA_SUCCESS);
    before = records();
    for (unsigned int i = 0; i < 1000; i++) {
        CHILD_CHECK(cuMemAlloc_v2(&p[0], 1u << 20) == CUDA_SUCCESS);
        CHILD_CHECK(cuMemAlloc_v2(&large, 5u << 20) == CUDA_SUCCESS);
        CHILD_CHECK(cuMemFree_v2(p[0]) == CUDA_SUCCESS && cuMemFree_v2(large) == CUDA_SUCCESS);
    }
    for (unsigned int i = 0; i < 64; i++) {
        CHILD_CHECK(cuMemAlloc_v2(&p[i], 513 * (i + 1)) == CUDA_SUCCESS && p[i] % 512 == 0);
        for (unsigned int j = 0; j < i; j++) {
            CHILD_CHECK(p[j] + 513 * (j + 1) <= p[i] || p[i] + 513 * (i + 1) <= p[j]);
        }
    }
    CHILD_CHECK(records() == before);
    fake_broker_stop(&broker);
}

/* With work under way a free asks whether it is done, and nothing is handed out before. */
static void a_free_waits_for_work(void)
{
    CUdeviceptr p;
    uint64_t before;

    (void)start();
    CHILD_CHECK(cuMemAlloc_v2(&p, 4096) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD8_v2(p, 1, 4096) == CUDA_SUCCESS);
    before = records();
    CHILD_CHECK(cuMemFree_v2(p) == CUDA_SUCCESS && records() > before);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4096) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD8_v2(p, 1, 4096) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(NULL) == CUDA_SUCCESS);
    before = records();
    CHILD_CHECK(cuMemFree_v2(p) == CUDA_SUCCESS && records() == before);
    fake_broker_stop(&broker);
}

/* What an ended stream left undone is not done because the next stream of its index is. */
static void a_free_waits_for_ended_streams(void)
{
    CUstream first;
    CUstream second;
    CUdeviceptr p;
    CUdeviceptr q;
    uint64_t before;

    (void)start();
    CHILD_CHECK(cuMemAlloc_v2(&p, 4096) == CUDA_SUCCESS && cuMemAlloc_v2(&q, 64) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamCreate(&first, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD8Async(p, 1, 4096, first) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamDestroy_v2(first) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamCreate(&second, 0) == CUDA_SUCCESS);
    CHILD_CHECK((uint32_t)(uintptr_t)second == (uint32_t)(uintptr_t)first);
    CHILD_CHECK(cuMemsetD8Async(p, 1, 4096, second) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(second) == CUDA_SUCCESS);
    before = records();
    CHILD_CHECK(cuMemFree_v2(p) == CUDA_SUCCESS && records() > before);
    before = records();
    CHILD_CHECK(cuMemFree_v2(q) == CUDA_SUCCESS && records() == before);
    fake_broker_stop(&broker);
}

static void pinned_memory(void)
{
    CUdeviceptr d;
    unsigned int flags;
    void *p;
    void *q;
    int local;

    (void)start();
    CHILD_CHECK(cuMemHostAlloc(&p, 0, 0) == CUDA_SUCCESS && p == NULL);
    CHILD_CHECK(cuMemHostAlloc(&p, 8, 0x10) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemHostAlloc(&p, 1ull << 40, 0) == CUDA_ERROR_OUT_OF_MEMORY);
    CHILD_CHECK(cuMemHostAlloc(&p, 5000, 1) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAllocHost_v2(&q, 5000) == CUDA_SUCCESS && p != q);
    memset(p, 1, 5000);
    CHILD_CHECK(cuMemHostGetFlags(&flags, p) == CUDA_SUCCESS && flags == 3);
    CHILD_CHECK(cuMemHostGetDevicePointer_v2(&d, (char *)p + 4, 0) == CUDA_SUCCESS);
    CHILD_CHECK(d == (CUdeviceptr)(uintptr_t)p + 4);
    CHILD_CHECK(cuMemHostGetDevicePointer_v2(&d, p, 1) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemHostGetDevicePointer_v2(&d, &local, 0) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemFreeHost((char *)p + 4) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemFreeHost(&local) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemFreeHost(p) == CUDA_SUCCESS && cuMemFreeHost(q) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemFreeHost(p) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemFreeHost(NULL) == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

static void pointer_attributes(void)
{
    CUpointer_attribute wanted[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                    CU_POINTER_ATTRIBUTE_HOST_POINTER,
                                    CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL};
    unsigned int type = 9;
    void *host = NULL;
    int ordinal = 9;
    void *data[] = {&type, &host, &ordinal};
    CUcontext context = start();
    CUcontext owner;
    CUdeviceptr p;

    CHILD_CHECK(cuMemAlloc_v2(&p, 100) == CUDA_SUCCESS);
    CHILD_CHECK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p + 5) ==
                CUDA_SUCCESS);
    CHILD_CHECK(type == CU_MEMORYTYPE_DEVICE);
    CHILD_CHECK(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_CONTEXT, p) == CUDA_SUCCESS);
    CHILD_CHECK(owner == context);
    CHILD_CHECK(cuPointerGetAttribute(&host, CU_POINTER_ATTRIBUTE_HOST_POINTER, p) ==
                CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                      (CUdeviceptr)(uintptr_t)&type) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuPointerGetAttributes(3, wanted, data, (CUdeviceptr)(uintptr_t)&type) ==
                CUDA_SUCCESS);
    CHILD_CHECK(type == 0 && host == &type && ordinal == -2);
    CHILD_CHECK(cuPointerGetAttributes(3, wanted, data, p) == CUDA_SUCCESS);
    CHILD_CHECK(type == CU_MEMORYTYPE_DEVICE && host == NULL && ordinal == 0);
    CHILD_CHECK(cuPointerGetAttributes(0, wanted, data, p) == CUDA_ERROR_INVALID_VALUE);
    fake_broker_stop(&broker);
}

static void copies(void)
{
    static char host[9 << 20];
    CUdeviceptr p;

    (void)start();
    CHILD_CHECK(cuMemAlloc_v2(&p, sizeof(host)) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemcpyHtoD_v2(p, host, sizeof(host)) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemcpyDtoH_v2(host, p, sizeof(host)) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemcpyHtoD_v2(p, host, sizeof(host) + 1) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemcpyHtoD_v2(0, NULL, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemcpyHtoD_v2(p, NULL, 4) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemcpyHtoD_v2(0x1234, host, 4) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemcpyDtoH_v2(host, (CUdeviceptr)(uintptr_t)host, 4) == CUDA_ERROR_INVALID_VALUE);
    memcpy(host, "moved", 6);
    CHILD_CHECK(cuMemcpy((CUdeviceptr)(uintptr_t)host + 100, (CUdeviceptr)(uintptr_t)host, 6) ==
                CUDA_SUCCESS);
    CHILD_CHECK(strcmp(host + 100, "moved") == 0);
    for (unsigned int i = 0; i < 3000; i++) {
        CHILD_CHECK(cuMemcpyHtoDAsync_v2(p, host, 4000, NULL) == CUDA_SUCCESS);
    }
    fake_broker_stop(&broker);
}

static void fills(void)
{
    CUdeviceptr p;

    (void)start();
    CHILD_CHECK(cuMemAlloc_v2(&p, 1000) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD8_v2(p, 1, 1000) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD8_v2(p, 1, 1001) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemsetD16_v2(p + 1, 1, 4) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemsetD32Async(p + 2, 1, 4, NULL) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemsetD32_v2(p, 1, 250) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD32_v2(p, 1, SIZE_MAX / 2) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuMemsetD8_v2(0, 1, 0) == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

static CUresult launch(CUfunction f, unsigned int block, unsigned int shared, void **params,
                       void **extra)
{
    return cuLaunchKernel(f, 1, 1, 1, block, 1, 1, shared, NULL, params, extra);
}

static void launches(void)
{
    uint64_t first = 1;
    uint32_t second = 2;
    void *params[] = {&first, &second};
    char bytes[16] = {0};
    size_t size = 12;
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, bytes, CU_LAUNCH_PARAM_BUFFER_SIZE, &size,
                     CU_LAUNCH_PARAM_END};
    void *end[] = {CU_LAUNCH_PARAM_END};
    CUfunction f;
    CUfunction again;
    CUmodule m;

    (void)start();
    CHILD_CHECK(cuModuleLoadData(&m, ".version 7.0") == CUDA_SUCCESS);
    CHILD_CHECK(cuModuleGetFunction(&f, m, "k") == CUDA_SUCCESS);
    CHILD_CHECK(cuModuleGetFunction(&again, m, "k") == CUDA_SUCCESS && f == again);
    CHILD_CHECK(launch(NULL, 1, 0, params, NULL) == CUDA_ERROR_INVALID_HANDLE);
    CHILD_CHECK(launch(f, 256, 49152, params, NULL) == CUDA_SUCCESS);
    CHILD_CHECK(launch(f, 0, 0, params, NULL) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(launch(f, 257, 0, params, NULL) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(launch(f, 1, 49153, params, NULL) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(launch(f, 1, 0, NULL, NULL) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(launch(f, 1, 0, params, extra) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(launch(f, 1, 0, NULL, extra) == CUDA_SUCCESS);
    size = 16;
    CHILD_CHECK(launch(f, 1, 0, NULL, extra) == CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
    size = 0;
    CHILD_CHECK(launch(f, 1, 0, NULL, extra) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(launch(f, 1, 0, NULL, end) == CUDA_ERROR_INVALID_VALUE);
    /* What only the driver knows of a block shape comes back from the first launch of it. */
    atomic_store(&broker.result, CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(launch(f, 17, 0, params, NULL) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(launch(f, 256, 0, params, NULL) == CUDA_SUCCESS);
    atomic_store(&broker.result, 0);
    CHILD_CHECK(cuModuleUnload(m) == CUDA_SUCCESS);
    CHILD_CHECK(cuModuleUnload(m) == CUDA_ERROR_INVALID_HANDLE);
    CHILD_CHECK(launch(f, 256, 0, params, NULL) == CUDA_ERROR_INVALID_HANDLE);
    fake_broker_stop(&broker);
}

#define IN_CHILD(fn)                                                                               \
    static void test_##fn(void **state)                                                            \
    {                                                                                              \
        (void)state;                                                                               \
        fake_run_in_child(fn);                                                                     \
    }
IN_CHILD(device_memory)
IN_CHILD(device_memory_is_kept)
IN_CHILD(a_free_waits_for_work)
IN_CHILD(a_free_waits_for_ended_streams)
IN_CHILD(pinned_memory)
IN_CHILD(pointer_attributes)
IN_CHILD(copies)
IN_CHILD(fills)
IN_CHILD(launches)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_device_memory),
        cmocka_unit_test(test_device_memory_is_kept),
        cmocka_unit_test(test_a_free_waits_for_work),
        cmocka_unit_test(test_a_free_waits_for_ended_streams),
        cmocka_unit_test(test_pinned_memory),
        cmocka_unit_test(test_pointer_attributes),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_fills),
        cmocka_unit_test(test_launches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
