/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NV_LIBRARY_H
#define NV_LIBRARY_H

/*
 * The library in this process: how often nvmlInit was called, and what was learned then.
 *
 *   generated symbol ──► nv_enter ──► nv_<call> (nv_*.c) ──► nv_leave
 *
 * Calls run beside each other; nvmlInit, nvmlShutdown and fork wait for those that are inside.
 */

#include <stdatomic.h>

#include "guest/libnvml/device.h"

#define NV_EXPORT __attribute__((visibility("default")))

/* NVML_SUCCESS, and nv_leave() must follow; NVML_ERROR_UNINITIALIZED. */
nvmlReturn_t nv_enter(void);
void nv_leave(void);

/* The device behind a handle; NULL: it is none. */
const struct nv_device *nv_device_of(nvmlDevice_t handle);

/* What Welcome said.  Between nv_enter() and nv_leave(). */
const struct nv_system *nv_system(void);

/* Answers a call that no slice has an answer to; *told: it was named already. */
nvmlReturn_t nv_unsupported(const char *name, atomic_bool *told);

/* Copies a text with its NUL; NVML_ERROR_INSUFFICIENT_SIZE. */
nvmlReturn_t nv_copy_text(char *to, unsigned int length, const char *text);

#endif
