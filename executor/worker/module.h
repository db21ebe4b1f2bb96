/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_MODULE_H
#define EX_WORKER_MODULE_H

/*
 * Modules and their functions.  A function lives as long as its module.  Guarded by the
 * session's `objects` lock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct ex_function {
    CUfunction cu;
    uint64_t handle;
    size_t param_bytes; /* that a launch must bring */
    struct ex_function *next;
};

/* What a module is charged, in bytes. */
struct ex_module_cost {
    uint64_t code;
    uint64_t variables; /* of device memory */
};

struct ex_module {
    CUmodule cu;
    uint64_t handle;
    struct ex_module_cost cost;
    struct ex_function *functions;
};

/* A name as it came, with a NUL behind it: `name` holds len + 1 bytes or more.  False when it has a
 * NUL inside or does not fit. */
bool ex_name_copy(char *name, size_t cap, const uint8_t *bytes, uint32_t len);

#endif
