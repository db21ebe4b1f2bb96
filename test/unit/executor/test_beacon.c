/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "executor/worker/exit_status.h"
#include "executor/worker/host_window.h"
#include "proto/channel.h"
#include "proto/handle.h"
#include "session_fixture.h"

#define STREAM vgpu_handle_make(VGPU_HANDLE_STREAM, 1, 1)
#define EVENT  vgpu_handle_make(VGPU_HANDLE_EVENT, 1, 0)
#define BEACON (VGPU_LANES_MAX + 7u)
#define ANSWER VGPU_RECORD_ANSWER

static struct fixture f;

static int start(void **state)
{
    (void)state;
    fixture_start(&f);
    assert_int_equal(fixture_attach(&f, FIXTURE_CANDIDATE, true), 0);
    CALL(&f, cuEventCreate, 0, .event = EVENT);
    SEND(&f, cuStreamCreateWithPriority, ANSWER, .stream = STREAM);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fixture_end(&f);
    return 0;
}

static uint64_t shown(void)
{
    return atomic_load(vgpu_channel_fence(f.channel, BEACON));
}

static void test_record_is_followed_by_the_write(void **state)
{
    (void)state;
    SEND(&f, vgpuRecord, ANSWER, .event = EVENT, .stream = STREAM, .lane = BEACON, .value = 3);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_int_equal(shown(), 3);
    SEND(&f, vgpuRecord, ANSWER, .event = EVENT, .stream = 0, .lane = BEACON, .value = 4);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_int_equal(shown(), 4);
}

static void test_record_counts_twice(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= VGPU_PROGRESS_STEP / 2; i++) {
        CALL(&f, vgpuRecord, 0, .event = EVENT, .stream = STREAM, .lane = BEACON, .value = i);
    }
    /* Polls, so that what has passed is published. */
    CALL(&f, vgpuEventWait, 0, .event = EVENT, .lane = 0, .value = 1);
    fixture_submit(&f);
    (void)fixture_frame(&f, VGPU__FRAME__KIND_WAKE);
    assert_int_equal(atomic_load(vgpu_channel_progress(f.channel, 1)), VGPU_PROGRESS_STEP);
}

/* The guest asks now and then where nothing is written. */
static void test_record_without_the_write(void **state)
{
    (void)state;
    fake_answer(FAKE_cuStreamWriteValue64_v2, CUDA_ERROR_NOT_SUPPORTED);
    SEND(&f, vgpuRecord, ANSWER, .event = EVENT, .stream = STREAM, .lane = BEACON, .value = 3);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_int_equal(shown(), 0);
}

static void test_worker_takes_no_beacon_back(void **state)
{
    (void)state;
    fake_answer(FAKE_cuEventQuery, CUDA_ERROR_NOT_READY);
    CALL(&f, cuEventRecordWithFlags, 0, .event = EVENT, .stream = STREAM);
    CALL(&f, vgpuEventWait, 0, .event = EVENT, .lane = BEACON, .value = 1);
    SEND(&f, vgpuRecord, ANSWER, .event = EVENT, .stream = STREAM, .lane = BEACON, .value = 2);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_int_equal(shown(), 2);
    fake_answer(FAKE_cuEventQuery, CUDA_SUCCESS);
    (void)fixture_frame(&f, VGPU__FRAME__KIND_WAKE);
    assert_int_equal(shown(), 2);
}

/* A guest that asks for one beacon again and again has one wait in the worker. */
static void test_beacon_of_a_stream_waits_once(void **state)
{
    (void)state;
    fake_answer(FAKE_cuStreamQuery, CUDA_ERROR_NOT_READY);
    for (uint64_t i = 1; i <= 3ull * VGPU_FENCES_MAX; i++) {
        CALL(&f, vgpuFence, 0, .stream = 0, .lane = BEACON, .value = i);
        if (i % 500 == 0) {
            fixture_submit(&f);
        }
    }
    SEND(&f, cuStreamQuery, ANSWER, .stream = 0);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_NOT_READY);
    fake_answer(FAKE_cuStreamQuery, CUDA_SUCCESS);
    (void)fixture_frame(&f, VGPU__FRAME__KIND_WAKE);
    assert_int_equal(shown(), 3ull * VGPU_FENCES_MAX);
}

static void test_slot_beyond_the_table_is_fatal(void **state)
{
    (void)state;
    SEND(&f, vgpuRecord, 0, .event = EVENT, .stream = STREAM, .lane = VGPU_FENCES_MAX, .value = 1);
    (void)fixture_frame(&f, VGPU__FRAME__KIND_FATAL);
    assert_int_equal(fixture_wait(&f), EX_EXIT_STICKY);
}

static void test_promises(void **state)
{
    static struct ex_window window;

    (void)state;
    assert_true(ex_window_promise(&window, VGPU_LANES_MAX, 5));
    assert_false(ex_window_promise(&window, VGPU_LANES_MAX, 5));
    assert_false(ex_window_promise(&window, VGPU_LANES_MAX, 4));
    assert_true(ex_window_promise(&window, VGPU_LANES_MAX + 1, 1));
    assert_true(ex_window_promise(&window, 0, 5));
    assert_true(ex_window_promise(&window, 0, 4)); /* lanes are written in turn */
    assert_false(ex_window_promise(&window, VGPU_FENCES_MAX, 1));
}

#define ATTACHED(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACHED(test_record_is_followed_by_the_write),
        ATTACHED(test_record_counts_twice),
        ATTACHED(test_record_without_the_write),
        ATTACHED(test_worker_takes_no_beacon_back),
        ATTACHED(test_beacon_of_a_stream_waits_once),
        ATTACHED(test_slot_beyond_the_table_is_fatal),
        cmocka_unit_test(test_promises),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
