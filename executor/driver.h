/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_DRIVER_H
#define EX_DRIVER_H

#include <stddef.h>

#include "ex_driver_table.h"

/*
 * Opens the driver library (a path, or a name for the dynamic linker) for good and fills
 * *driver with its functions.  0; -ENOENT (not there or not loadable) or -ENOSYS (older than
 * VGPU_DRIVER_VERSION_MIN, or a required function is missing), with the reason in why (why_cap
 * bytes, terminated).
 */
int ex_driver_open(struct ex_driver *driver, const char *library, char *why, size_t why_cap);

/* "CUDA_ERROR_NAME", or "unknown" for a code that the driver does not know; static. */
const char *ex_driver_error_name(const struct ex_driver *driver, CUresult cu);

#endif
