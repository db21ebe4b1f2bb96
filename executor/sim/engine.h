/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

/*
 * The engine: queued operations and the threads that carry them out.
 *
 * An operation is at the head of its stream's queue before it may run, and
 * obeys the legacy default stream: one of the NULL stream waits for everything
 * submitted earlier to the blocking streams of its context, and the other way
 * round.  Work proceeds in slices, so that an endless kernel leaves the
 * threads to others.  Host functions have a thread of their own.
 *
 * All functions need sim.lock; the waits release it meanwhile.
 */

#include "executor/sim/context.h"

/* Kernels of one stream that may be unfinished; the next launch blocks. */
#define ENGINE_KERNELS_MAX 1022

enum op_kind {
    OP_KERNEL,
    OP_COPY,
    OP_SET,
    OP_RECORD,
    OP_WAIT_EVENT,
    OP_WRITE_VALUE,
    OP_WAIT_VALUE,
    OP_HOST,
    OP_FREE,
    OP_BOX,
};

struct sim_op {
    struct sim_op *next;
    struct CUstream_st *stream;
    uint64_t seq;
    enum op_kind kind;
    bool running; /* a thread is at it; nobody else touches it */
    bool counted; /* among the kernels of its stream */
    union {
        struct {
            uintptr_t dst;
            uintptr_t src;
            size_t size;
            size_t done;
            void *staging;  /* owned copy of pageable data, or NULL */
            bool check_dst; /* device-visible: must still be mapped when it runs */
            bool check_src;
        } copy;
        struct {
            uintptr_t dst;
            size_t size; /* bytes, a multiple of width */
            size_t done;
            uint32_t value;
            unsigned width; /* 1, 2 or 4 */
        } set;
        struct sim_point *point; /* a reference */
        struct {
            uintptr_t addr;
            uint64_t value;
            unsigned width; /* 4 or 8 */
            unsigned flags; /* CU_STREAM_WAIT_VALUE_* */
        } value;
        struct {
            CUhostFn fn;
            void *data;
        } host;
        struct kexec *kernel; /* owned */
        struct sim_box *box;  /* owned */
        uintptr_t addr;       /* OP_FREE: base of an allocation */
    };
};

/* Set while this thread replays a graph: its kernels are no launches of their own, so they neither
 * wait for room in the stream nor take it from others. */
extern __thread bool engine_replays;

/* Make the threads.  0 or -errno. */
int engine_start(void);

/* A zeroed operation, owned by the caller until submitted; NULL without memory. */
struct sim_op *engine_op_new(enum op_kind kind);

/*
 * Put op at the end of a stream's queue; takes op, also on an error.  A launch
 * waits here while its stream is full or someone holds launches back.
 * CUDA_SUCCESS, or the sticky error.
 */
CUresult engine_submit(struct CUstream_st *stream, struct sim_op *op);

/* Wait for what was submitted so far.  CUDA_SUCCESS, or the sticky error. */
CUresult engine_wait_stream(const struct CUstream_st *stream);
CUresult engine_wait_context(const struct CUctx_st *ctx);

/* The same for the whole process; hold_launches stops other threads' launches. */
CUresult engine_wait_all(bool hold_launches);

/* Wait until nobody holds launches back: a stream is not made meanwhile either (measured). */
void engine_wait_unheld(void);

/* CUDA_SUCCESS, CUDA_ERROR_NOT_READY or the sticky error. */
CUresult engine_query_stream(const struct CUstream_st *stream);

/* Wait until a point is reached; takes no reference. */
CUresult engine_wait_point(const struct sim_point *point);

#endif
