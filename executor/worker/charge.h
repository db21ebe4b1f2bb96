/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_CHARGE_H
#define EX_WORKER_CHARGE_H

/*
 * What a session takes by other ways than by allocating: the worker's own memory for code that is
 * loaded or linked, and device memory behind the limits of its context.  Any thread.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct ex_session;

/* One of the context's limits that the driver turns into device memory. */
struct ex_limit_charge {
    bool known;       /* `base` has been asked for */
    uint64_t base;    /* its value at first, which is the context's own cost */
    uint64_t charged; /* bytes above that, counted against the session's quota */
};

struct ex_charges {
    _Atomic uint64_t code; /* bytes, at most VGPU_CODE_BYTES_MAX */
    pthread_mutex_t lock;  /* guards `limits`, also while the driver is told */
    struct ex_limit_charge limits[CU_LIMIT_MAX];
};

/* Starts zeroed: nothing is charged. */
void ex_charges_init(struct ex_charges *charges);

/* Counts bytes of code; false when that is more than a session may have. */
bool ex_charge_code(struct ex_charges *charges, uint64_t bytes);
void ex_uncharge_code(struct ex_charges *charges, uint64_t bytes);

/* Sets a limit of the context when the session's quota has room for what the device sets aside for
 * it: the stack of every thread that it can hold, the heap, the buffer of printf.
 * CUDA_ERROR_OUT_OF_MEMORY or the driver's code. */
CUresult ex_charge_limit(struct ex_session *x, CUlimit limit, uint64_t value);

#endif
