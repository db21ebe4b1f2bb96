/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
#ifndef VGPU_CHANNEL_H
#define VGPU_CHANNEL_H

/*
 * A channel is what one guest process has of one session: a sealed memfd that guest,
 * broker and worker map (docs/specs/wire.md, "Channel").
 *
 *   0x000000  header      written by the broker before the grant
 *   0x001000  state       error word, the words of both rings, the holder, functions that returned
 *   0x004000  fences      u64 per lane: written by the GPU or the worker, read by the guest
 *   0x00c000  progress    u64 per stream index: operations done, written by the worker
 *   0x010000  beacons     u64 each: more fences, for queries
 *   0x020000  console     what kernels print: worker → guest (proto/console.h)
 *   0x040000  completion  ring, 256 KiB: broker → guest
 *   0x100000  submission  ring, 1 MiB: guest → broker
 *   0x200000  data        pinned host memory, staging, module images
 *
 * Everything here can be written by the guest at any time: no host decision reads
 * the header, the error word, a fence or a progress word back.
 */

#include <stdatomic.h>
#include <stdint.h>

#include "proto/limits.h"
#include "proto/ring.h"

#define VGPU_CHANNEL_MAGIC 0x55504756u /* "VGPU" */

/* All fence slots: those of lanes, then the beacons. */
#define VGPU_FENCES_MAX (VGPU_LANES_MAX + VGPU_BEACONS_MAX)

struct vgpu_channel_header {
    uint32_t magic;
    uint32_t version; /* VGPU_PROTOCOL_VERSION */
    uint64_t size;    /* of the memfd */
    uint64_t session; /* for logs */
};

/*
 * Who holds the channel in a virtual machine, for its end to be seen: a node of the
 * holding thread's robust futex list and the futex behind it.  The thread writes its
 * id; its kernel sets VGPU_HOLDER_DIED there when the thread ends, however it ends.
 * In the socket way 0, because there the socket tells.
 */
struct vgpu_channel_holder {
    uint64_t next; /* struct robust_list of the guest's kernel: means nothing to the host */
    _Atomic uint32_t tid;
    uint32_t reserved;
};
#define VGPU_HOLDER_DIED 0x40000000u /* FUTEX_OWNER_DIED */

/* Functions of the guest's program that run at a time, each by another context's thread. */
#define VGPU_HOST_CALL_SLOTS VGPU_CONTEXTS_MAX

struct vgpu_channel_state {
    /* 0, or the CUresult that ended the session: every wait loop reads it. */
    _Alignas(64) _Atomic uint32_t error;
    _Alignas(64) struct vgpu_ring_words submit;
    _Alignas(64) struct vgpu_ring_words complete;
    _Alignas(64) struct vgpu_channel_holder holder;
    /* Guest to worker: the number of a vgpuHostCall, at its remainder by the count of slots, once
     * its function has returned.  vgpuHostDone says so, too, but comes behind other records. */
    _Alignas(64) _Atomic uint64_t returned[VGPU_HOST_CALL_SLOTS];
};

_Static_assert(VGPU_CHANNEL_STATE_OFFSET + sizeof(struct vgpu_channel_state) <=
                   VGPU_CHANNEL_FENCES_OFFSET,
               "channel state");
_Static_assert(VGPU_CHANNEL_FENCES_OFFSET + 8 * VGPU_LANES_MAX <= VGPU_CHANNEL_PROGRESS_OFFSET,
               "channel fences");
_Static_assert(VGPU_CHANNEL_PROGRESS_OFFSET + 8 * VGPU_STREAMS_MAX <= VGPU_CHANNEL_BEACONS_OFFSET,
               "channel progress");
_Static_assert(VGPU_CHANNEL_BEACONS_OFFSET + 8 * VGPU_BEACONS_MAX <= VGPU_CHANNEL_CONSOLE_OFFSET,
               "channel beacons");
_Static_assert(VGPU_CHANNEL_CONSOLE_DATA_OFFSET + VGPU_CHANNEL_CONSOLE_BYTES <=
                   VGPU_CHANNEL_COMPLETE_OFFSET,
               "channel console");

static inline struct vgpu_channel_state *vgpu_channel_state(void *base)
{
    return (struct vgpu_channel_state *)((char *)base + VGPU_CHANNEL_STATE_OFFSET);
}

/* A fence slot: below VGPU_LANES_MAX a lane's, up to VGPU_FENCES_MAX a beacon. */
static inline _Atomic uint64_t *vgpu_channel_fence(void *base, uint32_t slot)
{
    uint32_t offset = slot < VGPU_LANES_MAX
                          ? VGPU_CHANNEL_FENCES_OFFSET + 8 * slot
                          : VGPU_CHANNEL_BEACONS_OFFSET + 8 * (slot - VGPU_LANES_MAX);

    return (_Atomic uint64_t *)((char *)base + offset);
}

static inline _Atomic uint64_t *vgpu_channel_returned(void *base, uint64_t call)
{
    return &vgpu_channel_state(base)->returned[call % VGPU_HOST_CALL_SLOTS];
}

static inline _Atomic uint64_t *vgpu_channel_progress(void *base, uint32_t stream_index)
{
    return (_Atomic uint64_t *)((char *)base + VGPU_CHANNEL_PROGRESS_OFFSET) + stream_index;
}

/* Views of the two rings for one side; `base` is the mapped channel. */
static inline void vgpu_channel_submit_ring(struct vgpu_ring *ring, void *base)
{
    vgpu_ring_init(ring, &vgpu_channel_state(base)->submit,
                   (char *)base + VGPU_CHANNEL_SUBMIT_OFFSET, VGPU_CHANNEL_SUBMIT_BYTES);
}

static inline void vgpu_channel_complete_ring(struct vgpu_ring *ring, void *base)
{
    vgpu_ring_init(ring, &vgpu_channel_state(base)->complete,
                   (char *)base + VGPU_CHANNEL_COMPLETE_OFFSET, VGPU_CHANNEL_COMPLETE_BYTES);
}

#endif
