/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_PRIVATE_COPY_H
#define EX_WORKER_PRIVATE_COPY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of the window as private, read-only memory with a NUL behind them; NULL without memory.
 * The window can change under the driver, and a locked worker can make no memfd to seal, so the
 * copy is an anonymous mapping.  Any thread.
 */
uint8_t *ex_private_copy(const uint8_t *window, size_t size);

/* The same in two steps: memory of zeros with room for the NUL, and its end as memory to write. */
uint8_t *ex_private_new(size_t size);
void ex_private_seal(uint8_t *copy, size_t size);

/* `size` as it was made with. */
void ex_private_free(uint8_t *copy, size_t size);

#endif
