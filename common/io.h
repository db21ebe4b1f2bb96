/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_IO_H
#define VGPU_COMMON_IO_H

/* Whole reads and writes on blocking descriptors. */

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads until len bytes are in buf or the file ends; repeats after a signal.
 * Returns the bytes read, fewer than len only at the end of the file; -errno on
 * failure (bytes read before it are lost).
 */
ssize_t vgpu_read_full(int fd, void *buf, size_t len);

/*
 * Writes all len bytes; repeats after a signal.  Returns 0, or -errno when some
 * of it may not have been written.  Raises SIGPIPE like write() does.
 */
int vgpu_write_full(int fd, const void *buf, size_t len);

#endif
