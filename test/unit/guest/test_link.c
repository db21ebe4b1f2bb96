/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/link.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
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
    gs_link_set_spin(0, 0, 0);
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
    assert_int_equal(gs_link_wait(&connection, never, NULL, GS_SPIN), code);
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
    assert_int_equal(gs_link_wait(&connection, never, NULL, GS_SPIN), CUDA_ERROR_LAUNCH_FAILED);
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
    assert_int_equal(gs_link_wait(&connection, never, NULL, GS_SPIN), CUDA_ERROR_LAUNCH_FAILED);
}

static void test_record_with_a_bad_length_breaks_the_link(void **state)
{
    struct vgpu_record bad = {.op = VGPU_OP_cuCtxSynchronize, .length = 9};

    (void)state;
    fake_channel_inject(&broker.channels[0], &bad, sizeof(bad));
    assert_int_equal(gs_link_wait(&connection, never, NULL, GS_SPIN), CUDA_ERROR_LAUNCH_FAILED);
}

/* Sends the lane's next fence: its value. */
static uint64_t fence(struct gs_thread *thread)
{
    struct vgpu_args_vgpuFence args = {.lane = thread->lane,
                                       .value = ++connection.fence_value[thread->lane]};
    uint8_t body[64];
    ssize_t len = vgpu_put_args_vgpuFence(body, sizeof(body), &args);

    assert_int_equal(gs_link_put(&connection, thread, VGPU_OP_vgpuFence, body, (size_t)len, NULL),
                     0);
    return args.value;
}

static void test_fences_are_seen_asleep(void **state)
{
    struct gs_thread *thread = gs_thread_get();

    (void)state;
    gs_link_set_spin(0, 0, 0);
    for (unsigned int n = 0; n < 50; n++) {
        uint64_t i = fence(thread);

        assert_int_equal(gs_link_wait_fence(&connection, thread->lane, i, GS_SPIN), CUDA_SUCCESS);
    }
}

static bool sleeps(void)
{
    return atomic_load(&vgpu_channel_state(broker.channels[0].base)->complete.parked) != 0;
}

struct spinner {
    enum gs_manner manner;
    _Atomic bool looked;
    _Atomic bool done;
    CUresult cu;
};

static bool is_done(void *arg)
{
    struct spinner *spinner = arg;

    atomic_store(&spinner->looked, true);
    return atomic_load(&spinner->done);
}

static void *spin(void *arg)
{
    struct spinner *spinner = arg;

    spinner->cu = gs_link_wait(&connection, is_done, spinner, spinner->manner);
    return NULL;
}

static pthread_t start_spinner(struct spinner *spinner)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, spin, spinner), 0);
    while (!atomic_load(&spinner->looked)) {
        (void)sched_yield();
    }
    return thread;
}

static void end_spinner(struct spinner *spinner, pthread_t thread)
{
    atomic_store(&spinner->done, true);
    /* One that has gone to sleep looks again after its nap at the latest. */
    (void)pthread_join(thread, NULL);
    assert_int_equal(spinner->cu, CUDA_SUCCESS);
}

static void test_who_spins_does_not_sleep(void **state)
{
    static const enum gs_manner manners[] = {GS_SPIN, GS_YIELD};

    (void)state;
    gs_link_set_spin(0, 600 * VGPU_NS_PER_S, 1);
    for (unsigned int i = 0; i < 2; i++) {
        struct spinner one = {.manner = manners[i]};
        pthread_t thread = start_spinner(&one);

        usleep(5000);
        assert_false(sleeps());
        end_spinner(&one, thread);
    }
}

/* Without interrupts a sleep is announced to nobody. */
static void wait_for_sleep(void)
{
    while (!connection.channel.polls && !sleeps()) {
        (void)sched_yield();
    }
}

static void test_who_asks_for_it_sleeps(void **state)
{
    struct spinner one = {.manner = GS_SLEEP};
    pthread_t thread;

    (void)state;
    gs_link_set_spin(0, 600 * VGPU_NS_PER_S, 1);
    thread = start_spinner(&one);
    wait_for_sleep();
    end_spinner(&one, thread);
}

static void test_not_everybody_spins(void **state)
{
    struct spinner one = {.manner = GS_SPIN};
    struct spinner other = {.manner = GS_SPIN};
    pthread_t first;
    pthread_t second;

    (void)state;
    gs_link_set_spin(0, 600 * VGPU_NS_PER_S, 1);
    first = start_spinner(&one);
    second = start_spinner(&other);
    wait_for_sleep(); /* whichever came second */
    end_spinner(&one, first);
    end_spinner(&other, second);
}

static void test_a_spin_ends_in_sleep(void **state)
{
    struct spinner one = {.manner = GS_SPIN};
    pthread_t thread;

    (void)state;
    gs_link_set_spin(0, VGPU_NS_PER_MS, 1);
    thread = start_spinner(&one);
    wait_for_sleep();
    end_spinner(&one, thread);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_spins_does_not_sleep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_asks_for_it_sleeps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_everybody_spins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_spin_ends_in_sleep, setup, teardown),
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
