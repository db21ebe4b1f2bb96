/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

#include <dlfcn.h>

/* Initialisation, devices, contexts, environment; each in a child of its own. */

static void before_init(void)
{
    CUdeviceptr p = 0;
    int n = 0;

    OK(cuDriverGetVersion(&n));
    CHECK(n == 13000);
    FAILS(CUDA_ERROR_NOT_INITIALIZED, cuDeviceGetCount(&n));
    FAILS(CUDA_ERROR_NOT_INITIALIZED, cuMemAlloc(&p, 4));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuInit(1));
    OK(cuInit(0));
    FAILS(CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc(&p, 4));
    OK(cuMemFree(0));
}

static void several_devices(void)
{
    CUuuid a;
    CUuuid b;
    CUdevice dev = 0;
    size_t bytes = 0;
    char bus[2][16];
    char name[64];
    int n = 0;

    setenv("VGPU_SIM_DEVICES", "3", 1);
    setenv("VGPU_SIM_MEMORY", "0x10000000", 1);
    setenv("VGPU_SIM_VERSION", "12080", 1);
    OK(cuInit(0));
    OK(cuDriverGetVersion(&n));
    CHECK(n == 12080);
    OK(cuDeviceGetCount(&n));
    CHECK(n == 3);
    FAILS(CUDA_ERROR_INVALID_DEVICE, cuDeviceGet(&dev, 3));
    OK(cuDeviceTotalMem(&bytes, 2));
    CHECK(bytes == 0x10000000);
    OK(cuDeviceGetUuid(&a, 0));
    OK(cuDeviceGetUuid(&b, 1));
    CHECK(memcmp(&a, &b, sizeof(a)) != 0);
    OK(cuDeviceGetPCIBusId(bus[0], 16, 0));
    OK(cuDeviceGetPCIBusId(bus[1], 16, 1));
    CHECK(strcmp(bus[0], bus[1]) != 0);
    OK(cuDeviceGetByPCIBusId(&dev, bus[1]));
    CHECK(dev == 1);
    OK(cuDeviceGetName(name, sizeof(name), 0));
    CHECK(strcmp(name, "vgpu simulator") == 0);
}

static void every_attribute(void)
{
    int v = 0;

    OK(cuInit(0));
    for (int a = 1; a < CU_DEVICE_ATTRIBUTE_MAX; a++) {
        OK(cuDeviceGetAttribute(&v, (CUdevice_attribute)a, 0));
    }
    FAILS(CUDA_ERROR_INVALID_VALUE, cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_MAX, 0));
    OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY, 0));
    CHECK(v == 0);
    OK(cuDeviceGetAttribute(&v, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0));
    CHECK(v == 132);
}

static void context_stack(void)
{
    CUcontext a = NULL;
    CUcontext b = NULL;
    CUcontext top = NULL;
    CUdeviceptr p = 0;

    OK(cuInit(0));
    OK(cuCtxCreate(&a, NULL, 0, 0));
    OK(cuCtxCreate(&b, NULL, CU_CTX_SCHED_BLOCKING_SYNC, 0));
    OK(cuCtxPopCurrent(&top));
    CHECK(top == b);
    OK(cuCtxGetCurrent(&top));
    CHECK(top == a);
    OK(cuCtxSetCurrent(b));
    OK(cuMemAlloc(&p, 4 << 20));
    OK(cuCtxDestroy(b));
    OK(cuCtxGetCurrent(&top));
    CHECK(top == NULL);
    FAILS(CUDA_ERROR_INVALID_CONTEXT, cuCtxPopCurrent(&top));
    FAILS(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuCtxDestroy(b));
    OK(cuCtxSetCurrent(b));
    FAILS(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuMemAlloc(&p, 4));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuCtxPushCurrent(NULL));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuCtxCreate(&a, NULL, 3, 0));
    FAILS(CUDA_ERROR_INVALID_DEVICE, cuCtxCreate(&a, NULL, 0, 9));
}

static void primary_context(void)
{
    CUcontext a = NULL;
    CUcontext b = NULL;
    CUdeviceptr p = 0;
    unsigned flags = 9;
    int active = 9;

    OK(cuInit(0));
    FAILS(CUDA_ERROR_INVALID_CONTEXT, cuDevicePrimaryCtxRelease(0));
    OK(cuDevicePrimaryCtxSetFlags(0, CU_CTX_SCHED_BLOCKING_SYNC));
    OK(cuDevicePrimaryCtxRetain(&a, 0));
    OK(cuDevicePrimaryCtxRetain(&b, 0));
    CHECK(a == b);
    OK(cuDevicePrimaryCtxGetState(0, &flags, &active));
    CHECK(flags == CU_CTX_SCHED_BLOCKING_SYNC && active == 1);
    FAILS(CUDA_ERROR_INVALID_CONTEXT, cuCtxDestroy(a));
    OK(cuCtxSetCurrent(a));
    OK(cuMemAlloc(&p, 64));
    OK(cuDevicePrimaryCtxReset(0));
    FAILS(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuMemAlloc(&p, 64));
    OK(cuDevicePrimaryCtxRelease(0));
    OK(cuDevicePrimaryCtxRelease(0));
    FAILS(CUDA_ERROR_INVALID_CONTEXT, cuDevicePrimaryCtxRelease(0));
}

static void injected_fault(void)
{
    CUdeviceptr p = 0;

    setenv("VGPU_SIM_FAULT", "cuMemAlloc:3:46", 1);
    (void)sim_context();
    OK(cuMemAlloc(&p, 4));
    OK(cuMemAlloc(&p, 4));
    FAILS(CUDA_ERROR_DEVICE_UNAVAILABLE, cuMemAlloc(&p, 4));
    OK(cuMemAlloc(&p, 4));
}

static void limits(void)
{
    size_t v = 0;

    (void)sim_context();
    OK(cuCtxGetLimit(&v, CU_LIMIT_STACK_SIZE));
    CHECK(v == 1024);
    OK(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 4097));
    OK(cuCtxGetLimit(&v, CU_LIMIT_STACK_SIZE));
    CHECK(v == 4112);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 1 << 20));
    FAILS(CUDA_ERROR_UNSUPPORTED_LIMIT, cuCtxSetLimit(CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH, 2));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuCtxGetLimit(&v, CU_LIMIT_MAX));
}

static void proc_addresses(void)
{
    CUdriverProcAddressQueryResult status = CU_GET_PROC_ADDRESS_SUCCESS;
    void *f = NULL;
    void *g = NULL;

    OK(cuGetProcAddress("cuMemAlloc", &f, 13000, 0, &status));
    CHECK(f == dlsym(RTLD_DEFAULT, "cuMemAlloc_v2") && status == CU_GET_PROC_ADDRESS_SUCCESS);
    OK(cuGetProcAddress("cuMemAlloc_v2", &f, 13000, 0, &status));
    CHECK(f == NULL && status == CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
    OK(cuGetProcAddress("cuCtxCreate", &f, 12000, 0, &status));
    CHECK(f == dlsym(RTLD_DEFAULT, "cuCtxCreate_v3"));
    OK(cuGetProcAddress("cuCtxCreate", &f, 3000, 0, &status));
    CHECK(f == NULL && status == CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuGetProcAddress("cuInit", &f, 99000, 0, &status));
    OK(cuGetProcAddress("cuLaunchKernel", &f, 13000, 0, &status));
    OK(cuGetProcAddress("cuLaunchKernel", &g, 13000, CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM,
                        &status));
    CHECK(f != NULL && g != NULL && f != g);
    CHECK(dlsym(RTLD_DEFAULT, "cuCtxCreate_v2") != NULL);
    CHECK(dlsym(RTLD_DEFAULT, "sim_begin") == NULL);
}

static void error_texts(void)
{
    const char *text = NULL;

    OK(cuGetErrorName(CUDA_ERROR_ILLEGAL_ADDRESS, &text));
    CHECK(strcmp(text, "CUDA_ERROR_ILLEGAL_ADDRESS") == 0);
    OK(cuGetErrorString(CUDA_ERROR_OUT_OF_MEMORY, &text));
    CHECK(strcmp(text, "out of memory") == 0);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuGetErrorName((CUresult)50, &text));
    CHECK(text == NULL);
}

#define CASE(name, body)                                                                           \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        sim_child(body);                                                                           \
    }

CASE(test_calls_before_init_are_refused, before_init)
CASE(test_environment_sets_devices, several_devices)
CASE(test_every_attribute_answers, every_attribute)
CASE(test_contexts_stack_and_die, context_stack)
CASE(test_primary_context_counts, primary_context)
CASE(test_fault_rule_strikes_once, injected_fault)
CASE(test_limits_round_and_refuse, limits)
CASE(test_proc_address_resolves, proc_addresses)
CASE(test_error_texts_are_the_drivers, error_texts)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_before_init_are_refused),
        cmocka_unit_test(test_environment_sets_devices),
        cmocka_unit_test(test_every_attribute_answers),
        cmocka_unit_test(test_contexts_stack_and_die),
        cmocka_unit_test(test_primary_context_counts),
        cmocka_unit_test(test_fault_rule_strikes_once),
        cmocka_unit_test(test_limits_round_and_refuse),
        cmocka_unit_test(test_proc_address_resolves),
        cmocka_unit_test(test_error_texts_are_the_drivers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
