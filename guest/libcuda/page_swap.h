/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_PAGE_SWAP_H
#define GS_PAGE_SWAP_H

/*
 * Puts pages of a channel in the place of private memory of the program, and back, with their
 * content.  Other threads may use the memory meanwhile: reads find the same bytes before and after,
 * writes wait (write_hold.h), so that none is lost between copy and exchange.  Where the system
 * has no such thing, a process of one thread needs none, and others are refused.
 *
 * The caller has the thread's signals blocked and lets nobody else exchange the same pages.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_channel;

#define GS_PAGE_BYTES 4096ull

/*
 * Exchanges whole pages of the program for [offset, ...) of the channel.
 * CUDA_ERROR_NOT_SUPPORTED: the memory is not private (page_map.h), or writes of other threads
 * cannot be held back; which, is logged once.  CUDA_ERROR_OUT_OF_MEMORY: no room for one more
 * mapping.
 */
CUresult gs_page_swap_in(struct gs_channel *channel, uint64_t address, uint64_t bytes,
                         uint64_t offset);

/*
 * Puts private memory with the same content back.  `shared`: other data may lie in these pages too;
 * then they are exchanged only where writes can be held back.  False: they stay the channel's.
 * True also when the program has unmapped them all, or mapped something else there.
 */
bool gs_page_swap_out(struct gs_channel *channel, uint64_t address, uint64_t bytes, bool shared);

/* In the child of a fork: puts a private copy of [offset, ...) of the channel to `address`; nothing
 * accessible where that fails.  The channel is still open. */
void gs_page_swap_in_child(const struct gs_channel *channel, uint64_t address, uint64_t bytes,
                           uint64_t offset);

#endif
