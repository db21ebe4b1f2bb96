/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_VM_FRAME_H
#define BR_VM_FRAME_H

/* What a device says: each frame is held against the phases, its fields and its
 * descriptors are checked, then it is done. */

#include <stddef.h>
#include <stdint.h>

struct br_vm;

/* One frame without its prefix, borrowed.  May end the connection. */
void br_vm_frame(struct br_vm *vm, const uint8_t *frame, size_t len);

#endif
