/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/link.h"

#include <pthread.h>
#include <string.h>

#include "guest/libcuda/thread.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"
#include "vgpu_ops.h"

static struct fake_broker broker;
static struct gs_link connection;
static _Atomic uint32_t frames;

static void on_frame(void *owner, const Vgpu__Frame *frame)
{
    (void)owner;
    (void)frame;
    atomic_fetch_add(&frames, 1);
}

static int setup(void **state)
{
    struct gs_obstacle obstacle;

    (void)state;
    memset(&broker, 0, sizeof(broker));
    memset(&connection, 0, sizeof(connection));
    atomic_store(&frames, 0);
    fake_broker_start(&broker);
    connection.on_frame = on_frame;
    if (gs_link_open(&connection, NULL, &obstacle) != 0) {
        return -1;
    }
    fake_broker_settle(&broker);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gs_link_close(&connection);
    fake_broker_stop(&broker);
    return 0;
}

static CUresult ask(uint32_t op)
{
    struct gs_thread *thread = gs_thread_get();
    uint8_t bytes[64];
    struct gs_answer answer = {.bytes = bytes, .cap = sizeof(bytes)};
    CUresult cu = gs_link_put(&connection, thread, op, bytes, 0, &answer);

    return cu == CUDA_SUCCESS ? gs_link_await(&connection, thread, &answer) : cu;
}

static void test_answers_reach_their_threads(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 100; i++) {
        assert_int_equal(ask(VGPU_OP_cuCtxSynchronize), CUDA_SUCCESS);
    }
    atomic_store(&broker.result, CUDA_ERROR_OUT_OF_MEMORY);
    assert_int_equal(ask(VGPU_OP_cuCtxSynchronize), CUDA_ERROR_OUT_OF_MEMORY);
}

static void *ask_often(void *arg)
{
    uintptr_t bad = 0;

    (void)arg;
    for (unsigned int i = 0; i < 300; i++) {
        bad += ask(VGPU_OP_cuCtxSynchronize) != CUDA_SUCCESS;
    }
    return (void *)bad;
}

static void test_many_threads_lead_and_follow(void **state)
{
    pthread_t threads[8];
    void *bad;

    (void)state;
    gs_link_set_spin(0);
    for (unsigned int i = 0; i < 8; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, NULL), 0);
    }
    for (unsigned int i = 0; i < 8; i++) {
        (void)pthread_join(threads[i], &bad);
        assert_null(bad);
    }
    assert_int_equal(atomic_load(&broker.channels[0].records), 2400);
}

static void *let_go(void *arg)
{
    (void)arg;
    /* Only once the ring is full does the guest say that it waits. */
    while (atomic_load(&vgpu_channel_state(broker.channels[0].base)->submit.starved) == 0) {
        (void)sched_yield();
    }
    atomic_store(&broker.hold, false);
    return NULL;
}

static void test_full_ring_waits(void **state)
{
    static uint8_t body[8192];
    const unsigned int count = 3 * VGPU_CHANNEL_SUBMIT_BYTES / sizeof(body);
    struct gs_thread *thread = gs_thread_get();
    pthread_t helper;

    (void)state;
    atomic_store(&broker.hold, true);
    assert_int_equal(pthread_create(&helper, NULL, let_go, NULL), 0);
    for (unsigned int i = 0; i < count; i++) {
        assert_int_equal(
            gs_link_put(&connection, thread, VGPU_OP_cuEventDestroy_v2, body, sizeof(body), NULL),
            CUDA_SUCCESS);
    }
    assert_int_equal(ask(VGPU_OP_cuCtxSynchronize), CUDA_SUCCESS);
    assert_int_equal(atomic_load(&broker.channels[0].records), count + 1);
    (void)pthread_join(helper, NULL);
}

static void test_too_large_a_body(void **state)
{
    static uint8_t body[VGPU_RECORD_BYTES_MAX];

    (void)state;
    assert_int_equal(gs_link_put(&connection, gs_thread_get(), VGPU_OP_cuEventDestroy_v2, body,
                                 sizeof(body), NULL),
                     CUDA_ERROR_INVALID_VALUE);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void *fail_later(void *arg)
{
    fake_channel_fail(&broker.channels[0], *(uint32_t *)arg);
    return NULL;
}

static void test_error_word_ends_waits(void **state)
{
    uint32_t code = CUDA_ERROR_ILLEGAL_ADDRESS;
    pthread_t helper;

    (void)state;
    assert_int_equal(pthread_create(&helper, NULL, fail_later, &code), 0);
    assert_int_equal(gs_link_wait(&connection, never, NULL), code);
    assert_int_equal(
        gs_link_put(&connection, gs_thread_get(), VGPU_OP_cuCtxSynchronize, NULL, 0, NULL), code);
    (void)pthread_join(helper, NULL);
}

static void *hang_up(void *arg)
{
    (void)arg;
    fake_channel_hang_up(&broker.channels[0]);
    return NULL;
}

static void test_end_of_the_host_is_719(void **state)
{
    pthread_t helper;

    (void)state;
    assert_int_equal(pthread_create(&helper, NULL, hang_up, NULL), 0);
    assert_int_equal(gs_link_wait(&connection, never, NULL), CUDA_ERROR_LAUNCH_FAILED);
    assert_int_equal(ask(VGPU_OP_cuCtxSynchronize), CUDA_ERROR_LAUNCH_FAILED);
    (void)pthread_join(helper, NULL);
}

static void test_answer_that_nobody_awaits_breaks_the_link(void **state)
{
    struct vgpu_record stray = {.op = VGPU_OP_cuCtxSynchronize, .length = 24, .sequence = 99};
    uint8_t bytes[24] = {0};

    (void)state;
    memcpy(bytes, &stray, sizeof(stray));
    fake_channel_inject(&broker.channels[0], bytes, sizeof(bytes));
    assert_int_equal(gs_link_wait(&connection, never, NULL), CUDA_ERROR_LAUNCH_FAILED);
}

static void test_record_with_a_bad_length_breaks_the_link(void **state)
{
    struct vgpu_record bad = {.op = VGPU_OP_cuCtxSynchronize, .length = 9};

    (void)state;
    fake_channel_inject(&broker.channels[0], &bad, sizeof(bad));
    assert_int_equal(gs_link_wait(&connection, never, NULL), CUDA_ERROR_LAUNCH_FAILED);
}

static void test_fences_are_seen_asleep(void **state)
{
    struct gs_thread *thread = gs_thread_get();
    struct vgpu_args_vgpuFence args = {.lane = thread->lane};
    uint8_t body[64];

    (void)state;
    gs_link_set_spin(0);
    for (uint64_t i = 1; i <= 50; i++) {
        ssize_t len;

        args.value = i;
        len = vgpu_put_args_vgpuFence(body, sizeof(body), &args);
        assert_int_equal(
            gs_link_put(&connection, thread, VGPU_OP_vgpuFence, body, (size_t)len, NULL), 0);
        assert_int_equal(gs_link_wait_fence(&connection, thread->lane, i), CUDA_SUCCESS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers_reach_their_threads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_threads_lead_and_follow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_ring_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_large_a_body, setup, teardown),
        cmocka_unit_test_setup_teardown(test_error_word_ends_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_of_the_host_is_719, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answer_that_nobody_awaits_breaks_the_link, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_record_with_a_bad_length_breaks_the_link, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_fences_are_seen_asleep, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
