/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_DEVICE_H
#define EX_WORKER_DEVICE_H

/* The GPU of this process: driver start, the one context, and the facts of the device. */

#include "ex_driver_table.h"
#include "executor/gpu_name.h"
#include "proto/limits.h"
#include "vgpu.pb-c.h"

/* cuInit and the handle of the GPU of this name.  The driver's result; 100 without such a GPU. */
CUresult ex_device_init(const struct ex_driver *driver, const struct ex_gpu_name *name,
                        CUdevice *device);

/* Makes the one context and makes it current in this thread (ex_device_enter_thread). */
CUresult ex_device_context(const struct ex_driver *driver, CUdevice device, CUcontext *context);

/* Prepares the calling thread: context current. */
CUresult ex_device_enter_thread(const struct ex_driver *driver, CUcontext context);

/* The facts of a device, with the room that their fields borrow. */
struct ex_facts {
    Vgpu__DeviceFacts message;
    char name[VGPU_TEXT_BYTES_MAX];
    char pci_bus_id[32];
    CUuuid uuid;
    int32_t attributes[VGPU_ATTRIBUTES_MAX];
    uint8_t attribute_valid[VGPU_ATTRIBUTES_MAX / 8];
};

/* Fills *facts.  Needs a context (stream priorities); the first failing call's result. */
CUresult ex_device_facts(const struct ex_driver *driver, CUdevice device, struct ex_facts *facts);

/* Compute capability of a device; 90: 9.0. */
uint32_t ex_device_capability(const struct ex_driver *driver, CUdevice device);

#endif
