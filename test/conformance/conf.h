/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_CONF_H
#define VGPU_TEST_CONF_H

/*
 * Conformance cases.  Each runs in a process of its own, so that a sticky
 * error, a crash or a hang ends only that case:
 *
 *   runner (never loads CUDA) --fork--> case: driver_api_load(), body, exit
 *          <------ shared memory: transcript, failures ------
 *
 * A transcript holds calls, result codes and values that do not depend on the
 * device, on addresses or on handles, so that two drivers can be compared.
 *
 *   CONF_POSITIVE(cuMemAlloc_v2, one_byte)
 *   {
 *       CUdeviceptr p = 0;
 *
 *       conf_context();
 *       CONF_OK(cuMemAlloc_v2(&p, 1));
 *       CONF_EXPECT(p != 0);
 *   }
 *
 * The first argument is the exported symbol, the second names the case; both
 * stand on one line at its start, where generators look for them.
 */

#include <stdbool.h>

#include "test/programs/driver_api.h"

enum conf_kind {
    CONF_KIND_POSITIVE,
    CONF_KIND_NEGATIVE,
    /* Holds where vgpu does not offer a call; not compared with native. */
    CONF_KIND_UNSUPPORTED,
    /* The vendor's answer to the same question; left out elsewhere. */
    CONF_KIND_NATIVE,
    /* Native's behaviour is undefined: here it is an error, never a crash.  Native is not asked. */
    CONF_KIND_OURS,
};

struct conf_case {
    const char *call;
    const char *name;
    enum conf_kind kind;
    void (*run)(void);
};

#define CONF_CASE(symbol, case_name, case_kind)                                                    \
    static void conf_body_##symbol##_##case_name(void);                                            \
    static const struct conf_case conf_case_##symbol##_##case_name = {                             \
        #symbol, #case_name, case_kind, conf_body_##symbol##_##case_name};                         \
    static const struct conf_case *const conf_entry_##symbol##_##case_name                         \
        __attribute__((section("conf_registry"), used)) = &conf_case_##symbol##_##case_name;       \
    static void conf_body_##symbol##_##case_name(void)

#define CONF_POSITIVE(symbol, case_name)    CONF_CASE(symbol, case_name, CONF_KIND_POSITIVE)
#define CONF_NEGATIVE(symbol, case_name)    CONF_CASE(symbol, case_name, CONF_KIND_NEGATIVE)
#define CONF_UNSUPPORTED(symbol, case_name) CONF_CASE(symbol, case_name, CONF_KIND_UNSUPPORTED)
#define CONF_NATIVE(symbol, case_name)      CONF_CASE(symbol, case_name, CONF_KIND_NATIVE)
#define CONF_OURS(symbol, case_name)        CONF_CASE(symbol, case_name, CONF_KIND_OURS)

/* The case runs while no other does, after all others: it takes, or measures, all of the device's
 * memory. */
#define CONF_ALONE(symbol, case_name)                                                              \
    static const struct conf_case *const conf_alone_##symbol##_##case_name                         \
        __attribute__((section("conf_alone"), used)) = &conf_case_##symbol##_##case_name;

/* Makes the call, records its text and result, and gives the result. */
#define CONF_CALL(call) conf_call(#call, drv.call)
/* The same, and the case fails when the result is not the code. */
#define CONF_RESULT(call, code) conf_result(#call, drv.call, code, __LINE__)
#define CONF_OK(call)           conf_result(#call, drv.call, CUDA_SUCCESS, __LINE__)
/* Where the answer is one of several codes and it does not matter which: that one of them came is
 * recorded, and only with --exact, which. */
#define CONF_EITHER(call, one, other)                                                              \
    conf_among(#call, drv.call, (const CUresult[]){one, other, CUDA_SUCCESS}, __LINE__)
/* "There is no such object"; the same before cuInit too; any error. */
#define CONF_REFUSED(call)                                                                         \
    conf_among(                                                                                    \
        #call, drv.call,                                                                           \
        (const CUresult[]){CUDA_ERROR_INVALID_VALUE, CUDA_ERROR_INVALID_HANDLE, CUDA_SUCCESS},     \
        __LINE__)
#define CONF_REFUSED_EARLY(call)                                                                   \
    conf_among(#call, drv.call,                                                                    \
               (const CUresult[]){CUDA_ERROR_NOT_INITIALIZED, CUDA_ERROR_INVALID_VALUE,            \
                                  CUDA_ERROR_INVALID_HANDLE, CUDA_SUCCESS},                        \
               __LINE__)
#define CONF_FAILS(call) conf_among(#call, drv.call, NULL, __LINE__)
/* A step that is not the subject: not recorded; ends the case when it fails. */
#define CONF_SETUP(call) conf_setup(#call, drv.call, __LINE__)
/* Records whether the condition holds; the case fails when it does not. */
#define CONF_EXPECT(cond) conf_expect(#cond, (cond), __LINE__)
/* Records a value that every conforming driver must share. */
#define CONF_VALUE(value) conf_value(#value, (long long)(value))

/* The functions behind the macros.  Any thread; transcript lines are whole. */
CUresult conf_call(const char *text, CUresult cu);
void conf_result(const char *text, CUresult cu, CUresult want, int line);
/* `codes` ends with CUDA_SUCCESS; NULL: any error. */
void conf_among(const char *text, CUresult cu, const CUresult *codes, int line);
void conf_setup(const char *text, CUresult cu, int line);
void conf_expect(const char *text, bool holds, int line);
void conf_value(const char *text, long long value);

/* Ends the case as skipped. */
_Noreturn void conf_skip(const char *why);

/*
 * Steps that cases share; each ends the case when it fails.  conf_device():
 * cuInit and device 0.  conf_context(): also a context made current by
 * cuCtxCreate_v2.  conf_kernel(): a kernel of kernels.cu, in a module loaded
 * once for the process; needs a current context.  conf_library() and
 * conf_library_kernel(): the same as a library.
 */
CUdevice conf_device(void);
CUcontext conf_context(void);
CUmodule conf_module(void);
CUfunction conf_kernel(const char *name);
CUlibrary conf_library(void);
CUkernel conf_library_kernel(const char *name);
CUdeviceptr conf_memory(size_t bytes);

/* Whether the device is the simulator's, which lacks some of what it could be asked for. */
bool conf_simulated(void);

/* The PTX text of kernels.cu, NUL-terminated. */
const char *conf_ptx(void);

/* Launches on the stream; ends the case when the launch is refused. */
void conf_launch(CUfunction fn, unsigned int grid, unsigned int block, CUstream stream,
                 void **params);

/*
 * A kernel that runs until it is told to stop, so that "not ready" is certain
 * and no time is assumed.  conf_busy_start() gives the flag to release it.
 */
struct conf_busy {
    volatile unsigned int *flag;
};
void conf_busy_start(struct conf_busy *busy, CUstream stream);
void conf_busy_stop(struct conf_busy *busy);

/* Reproducible bytes, and whether a buffer still holds them. */
void conf_fill(void *data, size_t bytes, unsigned int seed);
bool conf_same(const void *data, size_t bytes, unsigned int seed);

#endif
