/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gs_symbols.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"

static struct fake_broker broker;

static void start(void)
{
    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
}

static void before_init(void)
{
    const char *text;
    CUcontext context;
    int value = 0;

    fake_broker_start(&broker);
    CHILD_CHECK(cuCtxGetCurrent(&context) == CUDA_ERROR_NOT_INITIALIZED);
    CHILD_CHECK(cuDeviceGetCount(&value) == CUDA_ERROR_NOT_INITIALIZED);
    CHILD_CHECK(cuGetErrorName(CUDA_ERROR_NOT_READY, &text) == CUDA_SUCCESS);
    CHILD_CHECK(strcmp(text, "CUDA_ERROR_NOT_READY") == 0);
    CHILD_CHECK(cuGetErrorString((CUresult)12345, &text) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(text == NULL);
    CHILD_CHECK(cuDriverGetVersion(&value) == CUDA_SUCCESS && value == 12040);
    CHILD_CHECK(cuInit(1) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS && cuInit(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxGetCurrent(&context) == CUDA_SUCCESS && context == NULL);
    CHILD_CHECK(cuStreamQuery(NULL) == CUDA_ERROR_INVALID_CONTEXT);
    fake_broker_stop(&broker);
}

static void devices(void)
{
    CUuuid uuid;
    CUdevice device = 9;
    char name[5];
    char bus[16];
    int value = -1;

    broker.devices = 2;
    (void)setenv("CUDA_VISIBLE_DEVICES", "1", 1);
    start();
    CHILD_CHECK(cuDeviceGetCount(&value) == CUDA_SUCCESS && value == 1);
    CHILD_CHECK(cuDeviceGet(&device, 0) == CUDA_SUCCESS && device == 0);
    CHILD_CHECK(cuDeviceGet(&device, 1) == CUDA_ERROR_INVALID_DEVICE);
    CHILD_CHECK(cuDeviceGetUuid_v2(&uuid, 0) == CUDA_SUCCESS && uuid.bytes[3] == 2);
    CHILD_CHECK(cuDeviceGetName(name, sizeof(name), 0) == CUDA_SUCCESS);
    CHILD_CHECK(strcmp(name, "Fake") == 0);
    CHILD_CHECK(cuDeviceGetPCIBusId(bus, 12, 0) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuDeviceGetPCIBusId(bus, 13, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuDeviceGetByPCIBusId(&device, "02:00.0") == CUDA_SUCCESS);
    CHILD_CHECK(cuDeviceGetByPCIBusId(&device, "0000:ff:1f.0") == CUDA_ERROR_INVALID_DEVICE);
    CHILD_CHECK(cuDeviceGetByPCIBusId(&device, "junk") == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuDeviceGetAttribute(&value, (CUdevice_attribute)0, 0) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0) == CUDA_SUCCESS);
    CHILD_CHECK(value == 10);
    CHILD_CHECK(cuDeviceGetAttribute(&value, (CUdevice_attribute)99, 0) ==
                CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuDeviceGetAttribute(NULL, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 5) ==
                CUDA_ERROR_INVALID_DEVICE);
    fake_broker_stop(&broker);
}

static void context_stack(void)
{
    CUcontext a;
    CUcontext b;
    CUcontext seen;
    CUdevice device;
    CUdeviceptr p;

    start();
    CHILD_CHECK(cuCtxPopCurrent_v2(&seen) == CUDA_ERROR_INVALID_CONTEXT);
    CHILD_CHECK(cuCtxCreate_v2(&a, 0, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxCreate_v2(&b, CU_CTX_MAP_HOST, 0) == CUDA_SUCCESS && a != b);
    CHILD_CHECK(cuCtxGetCurrent(&seen) == CUDA_SUCCESS && seen == b);
    CHILD_CHECK(cuCtxPopCurrent_v2(&seen) == CUDA_SUCCESS && seen == b);
    CHILD_CHECK(cuCtxGetCurrent(&seen) == CUDA_SUCCESS && seen == a);
    CHILD_CHECK(cuCtxPushCurrent_v2(NULL) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuCtxPushCurrent_v2((CUcontext)0x1234) == CUDA_ERROR_INVALID_CONTEXT);
    CHILD_CHECK(cuCtxPushCurrent_v2(b) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxDestroy_v2(b) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxGetCurrent(&seen) == CUDA_SUCCESS && seen == a);
    CHILD_CHECK(cuCtxDestroy_v2(b) == CUDA_ERROR_CONTEXT_IS_DESTROYED);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxSetCurrent(NULL) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_ERROR_INVALID_CONTEXT);
    CHILD_CHECK(cuCtxSetCurrent(a) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxPushCurrent_v2(a) == CUDA_SUCCESS && cuCtxDestroy_v2(a) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.opens) == 1);
    /* A dead one stays on the stack and says so. */
    CHILD_CHECK(cuCtxGetCurrent(&seen) == CUDA_SUCCESS && seen == a);
    CHILD_CHECK(cuCtxGetDevice(&device) == CUDA_SUCCESS && device == 0);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_ERROR_CONTEXT_IS_DESTROYED);
    fake_broker_stop(&broker);
}

static void primary_context(void)
{
    CUcontext first;
    CUcontext second;
    CUdeviceptr p;
    unsigned int flags = 9;
    int active = 9;

    start();
    CHILD_CHECK(cuDevicePrimaryCtxRelease_v2(0) == CUDA_ERROR_INVALID_CONTEXT);
    CHILD_CHECK(cuDevicePrimaryCtxSetFlags_v2(0, 3) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuDevicePrimaryCtxSetFlags_v2(0, 4) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&first, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&second, 0) == CUDA_SUCCESS && first == second);
    CHILD_CHECK(atomic_load(&broker.opens) == 1);
    CHILD_CHECK(cuCtxSetCurrent(first) == CUDA_SUCCESS && cuCtxGetFlags(&flags) == CUDA_SUCCESS);
    CHILD_CHECK(flags == (4 | CU_CTX_MAP_HOST));
    CHILD_CHECK(cuCtxDestroy_v2(first) == CUDA_ERROR_INVALID_CONTEXT);
    CHILD_CHECK(cuDevicePrimaryCtxRelease_v2(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxRelease_v2(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxRelease_v2(0) == CUDA_ERROR_INVALID_CONTEXT);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_ERROR_CONTEXT_IS_DESTROYED);
    CHILD_CHECK(cuDevicePrimaryCtxGetState(0, &flags, &active) == CUDA_SUCCESS && active == 0);
    /* Again: the same handle, a new worker. */
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&second, 0) == CUDA_SUCCESS && first == second);
    CHILD_CHECK(atomic_load(&broker.opens) == 2 && atomic_load(&broker.closes) == 1);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxReset_v2(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_ERROR_CONTEXT_IS_DESTROYED);
    CHILD_CHECK(cuDevicePrimaryCtxRelease_v2(0) == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

static void in_forked_child(void)
{
    CUcontext context;
    CUdeviceptr p;
    int status = -1;
    int value = 0;
    pid_t child;

    start();
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
    child = fork();
    if (child == 0) {
        CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_ERROR_NOT_INITIALIZED);
        CHILD_CHECK(cuInit(0) == CUDA_ERROR_NOT_INITIALIZED);
        CHILD_CHECK(cuCtxGetCurrent(&context) == CUDA_ERROR_NOT_INITIALIZED);
        CHILD_CHECK(cuDriverGetVersion(&value) == CUDA_SUCCESS && value == 12040);
        _exit(0);
    }
    CHILD_CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxSynchronize() == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

static void proc_addresses(void)
{
    CUdriverProcAddressQueryResult status = CU_GET_PROC_ADDRESS_SUCCESS;
    void *old = NULL;
    void *p = NULL;

    start();
    CHILD_CHECK(cuGetProcAddress_v2("cuMemAlloc", &p, 12000, 0, &status) == CUDA_SUCCESS);
    CHILD_CHECK(p == (void *)cuMemAlloc_v2 && status == CU_GET_PROC_ADDRESS_SUCCESS);
    CHILD_CHECK(cuGetProcAddress_v2("cuMemAlloc_v2", &p, 12000, 0, &status) == CUDA_SUCCESS);
    CHILD_CHECK(p == NULL && status == CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
    CHILD_CHECK(cuGetProcAddress_v2("", &p, 0, 0, NULL) == CUDA_SUCCESS && p == NULL);
    CHILD_CHECK(cuGetProcAddress_v2("cuInit", &p, 1000, 0, &status) == CUDA_SUCCESS);
    CHILD_CHECK(p == NULL && status == CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
    CHILD_CHECK(cuGetProcAddress_v2("cuInit", &p, 99000, 0, &status) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuGetProcAddress_v2("cuInit", &p, 12000, 4, &status) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuGetProcAddress("cuNope", &p, 12000, 0) == CUDA_ERROR_NOT_FOUND && p == NULL);
    CHILD_CHECK(cuGetProcAddress_v2("cuLaunchKernel", &old, 7000, 0, NULL) == CUDA_SUCCESS);
    CHILD_CHECK(cuGetProcAddress_v2("cuLaunchKernel", &p, 7000,
                                    CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM,
                                    NULL) == CUDA_SUCCESS);
    CHILD_CHECK(old == (void *)cuLaunchKernel && p == (void *)cuLaunchKernel_ptsz);
    fake_broker_stop(&broker);
}

static void export_tables(void)
{
    const void *table = &broker;
    CUuuid id = {{1, 2, 3}};

    start();
    CHILD_CHECK(cuGetExportTable(&table, &id) == CUDA_ERROR_INVALID_VALUE && table == NULL);
    CHILD_CHECK(cuGetExportTable(NULL, &id) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuGetExportTable(&table, NULL) == CUDA_ERROR_INVALID_VALUE);
    fake_broker_stop(&broker);
}

/* A question without a context brings the worker that the primary context then has, unseen. */
static void question_without_context(void)
{
    CUcontext context;
    CUlibrary library;
    CUkernel kernel;
    CUkernel again;
    CUdeviceptr p;
    unsigned int flags;
    int active = 9;

    start();
    CHILD_CHECK(cuLibraryLoadData(&library, ".version 7.0", NULL, NULL, 0, NULL, NULL, 0) ==
                CUDA_SUCCESS);
    CHILD_CHECK(cuLibraryGetKernel(&kernel, library, "k") == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.opens) == 1 && atomic_load(&broker.closes) == 0);
    CHILD_CHECK(cuDevicePrimaryCtxGetState(0, &flags, &active) == CUDA_SUCCESS && active == 0);
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&context, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxRelease_v2(0) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.opens) == 1);
    /* It ends with the last context of the program. */
    CHILD_CHECK(cuLibraryGetKernel(&again, library, "other") == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.opens) == 2 && atomic_load(&broker.closes) == 1);
    CHILD_CHECK(cuCtxDestroy_v2(context) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&context, 0) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.opens) == 3 && atomic_load(&broker.closes) == 2);
    CHILD_CHECK(cuLibraryUnload(library) == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

#define IN_CHILD(fn)                                                                               \
    static void test_##fn(void **state)                                                            \
    {                                                                                              \
        (void)state;                                                                               \
        fake_run_in_child(fn);                                                                     \
    }
IN_CHILD(before_init)
IN_CHILD(devices)
IN_CHILD(context_stack)
IN_CHILD(primary_context)
IN_CHILD(question_without_context)
IN_CHILD(in_forked_child)
IN_CHILD(proc_addresses)
IN_CHILD(export_tables)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_init),     cmocka_unit_test(test_devices),
        cmocka_unit_test(test_context_stack),   cmocka_unit_test(test_primary_context),
        cmocka_unit_test(test_in_forked_child), cmocka_unit_test(test_proc_addresses),
        cmocka_unit_test(test_export_tables),   cmocka_unit_test(test_question_without_context),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
