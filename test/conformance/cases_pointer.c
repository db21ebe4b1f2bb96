/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdint.h>

/* Everything that cudart asks about a pointer, in its order. */
struct facts {
    CUcontext ctx;
    unsigned int type;
    CUdeviceptr device;
    void *host;
    unsigned int managed;
    int ordinal;
};

static CUresult ask(struct facts *f, CUdeviceptr p)
{
    CUpointer_attribute which[] = {
        CU_POINTER_ATTRIBUTE_CONTEXT,        CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
        CU_POINTER_ATTRIBUTE_DEVICE_POINTER, CU_POINTER_ATTRIBUTE_HOST_POINTER,
        CU_POINTER_ATTRIBUTE_IS_MANAGED,     CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL};
    void *data[] = {&f->ctx, &f->type, &f->device, &f->host, &f->managed, &f->ordinal};

    *f = (struct facts){.type = 99, .managed = 99, .ordinal = 99};
    return drv.cuPointerGetAttributes(6, which, data, p);
}

CONF_POSITIVE(cuPointerGetAttribute, device_memory)
{
    CUcontext ctx = conf_context();
    CUdeviceptr p = 0, q = 0;
    CUcontext owner = NULL;
    unsigned int type = 0;
    int ordinal = -9;
    size_t size = 0;
    unsigned long long id = 0;

    p = conf_memory(5000);
    CONF_OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p + 8));
    CONF_VALUE(type);
    CONF_OK(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_CONTEXT, p));
    CONF_EXPECT(owner == ctx);
    CONF_OK(cuPointerGetAttribute(&q, CU_POINTER_ATTRIBUTE_DEVICE_POINTER, p + 8));
    CONF_EXPECT(q == p + 8);
    CONF_OK(cuPointerGetAttribute(&ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, p));
    CONF_VALUE(ordinal);
    CONF_OK(cuPointerGetAttribute(&q, CU_POINTER_ATTRIBUTE_RANGE_START_ADDR, p + 8));
    CONF_EXPECT(q == p);
    CONF_OK(cuPointerGetAttribute(&size, CU_POINTER_ATTRIBUTE_RANGE_SIZE, p + 8));
    CONF_VALUE(size);
    CONF_OK(cuPointerGetAttribute(&id, CU_POINTER_ATTRIBUTE_BUFFER_ID, p));
    CONF_EXPECT(id != 0);
}

CONF_POSITIVE(cuPointerGetAttribute, pinned_memory)
{
    void *p = NULL;
    unsigned int type = 0;
    void *host = NULL;
    CUdeviceptr q = 0;

    conf_context();
    CONF_SETUP(cuMemHostAlloc(&p, 4096, 0));
    CONF_OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (CUdeviceptr)p));
    CONF_VALUE(type);
    CONF_OK(cuPointerGetAttribute(&host, CU_POINTER_ATTRIBUTE_HOST_POINTER, (CUdeviceptr)p + 16));
    CONF_EXPECT(host == (char *)p + 16);
    CONF_OK(cuPointerGetAttribute(&q, CU_POINTER_ATTRIBUTE_DEVICE_POINTER, (CUdeviceptr)p));
    CONF_EXPECT(q == (CUdeviceptr)p);
}

CONF_POSITIVE(cuPointerGetAttribute, not_managed)
{
    CUdeviceptr p = 0;
    unsigned int managed = 9;

    conf_context();
    p = conf_memory(64);
    CONF_OK(cuPointerGetAttribute(&managed, CU_POINTER_ATTRIBUTE_IS_MANAGED, p));
    CONF_VALUE(managed & 0xff);
}

CONF_NEGATIVE(cuPointerGetAttribute, null_out)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuPointerGetAttribute(NULL, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuPointerGetAttribute, unknown_attribute)
{
    CUdeviceptr p = 0;
    unsigned long long out = 0;

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuPointerGetAttribute(&out, (CUpointer_attribute)9999, p),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuPointerGetAttribute, attribute_zero)
{
    CUdeviceptr p = 0;
    unsigned long long out = 0;

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuPointerGetAttribute(&out, (CUpointer_attribute)0, p), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuPointerGetAttribute, plain_host_memory)
{
    static char plain[64];
    unsigned int type = 9;

    conf_context();
    CONF_RESULT(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (CUdeviceptr)plain),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuPointerGetAttribute, freed_memory)
{
    CUdeviceptr p = 0;
    unsigned int type = 9;

    conf_context();
    p = conf_memory(64u << 20);
    CONF_SETUP(cuMemFree_v2(p));
    CONF_RESULT(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuPointerGetAttribute, host_pointer_of_device_memory)
{
    CUdeviceptr p = 0;
    void *host = NULL;

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuPointerGetAttribute(&host, CU_POINTER_ATTRIBUTE_HOST_POINTER, p),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuPointerGetAttribute, before_init)
{
    unsigned int type = 9;

    CONF_RESULT(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, 4096),
                CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuPointerGetAttributes, device_memory)
{
    CUcontext ctx = conf_context();
    CUdeviceptr p = 0;
    struct facts f;

    p = conf_memory(5000);
    CONF_EXPECT(ask(&f, p + 1) == CUDA_SUCCESS);
    CONF_EXPECT(f.ctx == ctx && f.device == p + 1 && f.host == NULL);
    CONF_VALUE(f.type);
    CONF_VALUE(f.managed & 0xff);
    CONF_VALUE(f.ordinal);
}

CONF_POSITIVE(cuPointerGetAttributes, pinned_memory)
{
    CUcontext ctx = conf_context();
    void *p = NULL;
    struct facts f;

    CONF_SETUP(cuMemHostAlloc(&p, 4096, 0));
    CONF_EXPECT(ask(&f, (CUdeviceptr)p) == CUDA_SUCCESS);
    CONF_EXPECT(f.ctx == ctx && f.device == (CUdeviceptr)p && f.host == p);
    CONF_VALUE(f.type);
    CONF_VALUE(f.managed & 0xff);
    CONF_VALUE(f.ordinal);
}

CONF_POSITIVE(cuPointerGetAttributes, plain_host_memory)
{
    static char plain[64];
    struct facts f;

    conf_context();
    CONF_EXPECT(ask(&f, (CUdeviceptr)plain) == CUDA_SUCCESS);
    CONF_EXPECT(f.ctx == NULL && f.device == 0);
    CONF_VALUE(f.type);
    CONF_VALUE(f.managed & 0xff);
    CONF_VALUE(f.ordinal);
}

CONF_NEGATIVE(cuPointerGetAttributes, none_asked)
{
    CUdeviceptr p = 0;
    CUpointer_attribute a = CU_POINTER_ATTRIBUTE_MEMORY_TYPE;
    unsigned int type = 0;
    void *data[] = {&type};

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuPointerGetAttributes(0, &a, data, p), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuPointerGetAttributes, null_attributes)
{
    CUdeviceptr p = 0;
    unsigned int type = 0;
    void *data[] = {&type};

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuPointerGetAttributes(1, NULL, data, p), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuPointerGetAttributes, null_data)
{
    CUdeviceptr p = 0;
    CUpointer_attribute a = CU_POINTER_ATTRIBUTE_MEMORY_TYPE;

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuPointerGetAttributes(1, &a, NULL, p), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuPointerGetAttributes, unknown_attribute)
{
    CUdeviceptr p = 0;
    CUpointer_attribute a = (CUpointer_attribute)9999;
    unsigned long long out = 0;
    void *data[] = {&out};

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuPointerGetAttributes(1, &a, data, p), CUDA_ERROR_INVALID_VALUE);
}
