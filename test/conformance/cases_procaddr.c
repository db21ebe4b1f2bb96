/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const CUuuid cudart_interface = {
    "\x6b\xd5\xfb\x6c\x5b\xf4\xe7\x4a\x89\x87\xd9\x39\x12\xfd\x9d\xf9"};
static const CUuuid tools_tls = {
    "\x42\xd8\x5a\x81\x23\xf6\xcb\x47\x82\x98\xf6\xe7\x8a\x3a\xec\xdc"};
static const CUuuid context_storage = {
    "\xc6\x93\x33\x6e\x11\x21\xdf\x11\xa8\xc3\x68\xf3\x55\xd8\x95\x93"};
static const CUuuid nobody = {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"};

/* The pointer that an exported symbol has, to compare with a looked-up one. */
static bool is_symbol(void *pfn, const char *name)
{
    return pfn && pfn == driver_api_symbol(name);
}

CONF_POSITIVE(cuGetProcAddress, known_name)
{
    void *p = NULL;

    CONF_OK(cuGetProcAddress("cuInit", &p, 13000, 0));
    CONF_EXPECT(is_symbol(p, "cuInit"));
}

CONF_POSITIVE(cuGetProcAddress, old_abi_by_version)
{
    void *p = NULL;

    CONF_OK(cuGetProcAddress("cuMemAlloc", &p, 3020, 0));
    CONF_EXPECT(is_symbol(p, "cuMemAlloc_v2"));
}

CONF_NEGATIVE(cuGetProcAddress, unknown_name)
{
    void *p = &p;

    CONF_RESULT(cuGetProcAddress("cuNoSuchCall", &p, 13000, 0), CUDA_ERROR_NOT_FOUND);
    CONF_EXPECT(p == &p);
}

CONF_NEGATIVE(cuGetProcAddress, suffixed_name)
{
    void *p = &p;

    CONF_RESULT(cuGetProcAddress("cuMemAlloc_v2", &p, 13000, 0), CUDA_ERROR_NOT_FOUND);
    CONF_EXPECT(p == &p);
}

CONF_NEGATIVE(cuGetProcAddress, version_too_old)
{
    void *p = &p;

    CONF_RESULT(cuGetProcAddress("cuMemAllocAsync", &p, 5000, 0), CUDA_ERROR_NOT_FOUND);
    CONF_EXPECT(p == &p);
}

CONF_NEGATIVE(cuGetProcAddress, version_beyond_driver)
{
    void *p = &p;

    CONF_RESULT(cuGetProcAddress("cuInit", &p, 99000, 0), CUDA_ERROR_INVALID_VALUE);
    CONF_EXPECT(p == &p);
}

CONF_NEGATIVE(cuGetProcAddress, bad_flags)
{
    void *p = &p;

    CONF_RESULT(cuGetProcAddress("cuInit", &p, 13000, 0x80), CUDA_ERROR_INVALID_VALUE);
    CONF_EXPECT(p == &p);
}

CONF_POSITIVE(cuGetProcAddress_v2, known_name)
{
    void *p = NULL;
    CUdriverProcAddressQueryResult status = (CUdriverProcAddressQueryResult)99;

    CONF_OK(cuGetProcAddress_v2("cuInit", &p, 13000, 0, &status));
    CONF_EXPECT(is_symbol(p, "cuInit"));
    CONF_VALUE(status);
}

CONF_POSITIVE(cuGetProcAddress_v2, null_status)
{
    void *p = NULL;

    CONF_OK(cuGetProcAddress_v2("cuDeviceGet", &p, 13000, 0, NULL));
    CONF_EXPECT(is_symbol(p, "cuDeviceGet"));
}

CONF_POSITIVE(cuGetProcAddress_v2, newest_abi)
{
    void *p = NULL;

    CONF_OK(cuGetProcAddress_v2("cuMemAlloc", &p, 13000, 0, NULL));
    CONF_EXPECT(is_symbol(p, "cuMemAlloc_v2"));
    CONF_OK(cuGetProcAddress_v2("cuEventElapsedTime", &p, 13000, 0, NULL));
    CONF_EXPECT(is_symbol(p, "cuEventElapsedTime_v2"));
    CONF_OK(cuGetProcAddress_v2("cuCtxCreate", &p, 13000, 0, NULL));
    CONF_EXPECT(is_symbol(p, "cuCtxCreate_v4"));
}

CONF_POSITIVE(cuGetProcAddress_v2, never_newer_than_asked)
{
    void *p = NULL;

    CONF_OK(cuGetProcAddress_v2("cuEventElapsedTime", &p, 12070, 0, NULL));
    CONF_EXPECT(is_symbol(p, "cuEventElapsedTime"));
    CONF_OK(cuGetProcAddress_v2("cuCtxCreate", &p, 11030, 0, NULL));
    CONF_EXPECT(is_symbol(p, "cuCtxCreate_v2"));
    CONF_OK(cuGetProcAddress_v2("cuGetProcAddress", &p, 11030, 0, NULL));
    CONF_EXPECT(is_symbol(p, "cuGetProcAddress"));
    CONF_OK(cuGetProcAddress_v2("cuGetProcAddress", &p, 12000, 0, NULL));
    CONF_EXPECT(is_symbol(p, "cuGetProcAddress_v2"));
    CONF_OK(cuGetProcAddress_v2("cuDevicePrimaryCtxRelease", &p, 7000, 0, NULL));
    CONF_EXPECT(is_symbol(p, "cuDevicePrimaryCtxRelease"));
}

CONF_POSITIVE(cuGetProcAddress_v2, per_thread_stream)
{
    void *p = NULL;

    CONF_OK(cuGetProcAddress_v2("cuLaunchKernel", &p, 13000,
                                CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM, NULL));
    CONF_EXPECT(is_symbol(p, "cuLaunchKernel_ptsz"));
    CONF_OK(cuGetProcAddress_v2("cuMemcpyHtoD", &p, 13000,
                                CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM, NULL));
    CONF_EXPECT(is_symbol(p, "cuMemcpyHtoD_v2_ptds"));
    CONF_OK(cuGetProcAddress_v2("cuInit", &p, 13000, CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM,
                                NULL));
    CONF_EXPECT(is_symbol(p, "cuInit"));
    CONF_OK(
        cuGetProcAddress_v2("cuLaunchKernel", &p, 13000, CU_GET_PROC_ADDRESS_LEGACY_STREAM, NULL));
    CONF_EXPECT(is_symbol(p, "cuLaunchKernel"));
}

CONF_NEGATIVE(cuGetProcAddress_v2, unknown_name)
{
    void *p = &p;
    CUdriverProcAddressQueryResult status = (CUdriverProcAddressQueryResult)99;

    CONF_OK(cuGetProcAddress_v2("cuNoSuchCall", &p, 13000, 0, &status));
    CONF_EXPECT(p == NULL);
    CONF_VALUE(status);
}

CONF_NEGATIVE(cuGetProcAddress_v2, empty_name)
{
    void *p = &p;
    CUdriverProcAddressQueryResult status = (CUdriverProcAddressQueryResult)99;

    CONF_OK(cuGetProcAddress_v2("", &p, 0, 0, &status));
    CONF_EXPECT(p == NULL);
    CONF_VALUE(status);
}

CONF_NEGATIVE(cuGetProcAddress_v2, unknown_name_null_status)
{
    void *p = &p;

    CONF_OK(cuGetProcAddress_v2("cuNoSuchCall", &p, 13000, 0, NULL));
    CONF_EXPECT(p == NULL);
}

CONF_NEGATIVE(cuGetProcAddress_v2, version_too_old)
{
    void *p = &p;
    CUdriverProcAddressQueryResult status = (CUdriverProcAddressQueryResult)99;

    CONF_OK(cuGetProcAddress_v2("cuMemAllocAsync", &p, 5000, 0, &status));
    CONF_EXPECT(p == NULL);
    CONF_VALUE(status);
}

CONF_NEGATIVE(cuGetProcAddress_v2, version_beyond_driver)
{
    void *p = NULL;
    CUdriverProcAddressQueryResult status = (CUdriverProcAddressQueryResult)99;

    CONF_RESULT(cuGetProcAddress_v2("cuInit", &p, 99000, 0, &status), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGetProcAddress_v2, suffixed_name)
{
    void *p = &p;
    CUdriverProcAddressQueryResult status = (CUdriverProcAddressQueryResult)99;

    CONF_OK(cuGetProcAddress_v2("cuMemAlloc_v2", &p, 13000, 0, &status));
    CONF_EXPECT(p == NULL);
    CONF_VALUE(status);
}

CONF_NEGATIVE(cuGetProcAddress_v2, bad_flags)
{
    void *p = NULL;

    CONF_RESULT(cuGetProcAddress_v2("cuInit", &p, 13000, 0x80, NULL), CUDA_ERROR_INVALID_VALUE);
}

/* The simulator has none of its own: only programs over vgpu ask for them. */
static void need_tables(void)
{
    if (conf_simulated() && getenv("VGPU_SOCKET") == NULL) {
        conf_skip("the simulator has no private tables");
    }
}

CONF_POSITIVE(cuGetExportTable, known_tables)
{
    static const struct {
        const char *id;
        size_t bytes;
    } tables[] = {
        {"\x6b\xd5\xfb\x6c\x5b\xf4\xe7\x4a\x89\x87\xd9\x39\x12\xfd\x9d\xf9", 104},
        {"\xa0\x94\x79\x8c\x2e\x74\x2e\x74\x93\xf2\x08\x00\x20\x0c\x0a\x66", 56},
        {"\x42\xd8\x5a\x81\x23\xf6\xcb\x47\x82\x98\xf6\xe7\x8a\x3a\xec\xdc", 24},
        {"\x26\x3e\x88\x60\x7c\xd2\x61\x43\x92\xf6\xbb\xd5\x00\x6d\xfa\x7e", 120},
        {"\xd4\x08\x20\x55\xbd\xe6\x70\x4b\x8d\x34\xba\x12\x3c\x66\xe1\xf2", 24},
        {"\xf8\xcf\xf9\x51\x21\x46\x8b\x4e\xb9\xe2\xfb\x46\x9e\x7c\x0d\xd9", 24},
        {"\x21\x31\x8c\x60\x97\x14\x32\x48\x8c\xa6\x41\xff\x73\x24\xc8\xf2", 744},
        {"\x17\x34\xdc\x26\x80\x0d\x47\x45\x87\x26\xc0\xf1\xe7\xdd\x8b\xca", 136},
        {"\x6e\x16\x3f\xbe\xb9\x58\x44\x4d\x83\x5c\xe1\x82\xaf\xf1\x99\x1e", 792},
    };

    conf_device();
    need_tables();
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        const void *t = NULL;
        CUuuid id;

        memcpy(id.bytes, tables[i].id, sizeof(id.bytes));
        CONF_OK(cuGetExportTable(&t, &id));
        CONF_EXPECT(t != NULL && *(const size_t *)t == tables[i].bytes);
    }
}

/* The runtime's first questions: a primary context's handle and what it keeps there. */
CONF_POSITIVE(cuGetExportTable, primary_context_and_storage)
{
    typedef CUresult (*primary_slot)(CUcontext *, CUdevice);
    typedef CUresult (*get_slot)(void **, CUcontext, void *);
    const uintptr_t *runtime;
    const uintptr_t *storage;
    unsigned int flags;
    CUcontext early = NULL;
    CUcontext context;
    void *value = &value;
    int active = -1;
    CUdevice device = conf_device();

    need_tables();
    CONF_OK(cuGetExportTable((const void **)&runtime, &cudart_interface));
    CONF_OK(cuGetExportTable((const void **)&storage, &context_storage));
    CONF_EXPECT(((get_slot)storage[2])(&value, NULL, &flags) == CUDA_ERROR_INVALID_CONTEXT);
    CONF_EXPECT(((primary_slot)runtime[2])(&early, device) == CUDA_SUCCESS);
    CONF_OK(cuDevicePrimaryCtxGetState(device, &flags, &active));
    CONF_EXPECT(flags == 0 && active == 0);
    CONF_OK(cuCtxSetCurrent(early));
    CONF_EXPECT(((get_slot)storage[2])(&value, NULL, &flags) == CUDA_ERROR_INVALID_CONTEXT);
    CONF_OK(cuDevicePrimaryCtxRetain(&context, device));
    CONF_EXPECT(context == early);
    CONF_EXPECT(((get_slot)storage[2])(&value, NULL, &flags) == CUDA_ERROR_INVALID_HANDLE);
    CONF_EXPECT(value == &value);
}

CONF_POSITIVE(cuGetExportTable, current_context)
{
    typedef CUresult (*current_slot)(CUcontext *);
    const uintptr_t *tls;
    CUcontext context;
    CUcontext now = (CUcontext)&context;

    conf_device();
    need_tables();
    CONF_OK(cuGetExportTable((const void **)&tls, &tools_tls));
    CONF_EXPECT(((current_slot)tls[2])(&now) == CUDA_SUCCESS);
    CONF_EXPECT(now == NULL);
    context = conf_context();
    CONF_EXPECT(((current_slot)tls[2])(&now) == CUDA_SUCCESS);
    CONF_EXPECT(now == context);
}

CONF_NEGATIVE(cuGetExportTable, unknown_table)
{
    const void *t = &t;

    conf_device();
    CONF_RESULT(cuGetExportTable(&t, &nobody), CUDA_ERROR_INVALID_VALUE);
    CONF_EXPECT(t == NULL);
}

CONF_NEGATIVE(cuGetExportTable, null_out)
{
    conf_device();
    CONF_RESULT(cuGetExportTable(NULL, &cudart_interface), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGetExportTable, null_uuid)
{
    const void *t = NULL;

    conf_device();
    CONF_RESULT(cuGetExportTable(&t, NULL), CUDA_ERROR_INVALID_VALUE);
}
