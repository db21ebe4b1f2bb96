/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_IMAGE_SIZE_H
#define EX_WORKER_IMAGE_SIZE_H

#include <stdint.h>

/*
 * Device memory that the variables of code take, in bytes: of sections that ptxas fills for them,
 * or of declarations in the state space .global of a text that ends with a NUL.  UINT64_MAX when a
 * size is written as anything but a number.  Any thread.
 */
uint64_t ex_elf_variables(const uint8_t *elf); /* one that ex_image_check() takes */
uint64_t ex_text_variables(const char *text);

#endif
