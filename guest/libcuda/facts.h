/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_FACTS_H
#define GS_FACTS_H

/* The facts of Welcome, checked, in $CUDA_DEVICE_ORDER, filtered by
 * $CUDA_VISIBLE_DEVICES. */

#include "guest/libcuda/process.h"

/* Fills in the facts of the devices that the program may see, at most VGPU_DEVICES_MAX, in its
 * order.  Returns their number. */
int gs_facts_take(const Vgpu__Welcome *welcome, struct gs_device *devices);

/* Which of `count` devices a text in the form of $CUDA_VISIBLE_DEVICES names, in its order: numbers
 * or the start of "GPU-<uuid>".  As native, the first entry that names none ends the list, and one
 * named twice makes it empty.  NULL: all. */
int gs_visible_devices(const char *text, const uint8_t (*uuids)[16], int count, int *order);

#endif
