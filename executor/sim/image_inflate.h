/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_IMAGE_INFLATE_H
#define SIM_IMAGE_INFLATE_H

/* Compressed texts of fat binaries. */

#include <stdint.h>

#include "executor/sim/sim_api.h"

/*
 * The text in size bytes of data, packed as an entry's flags (proto/fatbin.h) say, which must be
 * exactly text_size bytes long; that is checked against VGPU_MODULE_BYTES_MAX before anything is
 * allocated. *text is owned by the caller, with a NUL behind. CUDA_ERROR_INVALID_IMAGE for damaged
 * data, CUDA_ERROR_NO_BINARY_FOR_GPU for a form that is not known, CUDA_ERROR_OUT_OF_MEMORY.
 */
CUresult image_inflate(uint64_t flags, const char *data, uint64_t size, uint64_t text_size,
                       char **text);

#endif
