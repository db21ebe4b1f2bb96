/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gs_call_info.h"
#include "guest/tools/info.h"
#include "proto/cuda_abi.h"

#define NAME "libcuda.so.1"

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

static void path_of(void *handle, char path[static INFO_PATH])
{
    struct link_map *map;

    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0) {
        (void)snprintf(path, INFO_PATH, "%s", map->l_name);
    }
}

/* The library that was installed, or built, together with this program; false: none is there. */
static bool find_beside(char path[static INFO_PATH])
{
    static const char *const places[] = {"../" VGPU_LIBRARY_DIR, "../lib/vgpu", "../libcuda"};
    char self[INFO_PATH - 64];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    if (len <= 0) {
        return false;
    }
    self[len] = '\0';
    slash = strrchr(self, '/');
    *slash = '\0';
    for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        (void)snprintf(path, INFO_PATH, "%s/%s/" NAME, self, places[i]);
        if (access(path, R_OK) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_same(const char *a, const char *b)
{
    struct stat of_a;
    struct stat of_b;

    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

static void take_path(const char *path, char out[static INFO_PATH])
{
    char *real = realpath(path, NULL);

    (void)snprintf(out, INFO_PATH, "%s", real != NULL ? real : path);
    free(real);
}

/* What programs load comes first: it shows a library that stands in the way of ours. */
static void *load(struct info *info)
{
    struct info_library *library = &info->library;
    void *theirs = dlopen(NAME, RTLD_NOW | RTLD_LOCAL);
    char beside[INFO_PATH];
    void *ours;

    if (theirs != NULL) {
        path_of(theirs, library->programs);
    }
    if (!find_beside(beside) || (theirs != NULL && is_same(beside, library->programs))) {
        memcpy(library->path, library->programs, sizeof(library->path));
        return theirs;
    }
    ours = dlopen(beside, RTLD_NOW | RTLD_LOCAL);
    if (ours == NULL) {
        return theirs;
    }
    take_path(beside, library->path);
    (void)snprintf(info->warning, sizeof(info->warning),
                   "programs load %s instead of %s: run ldconfig, or set LD_LIBRARY_PATH",
                   theirs != NULL ? library->programs : "no " NAME, library->path);
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
}
