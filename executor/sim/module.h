/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_MODULE_H
#define SIM_MODULE_H

/* Loaded modules and their functions.  Need sim.lock. */

#include "executor/sim/context.h"
#include "executor/sim/ptx.h"

struct CUfunc_st {
    struct CUmod_st *module;
    const struct ptx_func *ptx;
    int dynamic_shared_max; /* CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES */
    int carveout;
    int cluster[6]; /* CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH and following */
    CUfunc_cache cache_config;
};

struct CUmod_st {
    struct CUmod_st *prev;
    struct CUmod_st *next;
    CUcontext ctx;
    struct ptx_module *ptx;
    uintptr_t image; /* the variables' memory; 0 without any */
    size_t image_bytes;
    struct CUfunc_st *func; /* the entries */
    uint32_t func_count;
};

/* Where errors and remarks of a compilation go: the options' buffers. */
struct jit_log {
    char *error;
    size_t error_size;
    char *info;
    size_t info_size;
    size_t error_used;
    size_t info_used;
};

/* Sorts options: log buffers into *log, the rest is looked at only. */
CUresult jit_options_read(unsigned int count, const CUjit_option *options, void *const *values,
                          struct jit_log *log);
/* Writes what was used of the logs back. */
void jit_options_answer(unsigned int count, const CUjit_option *options, void **values,
                        const struct jit_log *log);
/* One error into the log and to standard error. */
void jit_log_error(struct jit_log *log, const char *text);

/* Load an image of any supported form into ctx. */
CUresult module_load(CUcontext ctx, const void *image, struct jit_log *log, CUmodule *out);

/* Unload all modules of a context. */
void module_free_all(CUcontext ctx);

/*
 * The PTX text in an image: itself, in a fat binary, in what cuLinkComplete
 * made.  *text is borrowed from image, or, with *owned set, to be freed.
 */
CUresult image_ptx(const void *image, const char **text, char **owned);

/* Whether a fat binary has machine code, and no PTX, for the device: code that image_ptx()
 * refuses and a driver would take. */
bool image_is_machine_code(const void *image);

/* The fat binary in the wrapper that compiled programs have around it, or the image itself. */
const void *image_unwrap(const void *image);

/* What cuLinkComplete prefixes the text with. */
#define IMAGE_LINKED "\x7fVGPUSIM"

#endif
