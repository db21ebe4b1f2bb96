/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_BULK_COPY_H
#define GS_BULK_COPY_H

#include <stddef.h>

/*
 * Copies out of staging into memory that the caller will not read soon.  Large copies use stores
 * that go around the caches: an ordinary store reads its line first, which costs a third of the
 * memory's bandwidth.  The ranges do not overlap.  Any thread; what is copied is visible to other
 * threads as after memcpy.
 */
void gs_bulk_copy(void *dst, const void *src, size_t bytes);

#endif
