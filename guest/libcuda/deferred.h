/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_DEFERRED_H
#define GS_DEFERRED_H

/*
 * Waits that are put off.  Programs copy a few bytes from pageable memory and wait for the stream,
 * time and again.  The source has been taken when the copy returns; what the wait adds is that the
 * bytes are in place for whatever the program does next.  So such a wait is owed: paid before
 * anything but further small copies to the same stream is sent, before a call that the worker
 * answers, before a stream is asked or ends.  Nothing else can see the difference, and a wait that
 * is paid waits for copies only.  At most one stream of a session owes.  Any thread.
 *
 * A copy from pageable memory that waits (cuMemcpyHtoD) returns when the source has been taken,
 * where native has done with the few microseconds of the copy too, for all that a program can tell.
 * So a stream that such copies do not hold up by its order waits for them first: `copied` owes
 * that.  A kernel behind those copies may wait for such a stream, so before work of a stream that
 * does follow them is sent, their end gets a fence of its own: whoever waits for the copies waits
 * for nothing behind them.
 *
 * Both debts are made with the lock of the submission ring held, and an operation of a stream is
 * counted, and looks once more for debts, under the same hold as its record is put: who makes one
 * sees every operation that is in the ring, and what comes into the ring later sees the debt.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/limits.h"

struct gs_session;
struct gs_stream;

struct gs_deferred {
    _Atomic uint32_t asking; /* operations sent whose answer says whether they count */
    _Atomic uint64_t debtor; /* wire handle of the stream that owes, and 1; 0: none */
    _Atomic uint64_t asked; /* operations of the legacy stream when it was last asked for its end */
    uint64_t sent;          /* operations of its index that were to be waited for, under the lock */
    _Atomic uint64_t copied; /* wire handle of the stream whose copies others wait for, and 1 */
    uint64_t copied_sent;
    _Atomic bool marked; /* the end of those copies has a fence of its own, in `lane`: */
    bool has_lane;
    uint32_t lane;
    uint64_t mark;
    pthread_mutex_t lock;
    /* Operations sent with the last that was no small copy, by stream index. */
    _Atomic uint64_t other[VGPU_STREAMS_MAX];
};

/* Nothing was sent yet. */
void gs_deferred_init(struct gs_deferred *deferred);

/* Whether the stream has nothing to do, or to wait for, but small copies. */
bool gs_deferred_may(const struct gs_stream *stream);

/* What cuStreamSynchronize does: gs_stream_wait(), now or later; a sticky error. */
CUresult gs_deferred_wait(struct gs_stream *stream);

/* After a copy that a program takes for done: work of streams that do not wait for this one does.
 * Waits itself where the copy is behind other work. */
CUresult gs_deferred_copied(struct gs_stream *stream);

/* The stream ends: waits for such copies of its own. */
void gs_deferred_end(const struct gs_stream *stream);

/* Whether something is owed that an operation of the stream must not be sent before. */
bool gs_deferred_bars_now(const struct gs_deferred *deferred, const struct gs_stream *stream,
                          bool small_copy);
CUresult gs_deferred_clear_now(struct gs_deferred *deferred, const struct gs_stream *stream,
                               bool small_copy);

static inline bool gs_deferred_owes(const struct gs_deferred *deferred)
{
    return __builtin_expect((atomic_load_explicit(&deferred->debtor, memory_order_acquire) |
                             atomic_load_explicit(&deferred->copied, memory_order_acquire)) != 0,
                            0);
}

static inline bool gs_deferred_bars(const struct gs_deferred *deferred,
                                    const struct gs_stream *stream, bool small_copy)
{
    return gs_deferred_owes(deferred) && gs_deferred_bars_now(deferred, stream, small_copy);
}

/* Before an operation is sent to a stream: makes up for that.  A small copy may follow waits that
 * its stream owes.  A sticky error. */
static inline CUresult gs_deferred_clear(struct gs_deferred *deferred,
                                         const struct gs_stream *stream, bool small_copy)
{
    return gs_deferred_owes(deferred) ? gs_deferred_clear_now(deferred, stream, small_copy)
                                      : CUDA_SUCCESS;
}

/* Makes up for a wait that is owed; a sticky error. */
CUresult gs_deferred_settle(struct gs_session *s);

/* The same, for paths that rarely find one owed. */
static inline CUresult gs_deferred_pay(struct gs_session *s, struct gs_deferred *deferred)
{
    if (__builtin_expect(atomic_load_explicit(&deferred->debtor, memory_order_acquire) == 0, 1)) {
        return CUDA_SUCCESS;
    }
    return gs_deferred_settle(s);
}

#endif
