/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_IMAGE_INFLATE_H
#define SIM_IMAGE_INFLATE_H

/* Compressed texts of fat binaries. */

#include <stdint.h>

#include "executor/sim/sim_api.h"

/* How an entry's flags name the forms; none: plain text. */
#define FATBIN_LZ4        UINT64_C(0x2000)
#define FATBIN_ZSTD       UINT64_C(0x8000)
#define FATBIN_COMPRESSED UINT64_C(0xf000) /* these two and forms that are not known */

/*
 * The text in size bytes of data, which must be exactly text_size bytes long;
 * that is checked against VGPU_MODULE_BYTES_MAX before anything is allocated.
 * *text is owned by the caller, with a NUL behind.
 * CUDA_ERROR_INVALID_IMAGE for damaged data, CUDA_ERROR_NO_BINARY_FOR_GPU for
 * a form that is not known, CUDA_ERROR_OUT_OF_MEMORY.
 */
CUresult image_inflate(uint64_t flags, const char *data, uint64_t size, uint64_t text_size,
                       char **text);

#endif
