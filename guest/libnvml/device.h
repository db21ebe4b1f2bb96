/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NV_DEVICE_H
#define NV_DEVICE_H

/* What Welcome says of the GPUs, in the order of their PCI addresses.  A handle is the address of
 * a device here and valid for ever: the set is read once in a process. */

#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_enums.h"
#include "proto/limits.h"
#include "proto/nvml_abi.h"
#include "vgpu.pb-c.h"

#define NV_UUID_TEXT 41 /* "GPU-" and 36 characters */

struct nv_device {
    char name[VGPU_TEXT_BYTES_MAX + 1];
    uint8_t uuid[16];
    char uuid_text[NV_UUID_TEXT];
    unsigned int domain;
    unsigned int bus;
    unsigned int slot;
    uint32_t pci_device_id;
    uint32_t pci_subsystem_id;
    uint64_t total_memory;
    int32_t attributes[VGPU_ATTRIBUTES_MAX];
    bool valid[VGPU_ATTRIBUTES_MAX];
};

struct nv_system {
    struct nv_device devices[VGPU_DEVICES_MAX];
    unsigned int count;
    int cuda_version;                      /* as cuDriverGetVersion; 0: no host was reached */
    char release[VGPU_TEXT_BYTES_MAX + 1]; /* of the driver; "": not known */
};

/* Fills it in; NULL: a machine without GPUs. */
void nv_system_take(struct nv_system *system, const Vgpu__Welcome *welcome);

/* An attribute; false when the driver has no answer. */
bool nv_device_attribute(const struct nv_device *device, CUdevice_attribute attribute, int *value);

/* [domain:]bus:device[.function], hexadecimal; false: not that. */
bool nv_parse_bus_id(const char *text, unsigned int *domain, unsigned int *bus, unsigned int *slot);

#endif
