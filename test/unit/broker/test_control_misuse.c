/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of the control socket that break the rules, or hang: they lose their connection. */
#include "fake_control.h"
#include "fake_vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"

#define NOBODY 65534u

/* Machines whose rows are long. */
#define LONG_NAME "a-machine-whose-name-is-as-long-as-names-can-be-%u"

struct stage {
    struct fake fake;
    struct fake_peer other; /* a tool that always is served */
};

static struct stage stage;

static int setup(void **state)
{
    memset(&stage, 0, sizeof(stage));
    fake_init(&stage.fake);
    fake_control_open(&stage.fake, &stage.other, VGPU_CTL_TOOL);
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;

    fake_control_ask(&s->other, 1, VGPU_CTL_BROKER, "");
    fake_pump(&s->fake);
    (void)fake_expect(&s->other, VGPU__FRAME__KIND_BROKER_ROW);
    (void)fake_control_expect_end(&s->other, 1, 0);
    fake_fini(&s->fake);
    fake_peer_close(&s->other);
    return 0;
}

/* The broker has closed this connection; what it said before does not count. */
static void expect_shut(struct stage *s, struct fake_peer *client)
{
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&client->socket));
    assert_int_equal(s->fake.broker->control.count, 1);
    fake_peer_close(client);
}

static void say(const struct fake_peer *client, const void *bytes, size_t len)
{
    assert_int_equal(vgpu_fd_send(client->socket.fd, bytes, len, NULL, 0), len);
}

static void test_bytes_that_are_no_frames(void **state)
{
    static const uint8_t cases[][8] = {
        {0, 0, 0, 0},                      /* empty */
        {0xff, 0xff, 0xff, 0xff, 1},       /* oversize */
        {4, 0, 0, 0, 0xff, 0xff, 0xff, 9}, /* undecodable */
        {2, 0, 0, 0, 0xda, 0x00},          /* a frame that no client sends */
    };
    struct stage *s = *state;
    struct fake_peer client;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_control_open(&s->fake, &client, VGPU_CTL_TOOL);
        say(&client, cases[i], sizeof(cases[i]));
        expect_shut(s, &client);
    }
}

static void test_a_question_before_hello(void **state)
{
    struct stage *s = *state;
    struct fake_peer client;

    fake_control_connect(&s->fake, &client, geteuid());
    fake_control_ask(&client, 1, VGPU_CTL_BROKER, "");
    expect_shut(s, &client);
}

static void test_a_second_hello(void **state)
{
    struct stage *s = *state;
    struct fake_peer client;

    fake_control_open(&s->fake, &client, VGPU_CTL_TOOL);
    fake_control_hello(&client, VGPU_CTL_TOOL);
    expect_shut(s, &client);
}

static void test_hellos_that_are_refused(void **state)
{
    struct stage *s = *state;
    struct fake_peer client;
    Vgpu__CtlHello hello = VGPU__CTL_HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    fake_control_connect(&s->fake, &client, geteuid());
    hello.protocol = VGPU_PROTOCOL_VERSION + 1;
    frame.kind_case = VGPU__FRAME__KIND_CTL_HELLO;
    frame.ctl_hello = &hello;
    fake_send(&client, &frame);
    expect_shut(s, &client);
    fake_control_connect(&s->fake, &client, geteuid());
    fake_control_hello(&client, 2);
    expect_shut(s, &client);
    fake_control_connect(&s->fake, &client, NOBODY);
    fake_control_hello(&client, VGPU_CTL_HOST);
    expect_shut(s, &client);
}

static void test_no_hello_in_time(void **state)
{
    struct stage *s = *state;
    uint64_t end = vgpu_clock_ns() + 5 * VGPU_NS_PER_S;
    struct fake_peer client;

    s->fake.broker->hello_timeout_ms = 20;
    fake_control_connect(&s->fake, &client, geteuid());
    while (!fake_is_shut(&client.socket) && vgpu_clock_ns() < end) {
        (void)usleep(1000);
        fake_pump(&s->fake);
    }
    expect_shut(s, &client);
}

static void test_a_command_of_a_tool(void **state)
{
    struct stage *s = *state;
    Vgpu__VmRemove remove = VGPU__VM_REMOVE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    struct fake_peer client;
    char name[] = "alpha";

    assert_non_null(br_broker_add_vm(s->fake.broker, "alpha"));
    fake_control_open(&s->fake, &client, VGPU_CTL_TOOL);
    remove.name = name;
    frame.kind_case = VGPU__FRAME__KIND_VM_REMOVE;
    frame.vm_remove = &remove;
    fake_send(&client, &frame);
    expect_shut(s, &client);
    assert_non_null(br_broker_find_vm(s->fake.broker, "alpha"));
}

static int open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static void test_descriptors_that_nobody_asked_for(void **state)
{
    struct stage *s = *state;
    int bell = eventfd(0, EFD_CLOEXEC);
    const int fds[] = {bell, bell, bell, bell};
    Vgpu__CtlAsk ask = VGPU__CTL_ASK__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    struct fake_peer client;
    int before = open_descriptors();

    frame.kind_case = VGPU__FRAME__KIND_CTL_ASK;
    frame.ctl_ask = &ask;
    ask.what = VGPU_CTL_GPUS;
    for (unsigned int count = 1; count <= 4; count += 3) {
        fake_control_open(&s->fake, &client, VGPU_CTL_TOOL);
        assert_int_equal(vgpu_frame_socket_send(&client.socket, &frame, fds, count), 0);
        expect_shut(s, &client);
        assert_int_equal(open_descriptors(), before);
    }
    vgpu_fd_close(&bell);
}

static void test_a_long_name(void **state)
{
    struct stage *s = *state;
    struct fake_peer client;

    fake_control_open(&s->fake, &client, VGPU_CTL_TOOL);
    fake_control_ask(&client, 5, VGPU_CTL_VMS,
                     "a-name-that-is-longer-than-any-machine-of-a-configuration-can-have-x");
    fake_pump(&s->fake);
    (void)fake_control_expect_end(&client, 5, ENOENT);
    fake_peer_close(&client);
    fake_pump(&s->fake);
}

/* A tool that asks on and on and never reads costs one buffer, then its connection. */
static void test_a_reader_that_never_reads(void **state)
{
    struct stage *s = *state;
    uint64_t end = vgpu_clock_ns() + 5 * VGPU_NS_PER_S;
    struct fake_peer client;
    int bytes = 4096;
    int theirs;
    char name[BR_VM_NAME_MAX + 1];

    for (unsigned int i = 0; i < VGPU_VMS_MAX; i++) {
        (void)snprintf(name, sizeof(name), LONG_NAME, i);
        assert_non_null(br_broker_add_vm(s->fake.broker, name));
    }
    s->fake.broker->control.stall_ms = 50;
    vgpu_frame_socket_init(&client.socket, fake_pair(&theirs));
    assert_int_equal(setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
    br_control_connect(&s->fake.broker->control, theirs, 1, geteuid());
    fake_control_hello(&client, VGPU_CTL_TOOL);
    for (uint32_t i = 0; i < 200; i++) {
        fake_control_ask(&client, i, VGPU_CTL_VMS, "");
    }
    fake_pump(&s->fake);
    /* Nothing keeps the loop busy meanwhile. */
    assert_false(br_control_is_busy(&s->fake.broker->control));
    while (s->fake.broker->control.count > 1 && vgpu_clock_ns() < end) {
        (void)usleep(1000);
        fake_pump(&s->fake);
    }
    expect_shut(s, &client);
}

static void test_places_are_bounded(void **state)
{
    struct stage *s = *state;
    static struct fake_peer clients[VGPU_CTL_CLIENTS_MAX];
    struct fake_peer late;
    unsigned int count = 0;

    /* The last ones are root's and the broker's own. */
    for (; count < VGPU_CTL_CLIENTS_MAX - BR_CONTROL_RESERVED - 1; count++) {
        fake_control_connect(&s->fake, &clients[count], NOBODY);
    }
    fake_pump(&s->fake);
    fake_control_connect(&s->fake, &late, NOBODY);
    assert_true(fake_is_shut(&late.socket));
    fake_peer_close(&late);
    for (; count < VGPU_CTL_CLIENTS_MAX - 1; count++) {
        fake_control_open(&s->fake, &clients[count], VGPU_CTL_TOOL);
    }
    assert_int_equal(s->fake.broker->control.count, VGPU_CTL_CLIENTS_MAX);
    fake_control_connect(&s->fake, &late, geteuid());
    assert_true(fake_is_shut(&late.socket));
    fake_peer_close(&late);
    for (unsigned int i = 0; i < count; i++) {
        fake_peer_close(&clients[i]);
    }
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->control.count, 1);
}

static void test_a_second_host_takes_the_place_of_the_first(void **state)
{
    struct stage *s = *state;
    struct fake_peer first;
    struct fake_peer second;

    fake_control_open(&s->fake, &first, VGPU_CTL_HOST);
    fake_control_open(&s->fake, &second, VGPU_CTL_HOST);
    assert_true(fake_is_shut(&first.socket));
    assert_non_null(s->fake.broker->control.host);
    fake_peer_close(&first);
    fake_peer_close(&second);
    fake_pump(&s->fake);
    assert_null(s->fake.broker->control.host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes_that_are_no_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_question_before_hello, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_second_hello, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hellos_that_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_hello_in_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_command_of_a_tool, setup, teardown),
        cmocka_unit_test_setup_teardown(test_descriptors_that_nobody_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_long_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_reader_that_never_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_places_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_second_host_takes_the_place_of_the_first, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
