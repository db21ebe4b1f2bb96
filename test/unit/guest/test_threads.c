/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/thread.h"

#include <errno.h>
#include <pthread.h>

#include "proto/limits.h"
#include "test/unit/guest/test.h"

static void *lane_of(void *arg)
{
    struct gs_thread *thread = gs_thread_get();

    (void)arg;
    return thread != NULL ? (void *)(uintptr_t)(thread->lane + 1) : NULL;
}

static void test_lane_is_reused_after_a_thread(void **state)
{
    pthread_t thread;
    void *first;
    void *second;

    (void)state;
    assert_non_null(gs_thread_get());
    assert_int_equal(pthread_create(&thread, NULL, lane_of, NULL), 0);
    (void)pthread_join(thread, &first);
    assert_int_equal(pthread_create(&thread, NULL, lane_of, NULL), 0);
    (void)pthread_join(thread, &second);
    assert_non_null(first);
    assert_ptr_equal(first, second);
    assert_int_not_equal((uintptr_t)first, gs_thread_get()->lane + 1);
}

static void test_lanes_run_out_and_come_back(void **state)
{
    static uint32_t lanes[VGPU_LANES_MAX];
    uint32_t count = 0;
    pthread_t thread;
    void *lane;

    (void)state;
    assert_non_null(gs_thread_get());
    while (gs_lane_take(&lanes[count]) == 0) {
        count++;
    }
    assert_int_equal(count, VGPU_LANES_MAX - 1);
    assert_int_equal(pthread_create(&thread, NULL, lane_of, NULL), 0);
    (void)pthread_join(thread, &lane);
    assert_null(lane);
    while (count > 0) {
        gs_lane_give(lanes[--count]);
    }
    assert_int_equal(gs_lane_take(&lanes[0]), 0);
    gs_lane_give(lanes[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lane_is_reused_after_a_thread),
        cmocka_unit_test(test_lanes_run_out_and_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
