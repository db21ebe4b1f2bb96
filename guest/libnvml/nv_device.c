/* SPDX-License-Identifier: Apache-2.0 */
#include "nvml_api.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "guest/libnvml/library.h"

nvmlReturn_t nv_nvmlDeviceGetCount_v2(unsigned int *deviceCount)
{
    *deviceCount = nv_system()->count;
    return NVML_SUCCESS;
}

static nvmlDevice_t handle_of(unsigned int index)
{
    return (nvmlDevice_t)(uintptr_t)&nv_system()->devices[index];
}

nvmlReturn_t nv_nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device)
{
    if (index >= nv_system()->count) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    *device = handle_of(index);
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
    for (unsigned int i = 0; i < nv_system()->count; i++) {
        if (strcasecmp(nv_system()->devices[i].uuid_text, uuid) == 0) {
            *device = handle_of(i);
            return NVML_SUCCESS;
        }
    }
    return NVML_ERROR_NOT_FOUND;
}

nvmlReturn_t nv_nvmlDeviceGetHandleByPciBusId_v2(const char *pciBusId, nvmlDevice_t *device)
{
    unsigned int domain = 0;
    unsigned int bus = 0;
    unsigned int slot = 0;

    if (!nv_parse_bus_id(pciBusId, &domain, &bus, &slot)) {
        return NVML_ERROR_NOT_FOUND;
    }
    for (unsigned int i = 0; i < nv_system()->count; i++) {
        const struct nv_device *d = &nv_system()->devices[i];

        if (d->domain == domain && d->bus == bus && d->slot == slot) {
            *device = handle_of(i);
            return NVML_SUCCESS;
        }
    }
    return NVML_ERROR_NOT_FOUND;
}

nvmlReturn_t nv_nvmlDeviceGetIndex(const struct nv_device *device, unsigned int *index)
{
    *index = (unsigned int)(device - nv_system()->devices);
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlDeviceGetName(const struct nv_device *device, char *name, unsigned int length)
{
    return nv_copy_text(name, length, device->name);
}

nvmlReturn_t nv_nvmlDeviceGetUUID(const struct nv_device *device, char *uuid, unsigned int length)
{
    return nv_copy_text(uuid, length, device->uuid_text);
}

static void fill_pci(const struct nv_device *device, nvmlPciInfo_t *pci)
{
    memset(pci, 0, sizeof(*pci));
    (void)snprintf(pci->busIdLegacy, sizeof(pci->busIdLegacy), "%04X:%02X:%02X.0",
                   device->domain & 0xffff, device->bus & 0xff, device->slot & 0xff);
    (void)snprintf(pci->busId, sizeof(pci->busId), "%08X:%02X:%02X.0", device->domain,
                   device->bus & 0xff, device->slot & 0xff);
    pci->domain = device->domain;
    pci->bus = device->bus;
    pci->device = device->slot;
    pci->pciDeviceId = device->pci_device_id;
    pci->pciSubSystemId = device->pci_subsystem_id;
}

nvmlReturn_t nv_nvmlDeviceGetPciInfo_v3(const struct nv_device *device, nvmlPciInfo_t *pci)
{
    fill_pci(device, pci);
    return NVML_SUCCESS;
}

/* Callers of the older forms may have given less room: only what those forms have is written. */
nvmlReturn_t nv_nvmlDeviceGetPciInfo_v2(const struct nv_device *device, nvmlPciInfo_t *pci)
{
    nvmlPciInfo_t whole;

    fill_pci(device, &whole);
    memcpy(pci, &whole, offsetof(nvmlPciInfo_t, busId));
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlDeviceGetPciInfo(const struct nv_device *device, nvmlPciInfo_t *pci)
{
    nvmlPciInfo_t whole;

    fill_pci(device, &whole);
    memcpy(pci, &whole, offsetof(nvmlPciInfo_t, pciSubSystemId));
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlDeviceOnSameBoard(const struct nv_device *device1,
                                      const struct nv_device *device2, int *onSameBoard)
{
    if (device1 != device2) {
        return NVML_ERROR_NOT_SUPPORTED;
    }
    *onSameBoard = 1;
    return NVML_SUCCESS;
}
