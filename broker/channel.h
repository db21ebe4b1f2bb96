/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_CHANNEL_H
#define BR_CHANNEL_H

/*
 * The broker's part of a channel (proto/channel.h): the sealed memfd, of which only
 * the first 2 MiB (words and rings) are mapped here, and the two bells.  Memory and
 * doorbell are made here, or come from a virtual machine (adopt.h).
 *
 * The doorbell is an eventfd that the guest writes.  The interrupt is a pipe of
 * which the guest gets the end to read: the two ends have flags of their own, so a
 * guest cannot make the broker's write wait, as it could with an eventfd that it
 * fills and sets to blocking.  For the guest it is the same: readable when rung,
 * eight bytes a ring.  The doorbell is read with RWF_NOWAIT for the same reason.
 */

#include <stdint.h>

#include "proto/channel.h"
#include "proto/ring.h"

struct br_channel {
    int memfd;
    int doorbell;
    int interrupt;       /* our end */
    int interrupt_guest; /* the guest's end, until it is granted */
    uint64_t bytes;
    void *base;                /* VGPU_CHANNEL_DATA_OFFSET bytes mapped, or NULL */
    struct vgpu_ring submit;   /* we consume */
    struct vgpu_ring complete; /* we produce */
};

/* A channel without anything: may be given to br_channel_fini(). */
void br_channel_clear(struct br_channel *channel);

/* Makes a channel of `bytes` (VGPU_CHANNEL_BYTES_MIN to _MAX).  0 or -errno; on failure there is
 * nothing to undo. */
int br_channel_make(struct br_channel *channel, uint64_t bytes);

/* Maps the memory of channel->memfd, whose size is channel->bytes and fixed.  0 or -errno. */
int br_channel_map(struct br_channel *channel);

/* Makes the interrupt.  0 or -errno. */
int br_channel_make_interrupt(struct br_channel *channel);

/* Writes the header and clears every word that the two sides share, then makes the views of the
 * rings: memory that others could write before may hold anything. */
void br_channel_begin(struct br_channel *channel, uint64_t session);

/* Unmaps and closes.  Guest and worker keep what they have mapped. */
void br_channel_fini(struct br_channel *channel);

/* Rings the interrupt; never waits.  A guest that does not read loses rings, not the last one. */
void br_channel_interrupt(const struct br_channel *channel);

/* Empties the doorbell; never waits.  0, -EAGAIN when it was not rung, or another -errno. */
int br_channel_answer_doorbell(const struct br_channel *channel);

/* Stores the CUresult that ended the session, if none is stored, and rings. */
void br_channel_fail(const struct br_channel *channel, uint32_t result);

#endif
