/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libnvml/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/cuda_abi.h"

static void copy_text(char *to, size_t cap, const char *from)
{
    size_t len = strnlen(from, cap - 1);

    memcpy(to, from, len);
    to[len] = '\0';
}

static void write_uuid(struct nv_device *device)
{
    static const bool dash[16] = {[4] = true, [6] = true, [8] = true, [10] = true};
    size_t at = (size_t)snprintf(device->uuid_text, NV_UUID_TEXT, "GPU-");

    for (unsigned int i = 0; i < 16; i++) {
        at += (size_t)snprintf(device->uuid_text + at, NV_UUID_TEXT - at, "%s%02x",
                               dash[i] ? "-" : "", device->uuid[i]);
    }
}

bool nv_parse_bus_id(const char *text, unsigned int *domain, unsigned int *bus, unsigned int *slot)
{
    unsigned int function = 0;
    char rest;

    if (sscanf(text, "%x:%x:%x.%x%c", domain, bus, slot, &function, &rest) == 4 ||
        sscanf(text, "%x:%x:%x%c", domain, bus, slot, &rest) == 3) {
        return function == 0;
    }
    *domain = 0;
    function = 0;
    return (sscanf(text, "%x:%x.%x%c", bus, slot, &function, &rest) == 3 ||
            sscanf(text, "%x:%x%c", bus, slot, &rest) == 2) &&
           function == 0;
}

static void take_attributes(struct nv_device *device, const Vgpu__DeviceFacts *facts)
{
    for (size_t i = 0; i < facts->n_attributes && i < VGPU_ATTRIBUTES_MAX; i++) {
        device->attributes[i] = facts->attributes[i];
        device->valid[i] = i / 8 < facts->attribute_valid.len &&
                           (facts->attribute_valid.data[i / 8] >> (i % 8) & 1) != 0;
    }
}

static void take_device(struct nv_device *device, const Vgpu__DeviceFacts *facts)
{
    memset(device, 0, sizeof(*device));
    copy_text(device->name, sizeof(device->name), facts->name);
    if (facts->uuid.len == sizeof(device->uuid)) {
        memcpy(device->uuid, facts->uuid.data, sizeof(device->uuid));
    }
    write_uuid(device);
    (void)nv_parse_bus_id(facts->pci_bus_id, &device->domain, &device->bus, &device->slot);
    device->pci_device_id = facts->pci_device_id;
    device->pci_subsystem_id = facts->pci_subsystem_id;
    device->total_memory = facts->total_memory;
    take_attributes(device, facts);
}

static int by_address(const void *a, const void *b)
{
    const struct nv_device *first = a;
    const struct nv_device *second = b;
    uint64_t left = (uint64_t)first->domain << 32 | first->bus << 8 | first->slot;
    uint64_t right = (uint64_t)second->domain << 32 | second->bus << 8 | second->slot;

    return left < right ? -1 : left > right;
}

void nv_system_take(struct nv_system *system, const Vgpu__Welcome *welcome)
{
    size_t count = welcome != NULL ? welcome->n_devices : 0;

    count = count < VGPU_DEVICES_MAX ? count : VGPU_DEVICES_MAX;
    system->count = (unsigned int)count;
    for (size_t i = 0; i < count; i++) {
        take_device(&system->devices[i], welcome->devices[i]);
    }
    qsort(system->devices, count, sizeof(system->devices[0]), by_address);
    system->cuda_version = CUDA_VERSION;
    if (welcome != NULL && welcome->driver_version != 0 && welcome->driver_version < CUDA_VERSION) {
        system->cuda_version = (int)welcome->driver_version;
    }
    copy_text(system->release, sizeof(system->release),
              count > 0 ? welcome->devices[0]->driver_release : "");
}

bool nv_device_attribute(const struct nv_device *device, CUdevice_attribute attribute, int *value)
{
    unsigned int i = (unsigned int)attribute;

    if (i >= VGPU_ATTRIBUTES_MAX || !device->valid[i]) {
        return false;
    }
    *value = device->attributes[i];
    return true;
}
