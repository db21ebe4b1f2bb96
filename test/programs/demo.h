/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_DEMO_H
#define VGPU_TEST_DEMO_H

/*
 * What every demo program shares: one context on device 0, one module, one
 * result line "NAME: PASS ..." or "NAME: FAIL ..." and the exit status 0 or 1.
 */

#include "test/programs/driver_api.h"

struct demo {
    CUdevice dev;
    CUcontext ctx;
    CUmodule mod;
};

/*
 * Loads the driver, makes a context on device 0 current in the calling thread
 * and loads the PTX text (borrowed).  Ends the program with FAIL on any error.
 */
void demo_start(struct demo *demo, const char *name, const char *ptx);

/* A kernel of the module; ends the program with FAIL when there is none. */
CUfunction demo_kernel(const struct demo *demo, const char *name);

/* Frees module and context, prints PASS and returns the exit status 0. */
int demo_pass(struct demo *demo, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prints FAIL with the text and exits with 1.  Any thread. */
_Noreturn void demo_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* First argument as a count within [1, max], or fallback when absent. */
unsigned int demo_size(int argc, char **argv, unsigned int fallback, unsigned int max);

/* Fails with the call's text when cu is not CUDA_SUCCESS. */
void demo_check(CUresult cu, const char *text);

/* One-dimensional launch of enough blocks of 256 threads for n threads. */
void demo_launch(CUfunction fn, unsigned int n, CUstream stream, void **params);

/* Small reproducible numbers: the same sequence for the same seed. */
unsigned int demo_random(unsigned int *seed);

#define DEMO_CHECK(call) demo_check(drv.call, #call)

#endif
