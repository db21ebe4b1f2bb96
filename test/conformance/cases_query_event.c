/* SPDX-License-Identifier: Apache-2.0 */

/* What a query of an event says while other things happen. */
#include "test/conformance/conf.h"

#include <sched.h>
#include <string.h>

static CUstream new_stream(void)
{
    CUstream s = NULL;

    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    return s;
}

static CUevent new_event(unsigned int flags)
{
    CUevent e = NULL;

    CONF_SETUP(cuEventCreate(&e, flags));
    return e;
}

/* Queries and does nothing else until the event has happened. */
static CUresult poll_event(CUevent e)
{
    CUresult cu;

    while ((cu = drv.cuEventQuery(e)) == CUDA_ERROR_NOT_READY) {
        (void)sched_yield();
    }
    return cu;
}

static volatile unsigned int *pinned(void)
{
    void *host = NULL;

    CONF_SETUP(cuMemHostAlloc(&host, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
    memset(host, 0, 4096);
    return host;
}

/* Recorded behind a kernel that runs: not ready, then ready without another call; three times, as
 * an event that was asked for before may be told of in another way. */
static void by_itself(unsigned int flags, CUstream s)
{
    CUevent e = new_event(flags);
    struct conf_busy busy;

    for (int i = 0; i < 3; i++) {
        conf_busy_start(&busy, s);
        CONF_OK(cuEventRecord(e, s));
        CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
        CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
        conf_busy_stop(&busy);
        CONF_EXPECT(poll_event(e) == CUDA_SUCCESS);
        CONF_OK(cuEventQuery(e));
    }
}

CONF_POSITIVE(cuEventQuery, becomes_ready_by_itself)
{
    conf_context();
    by_itself(CU_EVENT_DEFAULT, new_stream());
}

CONF_POSITIVE(cuEventQuery, without_timing)
{
    conf_context();
    by_itself(CU_EVENT_DISABLE_TIMING, new_stream());
}

CONF_POSITIVE(cuEventQuery, blocking_sync)
{
    conf_context();
    by_itself(CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING, new_stream());
}

CONF_POSITIVE(cuEventQuery, in_the_legacy_stream)
{
    conf_context();
    by_itself(CU_EVENT_DEFAULT, CU_STREAM_LEGACY);
}

CONF_POSITIVE(cuEventQuery, in_the_stream_of_a_thread)
{
    conf_context();
    by_itself(CU_EVENT_DEFAULT, CU_STREAM_PER_THREAD);
}

CONF_POSITIVE(cuEventQuery, legacy_record_waits_for_blocking_streams)
{
    CUstream s = NULL;
    CUevent e;
    struct conf_busy busy;

    conf_context();
    e = new_event(0);
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_DEFAULT));
    for (int i = 0; i < 2; i++) {
        conf_busy_start(&busy, s);
        CONF_OK(cuEventRecord(e, NULL));
        CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
        conf_busy_stop(&busy);
        CONF_EXPECT(poll_event(e) == CUDA_SUCCESS);
    }
}

CONF_POSITIVE(cuEventQuery, many_of_a_stream_in_order)
{
    CUevent e[300];
    CUstream s;
    struct conf_busy busy;
    int not_ready = 0, ready = 0;

    conf_context();
    s = new_stream();
    for (int i = 0; i < 300; i++) {
        e[i] = new_event(CU_EVENT_DISABLE_TIMING);
    }
    for (int round = 0; round < 2; round++) {
        conf_busy_start(&busy, s);
        for (int i = 0; i < 300; i++) {
            CONF_SETUP(cuEventRecord(e[i], s));
            conf_launch(conf_kernel("noop"), 1, 1, s, NULL);
        }
        for (int i = 299; i >= 0; i--) {
            not_ready += drv.cuEventQuery(e[i]) == CUDA_ERROR_NOT_READY;
        }
        conf_busy_stop(&busy);
        CONF_EXPECT(poll_event(e[299]) == CUDA_SUCCESS);
        for (int i = 0; i < 300; i++) {
            ready += drv.cuEventQuery(e[i]) == CUDA_SUCCESS;
        }
    }
    CONF_VALUE(not_ready);
    CONF_VALUE(ready);
}

CONF_POSITIVE(cuEventQuery, follows_the_last_record)
{
    CUstream a, b;
    CUevent e;
    struct conf_busy busy, other;

    conf_context();
    a = new_stream();
    b = new_stream();
    e = new_event(0);
    conf_busy_start(&busy, a);
    CONF_OK(cuEventRecord(e, a));
    CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
    CONF_OK(cuEventRecord(e, b));
    CONF_EXPECT(poll_event(e) == CUDA_SUCCESS);
    conf_busy_start(&other, b);
    CONF_OK(cuEventRecord(e, b));
    CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&busy);
    CONF_OK(cuStreamSynchronize(a));
    CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&other);
    CONF_EXPECT(poll_event(e) == CUDA_SUCCESS);
}

/* Whoever has waited for more finds it ready at once. */
CONF_POSITIVE(cuEventQuery, after_waiting_for_more)
{
    CUstream s;
    CUevent e, later;
    struct conf_busy busy;

    conf_context();
    s = new_stream();
    e = new_event(0);
    later = new_event(0);
    for (int i = 0; i < 8; i++) {
        conf_busy_start(&busy, s);
        CONF_SETUP(cuEventRecord(e, s));
        CONF_SETUP(cuEventRecord(later, s));
        if (i >= 4) {
            CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
        }
        conf_busy_stop(&busy);
        if (i % 4 == 0) {
            CONF_SETUP(cuStreamSynchronize(s));
        } else if (i % 4 == 1) {
            CONF_SETUP(cuEventSynchronize(later));
        } else if (i % 4 == 2) {
            CONF_SETUP(cuCtxSynchronize());
        } else {
            CONF_EXPECT(poll_event(later) == CUDA_SUCCESS);
        }
        CONF_OK(cuEventQuery(e));
    }
}

CONF_POSITIVE(cuEventQuery, after_a_stream_that_waited_for_it)
{
    CUstream a, b;
    CUevent e, behind;
    struct conf_busy busy;

    conf_context();
    a = new_stream();
    b = new_stream();
    e = new_event(CU_EVENT_DISABLE_TIMING);
    behind = new_event(CU_EVENT_DISABLE_TIMING);
    for (int i = 0; i < 20; i++) {
        conf_busy_start(&busy, a);
        CONF_SETUP(cuEventRecord(e, a));
        CONF_SETUP(cuStreamWaitEvent(b, e, 0));
        CONF_SETUP(cuEventRecord(behind, b));
        CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
        conf_busy_stop(&busy);
        if (i % 2) {
            CONF_SETUP(cuStreamSynchronize(b));
        } else {
            CONF_EXPECT(poll_event(behind) == CUDA_SUCCESS);
        }
        CONF_OK(cuEventQuery(e));
        CONF_OK(cuStreamQuery(a));
    }
}

CONF_POSITIVE(cuEventQuery, of_a_destroyed_stream)
{
    CUstream a, b;
    CUevent e, f;
    struct conf_busy busy;

    conf_context();
    e = new_event(0);
    f = new_event(0);
    for (int i = 0; i < 3; i++) {
        a = new_stream();
        conf_busy_start(&busy, a);
        CONF_OK(cuEventRecord(e, a));
        CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
        CONF_OK(cuStreamDestroy_v2(a));
        CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
        b = new_stream();
        CONF_OK(cuEventRecord(f, b));
        CONF_EXPECT(poll_event(f) == CUDA_SUCCESS);
        CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
        conf_busy_stop(&busy);
        CONF_EXPECT(poll_event(e) == CUDA_SUCCESS);
        CONF_OK(cuStreamDestroy_v2(b));
    }
}

CONF_NEGATIVE(cuEventQuery, destroyed)
{
    CUstream s;
    CUevent e;
    struct conf_busy busy;

    conf_context();
    s = new_stream();
    for (int i = 0; i < 2; i++) {
        e = new_event(0);
        conf_busy_start(&busy, s);
        CONF_OK(cuEventRecord(e, s));
        CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
        CONF_OK(cuEventDestroy_v2(e));
        conf_busy_stop(&busy);
        CONF_OK(cuStreamSynchronize(s));
    }
}

CONF_POSITIVE(cuEventElapsedTime, after_polling)
{
    CUstream s;
    CUevent a, b;
    float ms = -1.0f;
    struct conf_busy busy;

    conf_context();
    s = new_stream();
    a = new_event(0);
    b = new_event(0);
    for (int i = 0; i < 3; i++) {
        CONF_OK(cuEventRecord(a, s));
        conf_busy_start(&busy, s);
        CONF_OK(cuEventRecord(b, s));
        CONF_RESULT(cuEventQuery(b), CUDA_ERROR_NOT_READY);
        conf_busy_stop(&busy);
        CONF_EXPECT(poll_event(b) == CUDA_SUCCESS);
        CONF_OK(cuEventElapsedTime(&ms, a, b));
        CONF_EXPECT(ms > 0.0f);
    }
}

CONF_POSITIVE(cuEventQuery, what_came_before_is_there)
{
    unsigned int value = 5, wrong = 0;
    volatile unsigned int *host;
    CUstream s;
    CUevent e;
    CUdeviceptr p = 0;
    void *params[] = {&p, &value};

    conf_context();
    host = pinned();
    s = new_stream();
    e = new_event(CU_EVENT_DISABLE_TIMING);
    p = conf_memory(4);
    for (value = 1; value <= 100; value++) {
        conf_launch(conf_kernel("store"), 1, 1, s, params);
        CONF_SETUP(cuMemcpyDtoHAsync_v2((void *)(uintptr_t)host, p, 4, s));
        CONF_SETUP(cuEventRecord(e, s));
        wrong += poll_event(e) != CUDA_SUCCESS;
        wrong += *host != value;
    }
    CONF_VALUE(wrong);
}

static void add_one(void *arg)
{
    *(unsigned int *)arg += 1;
}

CONF_POSITIVE(cuEventQuery, what_a_host_function_wrote_is_there)
{
    unsigned int word = 0, wrong = 0;
    CUstream s;
    CUevent e;

    conf_context();
    s = new_stream();
    e = new_event(CU_EVENT_DISABLE_TIMING);
    for (unsigned int i = 1; i <= 20; i++) {
        CONF_SETUP(cuLaunchHostFunc(s, add_one, &word));
        CONF_SETUP(cuEventRecord(e, s));
        wrong += poll_event(e) != CUDA_SUCCESS;
        wrong += word != i;
    }
    CONF_VALUE(wrong);
}

/* A fault ends the polling, of what is behind it and of what had happened before. */
CONF_NEGATIVE(cuEventQuery, sees_the_fault)
{
    CUdeviceptr p = 0x100;
    void *params[] = {&p};
    CUstream s, t;
    CUevent before, e;
    struct conf_busy busy;

    conf_context();
    s = new_stream();
    t = new_stream();
    before = new_event(0);
    e = new_event(0);
    conf_busy_start(&busy, s);
    CONF_SETUP(cuEventRecord(e, s));
    CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&busy);
    CONF_SETUP(cuStreamSynchronize(s));
    CONF_SETUP(cuEventRecord(before, t));
    CONF_SETUP(cuEventSynchronize(before));
    conf_launch(conf_kernel("bad_store"), 1, 1, s, params);
    drv.cuEventRecord(e, s);
    CONF_EXPECT(poll_event(e) == CUDA_ERROR_ILLEGAL_ADDRESS);
    CONF_RESULT(cuEventQuery(e), CUDA_ERROR_ILLEGAL_ADDRESS);
    CONF_RESULT(cuEventQuery(before), CUDA_ERROR_ILLEGAL_ADDRESS);
}
