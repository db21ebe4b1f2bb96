/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <string.h>

CONF_POSITIVE(cuStreamGetDevice, of_its_context)
{
    CUstream s = NULL;
    CUdevice dev = -1;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, 0));
    CONF_OK(cuStreamGetDevice(s, &dev));
    CONF_VALUE(dev);
    dev = -1;
    CONF_OK(cuStreamGetDevice(NULL, &dev));
    CONF_VALUE(dev);
}

CONF_NEGATIVE(cuStreamGetDevice, null_out)
{
    conf_context();
    CONF_RESULT(cuStreamGetDevice(NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamGetDevice, no_context)
{
    CUdevice dev = -1;

    conf_device();
    CONF_RESULT(cuStreamGetDevice(NULL, &dev), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuStreamGetCtx_v2, plain)
{
    CUcontext ctx = conf_context();
    CUcontext got = NULL;
    CUgreenCtx green = (CUgreenCtx)&got;
    CUstream s = NULL;

    CONF_SETUP(cuStreamCreate(&s, 0));
    CONF_OK(cuStreamGetCtx_v2(s, &got, &green));
    CONF_EXPECT(got == ctx && green == NULL);
}

CONF_NEGATIVE(cuStreamGetCtx_v2, no_context)
{
    CUcontext got = NULL;
    CUgreenCtx green = NULL;

    conf_device();
    CONF_RESULT(cuStreamGetCtx_v2(NULL, &got, &green), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuStreamGetCtx_v2, before_init)
{
    CUcontext got = NULL;
    CUgreenCtx green = NULL;

    CONF_RESULT(cuStreamGetCtx_v2(NULL, &got, &green), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuStreamGetAttribute, at_first)
{
    CUstreamAttrValue value;
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, 0));
    memset(&value, 0x5a, sizeof(value));
    CONF_OK(cuStreamGetAttribute(s, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
    CONF_VALUE(value.syncPolicy);
    memset(&value, 0xff, sizeof(value));
    CONF_OK(cuStreamGetAttribute(s, CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW, &value));
    CONF_VALUE(value.accessPolicyWindow.num_bytes);
    memset(&value, 0xff, sizeof(value));
    CONF_OK(cuStreamGetAttribute(s, CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP, &value));
    CONF_VALUE(value.memSyncDomainMap.default_);
    CONF_VALUE(value.memSyncDomainMap.remote);
}

CONF_NEGATIVE(cuStreamGetAttribute, not_of_streams)
{
    CUstreamAttrValue value;
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, 0));
    CONF_RESULT(cuStreamGetAttribute(s, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamGetAttribute, no_context)
{
    CUstreamAttrValue value;

    conf_device();
    CONF_RESULT(cuStreamGetAttribute(NULL, CU_LAUNCH_ATTRIBUTE_PRIORITY, &value),
                CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuStreamSetAttribute, kept)
{
    CUstreamAttrValue value;
    CUdeviceptr p = 0;
    CUstream s = NULL;

    conf_context();
    p = conf_memory(1 << 20);
    CONF_SETUP(cuStreamCreate(&s, 0));
    memset(&value, 0, sizeof(value));
    value.syncPolicy = CU_SYNC_POLICY_BLOCKING_SYNC;
    CONF_OK(cuStreamSetAttribute(s, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
    memset(&value, 0, sizeof(value));
    CONF_OK(cuStreamGetAttribute(s, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
    CONF_VALUE(value.syncPolicy);
    memset(&value, 0, sizeof(value));
    value.accessPolicyWindow.base_ptr = (void *)(uintptr_t)p;
    value.accessPolicyWindow.num_bytes = 4096;
    value.accessPolicyWindow.hitRatio = 0.5f;
    value.accessPolicyWindow.hitProp = CU_ACCESS_PROPERTY_PERSISTING;
    value.accessPolicyWindow.missProp = CU_ACCESS_PROPERTY_STREAMING;
    CONF_OK(cuStreamSetAttribute(s, CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW, &value));
    memset(&value, 0, sizeof(value));
    CONF_OK(cuStreamGetAttribute(s, CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW, &value));
    CONF_VALUE(value.accessPolicyWindow.num_bytes);
    CONF_EXPECT(value.accessPolicyWindow.base_ptr == (void *)(uintptr_t)p);
    CONF_VALUE(value.accessPolicyWindow.hitProp);
    CONF_OK(cuMemsetD8Async(p, 1, 4096, s));
    CONF_OK(cuStreamSynchronize(s));
}

CONF_NEGATIVE(cuStreamSetAttribute, not_of_streams)
{
    CUstreamAttrValue value;
    CUstream s = NULL;

    conf_context();
    memset(&value, 0, sizeof(value));
    CONF_SETUP(cuStreamCreate(&s, 0));
    CONF_RESULT(cuStreamSetAttribute(s, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamSetAttribute, bad_policy)
{
    CUstreamAttrValue value;
    CUstream s = NULL;

    conf_context();
    memset(&value, 0, sizeof(value));
    value.syncPolicy = (CUsynchronizationPolicy)99;
    CONF_SETUP(cuStreamCreate(&s, 0));
    CONF_RESULT(cuStreamSetAttribute(s, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuStreamCopyAttributes, all_of_them)
{
    CUstreamAttrValue value;
    CUstream a = NULL, b = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&a, 0));
    CONF_SETUP(cuStreamCreate(&b, 0));
    memset(&value, 0, sizeof(value));
    value.syncPolicy = CU_SYNC_POLICY_YIELD;
    CONF_SETUP(cuStreamSetAttribute(a, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
    CONF_OK(cuStreamCopyAttributes(b, a));
    memset(&value, 0, sizeof(value));
    CONF_OK(cuStreamGetAttribute(b, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
    CONF_VALUE(value.syncPolicy);
}

CONF_NEGATIVE(cuStreamCopyAttributes, no_context)
{
    conf_device();
    CONF_RESULT(cuStreamCopyAttributes(NULL, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuStreamCopyAttributes, before_init)
{
    CONF_RESULT(cuStreamCopyAttributes(NULL, NULL), CUDA_ERROR_NOT_INITIALIZED);
}
