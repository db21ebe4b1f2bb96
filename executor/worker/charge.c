/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/charge.h"

#include "common/overflow.h"
#include "executor/worker/session.h"
#include "proto/limits.h"

void ex_charges_init(struct ex_charges *charges)
{
    (void)pthread_mutex_init(&charges->lock, NULL);
}

bool ex_charge_code(struct ex_charges *charges, uint64_t bytes)
{
    uint64_t now = atomic_load(&charges->code);

    do {
        if (bytes > VGPU_CODE_BYTES_MAX - now) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&charges->code, &now, now + bytes));
    return true;
}

void ex_uncharge_code(struct ex_charges *charges, uint64_t bytes)
{
    (void)atomic_fetch_sub(&charges->code, bytes);
}

static uint64_t attribute(const struct ex_session *x, CUdevice_attribute which)
{
    int value = 0;
    CUresult cu = x->driver->cuDeviceGetAttribute(&value, which, x->device);

    return cu == CUDA_SUCCESS && value > 0 ? (uint64_t)value : 1;
}

/* Bytes of device memory that one of the limit's units costs. */
static uint64_t unit_cost(const struct ex_session *x, CUlimit limit)
{
    switch ((int)limit) {
    case CU_LIMIT_STACK_SIZE: /* 64 KiB took 16.6 GiB of an H100 */
        return attribute(x, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT) *
               attribute(x, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR);
    case CU_LIMIT_PRINTF_FIFO_SIZE:
    case CU_LIMIT_MALLOC_HEAP_SIZE:
        return 1;
    default:
        return 0;
    }
}

static CUresult learn_base(struct ex_session *x, CUlimit limit, struct ex_limit_charge *at)
{
    size_t value = 0;
    CUresult cu = at->known ? CUDA_SUCCESS : x->driver->cuCtxGetLimit(&value, limit);

    if (cu == CUDA_SUCCESS && !at->known) {
        at->base = value;
        at->known = true;
    }
    return cu;
}

/* Under the lock: `want` bytes stay charged if the driver takes the value. */
static CUresult set_charged(struct ex_session *x, CUlimit limit, uint64_t value, uint64_t want)
{
    struct ex_limit_charge *at = &x->charges.limits[limit];
    uint64_t more = want > at->charged ? want - at->charged : 0;
    CUresult cu;

    if (!ex_memory_charge(x->memory, more)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = x->driver->cuCtxSetLimit(limit, value);
    if (cu != CUDA_SUCCESS) {
        ex_memory_uncharge(x->memory, more);
        return cu;
    }
    ex_memory_uncharge(x->memory, at->charged + more - want);
    at->charged = want;
    return CUDA_SUCCESS;
}

static CUresult set_limit(struct ex_session *x, CUlimit limit, uint64_t value, uint64_t unit)
{
    struct ex_limit_charge *at = &x->charges.limits[limit];
    uint64_t want = 0;
    CUresult cu = learn_base(x, limit, at);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (value > at->base && !vgpu_u64_mul(value - at->base, unit, &want)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return set_charged(x, limit, value, want);
}

CUresult ex_charge_limit(struct ex_session *x, CUlimit limit, uint64_t value)
{
    uint64_t unit = unit_cost(x, limit);
    CUresult cu;

    if (unit == 0) {
        return x->driver->cuCtxSetLimit(limit, value);
    }
    (void)pthread_mutex_lock(&x->charges.lock);
    cu = set_limit(x, limit, value, unit);
    (void)pthread_mutex_unlock(&x->charges.lock);
    return cu;
}
