/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_PAGE_SWAP_H
#define GS_PAGE_SWAP_H

/*
 * Puts pages of a channel in the place of private memory of the program, and back, with their
 * content.  Other threads may use the memory meanwhile: reads find the same bytes before and after,
 * writes wait (userfaultfd, write protection), so that none is lost between copy and exchange.
 * Where the system has no such thing, a process of one thread needs none, and others are refused.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_channel;

#define GS_PAGE_BYTES 4096ull

/* True when [address, address + bytes), whole pages, is readable and writable private memory of
 * no file: all that can be exchanged. */
bool gs_page_swap_is_possible(uint64_t address, uint64_t bytes);

/*
 * Exchanges whole pages of the program for [offset, ...) of the channel.
 * CUDA_ERROR_NOT_SUPPORTED: writes of other threads cannot be held back.
 * CUDA_ERROR_OUT_OF_MEMORY: no room for one more mapping.
 */
CUresult gs_page_swap_in(struct gs_channel *channel, uint64_t address, uint64_t bytes,
                         uint64_t offset);

/*
 * Puts private memory with the same content back.  `shared`: other data may lie in these pages too;
 * then they are exchanged only where writes can be held back.  False: they stay the channel's.
 */
bool gs_page_swap_out(struct gs_channel *channel, uint64_t address, uint64_t bytes, bool shared);

#endif
