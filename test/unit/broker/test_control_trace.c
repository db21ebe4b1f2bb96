/* SPDX-License-Identifier: Apache-2.0 */
/* Call records as a tool sees them being taken. */
#include "fake_control.h"
#include "fake_vm.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct stage {
    struct fake fake;
    struct fake_peer tool;
    struct fake_peer gpu;
    struct fake_peer worker;
    struct fake_guest guest;
};

static struct stage stage;

static int setup(void **state)
{
    memset(&stage, 0, sizeof(stage));
    fake_init(&stage.fake);
    fake_open_session(&stage.fake, &stage.gpu, &stage.worker, &stage.guest);
    fake_control_open(&stage.fake, &stage.tool, VGPU_CTL_TOOL);
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;

    fake_fini(&s->fake);
    fake_peer_close(&s->tool);
    fake_guest_close(&s->guest);
    fake_peer_close(&s->worker);
    fake_peer_close(&s->gpu);
    return 0;
}

static void trace(struct stage *s, const char *vm)
{
    fake_control_ask(&s->tool, 1, VGPU_CTL_TRACE, vm);
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->control.tracers, 1);
}

static void expect_no_tracer(struct stage *s)
{
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->control.tracers, 0);
    assert_int_equal(s->fake.broker->control.count, 0);
}

static void test_records_are_seen(void **state)
{
    struct stage *s = *state;
    const Vgpu__TraceRow *row;

    assert_true(fake_guest_call(&s->guest, FAKE_OP, 8));
    fake_pump(&s->fake);
    trace(s, "");
    fake_expect_none(&s->tool);
    assert_true(fake_guest_call(&s->guest, FAKE_OP + 1, 8));
    assert_true(fake_guest_call(&s->guest, FAKE_OP + 2, 24));
    fake_pump(&s->fake);
    row = fake_expect(&s->tool, VGPU__FRAME__KIND_TRACE_ROW)->trace_row;
    assert_int_equal(row->op, FAKE_OP + 1);
    assert_int_equal(row->bytes, 24);
    assert_int_equal(row->lane, 3);
    assert_int_equal(row->session, 1);
    assert_int_equal(row->dropped, 0);
    assert_true(row->time_ns > 0);
    row = fake_expect(&s->tool, VGPU__FRAME__KIND_TRACE_ROW)->trace_row;
    assert_int_equal(row->op, FAKE_OP + 2);
    assert_int_equal(row->bytes, 40);
    fake_expect_none(&s->tool);
    assert_false(br_control_is_busy(&s->fake.broker->control));
    fake_peer_close(&s->tool);
    expect_no_tracer(s);
}

static void test_another_machine_is_not_seen(void **state)
{
    struct stage *s = *state;

    assert_non_null(br_broker_add_vm(s->fake.broker, "alpha"));
    trace(s, "alpha");
    assert_true(fake_guest_call(&s->guest, FAKE_OP, 8));
    fake_pump(&s->fake);
    fake_expect_none(&s->tool);
}

static void test_an_unknown_machine(void **state)
{
    struct stage *s = *state;

    fake_control_ask(&s->tool, 1, VGPU_CTL_TRACE, "beta");
    fake_pump(&s->fake);
    (void)fake_control_expect_end(&s->tool, 1, ENOENT);
    assert_int_equal(s->fake.broker->control.tracers, 0);
}

static void test_a_trace_ends_with_its_client(void **state)
{
    struct stage *s = *state;

    trace(s, "");
    fake_control_ask(&s->tool, 2, VGPU_CTL_BROKER, "");
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&s->tool.socket));
    expect_no_tracer(s);
}

/* What the tool reads and what it is told that it missed is what the guest sent; the session does
 * not wait for the tool. */
static void test_what_is_dropped_is_counted(void **state)
{
    struct stage *s = *state;
    struct fake_peer slow;
    uint64_t sent = 0;
    uint64_t seen = 0;
    uint64_t dropped = 0;
    int bytes = 4096;
    int theirs;

    vgpu_frame_socket_init(&slow.socket, fake_pair(&theirs));
    assert_int_equal(setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
    br_control_connect(&s->fake.broker->control, theirs, 1, geteuid());
    fake_control_hello(&slow, VGPU_CTL_TOOL);
    fake_control_ask(&slow, 1, VGPU_CTL_TRACE, "");
    fake_pump(&s->fake);
    (void)fake_expect(&slow, VGPU__FRAME__KIND_CTL_WELCOME);
    for (; sent < UINT64_C(3) * BR_TRACE_ROWS; sent++) {
        assert_true(fake_guest_call(&s->guest, FAKE_OP, 8));
        if (sent % 64 == 0) {
            fake_pump(&s->fake);
            (void)fake_expect(&s->worker, VGPU__FRAME__KIND_SUBMIT);
        }
    }
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->slots[0].processed, sent);
    /* The last one, with room for it, tells of those before. */
    while (seen + dropped < sent) {
        Vgpu__Frame *frame;

        if (seen + 1 == BR_TRACE_ROWS) {
            assert_true(fake_guest_call(&s->guest, FAKE_OP, 8));
            sent++;
        }
        fake_pump(&s->fake);
        assert_int_equal(vgpu_frame_socket_receive(&slow.socket, &frame), 0);
        assert_int_equal(frame->kind_case, VGPU__FRAME__KIND_TRACE_ROW);
        seen++;
        dropped += frame->trace_row->dropped;
    }
    assert_int_equal(seen + dropped, sent);
    assert_true(dropped > 0);
    fake_peer_close(&slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_records_are_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_machine_is_not_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_unknown_machine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_trace_ends_with_its_client, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_dropped_is_counted, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
