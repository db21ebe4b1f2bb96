/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gs_call_info.h"
#include "guest/tools/info.h"
#include "proto/cuda_abi.h"

#define NAME "libcuda.so.1"
#define NVML "libnvidia-ml.so.1"

struct driver {
    CUresult (*init)(unsigned int flags);
    CUresult (*version)(int *version);
    CUresult (*count)(int *count);
    CUresult (*name)(char *name, int len, CUdevice device);
    CUresult (*memory)(size_t *bytes, CUdevice device);
    CUresult (*attribute)(int *value, CUdevice_attribute attribute, CUdevice device);
    CUresult (*error_name)(CUresult cu, const char **name);
};

static void count_calls(struct info_library *library)
{
    library->calls = GS_CALLS;
    for (unsigned int i = 0; i < GS_CALLS; i++) {
        library->supported += gs_call_info[i].class != GS_CLASS_UNSUPPORTED;
    }
}

static void take_path(const char *path, char out[static INFO_PATH])
{
    char *real = realpath(path, NULL);

    (void)snprintf(out, INFO_PATH, "%s", real != NULL ? real : path);
    free(real);
}

/* Why programs do not get ours, and what to do. */
static void tell_shadow(struct info *info)
{
    const struct info_library *library = &info->library;
    char whose[INFO_WHOSE] = "";
    char text[INFO_LINE];

    if (library->programs[0] != '\0') {
        info_describe(library->programs, whose);
    }
    (void)snprintf(
        text, sizeof(text), "programs load %s%s instead of %s: %s",
        library->programs[0] != '\0' ? library->programs : "no " NAME, whose, library->path,
        whose[0] != '\0' ? "remove that driver's packages from this machine and run ldconfig"
                         : "run ldconfig, or set LD_LIBRARY_PATH");
    info_fail(info, INFO_SHADOWED, text);
}

/* In a virtual machine, where another library can only be in the way. */
static void note_rival(struct info *info, const char *name, const char *ours)
{
    struct info_rival rival;
    char whose[INFO_WHOSE];

    if (info->transport != &gs_transport_device || info->warning[0] != '\0') {
        return;
    }
    info_find_rival(name, ours, &rival);
    if (rival.path[0] == '\0') {
        return;
    }
    info_describe(rival.path, whose);
    (void)snprintf(info->warning, sizeof(info->warning),
                   "%s%s is in the loader's cache%s: %s may take it instead of %s: remove the "
                   "packages it belongs to and run ldconfig",
                   rival.path, whose, rival.ours_first ? "" : " before ours",
                   rival.ours_first ? "programs that search folders by themselves"
                                    : "services and programs without this LD_LIBRARY_PATH",
                   ours);
}

/* What programs load comes first: it shows a library that stands in the way of ours. */
static void *load(struct info *info)
{
    struct info_library *library = &info->library;
    void *theirs = dlopen(NAME, RTLD_NOW | RTLD_LOCAL);
    char beside[INFO_PATH];
    void *ours;

    if (theirs != NULL) {
        info_path_of(theirs, library->programs);
    }
    if (!info_find_beside(NAME, beside) ||
        (theirs != NULL && info_is_same(beside, library->programs))) {
        memcpy(library->path, library->programs, sizeof(library->path));
        return theirs;
    }
    ours = dlopen(beside, RTLD_NOW | RTLD_LOCAL);
    if (ours == NULL) {
        return theirs;
    }
    take_path(beside, library->path);
    library->shadowed = true;
    return ours;
}

static bool bind_symbol(void *handle, const char *name, void *where)
{
    void *symbol = dlsym(handle, name);

    memcpy(where, &symbol, sizeof(symbol));
    return symbol != NULL;
}

static bool bind_driver(void *handle, struct driver *driver)
{
    return bind_symbol(handle, "cuInit", &driver->init) &&
           bind_symbol(handle, "cuDriverGetVersion", &driver->version) &&
           bind_symbol(handle, "cuDeviceGetCount", &driver->count) &&
           bind_symbol(handle, "cuDeviceGetName", &driver->name) &&
           bind_symbol(handle, "cuDeviceTotalMem_v2", &driver->memory) &&
           bind_symbol(handle, "cuDeviceGetAttribute", &driver->attribute) &&
           bind_symbol(handle, "cuGetErrorName", &driver->error_name);
}

static CUresult read_gpu(const struct driver *driver, CUdevice device, struct info_gpu *gpu)
{
    size_t bytes = 0;
    CUresult cu = driver->name(gpu->name, sizeof(gpu->name), device);

    info_clean(gpu->name);
    if (cu == CUDA_SUCCESS) {
        cu = driver->memory(&bytes, device);
        gpu->bytes = bytes;
    }
    if (cu == CUDA_SUCCESS) {
        cu = driver->attribute(&gpu->major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device);
    }
    if (cu == CUDA_SUCCESS) {
        cu = driver->attribute(&gpu->minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device);
    }
    return cu;
}

static CUresult read_gpus(const struct driver *driver, struct info_library *library)
{
    CUresult cu = driver->init(0);

    if (cu == CUDA_SUCCESS) {
        cu = driver->version(&library->cuda);
    }
    if (cu == CUDA_SUCCESS) {
        cu = driver->count(&library->gpu_count);
    }
    if (library->gpu_count > (int)VGPU_DEVICES_MAX) {
        library->gpu_count = VGPU_DEVICES_MAX;
    }
    for (int i = 0; i < library->gpu_count && cu == CUDA_SUCCESS; i++) {
        cu = read_gpu(driver, i, &library->gpus[i]);
    }
    return cu;
}

static void fail_with(struct info *info, const struct driver *driver, CUresult cu)
{
    const char *name = NULL;
    char text[GS_OBSTACLE_TEXT];

    (void)driver->error_name(cu, &name);
    (void)snprintf(text, sizeof(text), "%.200s says %s (%d): %s", info->library.path,
                   name != NULL ? name : "an error", (int)cu,
                   cu == CUDA_ERROR_NO_DEVICE
                       ? "see that vgpu-executor runs on the host and has registered a GPU"
                       : "see the log of the host's broker");
    info_fail(info, INFO_NO_GPU, text);
}

/* Once all else is well. */
static void note_others(struct info *info)
{
    struct info_library *library = &info->library;
    char nvml[INFO_PATH];

    if (library->shadowed) {
        tell_shadow(info);
        return;
    }
    note_rival(info, NAME, library->path);
    if (info_find_beside(NVML, nvml)) {
        note_rival(info, NVML, nvml);
    }
}

void info_ask_library(struct info *info)
{
    struct driver driver;
    CUresult cu;
    void *handle;

    count_calls(&info->library);
    handle = load(info);
    if (handle == NULL || !bind_driver(handle, &driver)) {
        info_fail(info, INFO_NO_LIBRARY,
                  "there is no " NAME " that could be loaded: install the guest package and run "
                  "ldconfig");
        return;
    }
    info->has_library = true;
    cu = read_gpus(&driver, &info->library);
    if (cu != CUDA_SUCCESS) {
        fail_with(info, &driver, cu);
        return;
    }
    info->has_gpus = true;
    note_others(info);
}
