/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_ENVIRONMENT_H
#define GS_ENVIRONMENT_H

/* What the program's environment says to CUDA (docs/environment.md), read once before the first
 * connection. */

#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_environment {
    bool launch_blocking;        /* CUDA_LAUNCH_BLOCKING */
    bool pci_order;              /* CUDA_DEVICE_ORDER=PCI_BUS_ID */
    char *visible_devices;       /* CUDA_VISIBLE_DEVICES, or NULL */
    CUmoduleLoadingMode loading; /* CUDA_MODULE_LOADING */
    int64_t spin_ns;             /* VGPU_SPIN_US; -1: not said */
    uint32_t code_policy;        /* CUDA_FORCE_PTX_JIT, CUDA_DISABLE_PTX_JIT: proto/code_policy.h */
};

/* Reads it.  Once, before other threads may ask. */
void gs_environment_read(void);

/* What was read; valid for ever. */
extern struct gs_environment gs_environment_found;
static inline const struct gs_environment *gs_environment(void)
{
    return &gs_environment_found;
}

#endif
