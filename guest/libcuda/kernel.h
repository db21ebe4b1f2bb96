/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_KERNEL_H
#define GS_KERNEL_H

/*
 * Kernels of libraries.  A kernel has a function in each context that uses it; its own
 * attributes belong to a device and reach those functions whose attribute the program
 * has not set itself.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guest/libcuda/library.h"

/* Its function in one life of one context.  Stays in the list; when that life is over, another
 * life takes its place. */
struct gs_kernel_use {
    struct gs_kernel_use *next;
    _Atomic uint64_t epoch; /* no two lives of any contexts have the same; set last */
    const struct gs_context *context;
    struct gs_function *_Atomic function;
};

/* What is set or known of it on one device.  Changed under the library's lock. */
struct gs_kernel_device {
    _Atomic int32_t attributes[VGPU_FUNCTION_ATTRIBUTES];
    uint32_t set; /* bits of attributes that the program has set */
    bool has_cache_config;
    CUfunc_cache cache_config;
};

struct gs_kernel {
    struct gs_library *library;
    struct gs_kernel *next;
    uint64_t handle;
    char *name;
    _Atomic(struct gs_kernel_use *) uses;
    struct gs_kernel_device *_Atomic devices[VGPU_DEVICES_MAX]; /* NULL: not looked at */
    uint32_t param_count;
    struct gs_param *params;
};

/* The live kernel of a handle, or NULL.  No lock. */
struct gs_kernel *gs_kernel_get(CUkernel handle);
CUkernel gs_kernel_handle(const struct gs_kernel *kernel);

/* The kernel of that name, looked for in the context of `call` the first time.  500. */
CUresult gs_kernel_named(struct gs_library *library, const struct gs_call *call, const char *name,
                         struct gs_kernel **kernel);

/* The one that is known already, or NULL. */
struct gs_kernel *gs_kernel_known(struct gs_library *library, const char *name);

/* Its function in the context of `call`. */
CUresult gs_kernel_function(struct gs_kernel *kernel, const struct gs_call *call,
                            struct gs_function **function);

/* What is known of it on a device; a context there is looked for. */
CUresult gs_kernel_on(struct gs_kernel *kernel, struct gs_device *device,
                      struct gs_kernel_device **on);

/* Sets an attribute or the cache configuration on a device.  When its worker has ended: the sticky
 * error for an attribute whose value the driver has to look at, and the configuration, a hint, is
 * noted here only. */
CUresult gs_kernel_set(struct gs_kernel *kernel, struct gs_device *device,
                       CUfunction_attribute attrib, int value);
CUresult gs_kernel_set_cache(struct gs_kernel *kernel, struct gs_device *device,
                             CUfunc_cache config);

/* Ends its handle and frees it. */
void gs_kernel_free(struct gs_kernel *kernel);

#endif
