/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_IMAGE_PICK_H
#define GS_IMAGE_PICK_H

/*
 * What travels of an image.  A fat binary of a library holds code for many architectures, of which
 * a device uses one: the others are neither copied nor read, only the heads of their entries are.
 *
 *   fat binary:  head | sm_70 | sm_80 | sm_90 | PTX 7.0 | PTX 9.0 | PTX 12.0
 *   for 9.0:     head |               | sm_90 |         | PTX 9.0 |
 *
 * Kept are machine code that runs on a device, the newest PTX that it compiles, and what is of no
 * known kind.  Where nothing fits the smallest entry stays, so that the driver itself says that
 * there is no code for the device.  This saves bytes and decides nothing: the worker checks what
 * comes, and the driver chooses among it.  Any other image, and a fat binary whose entries do not
 * fit into each other, travels whole.
 *
 * The program may change its image meanwhile: then sizes may not fit any more, which is an error,
 * and nothing is read or written beyond bounds.  Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/limits.h"

struct gs_device;

/* Devices by compute capability (90: 9.0). */
struct gs_targets {
    unsigned int count;
    uint32_t capability[VGPU_DEVICES_MAX];
};

/* This device only. */
void gs_targets_one(struct gs_targets *targets, const struct gs_device *device);
/* Every device of this process: for a library, which belongs to none. */
void gs_targets_all(struct gs_targets *targets);

struct gs_pick {
    const uint8_t *image; /* the program's */
    size_t image_bytes;
    bool whole;
    struct gs_targets targets;
    uint32_t newest[VGPU_DEVICES_MAX]; /* PTX, by target; 0: none */
    size_t spare;                      /* entry to keep where nothing fits; 0: something does */
    size_t bytes;                      /* that travel */
};

/* Looks what is to travel.  CUDA_ERROR_INVALID_IMAGE: more than VGPU_MODULE_BYTES_MAX. */
CUresult gs_pick_plan(struct gs_pick *pick, const void *image, size_t size,
                      const struct gs_targets *targets);

/* Gives the pieces in order until fn says false.  False: fn did, or what came is not pick->bytes.
 */
bool gs_pick_each(const struct gs_pick *pick,
                  bool (*fn)(void *arg, const uint8_t *bytes, size_t size), void *arg);

/* Copies all of it to pick->bytes bytes of room.  CUDA_ERROR_INVALID_IMAGE as above. */
CUresult gs_pick_copy(const struct gs_pick *pick, void *to);

/* Whether a fat binary has machine code that runs on every target. */
bool gs_image_runs(const void *fatbin, size_t size, const struct gs_targets *targets);

#endif
