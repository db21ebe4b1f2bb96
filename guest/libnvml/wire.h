/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NV_WIRE_H
#define NV_WIRE_H

/*
 * A channel that carries control frames only: one question, one answer.  Far less than a link of
 * libcuda.so.1 (guest/libcuda/link.h): no worker, no window, one caller at a time.
 */

#include "guest/transport/transport.h"
#include "proto/frame.h"
#include "proto/ring.h"

struct nv_wire {
    struct gs_channel channel;
    uint8_t *control; /* header to rings, mapped; NULL: closed */
    struct vgpu_ring submit;
    struct vgpu_ring complete;
    uint32_t sequence;
    struct vgpu_arena arena;
    uint8_t *inbox; /* a record */
};

/* Takes a channel.  0; -errno with the obstacle, and the wire is closed. */
int nv_wire_open(struct nv_wire *wire, struct gs_obstacle *obstacle);

/* Gives it back; accepts a closed one.  In the child of a fork: the parent's is not touched. */
void nv_wire_close(struct nv_wire *wire);

/* Asks and waits, 10 s at most, for an answer of this kind or for Refuse; valid until the next
 * call.  0; -ETIMEDOUT; -ECONNRESET: the host has ended the channel; -EPROTO: it makes no sense. */
int nv_wire_ask(struct nv_wire *wire, const Vgpu__Frame *question, Vgpu__Frame__KindCase kind,
                Vgpu__Frame **answer);

#endif
