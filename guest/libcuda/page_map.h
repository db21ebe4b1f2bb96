/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_PAGE_MAP_H
#define GS_PAGE_MAP_H

/* What lies where in this process, as the system tells it.  Any thread; allocates. */

#include <stdbool.h>
#include <stdint.h>

struct gs_channel;

/* True when [address, address + bytes), whole pages, is readable and writable private memory of
 * no file, and holds neither the main thread's stack nor what this thread is running on. */
bool gs_page_map_is_private(uint64_t address, uint64_t bytes);

/* How many of the bytes are the channel's memory; -1: the system does not tell. */
int64_t gs_page_map_channel_bytes(const struct gs_channel *channel, uint64_t address,
                                  uint64_t bytes);

/* True when no thread but this one and the channel's holder is in the process. */
bool gs_page_map_is_alone(const struct gs_channel *channel);

#endif
