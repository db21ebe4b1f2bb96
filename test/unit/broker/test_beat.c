/* SPDX-License-Identifier: Apache-2.0 */
/* Beats of both sides: what the broker measures, and how many frames it takes in a turn. */
#include "fake_vm.h"

#include <string.h>
#include <sys/socket.h>

struct stage {
    struct fake fake;
    struct br_vm *vm;
    struct fake_peer device;
};

static struct stage stage;

static int setup(void **state)
{
    memset(&stage, 0, sizeof(stage));
    stage.device.socket.fd = -1;
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
    fake_peer_close(&s->device);
    return 0;
}

static void up(struct stage *s)
{
    fake_device_open(&s->fake, s->vm, &s->device);
}

static uint32_t expect_beat(struct stage *s)
{
    return fake_expect(&s->device, VGPU__FRAME__KIND_BEAT)->beat->number;
}

static void test_the_devices_answer_is_measured(void **state)
{
    struct stage *s = *state;
    uint32_t number;
    int64_t late;

    up(s);
    assert_int_equal(br_beat_ns(s->vm), -1);
    fake_rest(&s->fake);
    number = expect_beat(s);
    assert_true((number & VGPU_BEAT_OF_BROKER) != 0);
    /* While it is late, it is at least as late as that. */
    late = br_beat_ns(s->vm);
    assert_true(late > 0);
    fake_device_beat(&s->device, number + 1);
    fake_pump(&s->fake);
    assert_true(br_beat_ns(s->vm) >= late);
    assert_int_not_equal(s->vm->beat.asked_ns, 0);
    br_beat_ask(s->vm); /* one question at a time */
    assert_null(fake_next(&s->device));
    fake_device_beat(&s->device, number);
    fake_pump(&s->fake);
    assert_int_equal(s->vm->beat.asked_ns, 0);
    assert_int_equal(br_beat_ns(s->vm), s->vm->beat.took_ns);
    late = br_beat_ns(s->vm);
    fake_device_beat(&s->device, number);
    fake_pump(&s->fake);
    assert_int_equal(br_beat_ns(s->vm), late);
    assert_null(fake_next(&s->device));
    assert_int_equal(s->vm->stats.misuses, 0);
    br_beat_ask(s->vm);
    assert_int_not_equal(expect_beat(s), number);
    fake_peer_close(&s->device);
    fake_pump(&s->fake);
    assert_int_equal(br_beat_ns(s->vm), -1);
}

static void test_a_device_that_knows_no_beat_is_not_asked(void **state)
{
    struct stage *s = *state;
    Vgpu__DeviceHello hello;

    fake_device_connect(s->vm, &s->device);
    fake_hello_init(&hello);
    hello.revision = 0x00010001u;
    fake_device_hello(&s->device, &hello);
    fake_pump(&s->fake);
    (void)fake_expect(&s->device, VGPU__FRAME__KIND_DEVICE_WELCOME);
    fake_rest(&s->fake);
    br_beat_ask(s->vm);
    assert_null(fake_next(&s->device));
    assert_int_equal(br_beat_ns(s->vm), -1);
}

/* Who has many frames to say says them in several turns of the loop, and all of them. */
static void test_many_frames_take_several_turns(void **state)
{
    enum { BEATS = 3 * BR_LINK_FRAMES_MAX / 2 };
    struct stage *s = *state;
    uint8_t bytes[16 * BEATS];
    size_t len = 0;

    up(s);
    for (uint32_t i = 1; i <= BEATS; i++) {
        Vgpu__Beat beat = VGPU__BEAT__INIT;
        Vgpu__Frame frame = VGPU__FRAME__INIT;
        ssize_t size;

        beat.number = i;
        frame.kind_case = VGPU__FRAME__KIND_BEAT;
        frame.beat = &beat;
        size = vgpu_frame_pack(&frame, bytes + len, sizeof(bytes) - len);
        assert_true(size > 0);
        len += (size_t)size;
    }
    assert_int_equal(send(s->device.socket.fd, bytes, len, MSG_NOSIGNAL), len);
    while (s->vm->stats.beats == 0) {
        (void)uv_run(&s->fake.loop, UV_RUN_ONCE);
    }
    assert_true(s->vm->stats.beats <= BR_LINK_FRAMES_MAX);
    fake_pump(&s->fake);
    for (uint32_t i = 1; i <= BEATS; i++) {
        uint32_t number = expect_beat(s);

        /* The broker's own, if this took a second. */
        number = (number & VGPU_BEAT_OF_BROKER) != 0 ? expect_beat(s) : number;
        assert_int_equal(number, i);
    }
    assert_false(br_link_pool_is_busy(&s->fake.broker->pool));
    /* A peer that leaves with frames unread is heard to its end. */
    assert_int_equal(send(s->device.socket.fd, bytes, len, MSG_NOSIGNAL), len);
    fake_peer_close(&s->device);
    fake_pump(&s->fake);
    assert_int_equal(s->vm->phase, BR_VM_ABSENT);
    assert_int_equal(s->vm->stats.beats, 2 * BEATS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_devices_answer_is_measured, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_device_that_knows_no_beat_is_not_asked, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_many_frames_take_several_turns, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
