/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_TENSOR_MAP_H
#define GS_TENSOR_MAP_H

/*
 * Tensor maps that the driver has made.  A map says nothing but what it was made of, and libraries
 * make the same ones before every launch: which are known needs no driver.  Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/sha256.h"
#include "proto/cuda_abi.h"

struct gs_session;
struct vgpu_args_vgpuTensorMap;

struct gs_tensor_key {
    uint8_t digest[VGPU_SHA256_BYTES];
};

/* The key of a question to a session's driver. */
void gs_tensor_key(const struct gs_session *s, const struct vgpu_args_vgpuTensorMap *args,
                   struct gs_tensor_key *key);

/* The map that is known; false: none. */
bool gs_tensor_find(const struct gs_tensor_key *key, CUtensorMap *map);

/* Keeps a map; an older one makes room.  Without memory nothing is kept. */
void gs_tensor_keep(const struct gs_tensor_key *key, const CUtensorMap *map);

#endif
