/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_IMAGE_SCAN_H
#define EX_WORKER_IMAGE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether code of an image that ex_image_check() takes may print (device printf): it names the
 * function behind it.  Of a fat binary the machine code for compute capability `major` is
 * looked at, or without any the PTX; what cannot be unpacked may print.  Any thread.
 */
bool ex_image_prints(const uint8_t *bytes, size_t size, int major);

#endif
