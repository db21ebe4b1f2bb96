/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_TEST_H
#define SIM_TEST_H

/*
 * What the simulator's tests share.  Tests that poison the process or want
 * another environment run their body in a child made before any cuInit.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cuda_api.h"

/* A call that must succeed, and one that must answer a code; for parent and child. */
#define OK(call)          sim_check((call), CUDA_SUCCESS, #call, __FILE__, __LINE__)
#define FAILS(code, call) sim_check((call), (CUresult)(code), #call, __FILE__, __LINE__)
#define CHECK(cond)       sim_assert((cond), #cond, __FILE__, __LINE__)

void sim_check(CUresult got, CUresult wanted, const char *what, const char *file, int line);
void sim_assert(bool cond, const char *what, const char *file, int line);

/* Run body in a child process; the test fails unless it ends well. */
void sim_child(void (*body)(void));

/* A context of device 0, current; the module of a file under ptx/. */
CUcontext sim_context(void);
CUmodule sim_module(const char *name);
CUfunction sim_function(CUmodule module, const char *name);

/* Device memory with a copy of what is at data (or zeroes); back again. */
CUdeviceptr sim_device(const void *data, size_t size);
void sim_fetch(void *data, CUdeviceptr from, size_t size);

/* Launch in the NULL stream and wait.  args ends with NULL. */
void sim_launch(CUfunction f, unsigned grid, unsigned block, unsigned shared, void **args);

/* Numbers without a pattern, the same in each run. */
uint64_t sim_random(void);

/* A text file of the ptx folder, NUL-terminated, to be freed. */
char *sim_ptx(const char *name);

#endif
