/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <string.h>

#include "kernels_ptx.h"

static CUmodule module;
static CUlibrary library;

CUdevice conf_device(void)
{
    CUdevice dev = 0;

    CONF_SETUP(cuInit(0));
    CONF_SETUP(cuDeviceGet(&dev, 0));
    return dev;
}

CUcontext conf_context(void)
{
    CUdevice dev = conf_device();
    CUcontext ctx = NULL;

    CONF_SETUP(cuCtxCreate_v2(&ctx, 0, dev));
    return ctx;
}

bool conf_simulated(void)
{
    char name[64] = "";

    CONF_SETUP(cuDeviceGetName(name, sizeof(name), 0));
    return strstr(name, "simulator") != NULL;
}

const char *conf_ptx(void)
{
    return kernels_ptx;
}

CUmodule conf_module(void)
{
    if (!module) {
        CONF_SETUP(cuModuleLoadData(&module, kernels_ptx));
    }
    return module;
}

CUlibrary conf_library(void)
{
    if (!library) {
        CONF_SETUP(cuLibraryLoadData(&library, kernels_ptx, NULL, NULL, 0, NULL, NULL, 0));
    }
    return library;
}

CUkernel conf_library_kernel(const char *name)
{
    CUkernel kernel = NULL;

    CONF_SETUP(cuLibraryGetKernel(&kernel, conf_library(), name));
    return kernel;
}

CUfunction conf_kernel(const char *name)
{
    CUfunction fn = NULL;

    CONF_SETUP(cuModuleGetFunction(&fn, conf_module(), name));
    return fn;
}

CUdeviceptr conf_memory(size_t bytes)
{
    CUdeviceptr p = 0;

    CONF_SETUP(cuMemAlloc_v2(&p, bytes));
    return p;
}

void conf_launch(CUfunction fn, unsigned int grid, unsigned int block, CUstream stream,
                 void **params)
{
    CONF_SETUP(cuLaunchKernel(fn, grid, 1, 1, block, 1, 1, 0, stream, params, NULL));
}

/* Everything that may wait is done before the kernel runs. */
void conf_busy_start(struct conf_busy *busy, CUstream stream)
{
    CUfunction fn = conf_kernel("wait_for_flag");
    CUdeviceptr dev = 0;
    void *host = NULL;
    void *params[] = {&dev};

    CONF_SETUP(cuMemHostAlloc(&host, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
    CONF_SETUP(cuMemHostGetDevicePointer_v2(&dev, host, 0));
    busy->flag = host;
    *busy->flag = 0;
    conf_launch(fn, 1, 1, stream, params);
}

void conf_busy_stop(struct conf_busy *busy)
{
    __atomic_store_n(busy->flag, 1u, __ATOMIC_RELEASE);
}

static unsigned char byte_at(size_t i, unsigned int seed)
{
    return (unsigned char)((i * 2654435761u + seed) >> 11);
}

void conf_fill(void *data, size_t bytes, unsigned int seed)
{
    unsigned char *p = data;

    for (size_t i = 0; i < bytes; i++) {
        p[i] = byte_at(i, seed);
    }
}

bool conf_same(const void *data, size_t bytes, unsigned int seed)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < bytes; i++) {
        if (p[i] != byte_at(i, seed)) {
            return false;
        }
    }
    return true;
}
