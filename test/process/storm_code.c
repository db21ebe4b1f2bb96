/* SPDX-License-Identifier: Apache-2.0 */

/* Scenes of storm.c: modules, libraries, kernels and what can be asked of them. */

#include "kernels_ptx.h"
#include "test/process/storm.h"

enum { COUNTER = 7, FACTOR = 3 }; /* of kernels.ptx */

/* The counter of one image goes up by each launch, nobody else's does. */
static void count_up(struct storm_actor *a, CUfunction bump, CUdeviceptr counter)
{
    unsigned int times = storm_pick(a, 5), counted = 0;
    struct storm_lane lane = storm_enter(a);

    for (unsigned int i = 0; i < times; i++) {
        STORM(cuLaunchKernel(bump, 1, 1, 1, 1, 1, 1, 0, lane.stream, NULL, NULL));
    }
    STORM(cuStreamSynchronize(lane.stream));
    STORM(cuMemcpyDtoH_v2(&counted, counter, 4));
    STORM_EXPECT(counted == COUNTER + FACTOR * times);
    storm_leave(a, lane);
}

static void own_module(struct storm_actor *a)
{
    CUfunction bump = NULL;
    CUdeviceptr counter = 0;
    CUmodule module = NULL;
    size_t bytes = 0;

    STORM(cuModuleLoadData(&module, kernels_ptx));
    STORM(cuModuleGetFunction(&bump, module, "bump_counter"));
    STORM(cuModuleGetGlobal_v2(&counter, &bytes, module, "counter"));
    STORM_EXPECT(bytes == 4);
    count_up(a, bump, counter);
    STORM(cuModuleUnload(module));
}

/* Ends while its kernels may still run. */
static void module_ends_at_work(struct storm_actor *a)
{
    struct storm_lane lane = storm_enter(a);
    CUfunction function = NULL;
    CUmodule module = NULL;

    STORM(cuModuleLoadData(&module, kernels_ptx));
    STORM(cuModuleGetFunction(&function, module, "noop"));
    STORM(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, lane.stream, NULL, NULL));
    STORM(cuModuleUnload(module));
    storm_leave(a, lane);
}

static void own_library(struct storm_actor *a)
{
    CUfunction function = NULL;
    CUlibrary library = NULL;
    CUkernel kernel = NULL;
    CUdeviceptr counter = 0;
    size_t bytes = 0;

    STORM(cuLibraryLoadData(&library, kernels_ptx, NULL, NULL, 0, NULL, NULL, 0));
    STORM(cuLibraryGetKernel(&kernel, library, "bump_counter"));
    STORM(cuLibraryGetGlobal(&counter, &bytes, library, "counter"));
    if (storm_pick(a, 2) == 0) {
        STORM(cuKernelGetFunction(&function, kernel));
    } else {
        function = (CUfunction)kernel;
    }
    count_up(a, function, counter);
    STORM(cuLibraryUnload(library));
}

static void in_shared_memory(struct storm_actor *a)
{
    struct storm_lane lane = storm_enter(a);
    CUdeviceptr p = 0;
    void *params[] = {&p};
    CUfunction reverse = NULL;
    CUlibrary library = storm.library;
    CUkernel kernel = NULL;
    unsigned int wrong = 0;

    STORM(cuLibraryGetKernel(&kernel, library, "static_shared"));
    STORM(cuKernelGetFunction(&reverse, kernel));
    STORM(cuMemAllocAsync(&p, 1024, lane.stream));
    STORM(cuLaunchKernel(reverse, 1, 1, 1, 256, 1, 1, 0, lane.stream, params, NULL));
    STORM(cuMemcpyDtoHAsync_v2(a->back, p, 1024, lane.stream));
    STORM(cuStreamSynchronize(lane.stream));
    for (unsigned int i = 0; i < 256; i++) {
        wrong += a->back[i] != 255 - i;
    }
    STORM_EXPECT(wrong == 0);
    STORM(cuMemFreeAsync(p, lane.stream));
    storm_leave(a, lane);
}

/* A kernel's settings hold in all contexts; each of these values is a good one. */
static void kernel_settings(struct storm_actor *a)
{
    CUkernel kernel = storm.kernels[storm_pick(a, STORM_KERNELS)];
    CUlibrary library = NULL;
    int value = 0;

    STORM(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                               1024 * (int)storm_pick(a, 40), kernel, a->device));
    STORM(cuKernelSetCacheConfig(
        kernel, storm_pick(a, 2) ? CU_FUNC_CACHE_PREFER_L1 : CU_FUNC_CACHE_PREFER_SHARED,
        a->device));
    STORM(cuKernelGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, kernel,
                               a->device));
    STORM_EXPECT(value % 1024 == 0 && value < 40 * 1024);
    STORM(cuKernelGetLibrary(&library, kernel));
    STORM_EXPECT(library == storm.library);
}

static void function_settings(struct storm_actor *a)
{
    CUfunction function = NULL;
    int value = 0;

    STORM(cuKernelGetFunction(&function, storm.kernels[STORM_NOOP]));
    STORM(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_NUM_REGS, function));
    STORM(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, function));
    STORM_EXPECT(value == 1024);
    if (a->place != NULL) {
        function = a->place->functions[STORM_NOOP];
        STORM(cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
                                 storm_pick(a, 2) ? 50 : 100));
        STORM(cuFuncSetCacheConfig(function, CU_FUNC_CACHE_PREFER_SHARED));
    }
}

static void occupancy(struct storm_actor *a)
{
    CUfunction function = storm_function(a, (enum storm_kernel)storm_pick(a, STORM_KERNELS));
    int blocks = 0, least = 0, size = 0;
    size_t bytes = 0;

    STORM(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function,
                                                      32 * (1 + (int)storm_pick(a, 32)), 0));
    STORM_EXPECT(blocks > 0);
    STORM(cuOccupancyMaxPotentialBlockSize(&least, &size, function, NULL, 0, 0));
    STORM_EXPECT(least > 0 && size > 0);
    STORM(cuOccupancyAvailableDynamicSMemPerBlock(&bytes, function, 1, 128));
}

static void device_questions(struct storm_actor *a)
{
    static atomic_int known;
    int value = 0, before = 0;
    CUdevice device = -1;

    STORM(cuCtxGetDevice(&device));
    STORM_EXPECT(device == a->device);
    STORM(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device));
    before = atomic_exchange(&known, value);
    STORM_EXPECT(value > 0 && (before == 0 || before == value));
}

const struct storm_scene storm_code_scenes[] = {
    {"own_module", own_module, 2},
    {"module_ends_at_work", module_ends_at_work, 1},
    {"own_library", own_library, 2},
    {"in_shared_memory", in_shared_memory, 3},
    {"kernel_settings", kernel_settings, 3},
    {"function_settings", function_settings, 3},
    {"occupancy", occupancy, 3},
    {"device_questions", device_questions, 1},
    {0},
};
