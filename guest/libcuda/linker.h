/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_LINKER_H
#define GS_LINKER_H

/* Link states; their handles are the worker's. */

#include <stddef.h>
#include <stdint.h>

#include "guest/libcuda/jit.h"

struct gs_call;
struct gs_context;
struct gs_session;

struct gs_linker {
    struct gs_session *session;
    struct gs_context *context;
    uint64_t wire;
    struct gs_jit jit; /* the program's buffers stay valid as long as the state */
    void *cubin;       /* the result, once complete */
    size_t cubin_bytes;
};

/* The live link state of a handle: 3, 400, or the sticky error; for its end: 3, 400.
 * CUDA_ERROR_OUT_OF_MEMORY (thread state). */
CUresult gs_linker_find(CUlinkState handle, struct gs_linker **linker);
CUresult gs_linker_known(CUlinkState handle, struct gs_linker **linker);
CUlinkState gs_linker_handle(const struct gs_linker *linker);

/* A new state in the context of `call`. */
CUresult gs_linker_new(const struct gs_call *call, const struct gs_jit *jit,
                       struct gs_linker **linker);

/* Adds an input; `size` bytes at `data` are copied at the call. */
CUresult gs_linker_add(struct gs_linker *linker, CUjitInputType type, const void *data, size_t size,
                       const char *name, const struct gs_jit *jit);

/* Makes the result, which belongs to the state. */
CUresult gs_linker_complete(struct gs_linker *linker);

/* Ends it in the worker, unless that has ended, and frees it. */
CUresult gs_linker_destroy(struct gs_linker *linker);

/* Frees it here. */
void gs_linker_free(struct gs_linker *linker);

#endif
