/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_HOST_WINDOW_H
#define EX_WORKER_HOST_WINDOW_H

/*
 * The session's channel as the worker maps it: fence slots and progress words that it
 * writes, and the data area, parts of which are registered with the driver ("slabs").
 * Everything in it can change at any time; no decision here reads it back.
 */

#include <stdbool.h>
#include <stdint.h>

#include "ex_driver_table.h"
#include "executor/worker/memory.h"
#include "proto/channel.h"

struct ex_session;

struct ex_window {
    uint8_t *base; /* NULL before Attach */
    uint64_t bytes;
    CUdeviceptr fences; /* device address of the fence slots, 0 when they are not registered */
    /* By beacon: the largest value that was written, or that the GPU was told to write. */
    uint64_t promised[VGPU_BEACONS_MAX];
};

/*
 * Maps the memfd (borrowed) at `address`, over the reservation that lies there, after checking
 * its size and seals, and registers the fence slots with the driver.  The context is current.
 */
CUresult ex_window_map(struct ex_window *window, const struct ex_driver *driver, int memfd,
                       uint64_t address, uint64_t bytes);

/* The device address of a fence slot; 0 when the GPU cannot write it. */
CUdeviceptr ex_window_fence_address(const struct ex_window *window, uint32_t slot);

/*
 * The GPU will write this value to the slot.  Then the worker writes no smaller one there itself:
 * what it finds out late would take a beacon back.  False: a beacon was promised as much before.
 */
bool ex_window_promise(struct ex_window *window, uint32_t slot, uint64_t value);

/* Writes a fence slot, or a stream's progress word.  Out-of-range indices are ignored. */
void ex_window_fence(struct ex_window *window, uint32_t slot, uint64_t value);
void ex_window_publish(const struct ex_window *window, uint32_t stream_index, uint64_t done);

/*
 * The address of [offset, offset + bytes) of the window when it lies in the data area, else
 * NULL.  Readable by the worker only in the way of a copy: it changes under the reader.
 */
uint8_t *ex_window_data(const struct ex_window *window, uint64_t offset, uint64_t bytes);

#endif
