/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/image_inflate.h"

#include <limits.h>
#include <lz4.h>
#include <stdlib.h>
#include <zstd.h>

#include "executor/sim/sim.h"
#include "proto/fatbin.h"
#include "proto/limits.h"

_Static_assert(VGPU_MODULE_BYTES_MAX < INT_MAX, "LZ4 counts in int");

/* Bytes written to out, or -1. */
static int64_t inflate(uint64_t flags, const char *data, uint64_t size, char *out, uint64_t room)
{
    size_t n;

    if ((flags & VGPU_FATBIN_LZ4) != 0) {
        return LZ4_decompress_safe(data, out, (int)size, (int)room);
    }
    n = ZSTD_decompress(out, room, data, size);
    return ZSTD_isError(n) ? -1 : (int64_t)n;
}

CUresult image_inflate(uint64_t flags, const char *data, uint64_t size, uint64_t text_size,
                       char **text)
{
    uint64_t form = flags & VGPU_FATBIN_PACKED;
    char *out;
    int64_t got;

    if (form != VGPU_FATBIN_LZ4 && form != VGPU_FATBIN_ZSTD) {
        sim_log("fat binary: its PTX is compressed in an unknown form (flags %#llx)",
                (unsigned long long)flags);
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    if (size > VGPU_MODULE_BYTES_MAX || text_size > VGPU_MODULE_BYTES_MAX || text_size == 0) {
        sim_log("fat binary: %llu bytes of PTX; at most %llu are taken",
                (unsigned long long)text_size, (unsigned long long)VGPU_MODULE_BYTES_MAX);
        return CUDA_ERROR_INVALID_IMAGE;
    }
    out = malloc(text_size + 1);
    if (out == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    got = inflate(form, data, size, out, text_size);
    if (got != (int64_t)text_size) {
        sim_log("fat binary: the compressed PTX is damaged");
        free(out);
        return CUDA_ERROR_INVALID_IMAGE;
    }
    out[text_size] = '\0';
    *text = out;
    return CUDA_SUCCESS;
}
