/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_MODULE_H
#define GS_MODULE_H

/* Modules and their functions; handles of both are the worker's. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/limits.h"

struct gs_answers;
struct gs_call;
struct gs_context;
struct gs_jit;
struct gs_session;

struct gs_module {
    struct gs_session *session;
    struct gs_context *context;
    uint64_t wire;
    bool of_library;      /* lives as long as its library, not to be unloaded by itself */
    pthread_mutex_t lock; /* guards the lists: added to at the front, never removed from */
    struct gs_function *functions;
    struct gs_variable *variables;
};

/* A variable whose address the worker has told; it lies there as long as the module. */
struct gs_variable {
    struct gs_variable *next;
    char *name;
    uint64_t base;
    uint64_t size;
};

struct gs_param {
    uint32_t offset;
    uint32_t size;
};

/* A form of launch that the driver has accepted for a function once (launch.h). */
struct gs_form {
    _Atomic uint64_t key;
    _Atomic uint64_t blocks; /* of the largest grid */
};
#define GS_FORMS       64u
#define GS_FORM_PROBES 16u /* places where one may lie */

/* What the old form of launch (cuParamSetv, cuLaunchGrid) has been told of a function. */
struct gs_old_launch {
    uint32_t block[3];
    uint32_t shared_bytes;
    uint32_t param_bytes;
    uint8_t params[VGPU_PARAM_BYTES_MAX];
};

struct gs_function {
    struct gs_module *module;
    struct gs_function *next;
    uint64_t wire;
    char *name;
    _Atomic int32_t attributes[VGPU_FUNCTION_ATTRIBUTES];
    _Atomic uint32_t own;    /* bits of attributes that the program set here, not by a kernel */
    _Atomic uint64_t kernel; /* handle of the library's kernel that it stands for, or 0 */
    /* The most dynamic shared memory that the driver allows it; the attribute may be less. */
    _Atomic int32_t driver_shared;
    _Atomic int32_t cache_config; /* that the driver was told; -1: none */
    /* How often something of it has been set in the driver. */
    _Atomic uint64_t settings_begun;
    _Atomic uint64_t settings_done;
    uint32_t param_count;
    uint32_t param_bytes;
    struct gs_param *params;
    struct gs_form forms[GS_FORMS]; /* changed under the lock */
    pthread_mutex_t lock;           /* guards what follows */
    uint32_t next_form;
    struct gs_answers *answers; /* about its occupancy; NULL: none yet */
    struct gs_old_launch *old;  /* NULL: told nothing */
};

/* The live module or function of a handle: 3, 400, or the sticky error.  A kernel's handle stands
 * for its function in the current context: gs_enter's errors and those of a load. */
CUresult gs_module_find(CUmodule handle, struct gs_module **module);
CUresult gs_function_find(CUfunction handle, struct gs_function **function);

/* The same for a caller that has a context: a kernel's function is the one of that context. */
CUresult gs_function_in(const struct gs_call *call, CUfunction handle,
                        struct gs_function **function);

/* The live function of a handle, no kernel's, whatever became of its worker; NULL: none. */
struct gs_function *gs_function_known(CUfunction handle);

/* The handle that the program knows. */
CUmodule gs_module_handle(const struct gs_module *module);
CUfunction gs_function_handle(const struct gs_function *function);

/* The function of that name, made at the first question. */
CUresult gs_module_function(struct gs_module *module, const char *name,
                            struct gs_function **function);

/*
 * Loads an image into the context of `call`: its bytes are copied at the call, logs and times
 * written back to the program.  CUDA_ERROR_OUT_OF_MEMORY or the driver's error.
 */
CUresult gs_module_load(const struct gs_call *call, const void *image, size_t size,
                        const struct gs_jit *jit, struct gs_module **module);

/* The same for what the driver itself has made, which no policy of the environment is about. */
CUresult gs_module_load_made(const struct gs_call *call, const void *image, size_t size,
                             const struct gs_jit *jit, struct gs_module **module);

/* A whole file and a NUL behind it, owned by the caller, *size with the NUL.  Native's codes. */
CUresult gs_module_file(const char *path, char **text, size_t *size);

/* Address and size of a variable, which is filed so that copies to it are known. */
CUresult gs_module_global(struct gs_module *module, const char *name, uint64_t *base,
                          uint64_t *size);

/* Calls fn for the name of every kernel, until it gives an error. */
CUresult gs_module_names(struct gs_module *module, CUresult (*fn)(const char *name, void *arg),
                         void *arg);

/* Sets an attribute in the worker and here. */
CUresult gs_function_set(struct gs_function *function, CUfunction_attribute attrib, int value);

/* Before a question about `shared` bytes: makes the driver allow no more than the attribute says,
 * if the answer could depend on that. */
CUresult gs_function_settle(struct gs_function *function, uint64_t shared);
CUresult gs_function_set_cache(struct gs_function *function, CUfunc_cache config);

/* Unloads in the worker and frees. */
CUresult gs_module_unload(struct gs_module *module);

/* Frees the module and its functions here. */
void gs_module_free(struct gs_module *module);

#endif
