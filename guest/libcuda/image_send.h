/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_IMAGE_SEND_H
#define GS_IMAGE_SEND_H

/*
 * How an image gets to the worker: through a piece of the window that is kept for it, so that no
 * page of it has to be made and given back for each load.  What is larger goes in parts.
 *
 *   image ──copy──► room of 2 MiB ──vgpuImagePart──► worker's own memory ──► driver
 *
 * One thread has the room; another one meanwhile takes a piece of its own for its image.
 */

#include <pthread.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_pick;
struct gs_session;
struct vgpu_args_cuModuleLoadDataEx;
struct vgpu_ret_cuModuleLoadDataEx;

struct gs_image_room {
    pthread_mutex_t lock;
    uint64_t offset; /* 0: none yet */
};

/* None is taken. */
void gs_image_room_init(struct gs_image_room *room);

/* Sends what travels of an image and has it loaded; `args` says the rest.  Any thread. */
CUresult gs_image_send(struct gs_session *s, const struct gs_pick *pick,
                       struct vgpu_args_cuModuleLoadDataEx *args,
                       struct vgpu_ret_cuModuleLoadDataEx *ret);

#endif
