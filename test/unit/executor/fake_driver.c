/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_driver.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct fake *fake;

/* The address of a global of every module. */
#define GLOBAL_ADDRESS 0x7f1234560000ull

CUresult fake_called(enum fake_call call)
{
    atomic_fetch_add(&fake->count[call], 1);
    return (CUresult)atomic_load(&fake->result[call]);
}

static CUresult moved(enum fake_call call, uint64_t address, uint64_t bytes)
{
    atomic_store(&fake->last_address, address);
    atomic_store(&fake->last_bytes, bytes);
    return fake_called(call);
}

/* Objects are numbers that only have to differ from NULL. */
void *fake_object(unsigned int kind)
{
    static _Atomic uintptr_t next = 0x1000;

    return (void *)(atomic_fetch_add(&next, 16) + kind);
}

static CUresult set_current(CUcontext context)
{
    (void)context;
    return fake_called(FAKE_cuCtxSetCurrent);
}

static CUresult synchronize(void)
{
    return fake_called(FAKE_cuCtxSynchronize);
}

static CUresult event_create(CUevent *event, unsigned int flags)
{
    (void)flags;
    *event = fake_object(1);
    return fake_called(FAKE_cuEventCreate);
}

static CUresult event_destroy(CUevent event)
{
    (void)event;
    return fake_called(FAKE_cuEventDestroy_v2);
}

static CUresult event_record(CUevent event, CUstream stream, unsigned int flags)
{
    (void)event;
    (void)stream;
    (void)flags;
    return fake_called(FAKE_cuEventRecordWithFlags);
}

static CUresult event_query(CUevent event)
{
    (void)event;
    return fake_called(FAKE_cuEventQuery);
}

static CUresult device_attribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
    (void)attribute;
    (void)device;
    *value = 9;
    return CUDA_SUCCESS;
}

static CUresult stream_create(CUstream *stream, unsigned int flags, int priority)
{
    (void)flags;
    (void)priority;
    *stream = fake_object(2);
    return fake_called(FAKE_cuStreamCreateWithPriority);
}

static CUresult stream_destroy(CUstream stream)
{
    (void)stream;
    return fake_called(FAKE_cuStreamDestroy_v2);
}

static CUresult stream_query(CUstream stream)
{
    (void)stream;
    return fake_called(FAKE_cuStreamQuery);
}

static CUresult stream_wait(CUstream stream, CUevent event, unsigned int flags)
{
    (void)stream;
    (void)event;
    (void)flags;
    return fake_called(FAKE_cuStreamWaitEvent);
}

static CUresult write_value(CUstream stream, CUdeviceptr at, cuuint64_t value, unsigned int flags)
{
    CUresult cu = fake_called(FAKE_cuStreamWriteValue64_v2);

    (void)stream;
    (void)flags;
    if (cu == CUDA_SUCCESS) {
        atomic_store((_Atomic uint64_t *)(uintptr_t)at, value);
    }
    return cu;
}

static CUresult host_register(void *at, size_t bytes, unsigned int flags)
{
    (void)flags;
    return moved(FAKE_cuMemHostRegister_v2, (uintptr_t)at, bytes);
}

static CUresult host_unregister(void *at)
{
    return moved(FAKE_cuMemHostUnregister, (uintptr_t)at, 0);
}

static CUresult reserve(CUdeviceptr *ptr, size_t size, size_t alignment, CUdeviceptr hint,
                        unsigned long long flags)
{
    (void)size;
    (void)alignment;
    (void)flags;
    *ptr = hint;
    return fake_called(FAKE_cuMemAddressReserve);
}

static CUresult address_free(CUdeviceptr ptr, size_t size)
{
    (void)ptr;
    (void)size;
    return fake_called(FAKE_cuMemAddressFree);
}

static CUresult create(CUmemGenericAllocationHandle *handle, size_t size,
                       const CUmemAllocationProp *prop, unsigned long long flags)
{
    (void)prop;
    (void)flags;
    *handle = 1;
    return moved(FAKE_cuMemCreate, 0, size);
}

static CUresult release(CUmemGenericAllocationHandle handle)
{
    (void)handle;
    return fake_called(FAKE_cuMemRelease);
}

static CUresult map(CUdeviceptr ptr, size_t size, size_t offset,
                    CUmemGenericAllocationHandle handle, unsigned long long flags)
{
    (void)offset;
    (void)handle;
    (void)flags;
    return moved(FAKE_cuMemMap, ptr, size);
}

static CUresult unmap(CUdeviceptr ptr, size_t size)
{
    return moved(FAKE_cuMemUnmap, ptr, size);
}

static CUresult set_access(CUdeviceptr ptr, size_t size, const CUmemAccessDesc *desc, size_t count)
{
    (void)desc;
    (void)count;
    return moved(FAKE_cuMemSetAccess, ptr, size);
}

static CUresult get_info(size_t *free_bytes, size_t *total)
{
    *free_bytes = 1ull << 33;
    *total = 1ull << 34;
    return fake_called(FAKE_cuMemGetInfo_v2);
}

static CUresult copy_to(CUdeviceptr dst, const void *src, size_t bytes, CUstream stream)
{
    (void)src;
    (void)stream;
    return moved(FAKE_cuMemcpyHtoDAsync_v2, dst, bytes);
}

static CUresult copy_from(void *dst, CUdeviceptr src, size_t bytes, CUstream stream)
{
    (void)dst;
    (void)stream;
    return moved(FAKE_cuMemcpyDtoHAsync_v2, src, bytes);
}

static CUresult copy_inside(CUdeviceptr dst, CUdeviceptr src, size_t bytes, CUstream stream)
{
    (void)src;
    (void)stream;
    return moved(FAKE_cuMemcpyDtoDAsync_v2, dst, bytes);
}

static CUresult fill(CUdeviceptr dst, unsigned char value, size_t count, CUstream stream)
{
    (void)value;
    (void)stream;
    return moved(FAKE_cuMemsetD8Async, dst, count);
}

static CUresult load(CUmodule *module, const void *image, unsigned int count, CUjit_option *options,
                     void **values)
{
    for (unsigned int i = 0; i < count; i++) {
        if (options[i] == CU_JIT_ERROR_LOG_BUFFER) {
            memcpy(values[i], "told", 5);
        }
    }
    (void)snprintf(fake->loaded, sizeof(fake->loaded), "%s", (const char *)image);
    *module = fake_object(3);
    return moved(FAKE_cuModuleLoadDataEx, (uintptr_t)image, count);
}

static CUresult driver_version(int *version)
{
    *version = 13000;
    return CUDA_SUCCESS;
}

static CUresult link_create(unsigned int count, CUjit_option *options, void **values,
                            CUlinkState *link)
{
    (void)count;
    (void)options;
    (void)values;
    *link = fake_object(9);
    return fake_called(FAKE_cuLinkCreate);
}

static CUresult link_add(CUlinkState link, CUjitInputType type, void *data, size_t size,
                         const char *name, unsigned int count, CUjit_option *options, void **values)
{
    (void)link;
    (void)type;
    (void)name;
    (void)count;
    (void)options;
    (void)values;
    return ((const char *)data)[size - 1] == '\0' ? fake_called(FAKE_cuLinkAddData)
                                                  : CUDA_ERROR_INVALID_VALUE;
}

static CUresult link_complete(CUlinkState link, void **code, size_t *size)
{
    static char made[] = FAKE_CODE;

    (void)link;
    *code = made;
    *size = sizeof(made);
    return fake_called(FAKE_cuLinkComplete);
}

static CUresult link_destroy(CUlinkState link)
{
    (void)link;
    return fake_called(FAKE_cuLinkDestroy);
}

static CUresult unload(CUmodule module)
{
    (void)module;
    return fake_called(FAKE_cuModuleUnload);
}

static CUresult get_function(CUfunction *function, CUmodule module, const char *name)
{
    (void)module;
    (void)name;
    *function = fake_object(4);
    return fake_called(FAKE_cuModuleGetFunction);
}

static CUresult get_global(CUdeviceptr *ptr, size_t *bytes, CUmodule module, const char *name)
{
    (void)module;
    (void)name;
    *ptr = GLOBAL_ADDRESS;
    *bytes = 64;
    return fake_called(FAKE_cuModuleGetGlobal_v2);
}

static CUresult get_attribute(int *value, CUfunction_attribute attribute, CUfunction function)
{
    (void)function;
    *value = (int)attribute + 100;
    return attribute == CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH ? CUDA_ERROR_INVALID_VALUE
                                                                 : CUDA_SUCCESS;
}

static CUresult get_param(CUfunction function, size_t index, size_t *offset, size_t *size)
{
    static const size_t layout[2][2] = {{0, 8}, {8, 4}};

    (void)function;
    if (index >= 2) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *offset = layout[index][0];
    *size = layout[index][1];
    return CUDA_SUCCESS;
}

static CUresult launch(CUfunction f, unsigned int gx, unsigned int gy, unsigned int gz,
                       unsigned int bx, unsigned int by, unsigned int bz, unsigned int shared,
                       CUstream stream, void **params, void **extra)
{
    uint64_t first = 0;

    (void)f;
    (void)gx;
    (void)gy;
    (void)gz;
    (void)bx;
    (void)by;
    (void)bz;
    (void)shared;
    (void)stream;
    (void)params;
    if (extra != NULL) {
        memcpy(&first, extra[1], sizeof(first));
    }
    return moved(FAKE_cuLaunchKernel, first, extra != NULL ? *(size_t *)extra[3] : 0);
}

static CUresult array_create(CUarray *array, const CUDA_ARRAY3D_DESCRIPTOR *shape)
{
    *array = fake_object(5);
    return moved(FAKE_cuArray3DCreate_v2, shape->Width, shape->Height);
}

static CUresult array_destroy(CUarray array)
{
    (void)array;
    return fake_called(FAKE_cuArrayDestroy);
}

static CUresult mipmap_create(CUmipmappedArray *mipmap, const CUDA_ARRAY3D_DESCRIPTOR *shape,
                              unsigned int levels)
{
    (void)shape;
    *mipmap = fake_object(6);
    return moved(FAKE_cuMipmappedArrayCreate, 0, levels);
}

static CUresult mipmap_destroy(CUmipmappedArray mipmap)
{
    (void)mipmap;
    return fake_called(FAKE_cuMipmappedArrayDestroy);
}

static CUresult mipmap_level(CUarray *level, CUmipmappedArray mipmap, unsigned int number)
{
    (void)mipmap;
    *level = fake_object(5);
    return moved(FAKE_cuMipmappedArrayGetLevel, 0, number);
}

static CUresult texture_create(CUtexObject *texture, const CUDA_RESOURCE_DESC *resource,
                               const CUDA_TEXTURE_DESC *how, const CUDA_RESOURCE_VIEW_DESC *view)
{
    (void)how;
    *texture = (uintptr_t)fake_object(7);
    return moved(FAKE_cuTexObjectCreate, resource->res.linear.devPtr, view != NULL);
}

static CUresult texture_destroy(CUtexObject texture)
{
    (void)texture;
    return fake_called(FAKE_cuTexObjectDestroy);
}

static CUresult surface_create(CUsurfObject *surface, const CUDA_RESOURCE_DESC *resource)
{
    *surface = (uintptr_t)fake_object(8);
    return moved(FAKE_cuSurfObjectCreate, (uintptr_t)resource->res.array.hArray, 0);
}

static CUresult surface_destroy(CUsurfObject surface)
{
    (void)surface;
    return fake_called(FAKE_cuSurfObjectDestroy);
}

static CUresult copy_box(const CUDA_MEMCPY3D *box, CUstream stream)
{
    (void)stream;
    return moved(FAKE_cuMemcpy3DAsync_v2, box->dstXInBytes, box->WidthInBytes);
}

static CUresult error_name(CUresult error, const char **name)
{
    (void)error;
    *name = "CUDA_ERROR_FAKE";
    return CUDA_SUCCESS;
}

static void fill_memory(struct ex_driver *d)
{
    d->cuMemHostRegister_v2 = host_register;
    d->cuMemHostUnregister = host_unregister;
    d->cuMemAddressReserve = reserve;
    d->cuMemAddressFree = address_free;
    d->cuMemCreate = create;
    d->cuMemRelease = release;
    d->cuMemMap = map;
    d->cuMemUnmap = unmap;
    d->cuMemSetAccess = set_access;
    d->cuMemGetInfo_v2 = get_info;
    d->cuMemcpyHtoDAsync_v2 = copy_to;
    d->cuMemcpyDtoHAsync_v2 = copy_from;
    d->cuMemcpyDtoDAsync_v2 = copy_inside;
    d->cuMemsetD8Async = fill;
}

static void fill_arrays(struct ex_driver *d)
{
    d->cuArray3DCreate_v2 = array_create;
    d->cuArrayDestroy = array_destroy;
    d->cuMipmappedArrayCreate = mipmap_create;
    d->cuMipmappedArrayDestroy = mipmap_destroy;
    d->cuMipmappedArrayGetLevel = mipmap_level;
    d->cuTexObjectCreate = texture_create;
    d->cuTexObjectDestroy = texture_destroy;
    d->cuSurfObjectCreate = surface_create;
    d->cuSurfObjectDestroy = surface_destroy;
    d->cuMemcpy3DAsync_v2 = copy_box;
}

static void fill_modules(struct ex_driver *d)
{
    d->cuModuleLoadDataEx = load;
    d->cuModuleUnload = unload;
    d->cuDriverGetVersion = driver_version;
    d->cuLinkCreate = link_create;
    d->cuLinkAddData = link_add;
    d->cuLinkComplete = link_complete;
    d->cuLinkDestroy = link_destroy;
    d->cuModuleGetFunction = get_function;
    d->cuModuleGetGlobal_v2 = get_global;
    d->cuFuncGetAttribute = get_attribute;
    d->cuFuncGetParamInfo = get_param;
    d->cuLaunchKernel = launch;
}

void fake_driver_new(struct ex_driver *d)
{
    fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(d, 0, sizeof(*d));
    d->cuCtxSetCurrent = set_current;
    d->cuCtxSynchronize = synchronize;
    d->cuEventCreate = event_create;
    d->cuEventDestroy_v2 = event_destroy;
    d->cuEventRecordWithFlags = event_record;
    d->cuEventQuery = event_query;
    d->cuStreamCreateWithPriority = stream_create;
    d->cuDeviceGetAttribute = device_attribute;
    d->cuStreamDestroy_v2 = stream_destroy;
    d->cuStreamQuery = stream_query;
    d->cuStreamWaitEvent = stream_wait;
    d->cuStreamWriteValue64_v2 = write_value;
    d->cuGetErrorName = error_name;
    fill_memory(d);
    fill_modules(d);
    fill_arrays(d);
    fake_graph_fill(d);
}

unsigned int fake_calls(enum fake_call call)
{
    return atomic_load(&fake->count[call]);
}

void fake_answer(enum fake_call call, CUresult cu)
{
    atomic_store(&fake->result[call], (int)cu);
}
