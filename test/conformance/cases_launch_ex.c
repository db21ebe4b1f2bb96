/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <string.h>

static CUlaunchConfig plain_config(void)
{
    CUlaunchConfig c = {.gridDimX = 1,
                        .gridDimY = 1,
                        .gridDimZ = 1,
                        .blockDimX = 32,
                        .blockDimY = 1,
                        .blockDimZ = 1};

    return c;
}

/* Launches "store" with one attribute, three times, and looks at the result. */
static void with_attribute(CUlaunchAttribute a)
{
    CUfunction f = conf_kernel("store");
    CUdeviceptr p = conf_memory(128);
    unsigned int value = 5, word = 0;
    void *params[] = {&p, &value};
    CUlaunchConfig c = plain_config();

    c.attrs = &a;
    c.numAttrs = 1;
    for (int i = 0; i < 3; i++) {
        value = 5 + (unsigned int)i;
        CONF_OK(cuLaunchKernelEx(&c, f, params, NULL));
    }
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

static void refused_attribute_by(CUlaunchAttribute a, CUresult code)
{
    CUfunction f = conf_kernel("noop");
    CUlaunchConfig c = plain_config();

    c.attrs = &a;
    c.numAttrs = 1;
    CONF_RESULT(cuLaunchKernelEx(&c, f, NULL, NULL), code);
    CONF_OK(cuCtxSynchronize());
}

static void refused_attribute(CUlaunchAttribute a)
{
    refused_attribute_by(a, CUDA_ERROR_INVALID_VALUE);
}

static void refused_dimensions(CUlaunchConfig c)
{
    CUfunction f = conf_kernel("bounded");
    CUdeviceptr p = conf_memory(4096);
    void *params[] = {&p};

    CONF_RESULT(cuLaunchKernelEx(&c, f, params, NULL), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(cuLaunchKernelEx, no_attributes)
{
    CUlaunchConfig c = plain_config();
    CUdeviceptr p = 0;
    unsigned int value = 3, word = 0;
    void *params[] = {&p, &value};

    conf_context();
    p = conf_memory(128);
    CONF_OK(cuLaunchKernelEx(&c, conf_kernel("store"), params, NULL));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_POSITIVE(cuLaunchKernelEx, of_a_library)
{
    CUlaunchConfig c = plain_config();
    CUdeviceptr p = 0;
    unsigned int value = 4, word = 0;
    void *params[] = {&p, &value};

    conf_context();
    p = conf_memory(128);
    CONF_OK(cuLaunchKernelEx(&c, (CUfunction)conf_library_kernel("store"), params, NULL));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_POSITIVE(cuLaunchKernelEx, packed_parameters)
{
    struct {
        CUdeviceptr p;
        unsigned int value;
    } args = {0, 9};
    size_t size = 12;
    unsigned int word = 0;
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &args, CU_LAUNCH_PARAM_BUFFER_SIZE, &size,
                     CU_LAUNCH_PARAM_END};
    CUlaunchConfig c = plain_config();

    conf_context();
    args.p = conf_memory(128);
    CONF_OK(cuLaunchKernelEx(&c, conf_kernel("store"), NULL, extra));
    CONF_OK(cuMemcpyDtoH_v2(&word, args.p, 4));
    CONF_VALUE(word);
}

CONF_POSITIVE(cuLaunchKernelEx, per_thread_stream)
{
    CUlaunchConfig c = plain_config();
    CUdeviceptr p = 0;
    unsigned int value = 6, word = 0;
    void *params[] = {&p, &value};

    conf_context();
    p = conf_memory(128);
    c.hStream = CU_STREAM_PER_THREAD;
    CONF_OK(cuLaunchKernelEx(&c, conf_kernel("store"), params, NULL));
    CONF_OK(cuStreamSynchronize(CU_STREAM_PER_THREAD));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_POSITIVE(cuLaunchKernelEx, ignored)
{
    CUlaunchAttribute a = {.id = CU_LAUNCH_ATTRIBUTE_IGNORE};

    memset(&a.value, 0xab, sizeof(a.value));
    conf_context();
    with_attribute(a);
}

CONF_POSITIVE(cuLaunchKernelEx, programmatic_serialization)
{
    conf_context();
    with_attribute((CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION,
                                       .value = {.programmaticStreamSerializationAllowed = 1}});
}

CONF_POSITIVE(cuLaunchKernelEx, cooperative)
{
    conf_context();
    with_attribute(
        (CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE, .value = {.cooperative = 1}});
}

CONF_POSITIVE(cuLaunchKernelEx, priority)
{
    conf_context();
    with_attribute(
        (CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_PRIORITY, .value = {.priority = 0}});
}

CONF_POSITIVE(cuLaunchKernelEx, memory_domain)
{
    conf_context();
    with_attribute(
        (CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN,
                            .value = {.memSyncDomain = CU_LAUNCH_MEM_SYNC_DOMAIN_REMOTE}});
}

CONF_POSITIVE(cuLaunchKernelEx, carveout)
{
    conf_context();
    with_attribute((CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
                                       .value = {.sharedMemCarveout = 50}});
}

CONF_POSITIVE(cuLaunchKernelEx, cluster_of_one)
{
    conf_context();
    with_attribute((CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
                                       .value = {.clusterDim = {1, 1, 1}}});
}

CONF_POSITIVE(cuLaunchKernelEx, access_policy_window)
{
    CUlaunchAttribute a = {.id = CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW};
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(1 << 20);
    memcpy(&a.value.accessPolicyWindow.base_ptr, &p, sizeof(p));
    a.value.accessPolicyWindow.num_bytes = 65536;
    a.value.accessPolicyWindow.hitRatio = 1.0f;
    a.value.accessPolicyWindow.hitProp = CU_ACCESS_PROPERTY_PERSISTING;
    a.value.accessPolicyWindow.missProp = CU_ACCESS_PROPERTY_STREAMING;
    with_attribute(a);
}

CONF_POSITIVE(cuLaunchKernelEx, completion_event)
{
    CUlaunchAttribute a = {.id = CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT};
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, CU_EVENT_DISABLE_TIMING));
    a.value.launchCompletionEvent.event = e;
    with_attribute(a);
    CONF_OK(cuEventSynchronize(e));
    CONF_OK(cuEventQuery(e));
}

CONF_POSITIVE(cuLaunchKernelEx, programmatic_event)
{
    CUlaunchAttribute a = {.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT};
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, CU_EVENT_DISABLE_TIMING));
    a.value.programmaticEvent.event = e;
    a.value.programmaticEvent.triggerAtBlockStart = 1;
    with_attribute(a);
    CONF_OK(cuEventSynchronize(e));
}

CONF_POSITIVE(cuLaunchKernelEx, many_attributes)
{
    CUlaunchAttribute list[] = {
        {.id = CU_LAUNCH_ATTRIBUTE_IGNORE},
        {.id = CU_LAUNCH_ATTRIBUTE_PRIORITY, .value = {.priority = 0}},
        {.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE, .value = {.cooperative = 0}},
        {.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, .value = {.clusterDim = {1, 1, 1}}},
    };
    CUlaunchConfig c = plain_config();

    conf_context();
    c.attrs = list;
    c.numAttrs = 4;
    CONF_OK(cuLaunchKernelEx(&c, conf_kernel("noop"), NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuLaunchKernelEx, null_config)
{
    conf_context();
    CONF_RESULT(cuLaunchKernelEx(NULL, conf_kernel("noop"), NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchKernelEx, null_function)
{
    CUlaunchConfig c = plain_config();

    conf_context();
    CONF_RESULT(cuLaunchKernelEx(&c, NULL, NULL, NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuLaunchKernelEx, null_attributes)
{
    CUlaunchConfig c = plain_config();

    conf_context();
    c.numAttrs = 1;
    CONF_RESULT(cuLaunchKernelEx(&c, conf_kernel("noop"), NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchKernelEx, unknown_attribute)
{
    conf_context();
    refused_attribute((CUlaunchAttribute){.id = (CUlaunchAttributeID)999});
}

CONF_NEGATIVE(cuLaunchKernelEx, carveout_beyond_100)
{
    conf_context();
    refused_attribute(
        (CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
                            .value = {.sharedMemCarveout = 101}});
}

CONF_NEGATIVE(cuLaunchKernelEx, timed_completion_event)
{
    CUlaunchAttribute a = {.id = CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT};
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, CU_EVENT_DEFAULT));
    a.value.launchCompletionEvent.event = e;
    refused_attribute_by(a, CUDA_ERROR_NOT_SUPPORTED);
}

CONF_NEGATIVE(cuLaunchKernelEx, no_parameters_given)
{
    CUlaunchConfig c = plain_config();

    conf_context();
    CONF_RESULT(cuLaunchKernelEx(&c, conf_kernel("store"), NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchKernelEx, params_and_extra)
{
    CUlaunchConfig c = plain_config();
    CUdeviceptr p = 0;
    unsigned int value = 1;
    size_t size = 12;
    char buffer[16] = "";
    void *params[] = {&p, &value};
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, buffer, CU_LAUNCH_PARAM_BUFFER_SIZE, &size,
                     CU_LAUNCH_PARAM_END};

    conf_context();
    CONF_RESULT(cuLaunchKernelEx(&c, conf_kernel("store"), params, extra),
                CUDA_ERROR_INVALID_VALUE);
}

/* One member of the launch configuration is out of range. */
#define REFUSED(name, member, value)                                                               \
    CONF_NEGATIVE(cuLaunchKernelEx, name)                                                          \
    {                                                                                              \
        CUlaunchConfig c = plain_config();                                                         \
                                                                                                   \
        c.member = (value);                                                                        \
        conf_context();                                                                            \
        refused_dimensions(c);                                                                     \
    }

REFUSED(grid_x_zero, gridDimX, 0)
REFUSED(grid_y_zero, gridDimY, 0)
REFUSED(grid_z_zero, gridDimZ, 0)
REFUSED(block_x_zero, blockDimX, 0)
REFUSED(block_y_zero, blockDimY, 0)
REFUSED(block_z_zero, blockDimZ, 0)
REFUSED(grid_y_too_large, gridDimY, 65536)
REFUSED(beyond_launch_bounds, blockDimX, 65)
REFUSED(too_much_shared, sharedMemBytes, 64u << 20)

CONF_NEGATIVE(cuLaunchKernelEx, no_context)
{
    CUlaunchConfig c = plain_config();
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_SETUP(cuCtxPopCurrent_v2(NULL));
    CONF_RESULT(cuLaunchKernelEx(&c, f, NULL, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuLaunchKernelEx, before_init)
{
    CUlaunchConfig c = plain_config();

    CONF_RESULT(cuLaunchKernelEx(&c, NULL, NULL, NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_NEGATIVE(cuLaunchKernelEx, stream_of_another_context)
{
    CUlaunchConfig c = plain_config();
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    conf_context();
    CONF_SETUP(cuStreamCreate(&c.hStream, CU_STREAM_NON_BLOCKING));
    CONF_RESULT(cuLaunchKernelEx(&c, f, NULL, NULL), CUDA_ERROR_INVALID_HANDLE);
}
