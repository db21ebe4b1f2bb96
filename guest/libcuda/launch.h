/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_LAUNCH_H
#define GS_LAUNCH_H

/*
 * One launch on its way to the worker: what native refuses at the call is refused here.
 * What cannot be known of a kernel (.reqntid, clusters, what fits at once) is asked the
 * first time: a launch of a form that the driver has accepted before is not answered.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/limits.h"

struct gs_call;
struct gs_device;
struct gs_event;
struct gs_function;
struct gs_stream;

struct gs_launch {
    struct gs_function *function;
    struct gs_stream *stream;
    CUlaunchConfig config; /* hStream is not looked at */
    void **params;
    void **extra;
};

/* The function and stream of a launch; a kernel's function is that of the stream's context. */
CUresult gs_launch_find(const struct gs_call *call, CUfunction f, CUstream stream,
                        struct gs_launch *launch);

/* What native refuses of a launch's shape at the call, with its one code for all of it. */
CUresult gs_launch_check(const struct gs_device *device, const struct gs_function *f,
                         const CUlaunchConfig *c);

/* Checks and sends. */
CUresult gs_launch_send(const struct gs_call *call, const struct gs_launch *launch);

/* A kernel's parameters as it lays them out, from one form or the other, into `buffer` of
 * VGPU_PARAM_BYTES_MAX bytes; *len is what the kernel declares. */
CUresult gs_launch_params(const struct gs_function *f, void **params, void **extra, uint8_t *buffer,
                          size_t *len);

/* ---- attributes (launch_attributes.c) ---- */

/* A launch's attributes as they travel: handles are the worker's. */
struct gs_attributes {
    uint32_t count;
    uint64_t hash;       /* of all but the handles; 0 without attributes */
    uint32_t cluster[3]; /* 0: none */
    struct gs_event *events[2];
    uint32_t event_count; /* that the launch records */
    CUlaunchAttribute list[VGPU_LAUNCH_ATTRIBUTES_MAX];
};

/* Takes the attributes of a configuration.  CUDA_ERROR_INVALID_VALUE for a missing list or one
 * that is too long; a bad event's error; CUDA_ERROR_NOT_SUPPORTED for nodes that devices update. */
CUresult gs_attributes_take(const CUlaunchConfig *config, struct gs_attributes *attributes);

/* ---- forms (launch_form.c) ---- */

/* Whether the driver has accepted such a launch before; *key names its form for gs_form_learn(). */
bool gs_form_known(struct gs_function *f, const CUlaunchConfig *config,
                   const struct gs_attributes *attributes, uint64_t *key);
void gs_form_learn(struct gs_function *f, const CUlaunchConfig *config, uint64_t key);

/* Forgets all of them: an attribute of the function has changed. */
void gs_form_forget(struct gs_function *f);

#endif
