/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/engine_op.h"

#include <stdlib.h>
#include <string.h>

#include "executor/sim/box.h"
#include "executor/sim/event.h"
#include "executor/sim/kexec.h"
#include "executor/sim/memory.h"

/* Bytes moved in one slice. */
#define SLICE_BYTES ((size_t)2 << 20)

/* A single word may be what a running kernel watches: it arrives whole. */
static void move_bytes(uintptr_t dst, uintptr_t src, size_t n)
{
    uint32_t word;

    if (n == sizeof(word) && dst % sizeof(word) == 0) {
        memcpy(&word, (const void *)src, sizeof(word));
        __atomic_store_n((uint32_t *)dst, word, __ATOMIC_RELEASE);
    } else {
        memmove((void *)dst, (const void *)src, n);
    }
}

static enum op_step copy_slice(struct sim_op *op, CUresult *cu)
{
    size_t left = op->copy.size - op->copy.done;
    size_t n = left < SLICE_BYTES ? left : SLICE_BYTES;
    uintptr_t dst = op->copy.dst + op->copy.done;
    uintptr_t src = op->copy.src + op->copy.done;

    if ((op->copy.check_dst && !memory_covers(dst, n, true)) ||
        (op->copy.check_src && !memory_covers(src, n, false))) {
        *cu = CUDA_ERROR_ILLEGAL_ADDRESS; /* unmapped since the call */
        return OP_STEP_DONE;
    }
    if (dst > src && dst < src + left) {
        /* Overlapping forwards: in one go, or the second slice reads the first. */
        n = left;
    }
    move_bytes(dst, src, n);
    op->copy.done += n;
    return n == left ? OP_STEP_DONE : OP_STEP_MORE;
}

static void fill(void *dst, size_t size, uint32_t value, unsigned width)
{
    uint16_t *h = dst;
    uint32_t *w = dst;

    if (width == sizeof(*w) && size == sizeof(*w)) {
        __atomic_store_n(w, value, __ATOMIC_RELEASE); /* as in move_bytes() */
    } else if (width == 1) {
        memset(dst, (int)(value & 0xff), size);
    } else if (width == 2) {
        for (size_t i = 0; i < size / 2; i++) {
            h[i] = (uint16_t)value;
        }
    } else {
        for (size_t i = 0; i < size / 4; i++) {
            w[i] = value;
        }
    }
}

static enum op_step set_slice(struct sim_op *op, CUresult *cu)
{
    size_t left = op->set.size - op->set.done;
    size_t n = left < SLICE_BYTES ? left : SLICE_BYTES;
    uintptr_t dst = op->set.dst + op->set.done;

    if (!memory_covers(dst, n, true)) {
        *cu = CUDA_ERROR_ILLEGAL_ADDRESS;
        return OP_STEP_DONE;
    }
    fill((void *)dst, n, op->set.value, op->set.width);
    op->set.done += n;
    return n == left ? OP_STEP_DONE : OP_STEP_MORE;
}

static enum op_step write_slice(struct sim_op *op, CUresult *cu)
{
    if (!memory_covers(op->value.addr, op->value.width, true)) {
        *cu = CUDA_ERROR_ILLEGAL_ADDRESS;
    } else if (op->value.width == 4) {
        __atomic_store_n((uint32_t *)op->value.addr, (uint32_t)op->value.value, __ATOMIC_SEQ_CST);
    } else {
        __atomic_store_n((uint64_t *)op->value.addr, op->value.value, __ATOMIC_SEQ_CST);
    }
    return OP_STEP_DONE;
}

static bool value_met(uint64_t now, const struct sim_op *op)
{
    uint64_t want = op->value.value;
    bool wide = op->value.width == 8;

    switch (op->value.flags) {
    case CU_STREAM_WAIT_VALUE_GEQ: /* cyclic, as documented */
        return wide ? (int64_t)(now - want) >= 0 : (int32_t)((uint32_t)now - (uint32_t)want) >= 0;
    case CU_STREAM_WAIT_VALUE_EQ:
        return now == want;
    case CU_STREAM_WAIT_VALUE_AND:
        return (now & want) != 0;
    default:
        return wide ? ~(now | want) != 0 : (uint32_t) ~(now | want) != 0;
    }
}

static enum op_step wait_slice(struct sim_op *op, CUresult *cu)
{
    uint64_t now;

    if (!memory_covers(op->value.addr, op->value.width, false)) {
        *cu = CUDA_ERROR_ILLEGAL_ADDRESS;
        return OP_STEP_DONE;
    }
    now = op->value.width == 4 ? __atomic_load_n((uint32_t *)op->value.addr, __ATOMIC_ACQUIRE)
                               : __atomic_load_n((uint64_t *)op->value.addr, __ATOMIC_ACQUIRE);
    return value_met(now, op) ? OP_STEP_DONE : OP_STEP_STALLED;
}

static enum op_step kernel_slice(struct sim_op *op, CUresult *cu)
{
    switch (kexec_slice(op->kernel, cu)) {
    case KEXEC_DONE:
        return OP_STEP_DONE;
    case KEXEC_MORE:
        return OP_STEP_MORE;
    case KEXEC_STALLED:
    default:
        return OP_STEP_STALLED;
    }
}

static enum op_step mapped_slice(struct sim_op *op, CUresult *cu)
{
    switch (op->kind) {
    case OP_KERNEL:
        return kernel_slice(op, cu);
    case OP_COPY:
        return copy_slice(op, cu);
    case OP_SET:
        return set_slice(op, cu);
    case OP_WRITE_VALUE:
        return write_slice(op, cu);
    case OP_WAIT_VALUE:
        return wait_slice(op, cu);
    case OP_BOX:
        return box_slice(op->box, cu);
    case OP_RECORD:
    case OP_WAIT_EVENT:
    case OP_HOST:
    case OP_FREE:
    default:
        return OP_STEP_DONE;
    }
}

enum op_step op_slice(struct sim_op *op, CUresult *cu)
{
    enum op_step step;

    if (op->kind == OP_HOST) {
        sim_in_host_func = true;
        op->host.fn(op->host.data);
        sim_in_host_func = false;
        return OP_STEP_DONE;
    }
    pthread_rwlock_rdlock(&sim.map_lock);
    step = mapped_slice(op, cu);
    pthread_rwlock_unlock(&sim.map_lock);
    return step;
}

void op_complete(struct sim_op *op)
{
    switch (op->kind) {
    case OP_KERNEL:
        kexec_free(op->kernel);
        break;
    case OP_COPY:
        free(op->copy.staging);
        break;
    case OP_RECORD:
        op->point->done = true;
        op->point->time_ns = sim_now_ns();
        point_unref(op->point);
        break;
    case OP_WAIT_EVENT:
        point_unref(op->point);
        break;
    case OP_FREE:
        memory_release(op->addr);
        break;
    case OP_BOX:
        free(op->box);
        break;
    case OP_SET:
    case OP_WRITE_VALUE:
    case OP_WAIT_VALUE:
    case OP_HOST:
    default:
        break;
    }
    free(op);
}

bool op_is_short(const struct sim_op *op, size_t size_max)
{
    switch (op->kind) {
    case OP_COPY:
        return op->copy.size <= size_max;
    case OP_SET:
        return op->set.size <= size_max;
    case OP_RECORD:
    case OP_WAIT_EVENT:
    case OP_WRITE_VALUE:
    case OP_WAIT_VALUE:
    case OP_FREE:
        return true;
    case OP_KERNEL:
    case OP_HOST:
    case OP_BOX:
    default:
        return false;
    }
}
