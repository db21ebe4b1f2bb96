/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_PX_H
#define VGPU_TEST_PX_H

/*
 * Cases of vgpu-ptx: each runs a kernel of NAME.cu, in every way in which it
 * was compiled, and compares with what the CPU computes.
 *
 *   PX_CASE(sort, odd_even)
 *   {
 *       CUdeviceptr p = px_in(data, sizeof(data));
 *
 *       px_run("odd_even", 1, 64, PX_ARGS(&p, &n));
 *       px_out(data, p, sizeof(data));
 *       PX_SAME(data, want);
 *   }
 *
 * A failed check ends its case.  Device memory is freed when a case ends.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "test/programs/driver_api.h"

struct px_case {
    const char *module;
    const char *name;
    void (*run)(void);
};

#define PX_CASE(module_name, case_name)                                                            \
    static void px_body_##module_name##_##case_name(void);                                         \
    static const struct px_case px_case_##module_name##_##case_name = {                            \
        #module_name, #case_name, px_body_##module_name##_##case_name};                            \
    static const struct px_case *const px_entry_##module_name##_##case_name                        \
        __attribute__((section("px_registry"), used)) = &px_case_##module_name##_##case_name;      \
    static void px_body_##module_name##_##case_name(void)

/* Device memory with a copy of data, or zeroes; back again. */
CUdeviceptr px_in(const void *data, size_t size);
CUdeviceptr px_zero(size_t size);
void px_out(void *data, CUdeviceptr from, size_t size);

/* A variable of the module; fails unless it has this size. */
CUdeviceptr px_variable(const char *name, size_t size);

/* Launch in one dimension and wait; args from PX_ARGS. */
void px_run(const char *kernel, unsigned blocks, unsigned threads, void **args);

struct px_shape {
    unsigned grid[2];
    unsigned block[2];
    unsigned shared; /* bytes, dynamic */
    bool cooperative;
};
void px_run_shape(const char *kernel, const struct px_shape *shape, void **args);

#define PX_ARGS(...) ((void *[]){__VA_ARGS__, NULL})

/* count elements of size bytes must be equal; names both places of the first that differ. */
void px_same(const char *what, const void *got, const void *want, size_t count, size_t size);
#define PX_SAME(got, want)                                                                         \
    px_same(#got, (got), (want), sizeof(want) / sizeof((want)[0]), sizeof((want)[0]))

/* |got - want| at most tolerance * max(1, |want|), or both not a number. */
void px_near(const char *what, const double *got, const double *want, size_t count,
             double tolerance);
void px_near32(const char *what, const float *got, const float *want, size_t count,
               double tolerance);

/* End the case when a call of the driver failed. */
void px_check(CUresult cu, const char *call);

/* End the case when cond is false. */
void px_expect(bool cond, const char *text);

/* Numbers without a pattern, the same in every case. */
uint64_t px_random(void);
float px_random_float(void); /* -100 to 100, eighths */

#endif
