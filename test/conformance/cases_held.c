/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A function of the program that runs, a call that waits for it in the driver, and launches beside
 * both: whoever waits for whom, the end of the function lets all go on.
 */
#include "test/conformance/conf_image.h"
#include "test/conformance/crew.h"

#include <stdatomic.h>
#include <stdlib.h>

#define BYTES ((size_t)1 << 16)

static _Atomic bool may_return;
static CUarray array;
static CUcontext other;
static CUdeviceptr memory;
static CUlibrary library;
static CUmemoryPool pool;
static void *pages;

static void returns_when_it_may(void *data)
{
    (void)data;
    while (!atomic_load(&may_return)) {
        crew_nap(1);
    }
}

static void launches_one(struct crew_member *member)
{
    crew_enter(member);
    crew_want(member,
              drv.cuLaunchKernel(member->crew->arg, 1, 1, 1, 1, 1, 1, 0, CU_STREAM_PER_THREAD, NULL,
                                 NULL),
              CUDA_SUCCESS);
    crew_want(member, drv.cuStreamSynchronize(CU_STREAM_PER_THREAD), CUDA_SUCCESS);
}

static void beside(void (*work)(struct crew_member *member))
{
    static struct crew holder;
    static struct crew launcher = {.work = launches_one};
    const CUmemPoolProps props = {
        .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
    };
    CUstream stream = NULL;

    holder.work = work;
    launcher.ctx = holder.ctx = conf_context();
    CONF_SETUP(cuCtxCreate_v2(&other, 0, 0));
    CONF_SETUP(cuCtxSetCurrent(holder.ctx));
    launcher.arg = conf_kernel("noop");
    array = conf_array(CU_AD_FORMAT_FLOAT, 1, 16, 16, 0, 0);
    memory = conf_memory(BYTES);
    library = conf_library();
    (void)conf_library_kernel("noop");
    CONF_SETUP(cuMemPoolCreate(&pool, &props));
    pages = aligned_alloc(BYTES, BYTES);
    CONF_SETUP(cuMemHostRegister_v2(pages, BYTES, 0));
    CONF_SETUP(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CONF_OK(cuLaunchHostFunc(stream, returns_when_it_may, NULL));
    crew_start(&holder, 1);
    crew_wait_inside(&holder);
    crew_start(&launcher, 4);
    crew_wait_inside(&launcher);
    atomic_store(&may_return, true);
    CONF_EXPECT(crew_join(&holder) + crew_join(&launcher) == 0);
    CONF_OK(cuStreamSynchronize(stream));
}

static void loads_a_module(struct crew_member *member)
{
    CUmodule module = NULL;

    crew_enter(member);
    crew_want(member, drv.cuModuleLoadData(&module, conf_ptx()), CUDA_SUCCESS);
    crew_want(member, drv.cuModuleUnload(module), CUDA_SUCCESS);
}

CONF_POSITIVE(cuLaunchHostFunc, beside_a_module_that_loads_and_a_launch)
{
    beside(loads_a_module);
}

#define BESIDE(what, call)                                                                         \
    static void held_##what(struct crew_member *member)                                            \
    {                                                                                              \
        crew_enter(member);                                                                        \
        crew_want(member, drv.call, CUDA_SUCCESS);                                                 \
    }                                                                                              \
    CONF_POSITIVE(cuLaunchHostFunc, beside_##what##_and_a_launch)                                  \
    {                                                                                              \
        beside(held_##what);                                                                       \
    }

BESIDE(a_context_that_ends, cuCtxDestroy_v2(other))
BESIDE(an_array_that_ends, cuArrayDestroy(array))
BESIDE(memory_that_is_freed, cuMemFree_v2(memory))
BESIDE(a_library_that_ends, cuLibraryUnload(library))
BESIDE(a_pool_that_ends, cuMemPoolDestroy(pool))
BESIDE(a_registration_that_ends, cuMemHostUnregister(pages))
BESIDE(another_limit, cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 8192))
BESIDE(a_wait_for_all, cuCtxSynchronize())
