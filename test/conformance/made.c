/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/made.h"

static unsigned long long scratch[512];
static CUcontext context;

void *const made_scratch = scratch;

void made_start(void)
{
    context = conf_context();
}

CUcontext made_context(void)
{
    return context;
}

CUevent made_event(void)
{
    CUevent event = NULL;

    CONF_SETUP(cuEventCreate(&event, 0));
    return event;
}

CUlinkState made_link(void)
{
    CUlinkState link = NULL;

    CONF_SETUP(cuLinkCreate_v2(0, NULL, NULL, &link));
    return link;
}

CUmemoryPool made_pool(void)
{
    CUmemoryPool pool = NULL;

    CONF_SETUP(cuDeviceGetDefaultMemPool(&pool, 0));
    return pool;
}

const CUlaunchConfig *made_config(void)
{
    static const CUlaunchConfig config = {.gridDimX = 1,
                                          .gridDimY = 1,
                                          .gridDimZ = 1,
                                          .blockDimX = 1,
                                          .blockDimY = 1,
                                          .blockDimZ = 1};

    return &config;
}

const CUmemAllocationProp *made_memory_prop(void)
{
    static const CUmemAllocationProp prop = {
        .type = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
    };

    return &prop;
}

const CUmemPoolProps *made_pool_props(void)
{
    static const CUmemPoolProps props = {
        .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
    };

    return &props;
}
