/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/device.h"

#include <string.h>

/* Attributes that are 0 whatever the card says: what they promise does not travel. */
static const uint16_t absent[] = {
    CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY,
    CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS,
    CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS,
    CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES,
    CU_DEVICE_ATTRIBUTE_DIRECT_MANAGED_MEM_ACCESS_FROM_HOST,
    /* Registered memory has another address on the device. */
    CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM,
    /* Only what can be written is registered. */
    CU_DEVICE_ATTRIBUTE_READ_ONLY_HOST_REGISTER_SUPPORTED,
    /* Handles of memory do not leave the process. */
    CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_FABRIC_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_MEMPOOL_SUPPORTED_HANDLE_TYPES,
    CU_DEVICE_ATTRIBUTE_IPC_EVENT_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_HOST_ALLOC_DMA_BUF_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_MULTICAST_SUPPORTED,
    /* Physical memory and pools are the device's. */
    CU_DEVICE_ATTRIBUTE_HOST_NUMA_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_HOST_NUMA_MEMORY_POOLS_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_HOST_NUMA_MULTINODE_IPC_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_HOST_MEMORY_POOLS_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_HOST_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_SPARSE_CUDA_ARRAY_SUPPORTED,
    CU_DEVICE_ATTRIBUTE_DEFERRED_MAPPING_CUDA_ARRAY_SUPPORTED,
};

static CUresult find_uuid(const struct ex_driver *driver, int count, const uint8_t *wanted,
                          CUdevice *device)
{
    CUresult cu = CUDA_SUCCESS;

    for (int i = 0; cu == CUDA_SUCCESS && i < count; i++) {
        CUuuid uuid;

        cu = driver->cuDeviceGet(device, i);
        if (cu == CUDA_SUCCESS) {
            cu = driver->cuDeviceGetUuid(&uuid, *device);
        }
        if (cu == CUDA_SUCCESS && memcmp(&uuid, wanted, EX_UUID_BYTES) == 0) {
            return CUDA_SUCCESS;
        }
    }
    return cu == CUDA_SUCCESS ? CUDA_ERROR_NO_DEVICE : cu;
}

CUresult ex_device_init(const struct ex_driver *driver, const struct ex_gpu_name *name,
                        CUdevice *device)
{
    int count = 0;
    CUresult cu = driver->cuInit(0);

    if (cu == CUDA_SUCCESS) {
        cu = driver->cuDeviceGetCount(&count);
    }
    if (cu == CUDA_SUCCESS && name->by_uuid) {
        return find_uuid(driver, count, name->uuid, device);
    }
    if (cu == CUDA_SUCCESS && (count < 0 || name->number >= (uint32_t)count)) {
        cu = CUDA_ERROR_NO_DEVICE;
    }
    return cu == CUDA_SUCCESS ? driver->cuDeviceGet(device, (int)name->number) : cu;
}

CUresult ex_device_context(const struct ex_driver *driver, CUdevice device, CUcontext *context)
{
    CUresult cu;

    /* Helpers that wait in the driver sleep; fences never wait there. */
    (void)driver->cuDevicePrimaryCtxSetFlags(device, CU_CTX_SCHED_BLOCKING_SYNC | CU_CTX_MAP_HOST);
    cu = driver->cuDevicePrimaryCtxRetain(context, device);
    return cu == CUDA_SUCCESS ? ex_device_enter_thread(driver, *context) : cu;
}

CUresult ex_device_enter_thread(const struct ex_driver *driver, CUcontext context)
{
    return driver->cuCtxSetCurrent(context);
}

static bool is_absent(uint32_t attribute)
{
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        if (absent[i] == attribute) {
            return true;
        }
    }
    return false;
}

static void read_attributes(const struct ex_driver *driver, CUdevice device, struct ex_facts *f)
{
    for (uint32_t i = 1; i < VGPU_ATTRIBUTES_MAX; i++) {
        int value = 0;

        if (driver->cuDeviceGetAttribute(&value, (CUdevice_attribute)i, device) != CUDA_SUCCESS) {
            continue;
        }
        f->attributes[i] = is_absent(i) ? 0 : value;
        f->attribute_valid[i / 8] = (uint8_t)(f->attribute_valid[i / 8] | 1u << (i % 8));
    }
}

static CUresult read_texts(const struct ex_driver *driver, CUdevice device, struct ex_facts *f)
{
    CUresult cu = driver->cuDeviceGetName(f->name, sizeof(f->name) - 1, device);

    if (cu == CUDA_SUCCESS) {
        cu = driver->cuDeviceGetUuid(&f->uuid, device);
    }
    if (cu == CUDA_SUCCESS) {
        cu = driver->cuDeviceGetPCIBusId(f->pci_bus_id, sizeof(f->pci_bus_id) - 1, device);
    }
    return cu;
}

static CUresult read_numbers(const struct ex_driver *driver, CUdevice device, struct ex_facts *f)
{
    size_t total = 0;
    int version = 0;
    int least = 0;
    int greatest = 0;
    CUresult cu = driver->cuDeviceTotalMem(&total, device);

    if (cu == CUDA_SUCCESS) {
        cu = driver->cuDriverGetVersion(&version);
    }
    if (cu == CUDA_SUCCESS) {
        cu = driver->cuCtxGetStreamPriorityRange(&least, &greatest);
    }
    f->message.total_memory = total;
    f->message.driver_version = (uint32_t)version;
    f->message.stream_priority_least = least;
    f->message.stream_priority_greatest = greatest;
    return cu;
}

CUresult ex_device_facts(const struct ex_driver *driver, CUdevice device, struct ex_facts *f)
{
    CUresult cu;

    memset(f, 0, sizeof(*f));
    vgpu__device_facts__init(&f->message);
    cu = read_texts(driver, device, f);
    if (cu == CUDA_SUCCESS) {
        cu = read_numbers(driver, device, f);
    }
    read_attributes(driver, device, f);
    f->message.name = f->name;
    f->message.pci_bus_id = f->pci_bus_id;
    f->message.uuid.data = (uint8_t *)f->uuid.bytes;
    f->message.uuid.len = sizeof(f->uuid.bytes);
    f->message.n_attributes = VGPU_ATTRIBUTES_MAX;
    f->message.attributes = f->attributes;
    f->message.attribute_valid.data = f->attribute_valid;
    f->message.attribute_valid.len = sizeof(f->attribute_valid);
    return cu;
}

uint32_t ex_device_capability(const struct ex_driver *driver, CUdevice device)
{
    int major = 0;
    int minor = 0;

    (void)driver->cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                                       device);
    (void)driver->cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                                       device);
    return (uint32_t)(major * 10 + minor);
}
