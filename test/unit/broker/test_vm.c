/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a machine's connection and of its channels. */
#include "fake_vm.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "broker/seat.h"
#include "common/fd.h"
#include "proto/cuda_enums.h"

struct stage {
    struct fake fake;
    struct br_vm *vm;
    struct fake_peer device;
    struct fake_peer gpu;
    struct fake_peer worker;
    struct fake_guest guest;
};

static struct stage stage;

static int setup(void **state)
{
    memset(&stage, 0, sizeof(stage));
    stage.device.socket.fd = -1;
    stage.gpu.socket.fd = -1;
    stage.worker.socket.fd = -1;
    fake_init(&stage.fake);
    stage.vm = br_broker_add_vm(stage.fake.broker, "alpha");
    assert_non_null(stage.vm);
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;

    fake_fini(&s->fake);
    fake_guest_close(&s->guest);
    fake_peer_close(&s->device);
    fake_peer_close(&s->gpu);
    fake_peer_close(&s->worker);
    return 0;
}

static void up(struct stage *s)
{
    fake_device_open(&s->fake, s->vm, &s->device);
}

/* Channel 0, epoch 1, with a worker. */
static void open_with_worker(struct stage *s)
{
    up(s);
    fake_gpu_open(&s->fake, &s->gpu, 1);
    (void)fake_expect(&s->gpu, VGPU__FRAME__KIND_REGISTERED);
    fake_worker_ready(&s->fake, &s->gpu, &s->worker, 1);
    fake_vm_guest_open(&s->fake, &s->device, 0, 1, &s->guest);
    fake_guest_hello(&s->guest);
    fake_guest_ask(&s->guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&s->guest, VGPU__FRAME__KIND_WELCOME);
    (void)fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_TAKEN);
    assert_int_equal(fake_expect(&s->worker, VGPU__FRAME__KIND_ATTACH)->attach->channel_bytes,
                     FAKE_CHANNEL_BYTES);
    fake_attached(&s->worker, 0);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&s->guest, VGPU__FRAME__KIND_OPENED);
}

static bool is_zero(const uint8_t *bytes, uint64_t count)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

/* ---- the connection --------------------------------------------------------- */

static void test_hello_is_welcomed(void **state)
{
    struct stage *s = *state;

    up(s);
    assert_int_equal(s->vm->phase, BR_VM_UP);
    assert_int_equal(s->vm->channels, FAKE_CHANNELS);
    assert_int_equal(s->vm->stats.connections, 1);
}

static void test_hello_of_another_version_is_refused_with_803(void **state)
{
    struct stage *s = *state;
    Vgpu__DeviceHello hello;

    for (int i = 0; i < 2; i++) {
        fake_device_connect(s->vm, &s->device);
        fake_hello_init(&hello);
        hello.protocol += i == 0;
        hello.revision += i == 1 ? 0x10000 : 0;
        fake_device_hello(&s->device, &hello);
        fake_pump(&s->fake);
        assert_int_equal(fake_expect(&s->device, VGPU__FRAME__KIND_REFUSE)->refuse->result, 803);
        assert_true(fake_is_shut(&s->device.socket));
        fake_peer_close(&s->device);
        assert_int_equal(s->vm->phase, BR_VM_ABSENT);
    }
    assert_int_equal(s->vm->stats.misuses, 0);
}

static void test_hello_of_another_minor_is_welcomed(void **state)
{
    struct stage *s = *state;
    Vgpu__DeviceHello hello;

    fake_device_connect(s->vm, &s->device);
    fake_hello_init(&hello);
    hello.revision += 3;
    fake_device_hello(&s->device, &hello);
    fake_pump(&s->fake);
    (void)fake_expect(&s->device, VGPU__FRAME__KIND_DEVICE_WELCOME);
}

static void test_hello_with_bad_fields_is_misuse(void **state)
{
    static const struct {
        uint32_t channels;
        uint64_t bytes;
    } bad[] = {
        {0, FAKE_CHANNEL_BYTES},
        {33, FAKE_CHANNEL_BYTES},
        {UINT32_MAX, 1u << 30},
        {1, 0},
        {1, FAKE_CHANNEL_BYTES / 2},
        {1, FAKE_CHANNEL_BYTES + 4096},
        {1, UINT64_C(1) << 33},
        {1, UINT64_C(3) << 28},
        {1, UINT64_MAX},
    };
    struct stage *s = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        Vgpu__DeviceHello hello;

        fake_device_connect(s->vm, &s->device);
        fake_hello_init(&hello);
        hello.channels = bad[i].channels;
        hello.channel_bytes = bad[i].bytes;
        fake_device_hello(&s->device, &hello);
        fake_pump(&s->fake);
        assert_true(fake_is_shut(&s->device.socket));
        fake_expect_none(&s->device);
        fake_peer_close(&s->device);
    }
    assert_int_equal(s->vm->stats.misuses, sizeof(bad) / sizeof(bad[0]));
}

static void test_silence_is_closed_in_time(void **state)
{
    struct stage *s = *state;
    uint32_t usual_ms = s->fake.broker->hello_timeout_ms;

    s->fake.broker->hello_timeout_ms = 1;
    for (int i = 0; i < 3; i++) {
        fake_device_connect(s->vm, &s->device);
        while (!fake_is_shut(&s->device.socket)) {
            (void)uv_run(&s->fake.loop, UV_RUN_ONCE);
        }
        assert_true(s->vm->silent);
        fake_peer_close(&s->device);
    }
    s->fake.broker->hello_timeout_ms = usual_ms;
    up(s);
    assert_false(s->vm->silent);
}

static void test_second_connection_is_closed_and_the_first_goes_on(void **state)
{
    struct stage *s = *state;
    struct fake_peer second;

    up(s);
    fake_device_connect(s->vm, &second);
    assert_true(fake_is_shut(&second.socket));
    fake_peer_close(&second);
    assert_int_equal(s->vm->stats.turned_away, 1);
    fake_device_beat(&s->device, 77);
    fake_pump(&s->fake);
    assert_int_equal(fake_expect(&s->device, VGPU__FRAME__KIND_BEAT)->beat->number, 77);
}

static void test_connection_after_the_end_of_the_first(void **state)
{
    struct stage *s = *state;

    up(s);
    fake_peer_close(&s->device);
    fake_pump(&s->fake);
    assert_int_equal(s->vm->phase, BR_VM_ABSENT);
    up(s);
    assert_int_equal(s->vm->stats.connections, 2);
}

/* ---- channels --------------------------------------------------------------- */

static void test_channel_is_granted_and_given_back(void **state)
{
    struct stage *s = *state;

    open_with_worker(s);
    memset(s->guest.base + VGPU_CHANNEL_DATA_OFFSET, 0x5a,
           s->guest.bytes - VGPU_CHANNEL_DATA_OFFSET);
    fake_guest_call(&s->guest, FAKE_OP, 8);
    fake_pump(&s->fake);
    (void)fake_expect(&s->worker, VGPU__FRAME__KIND_SUBMIT);
    fake_device_close_channel(&s->device, 0, 1);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 719);
    (void)fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_KILL);
    fake_expect_none(&s->device);
    /* Not before the worker is reaped. */
    assert_int_equal(s->fake.broker->session_count, 1);
    assert_false(is_zero(s->guest.base, s->guest.bytes));
    fake_worker_gone(&s->gpu, 1);
    while (s->vm->seats[0] != NULL) {
        (void)uv_run(&s->fake.loop, UV_RUN_NOWAIT);
    }
    fake_expect_free(&s->device, 0, 1);
    assert_int_equal(s->fake.broker->session_count, 0);
    assert_true(is_zero(s->guest.base, s->guest.bytes));
}

static void test_channel_is_used_again_with_the_next_epoch(void **state)
{
    struct stage *s = *state;

    up(s);
    for (uint32_t epoch = 1; epoch < 50; epoch++) {
        fake_vm_guest_open(&s->fake, &s->device, 2, epoch, &s->guest);
        assert_int_equal(fake_guest_error(&s->guest), 0);
        fake_device_close_channel(&s->device, 2, epoch - 1); /* old: ignored */
        fake_pump(&s->fake);
        fake_expect_none(&s->device);
        fake_device_close_channel(&s->device, 2, epoch);
        fake_pump(&s->fake);
        fake_expect_free(&s->device, 2, epoch);
    }
    assert_int_equal(s->vm->stats.opens, 49);
    assert_int_equal(s->fake.broker->total.sessions, 49);
}

/* Whatever a machine left in its memory: the next user's words are clean. */
static void test_dirty_memory_does_not_reach_the_next_user(void **state)
{
    struct stage *s = *state;

    up(s);
    fake_vm_guest_open(&s->fake, &s->device, 0, 1, &s->guest);
    fake_device_close_channel(&s->device, 0, 1);
    fake_pump(&s->fake);
    fake_expect_free(&s->device, 0, 1);
    memset(s->guest.base, 0xff, VGPU_CHANNEL_FENCES_OFFSET);
    fake_vm_guest_open(&s->fake, &s->device, 0, 2, &s->guest);
    assert_int_equal(fake_guest_error(&s->guest), 0);
    assert_false(br_seat_holder_died(s->vm->seats[0]));
    fake_gpu_open(&s->fake, &s->gpu, 1);
    fake_guest_hello(&s->guest);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&s->guest, VGPU__FRAME__KIND_WELCOME);
}

static void test_open_without_a_session_to_have_is_refused_with_46(void **state)
{
    struct stage *s = *state;
    static struct fake_guest local;
    int fds[2] = {fake_memory(), eventfd(0, EFD_CLOEXEC)};

    s->fake.broker->sessions_max = 1;
    fake_guest_open(&s->fake, &local);
    up(s);
    fake_device_ask(&s->device, 3, 5, fds, 2);
    fake_pump(&s->fake);
    {
        const Vgpu__ChannelRefused *refused =
            fake_expect(&s->device, VGPU__FRAME__KIND_CHANNEL_REFUSED)->channel_refused;

        assert_int_equal(refused->channel, 3);
        assert_int_equal(refused->epoch, 5);
        assert_int_equal(refused->result, CUDA_ERROR_DEVICE_UNAVAILABLE);
    }
    /* A close that crossed the refusal is answered. */
    fake_device_close_channel(&s->device, 3, 5);
    fake_pump(&s->fake);
    fake_expect_free(&s->device, 3, 5);
    fake_guest_close(&local);
    fake_pump(&s->fake);
    fake_device_ask(&s->device, 3, 6, fds, 2);
    fake_pump(&s->fake);
    (void)fake_expect(&s->device, VGPU__FRAME__KIND_CHANNEL_READY);
    vgpu_fd_close_many(fds, 2);
}

static void test_channel_without_gpu_is_granted_and_its_hello_refused(void **state)
{
    struct stage *s = *state;

    up(s);
    fake_vm_guest_open(&s->fake, &s->device, 1, 1, &s->guest);
    fake_guest_hello(&s->guest);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_expect(&s->guest, VGPU__FRAME__KIND_REFUSE)->refuse->result, 100);
}

static void test_session_that_ends_keeps_its_channel(void **state)
{
    struct stage *s = *state;

    open_with_worker(s);
    fake_fatal(&s->worker, CUDA_ERROR_ILLEGAL_ADDRESS);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 700);
    assert_true(fake_guest_interrupted(&s->guest));
    fake_worker_gone(&s->gpu, 1);
    fake_pump(&s->fake);
    fake_expect_none(&s->device);
    assert_int_equal(br_seat_phase(s->vm->seats[0]), BR_SEAT_HELD);
    assert_int_equal(fake_guest_error(&s->guest), 700);
    fake_device_close_channel(&s->device, 0, 1);
    fake_pump(&s->fake);
    fake_expect_free(&s->device, 0, 1);
}

static void test_guest_that_breaks_its_ring_loses_its_session_only(void **state)
{
    struct stage *s = *state;
    static struct fake_guest other;

    open_with_worker(s);
    fake_vm_guest_open(&s->fake, &s->device, 1, 1, &other);
    atomic_store(&s->guest.submit.words->head, UINT64_MAX);
    assert_int_equal(eventfd_write(s->guest.doorbell, 1), 0);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 719);
    assert_int_equal(br_seat_phase(s->vm->seats[0]), BR_SEAT_HELD);
    assert_int_equal(fake_guest_error(&other), 0);
    fake_guest_hello(&other);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&other, VGPU__FRAME__KIND_WELCOME);
    assert_int_equal(s->vm->phase, BR_VM_UP);
    fake_guest_close(&other);
}

static void test_reset_lets_go_of_everything_once(void **state)
{
    struct stage *s = *state;
    static struct fake_guest other;

    open_with_worker(s);
    fake_vm_guest_open(&s->fake, &s->device, 3, 9, &other);
    fake_device_reset(&s->device, 1);
    fake_device_reset(&s->device, 2);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 719);
    /* Without a worker, the other one's memory is empty already. */
    assert_true(is_zero(other.base, other.bytes));
    fake_expect_free(&s->device, 3, 9);
    fake_expect_none(&s->device);
    fake_worker_gone(&s->gpu, 1);
    fake_pump(&s->fake);
    fake_expect_free(&s->device, 0, 1);
    fake_expect_none(&s->device);
    assert_int_equal(s->vm->stats.resets, 2);
    assert_int_equal(s->vm->phase, BR_VM_UP);
    fake_guest_close(&other);
}

static void test_end_of_the_connection_ends_the_sessions_and_leaves_the_memory(void **state)
{
    struct stage *s = *state;
    uint8_t *data;

    open_with_worker(s);
    data = s->guest.base + VGPU_CHANNEL_DATA_OFFSET;
    memset(data, 0x33, 4096);
    fake_peer_close(&s->device);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 719);
    (void)fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_KILL);
    /* The device may be back before the worker is gone: the channel is another one then. */
    up(s);
    {
        static struct fake_guest other;

        fake_vm_guest_open(&s->fake, &s->device, 0, 2, &other);
        fake_worker_gone(&s->gpu, 1);
        fake_pump(&s->fake);
        fake_expect_none(&s->device);
        assert_int_equal(fake_guest_error(&other), 0);
        fake_guest_close(&other);
    }
    assert_int_equal(s->fake.broker->session_count, 1);
    assert_int_equal(data[0], 0x33);
}

static void test_channel_is_free_only_when_an_orphaned_worker_has_ended(void **state)
{
    struct stage *s = *state;

    open_with_worker(s);
    fake_device_close_channel(&s->device, 0, 1);
    fake_pump(&s->fake);
    fake_peer_close(&s->gpu);
    fake_pump(&s->fake);
    fake_expect_none(&s->device);
    fake_peer_close(&s->worker);
    fake_pump(&s->fake);
    fake_expect_free(&s->device, 0, 1);
    assert_int_equal(s->fake.broker->session_count, 0);
}

static void test_gone_lets_go_and_waits_for_the_end(void **state)
{
    struct stage *s = *state;

    open_with_worker(s);
    fake_device_gone(&s->device);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 719);
    assert_int_equal(s->vm->phase, BR_VM_GONE);
    fake_worker_gone(&s->gpu, 1);
    fake_pump(&s->fake);
    fake_expect_none(&s->device);
    assert_int_equal(s->fake.broker->session_count, 0);
    fake_peer_close(&s->device);
    fake_pump(&s->fake);
    assert_int_equal(s->vm->phase, BR_VM_ABSENT);
    assert_int_equal(s->vm->stats.misuses, 0);
    up(s);
}

static void test_holder_that_died_gives_the_channel_back(void **state)
{
    struct stage *s = *state;
    struct vgpu_channel_state *words;

    open_with_worker(s);
    words = vgpu_channel_state(s->guest.base);
    atomic_store(&words->holder.tid, 4711);
    assert_false(br_seat_holder_died(s->vm->seats[0]));
    atomic_store(&words->holder.tid, VGPU_HOLDER_DIED);
    while (s->vm->stats.deaths == 0) {
        (void)uv_run(&s->fake.loop, UV_RUN_ONCE);
    }
    fake_pump(&s->fake);
    assert_false(s->vm->scanning);
    fake_worker_gone(&s->gpu, 1);
    fake_pump(&s->fake);
    fake_expect_free(&s->device, 0, 1);
    /* The close of who found the channel so has crossed: told again. */
    fake_device_close_channel(&s->device, 0, 1);
    fake_pump(&s->fake);
    fake_expect_free(&s->device, 0, 1);
}

/* ---- at rest ---------------------------------------------------------------- */

static void test_machine_without_channels_lets_the_loop_sleep(void **state)
{
    struct stage *s = *state;

    up(s);
    fake_rest(&s->fake);
    fake_vm_guest_open(&s->fake, &s->device, 0, 1, &s->guest);
    assert_true(s->vm->scanning);
    fake_device_close_channel(&s->device, 0, 1);
    fake_pump(&s->fake);
    assert_false(s->vm->scanning);
    assert_int_equal(uv_backend_timeout(&s->fake.loop), -1);
}

static void test_stop_gives_719_to_every_guest(void **state)
{
    struct stage *s = *state;

    open_with_worker(s);
    fake_fini(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 719);
    assert_true(fake_is_shut(&s->device.socket));
    fake_init(&s->fake);
}

static void test_memory_bound_counts_machines(void **state)
{
    struct stage *s = *state;
    uint64_t before = br_broker_memory_bound(s->fake.broker);

    assert_non_null(br_broker_add_vm(s->fake.broker, "beta"));
    assert_int_equal(br_broker_memory_bound(s->fake.broker) - before, br_vm_memory_bound());
    br_broker_log_stats(s->fake.broker);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hello_is_welcomed),
        TEST(test_hello_of_another_version_is_refused_with_803),
        TEST(test_hello_of_another_minor_is_welcomed),
        TEST(test_hello_with_bad_fields_is_misuse),
        TEST(test_silence_is_closed_in_time),
        TEST(test_second_connection_is_closed_and_the_first_goes_on),
        TEST(test_connection_after_the_end_of_the_first),
        TEST(test_channel_is_granted_and_given_back),
        TEST(test_channel_is_used_again_with_the_next_epoch),
        TEST(test_dirty_memory_does_not_reach_the_next_user),
        TEST(test_open_without_a_session_to_have_is_refused_with_46),
        TEST(test_channel_without_gpu_is_granted_and_its_hello_refused),
        TEST(test_session_that_ends_keeps_its_channel),
        TEST(test_guest_that_breaks_its_ring_loses_its_session_only),
        TEST(test_reset_lets_go_of_everything_once),
        TEST(test_end_of_the_connection_ends_the_sessions_and_leaves_the_memory),
        TEST(test_channel_is_free_only_when_an_orphaned_worker_has_ended),
        TEST(test_gone_lets_go_and_waits_for_the_end),
        TEST(test_holder_that_died_gives_the_channel_back),
        TEST(test_machine_without_channels_lets_the_loop_sleep),
        TEST(test_stop_gives_719_to_every_guest),
        TEST(test_memory_bound_counts_machines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
