/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_VM_KEYS_H
#define HD_VM_KEYS_H

/*
 * The keys of a machine as an operator writes them, "key=value":
 *
 *     uuid=UUID  pool=NAME  priority=N  quota=SIZE  calls=RATE[/BURST]
 *     bytes=SIZE[/SIZE]  sessions=N  socket=PATH
 *
 * Sizes are 0 or a number with KiB, MiB, GiB or TiB; "none" empties a text.  A burst
 * that is not given is what a second brings.
 */

#include <stddef.h>

#include "hostd/machine.h"

/* Applies `count` texts to the machine.  0; or -EINVAL, the machine unchanged, with a line in
 * `why`: which key, which value, what is allowed.  A key may come once. */
int hd_vm_keys_apply(struct hd_machine *machine, char *const *assigns, size_t count, char *why,
                     size_t cap);

#endif
