/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that break the rules: the machine loses its connection and sessions, nobody else. */
#include "fake_vm.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/fd.h"
#include "proto/cuda_enums.h"

struct stage {
    struct fake fake;
    struct br_vm *vm;
    struct br_vm *other_vm;
    struct fake_peer device;
    struct fake_peer other;
    struct fake_guest guest;
    struct fake_guest other_guest;
};

static struct stage stage;

/* Two machines with a channel each. */
static int setup(void **state)
{
    memset(&stage, 0, sizeof(stage));
    fake_init(&stage.fake);
    stage.vm = br_broker_add_vm(stage.fake.broker, "alpha");
    stage.other_vm = br_broker_add_vm(stage.fake.broker, "beta");
    fake_device_open(&stage.fake, stage.vm, &stage.device);
    fake_device_open(&stage.fake, stage.other_vm, &stage.other);
    fake_vm_guest_open(&stage.fake, &stage.device, 0, 1, &stage.guest);
    fake_vm_guest_open(&stage.fake, &stage.other, 0, 1, &stage.other_guest);
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;

    fake_fini(&s->fake);
    fake_guest_close(&s->guest);
    fake_guest_close(&s->other_guest);
    fake_peer_close(&s->device);
    fake_peer_close(&s->other);
    return 0;
}

static int open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

/* The machine is shut out, its guest told; the other machine has noticed nothing, and the machine
 * may come again. */
static void assert_shut_out(struct stage *s)
{
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&s->device.socket));
    assert_int_equal(s->vm->stats.misuses, 1);
    assert_int_equal(s->vm->phase, BR_VM_ABSENT);
    assert_int_equal(fake_guest_error(&s->guest), 719);
    assert_int_equal(s->fake.broker->session_count, 1);
    assert_int_equal(fake_guest_error(&s->other_guest), 0);
    fake_device_beat(&s->other, 5);
    fake_pump(&s->fake);
    (void)fake_expect(&s->other, VGPU__FRAME__KIND_BEAT);
    fake_peer_close(&s->device);
    fake_device_open(&s->fake, s->vm, &s->device);
}

static void bytes(struct stage *s, const void *data, size_t len)
{
    assert_int_equal(write(s->device.socket.fd, data, len), len);
}

static void kind(struct stage *s, Vgpu__Frame__KindCase number)
{
    uint8_t data[16] = {0};
    uint32_t tag = (uint32_t)number << 3 | 2;
    size_t len = VGPU_FRAME_PREFIX_BYTES;

    for (; tag >= 0x80; tag >>= 7) {
        data[len++] = (uint8_t)(tag | 0x80);
    }
    data[len++] = (uint8_t)tag;
    len++;
    data[0] = (uint8_t)(len - VGPU_FRAME_PREFIX_BYTES);
    bytes(s, data, len);
}

static void hello_again(struct stage *s)
{
    Vgpu__DeviceHello hello;

    fake_hello_init(&hello);
    fake_device_hello(&s->device, &hello);
}

static void after_gone(struct stage *s)
{
    fake_device_gone(&s->device);
    fake_device_beat(&s->device, 1);
}

/* ChannelOpen with these descriptors, which it closes. */
static void ask(struct stage *s, uint32_t channel, const int *fds, unsigned int count)
{
    fake_device_ask(&s->device, channel, 2, fds, count);
    for (unsigned int i = 0; i < count; i++) {
        (void)close(fds[i]);
    }
}

static int bell(void)
{
    return eventfd(0, EFD_CLOEXEC);
}

#define ASK(s, channel, ...)                                                                       \
    ask(s, channel, (const int[]){__VA_ARGS__}, sizeof((int[]){__VA_ARGS__}) / sizeof(int))

/* One descriptor too many, with a frame that takes none. */
static void beat_with_descriptor(struct stage *s)
{
    Vgpu__Beat beat = VGPU__BEAT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    int fd = bell();

    frame.kind_case = VGPU__FRAME__KIND_BEAT;
    frame.beat = &beat;
    assert_int_equal(vgpu_frame_socket_send(&s->device.socket, &frame, &fd, 1), 0);
    vgpu_fd_close(&fd);
}

#define MISUSE(name, act)                                                                          \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        struct stage *s = *state;                                                                  \
        int before = open_descriptors();                                                           \
                                                                                                   \
        act;                                                                                       \
        assert_shut_out(s);                                                                        \
        /* The broker's ends of the ended channel: memory, doorbell, interrupt. */                 \
        assert_int_equal(open_descriptors(), before - 3);                                          \
    }

MISUSE(second_hello, hello_again(s))
MISUSE(frame_of_the_broker, kind(s, VGPU__FRAME__KIND_DEVICE_WELCOME))
MISUSE(channel_ready_from_a_device, kind(s, VGPU__FRAME__KIND_CHANNEL_READY))
MISUSE(frame_of_a_guest, kind(s, VGPU__FRAME__KIND_HELLO))
MISUSE(frame_of_a_worker, kind(s, VGPU__FRAME__KIND_ATTACHED))
MISUSE(frame_of_a_supervisor, kind(s, VGPU__FRAME__KIND_REGISTER))
MISUSE(unknown_frame, kind(s, (Vgpu__Frame__KindCase)61))
MISUSE(empty_frame, bytes(s, "\0\0\0\0", 4))
MISUSE(oversize_frame, bytes(s, "\1\0\1\0", 4))
MISUSE(undecodable_frame, bytes(s, "\2\0\0\0\xff\xff", 6))
MISUSE(anything_after_gone, after_gone(s))
MISUSE(open_of_a_channel_in_use, ASK(s, 0, fake_memory(), bell()))
MISUSE(open_beyond_the_channels, ASK(s, FAKE_CHANNELS, fake_memory(), bell()))
MISUSE(open_far_beyond_the_channels, ASK(s, UINT32_MAX, fake_memory(), bell()))
MISUSE(close_beyond_the_channels, fake_device_close_channel(&s->device, 32, 0))
MISUSE(open_without_descriptors, ask(s, 1, NULL, 0))
MISUSE(open_with_one_descriptor, ASK(s, 1, fake_memory()))
MISUSE(open_with_three_descriptors, ASK(s, 1, fake_memory(), bell(), bell()))
MISUSE(open_with_five_descriptors, ASK(s, 1, fake_memory(), bell(), bell(), bell(), bell()))
MISUSE(open_with_the_wrong_order, ASK(s, 1, bell(), fake_memory()))
MISUSE(open_with_a_socket_for_memory, ASK(s, 1, dup(s->device.socket.fd), bell()))
MISUSE(descriptor_with_a_beat, beat_with_descriptor(s))

/* A channel that still closes is not free. */
static void test_open_of_a_channel_that_closes(void **state)
{
    struct stage *s = *state;
    int fds[] = {fake_memory(), bell()};

    fake_device_close_channel(&s->device, 0, 1);
    ask(s, 0, fds, 2);
    assert_shut_out(s);
}

/* Frames before and behind one with descriptors arrive in one piece: nothing is misuse. */
static void test_descriptors_between_other_frames_are_in_order(void **state)
{
    struct stage *s = *state;
    int fds[] = {fake_memory(), bell()};

    fake_device_beat(&s->device, 1);
    fake_device_beat(&s->device, 2);
    ask(s, 1, fds, 2);
    fake_device_beat(&s->device, 3);
    fake_pump(&s->fake);
    (void)fake_expect(&s->device, VGPU__FRAME__KIND_BEAT);
    (void)fake_expect(&s->device, VGPU__FRAME__KIND_BEAT);
    (void)fake_expect(&s->device, VGPU__FRAME__KIND_CHANNEL_READY);
    (void)fake_expect(&s->device, VGPU__FRAME__KIND_BEAT);
    assert_int_equal(s->vm->stats.misuses, 0);
}

static void test_frame_in_pieces_is_taken_whole(void **state)
{
    struct stage *s = *state;
    static const uint8_t beat[] = {5, 0, 0, 0, 0xba, 2, 2, 8, 9};

    for (size_t i = 0; i < sizeof(beat); i++) {
        fake_expect_none(&s->device);
        bytes(s, beat + i, 1);
        fake_pump(&s->fake);
    }
    assert_int_equal(fake_expect(&s->device, VGPU__FRAME__KIND_BEAT)->beat->number, 9);
}

/* It asks and asks and reads nothing: bounded memory, then the end. */
static void test_device_that_never_reads(void **state)
{
    struct stage *s = *state;

    assert_int_equal(vgpu_fd_set_nonblock(s->device.socket.fd, true), 0);
    for (uint32_t i = 0; i < 100000 && s->vm->phase == BR_VM_UP; i++) {
        static const uint8_t beat[] = {5, 0, 0, 0, 0xba, 2, 2, 8, 9};

        (void)!write(s->device.socket.fd, beat, sizeof(beat));
        (void)uv_run(&s->fake.loop, UV_RUN_NOWAIT);
        assert_true(s->vm->link.out_end <= s->vm->link.out_max);
    }
    assert_int_equal(s->vm->phase, BR_VM_ABSENT);
    assert_int_equal(s->vm->stats.misuses, 1);
    assert_int_equal(fake_guest_error(&s->other_guest), 0);
}

/* Fewer than answers fit in a socket. */
#define BEATS 600

/* The turn of a device that floods is bounded. */
static void test_flood_of_frames_takes_many_turns(void **state)
{
    struct stage *s = *state;
    static uint8_t beats[9 * BEATS];

    for (size_t i = 0; i < sizeof(beats); i += 9) {
        memcpy(beats + i, (const uint8_t[]){5, 0, 0, 0, 0xba, 2, 2, 8, 9}, 9);
    }
    bytes(s, beats, sizeof(beats));
    (void)uv_run(&s->fake.loop, UV_RUN_NOWAIT);
    assert_in_range(s->vm->stats.beats, 1, 200);
    for (int i = 0; i < 10; i++) {
        (void)uv_run(&s->fake.loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(s->vm->stats.beats, BEATS);
}

static void test_lines_of_one_machine_do_not_silence_another(void **state)
{
    struct stage *s = *state;

    for (int i = 0; i < 200; i++) {
        bytes(s, "\0\0\0\0", 4);
        fake_pump(&s->fake);
        fake_peer_close(&s->device);
        fake_device_connect(s->vm, &s->device);
    }
    assert_true(s->vm->warnings.suppressed > 0);
    assert_int_equal(s->other_vm->warnings.used, 0);
    assert_int_equal(s->fake.broker->misuse_limit.used, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_second_hello),
        TEST(test_frame_of_the_broker),
        TEST(test_channel_ready_from_a_device),
        TEST(test_frame_of_a_guest),
        TEST(test_frame_of_a_worker),
        TEST(test_frame_of_a_supervisor),
        TEST(test_unknown_frame),
        TEST(test_empty_frame),
        TEST(test_oversize_frame),
        TEST(test_undecodable_frame),
        TEST(test_anything_after_gone),
        TEST(test_open_of_a_channel_in_use),
        TEST(test_open_beyond_the_channels),
        TEST(test_open_far_beyond_the_channels),
        TEST(test_close_beyond_the_channels),
        TEST(test_open_without_descriptors),
        TEST(test_open_with_one_descriptor),
        TEST(test_open_with_three_descriptors),
        TEST(test_open_with_five_descriptors),
        TEST(test_open_with_the_wrong_order),
        TEST(test_open_with_a_socket_for_memory),
        TEST(test_descriptor_with_a_beat),
        TEST(test_open_of_a_channel_that_closes),
        TEST(test_descriptors_between_other_frames_are_in_order),
        TEST(test_frame_in_pieces_is_taken_whole),
        TEST(test_device_that_never_reads),
        TEST(test_flood_of_frames_takes_many_turns),
        TEST(test_lines_of_one_machine_do_not_silence_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
