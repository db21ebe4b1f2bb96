/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_LIBRARY_H
#define GS_LIBRARY_H

/*
 * Libraries: images that belong to no context.  A library is loaded into a context, as
 * a module, at its first use there, and again when the context has begun a new life.
 *
 * Locks, outermost first: a device's, a library's, a module's.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/libcuda/jit.h"
#include "guest/libcuda/module.h"

struct gs_call;
struct gs_context;
struct gs_device;
struct gs_kernel;

/* What a library is in one life of one context. */
struct gs_library_use {
    struct gs_library_use *next;
    const struct gs_context *context;
    struct gs_device *device;
    uint64_t epoch;
    struct gs_module *module;
};

struct gs_library {
    uint64_t handle;
    const void *image;
    size_t size;
    void *copy; /* of the image, unless the program preserves it */
    struct gs_jit jit;
    pthread_mutex_t lock; /* guards what follows */
    struct gs_library_use *uses;
    struct gs_kernel *kernels; /* added at the front, freed with the library */
};

/* A library from an image whose extent is known; `copy` (owned from here on, also on failure) or
 * NULL is where it lies.  Loads nothing. */
CUresult gs_library_new(const void *image, size_t size, void *copy, const struct gs_jit *jit,
                        struct gs_library **library);

/* Unloads it from every context and frees it and its kernels. */
CUresult gs_library_unload(struct gs_library *library);

/* The live library of a handle: 3 or 400. */
CUresult gs_library_find(CUlibrary handle, struct gs_library **library);
CUlibrary gs_library_handle(const struct gs_library *library);

/* Its module in the context of `call`, loaded if need be; `jit` NULL: options without logs. */
CUresult gs_library_module(struct gs_library *library, const struct gs_call *call,
                           const struct gs_jit *jit, struct gs_module **module);

/*
 * Calls fn with a context in which the library can be looked at: the current one, another
 * live one, or the primary one, which gets a worker.  `device` NULL: on any device.  The sticky
 * error, or fn's.
 */
CUresult gs_library_visit(struct gs_device *device,
                          CUresult (*fn)(const struct gs_call *call, void *arg), void *arg);

/* The same with the device's lock (not NULL): no context of the device ends meanwhile.  A sticky
 * error matters only if fn asks the worker. */
CUresult gs_library_visit_alone(struct gs_device *device,
                                CUresult (*fn)(const struct gs_call *call, void *arg), void *arg);

#endif
