/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_FUZZ_H
#define VGPU_TEST_FUZZ_H

/*
 * What a fuzz harness (fuzz_NAME.c) defines.  It is built into fuzz_NAME by
 * libFuzzer (-DVGPU_FUZZ=ON, clang) and always into replay_NAME, which feeds it
 * every file of corpus/NAME.
 */

#include <stddef.h>
#include <stdint.h>

/*
 * Works on one hostile input, borrowed for the call; keeps no state from one
 * call to the next.  Returns 0.  A crash, a sanitizer report or abort() is a find.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
