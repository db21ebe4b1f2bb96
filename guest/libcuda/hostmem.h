/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_HOSTMEM_H
#define GS_HOSTMEM_H

/*
 * The window's data area: pinned host memory in slabs, and short-lived room for
 * module images.  A slab is registered with the driver as a whole, the first time
 * something in it is needed, and kept.  Offsets are from the start of the channel.
 * Any thread.
 */

#include <pthread.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_session;
struct gs_slab;
struct vgpu_range;

struct gs_hostmem {
    pthread_mutex_t lock;
    struct vgpu_range *area; /* slabs and images */
    struct gs_slab *slabs;
};

/* An empty data area of a channel of `bytes` bytes.  0 or -ENOMEM. */
int gs_hostmem_init(struct gs_hostmem *host, uint64_t bytes);
void gs_hostmem_fini(struct gs_hostmem *host);

/* Registered memory, in one slab.  CUDA_ERROR_OUT_OF_MEMORY or the worker's error. */
CUresult gs_hostmem_alloc(struct gs_session *s, uint64_t size, uint64_t *offset);
void gs_hostmem_free(struct gs_session *s, uint64_t offset);

/* Room of whole pages that is no part of a slab, until gs_hostmem_return(); slabs in which nothing
 * lives make way.  The worker registers it with gs_hostmem_pin() until gs_hostmem_unpin(). */
CUresult gs_hostmem_take(struct gs_session *s, uint64_t size, uint64_t *offset);
CUresult gs_hostmem_pin(struct gs_session *s, uint64_t offset, uint64_t size);
CUresult gs_hostmem_unpin(struct gs_session *s, uint64_t offset);

/* Takes exactly this range, whole pages.  0, -EEXIST, -EINVAL or -ENOMEM. */
int gs_hostmem_keep(struct gs_hostmem *host, uint64_t offset, uint64_t size);

/* Memory that is not registered. */
CUresult gs_hostmem_borrow(struct gs_hostmem *host, uint64_t size, uint64_t *offset);
/* Gives it back, and its pages to the system. */
void gs_hostmem_return(struct gs_session *s, uint64_t offset, uint64_t size);

#endif
