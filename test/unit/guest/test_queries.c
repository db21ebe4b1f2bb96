/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <sched.h>

#include "gs_symbols.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/host_call.h"
#include "proto/channel.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"
#include "vgpu_ops.h"

/* More events than there are beacons. */
#define EVENTS  (VGPU_BEACONS_MAX + 500u)
#define QUERIES 10000u

static struct fake_broker broker;
static CUevent events[EVENTS];

static void start(void)
{
    CUcontext context;

    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
}

static void set_ready(bool ready)
{
    atomic_store(&broker.result, ready ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY);
    atomic_store(&broker.hold_fences, !ready);
}

static uint64_t records(void)
{
    return atomic_load(&broker.channels[0].records);
}

static CUstream new_stream(void)
{
    CUstream stream;

    CHILD_CHECK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING) == CUDA_SUCCESS);
    return stream;
}

static CUevent new_event(void)
{
    CUevent event;

    CHILD_CHECK(cuEventCreate(&event, 0) == CUDA_SUCCESS);
    return event;
}

/* Until the worker has shown something with a beacon. */
static void wait_for_beacon(uint32_t number, uint64_t value)
{
    _Atomic uint64_t *word = vgpu_channel_fence(broker.channels[0].base, VGPU_LANES_MAX + number);

    fake_broker_settle(&broker);
    while (atomic_load(word) < value) {
        (void)sched_yield();
    }
}

/* A query asks at first and seldom afterwards; records that follow are announced. */
static void events_are_looked_at(void)
{
    CUstream stream;
    CUevent event;
    uint64_t before;

    start();
    stream = new_stream();
    event = new_event();
    set_ready(false);
    CHILD_CHECK(cuEventRecord(event, stream) == CUDA_SUCCESS);
    before = records();
    for (unsigned int i = 0; i < QUERIES; i++) {
        CHILD_CHECK(cuEventQuery(event) == CUDA_ERROR_NOT_READY);
    }
    CHILD_CHECK(records() - before < QUERIES / 10);
    set_ready(true);
    CHILD_CHECK(cuEventRecord(event, stream) == CUDA_SUCCESS);
    wait_for_beacon(1, 1); /* the first is the event's own */
    before = records();
    CHILD_CHECK(cuEventQuery(event) == CUDA_SUCCESS);
    CHILD_CHECK(cuEventSynchronize(event) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamQuery(stream) == CUDA_SUCCESS);
    CHILD_CHECK(records() == before);
    fake_broker_stop(&broker);
}

static void streams_are_looked_at(void)
{
    CUstream stream;
    CUevent event;
    uint64_t before;

    start();
    stream = new_stream();
    event = new_event();
    CHILD_CHECK(cuStreamQuery(stream) == CUDA_SUCCESS);
    set_ready(false);
    CHILD_CHECK(cuEventRecord(event, stream) == CUDA_SUCCESS);
    before = records();
    for (unsigned int i = 0; i < QUERIES; i++) {
        CHILD_CHECK(cuStreamQuery(stream) == CUDA_ERROR_NOT_READY);
    }
    CHILD_CHECK(records() - before < QUERIES / 10);
    atomic_store(&broker.hold_fences, false);
    CHILD_CHECK(cuEventRecord(event, stream) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamQuery(stream) == CUDA_ERROR_NOT_READY);
    wait_for_beacon(0, 2);
    before = records();
    CHILD_CHECK(cuStreamQuery(stream) == CUDA_SUCCESS);
    CHILD_CHECK(cuEventQuery(event) == CUDA_SUCCESS);
    CHILD_CHECK(records() == before);
    fake_broker_stop(&broker);
}

/* Without beacons queries ask, and are right. */
static void more_events_than_beacons(void)
{
    CUstream stream;

    start();
    stream = new_stream();
    set_ready(false);
    for (unsigned int i = 0; i < EVENTS; i++) {
        /* The fake worker publishes no progress: a stream has room for 900. */
        if (i % 800 == 799) {
            stream = new_stream();
        }
        events[i] = new_event();
        CHILD_CHECK(cuEventRecord(events[i], stream) == CUDA_SUCCESS);
        CHILD_CHECK(cuEventQuery(events[i]) == CUDA_ERROR_NOT_READY);
    }
    for (unsigned int i = 0; i < EVENTS; i++) {
        CHILD_CHECK(cuEventQuery(events[i]) == CUDA_ERROR_NOT_READY);
    }
    set_ready(true);
    CHILD_CHECK(cuCtxSynchronize() == CUDA_SUCCESS);
    for (unsigned int i = 0; i < EVENTS; i++) {
        CHILD_CHECK(cuEventQuery(events[i]) == CUDA_SUCCESS);
        CHILD_CHECK(cuEventDestroy_v2(events[i]) == CUDA_SUCCESS);
    }
    events[0] = new_event();
    CHILD_CHECK(cuEventRecord(events[0], new_stream()) == CUDA_SUCCESS);
    CHILD_CHECK(cuEventSynchronize(events[0]) == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

static void nothing(void *data)
{
    (void)data;
}

static void host_functions_have_a_limit(void)
{
    static uint64_t tokens[VGPU_HOST_CALLS_MAX];
    const struct gs_host_function function = {.fn = nothing};
    struct gs_call call;
    uint64_t more;

    start();
    CHILD_CHECK(gs_enter(&call) == CUDA_SUCCESS);
    for (unsigned int i = 0; i < VGPU_HOST_CALLS_MAX; i++) {
        CHILD_CHECK(gs_host_call_new(call.session, &function, false, &tokens[i]) == CUDA_SUCCESS);
    }
    CHILD_CHECK(gs_host_call_new(call.session, &function, false, &more) ==
                CUDA_ERROR_OUT_OF_MEMORY);
    CHILD_CHECK(cuLaunchHostFunc(NULL, nothing, NULL) == CUDA_ERROR_OUT_OF_MEMORY);
    gs_host_call_forget(call.session, tokens[7]);
    CHILD_CHECK(gs_host_call_new(call.session, &function, false, &more) == CUDA_SUCCESS);
    gs_host_call_forget(call.session, tokens[9]);
    CHILD_CHECK(cuLaunchHostFunc(NULL, nothing, NULL) == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

#define IN_CHILD(fn)                                                                               \
    static void test_##fn(void **state)                                                            \
    {                                                                                              \
        (void)state;                                                                               \
        fake_run_in_child(fn);                                                                     \
    }
IN_CHILD(events_are_looked_at)
IN_CHILD(streams_are_looked_at)
IN_CHILD(more_events_than_beacons)
IN_CHILD(host_functions_have_a_limit)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_are_looked_at),
        cmocka_unit_test(test_streams_are_looked_at),
        cmocka_unit_test(test_more_events_than_beacons),
        cmocka_unit_test(test_host_functions_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
