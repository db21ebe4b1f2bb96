/* SPDX-License-Identifier: Apache-2.0 */
/* What a tool reads from the broker: rows of each kind, in order, in pieces. */
#include "fake_control.h"
#include "fake_vm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"

/* Machines whose rows are long. */
#define LONG_NAME "a-machine-whose-name-is-as-long-as-names-can-be-%u"

struct stage {
    struct fake fake;
    struct fake_peer tool;
};

static struct stage stage;

static int setup(void **state)
{
    memset(&stage, 0, sizeof(stage));
    fake_init(&stage.fake);
    fake_control_open(&stage.fake, &stage.tool, VGPU_CTL_TOOL);
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;

    fake_fini(&s->fake);
    fake_peer_close(&s->tool);
    return 0;
}

static void add_machines(struct stage *s, unsigned int count)
{
    char name[BR_VM_NAME_MAX + 1];

    for (unsigned int i = 0; i < count; i++) {
        (void)snprintf(name, sizeof(name), LONG_NAME, i);
        assert_non_null(br_broker_add_vm(s->fake.broker, name));
    }
}

static void test_the_broker_tells_of_itself(void **state)
{
    struct stage *s = *state;
    const Vgpu__BrokerRow *row;

    add_machines(s, 3);
    fake_control_ask(&s->tool, 7, VGPU_CTL_BROKER, "");
    fake_pump(&s->fake);
    row = fake_expect(&s->tool, VGPU__FRAME__KIND_BROKER_ROW)->broker_row;
    assert_string_equal(row->version, VGPU_VERSION);
    assert_string_equal(row->sandbox, "none");
    assert_int_equal(row->pid, getpid());
    assert_int_equal(row->sessions, 0);
    assert_int_equal(row->sessions_max, 4);
    assert_int_equal(row->vms, 3);
    assert_int_equal(row->vms_connected, 0);
    assert_int_equal(row->gpus, 0);
    assert_int_equal(row->hostd_pid, 0);
    assert_string_equal(fake_control_expect_end(&s->tool, 7, 0), "");
    fake_expect_none(&s->tool);
}

static void test_a_session_and_its_gpu(void **state)
{
    struct stage *s = *state;
    struct fake_peer gpu;
    struct fake_peer worker;
    static struct fake_guest guest;
    const Vgpu__SessionRow *row;
    const Vgpu__GpuRow *card;

    fake_open_session(&s->fake, &gpu, &worker, &guest);
    assert_true(fake_guest_call(&guest, FAKE_OP, 8));
    fake_pump(&s->fake);
    fake_control_ask(&s->tool, 1, VGPU_CTL_SESSIONS, "");
    fake_control_ask(&s->tool, 2, VGPU_CTL_GPUS, "");
    fake_pump(&s->fake);
    row = fake_expect(&s->tool, VGPU__FRAME__KIND_SESSION_ROW)->session_row;
    assert_int_equal(row->id, 1);
    assert_string_equal(row->vm, "");
    assert_string_equal(row->phase, "open");
    assert_int_equal(row->gpu, 0);
    assert_int_equal(row->worker_pid, 1001);
    assert_int_equal(row->processed, 1);
    assert_int_equal(row->bytes_in, 24);
    assert_int_equal(row->queued, 0);
    (void)fake_control_expect_end(&s->tool, 1, 0);
    card = fake_expect(&s->tool, VGPU__FRAME__KIND_GPU_ROW)->gpu_row;
    assert_string_equal(card->uuid, "GPU-01010101-0101-0101-0101-010101010101");
    assert_string_equal(card->name, "Fake GPU");
    assert_string_equal(card->state, "up");
    assert_string_equal(card->sandbox, "seccomp");
    assert_int_equal(card->workers, 1);
    assert_int_equal(card->spares, 0);
    assert_int_equal(card->sessions, 1);
    assert_int_equal(card->workers_started, 1);
    assert_int_equal(card->workers_crashed, 0);
    assert_int_equal(card->processed, 1);
    (void)fake_control_expect_end(&s->tool, 2, 0);
    fake_guest_close(&guest);
    fake_peer_close(&worker);
    fake_peer_close(&gpu);
}

/* A card whose workers do not start says why, until one does. */
static void test_why_no_worker_can_be_made(void **state)
{
    static const char *const expected[] = {"", "no \?context", ""};
    struct stage *s = *state;
    struct fake_peer gpu;
    struct fake_peer worker;
    Vgpu__WorkerFailed failed = VGPU__WORKER_FAILED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char reason[] = "no \x1b"
                    "context";

    failed.reason = reason;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_FAILED;
    frame.worker_failed = &failed;
    fake_gpu_open(&s->fake, &gpu, 3);
    for (uint32_t i = 0; i < 3; i++) {
        if (i == 1) {
            fake_send(&gpu, &frame);
        } else if (i == 2) {
            fake_worker_ready(&s->fake, &gpu, &worker, 1);
        }
        fake_pump(&s->fake);
        fake_control_ask(&s->tool, i, VGPU_CTL_GPUS, "");
        fake_pump(&s->fake);
        assert_string_equal(fake_expect(&s->tool, VGPU__FRAME__KIND_GPU_ROW)->gpu_row->trouble,
                            expected[i]);
        (void)fake_control_expect_end(&s->tool, i, 0);
    }
    fake_peer_close(&worker);
    fake_peer_close(&gpu);
}

static void test_a_gpu_that_is_gone_is_named(void **state)
{
    struct stage *s = *state;
    struct fake_peer gpu;
    struct fake_peer worker;
    const Vgpu__GpuRow *row;

    fake_gpu_open(&s->fake, &gpu, 3);
    fake_worker_ready(&s->fake, &gpu, &worker, 1);
    fake_worker_gone(&gpu, 1);
    fake_pump(&s->fake);
    fake_peer_close(&gpu);
    fake_pump(&s->fake);
    fake_control_ask(&s->tool, 1, VGPU_CTL_GPUS, "");
    fake_pump(&s->fake);
    row = fake_expect(&s->tool, VGPU__FRAME__KIND_GPU_ROW)->gpu_row;
    assert_string_equal(row->state, "gone");
    assert_string_equal(row->name, "Fake GPU");
    assert_int_equal(row->workers, 0);
    assert_int_equal(row->workers_started, 1);
    assert_int_equal(row->workers_crashed, 1);
    (void)fake_control_expect_end(&s->tool, 1, 0);
    fake_peer_close(&worker);
}

static void ask_vm(struct stage *s, const char *name, Vgpu__VmRow *copy)
{
    static char texts[6][64];
    const Vgpu__VmRow *row;

    fake_control_ask(&s->tool, 9, VGPU_CTL_VMS, name);
    fake_pump(&s->fake);
    row = fake_expect(&s->tool, VGPU__FRAME__KIND_VM_ROW)->vm_row;
    *copy = *row;
    (void)snprintf(texts[0], sizeof(texts[0]), "%s", row->state);
    (void)snprintf(texts[1], sizeof(texts[1]), "%s", row->qemu);
    (void)snprintf(texts[2], sizeof(texts[2]), "%s", row->library);
    (void)snprintf(texts[3], sizeof(texts[3]), "%s", row->restart_needed);
    (void)snprintf(texts[4], sizeof(texts[4]), "%s", row->identity);
    (void)snprintf(texts[5], sizeof(texts[5]), "%s", row->name);
    copy->state = texts[0];
    copy->qemu = texts[1];
    copy->library = texts[2];
    copy->restart_needed = texts[3];
    copy->identity = texts[4];
    copy->name = texts[5];
    (void)fake_control_expect_end(&s->tool, 9, 0);
}

static void hello_of(struct fake_guest *guest, const char *version)
{
    Vgpu__Hello hello = VGPU__HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char text[64];

    (void)snprintf(text, sizeof(text), "%s", version);
    hello.protocol = VGPU_PROTOCOL_VERSION;
    hello.version = text;
    frame.kind_case = VGPU__FRAME__KIND_HELLO;
    frame.hello = &hello;
    fake_guest_frame(guest, &frame);
}

static void test_a_machine_and_what_it_did(void **state)
{
    struct stage *s = *state;
    struct br_vm *vm = br_broker_add_vm(s->fake.broker, "alpha");
    struct fake_peer device;
    static struct fake_guest guest;
    Vgpu__VmRow row;

    add_machines(s, 2);
    ask_vm(s, "alpha", &row);
    assert_string_equal(row.name, "alpha");
    assert_string_equal(row.state, "absent");
    assert_string_equal(row.identity, "");
    assert_int_equal(row.doorbell_idle_ms, -1);
    assert_int_equal(row.call_idle_ms, -1);
    assert_int_equal(row.beat_us, -1);
    fake_device_open(&s->fake, vm, &device);
    fake_vm_guest_open(&s->fake, &device, 0, 1, &guest);
    hello_of(&guest, "0.0.9");
    fake_pump(&s->fake);
    ask_vm(s, "alpha", &row);
    assert_string_equal(row.state, "connected");
    assert_string_equal(row.identity, "socket only");
    assert_string_equal(row.qemu, "7.2.22");
    assert_string_equal(row.library, "0.0.9");
    assert_string_equal(row.restart_needed, "library");
    assert_int_equal(row.device_revision, VGPU_DEVICE_REVISION);
    assert_int_equal(row.pid, getpid());
    assert_int_equal(row.sessions, 1);
    assert_int_equal(row.doorbells, 1);
    assert_true(row.doorbell_idle_ms >= 0);
    /* What its sessions did counts on after them. */
    fake_device_close_channel(&device, 0, 1);
    fake_pump(&s->fake);
    ask_vm(s, "alpha", &row);
    assert_int_equal(row.sessions, 0);
    assert_int_equal(row.doorbells, 1);
    assert_true(row.doorbell_idle_ms >= 0);
    fake_guest_close(&guest);
    fake_peer_close(&device);
}

static void test_an_unknown_machine_is_an_error(void **state)
{
    struct stage *s = *state;

    fake_control_ask(&s->tool, 1, VGPU_CTL_VMS, "nobody");
    fake_pump(&s->fake);
    assert_non_null(strstr(fake_control_expect_end(&s->tool, 1, ENOENT), "nobody"));
    fake_control_ask(&s->tool, 2, 999, "");
    fake_pump(&s->fake);
    assert_non_null(strstr(fake_control_expect_end(&s->tool, 2, EOPNOTSUPP), "999"));
}

/* 256 machines are more than one piece, and more than this socket holds. */
static void test_a_long_answer_comes_in_pieces(void **state)
{
    struct stage *s = *state;
    struct fake_peer tool;
    int theirs;
    int bytes = 4096;
    char name[BR_VM_NAME_MAX + 1];

    add_machines(s, VGPU_VMS_MAX);
    vgpu_frame_socket_init(&tool.socket, fake_pair(&theirs));
    assert_int_equal(setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
    br_control_connect(&s->fake.broker->control, theirs, 1, geteuid());
    fake_control_hello(&tool, VGPU_CTL_TOOL);
    fake_control_ask(&tool, 1, VGPU_CTL_VMS, "");
    fake_control_ask(&tool, 2, VGPU_CTL_BROKER, "");
    fake_pump(&s->fake);
    (void)fake_expect(&tool, VGPU__FRAME__KIND_CTL_WELCOME);
    for (unsigned int i = 0; i < VGPU_VMS_MAX; i++) {
        fake_pump(&s->fake);
        (void)snprintf(name, sizeof(name), LONG_NAME, i);
        assert_string_equal(fake_expect(&tool, VGPU__FRAME__KIND_VM_ROW)->vm_row->name, name);
    }
    fake_pump(&s->fake);
    (void)fake_control_expect_end(&tool, 1, 0);
    fake_pump(&s->fake);
    (void)fake_expect(&tool, VGPU__FRAME__KIND_BROKER_ROW);
    (void)fake_control_expect_end(&tool, 2, 0);
    fake_peer_close(&tool);
}

static void test_a_machine_goes_while_it_is_listed(void **state)
{
    struct stage *s = *state;
    struct fake_peer tool;
    int theirs;
    int bytes = 4096;
    unsigned int rows = 0;
    Vgpu__Frame *frame;

    add_machines(s, VGPU_VMS_MAX);
    vgpu_frame_socket_init(&tool.socket, fake_pair(&theirs));
    assert_int_equal(setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
    br_control_connect(&s->fake.broker->control, theirs, 1, geteuid());
    fake_control_hello(&tool, VGPU_CTL_TOOL);
    fake_control_ask(&tool, 1, VGPU_CTL_VMS, "");
    fake_pump(&s->fake);
    (void)fake_expect(&tool, VGPU__FRAME__KIND_CTL_WELCOME);
    while (!TAILQ_EMPTY(&s->fake.broker->vms)) {
        br_broker_remove_vm(s->fake.broker, TAILQ_FIRST(&s->fake.broker->vms), "a test");
    }
    fake_pump(&s->fake);
    assert_true(TAILQ_EMPTY(&s->fake.broker->dead_vms));
    for (;;) {
        fake_pump(&s->fake);
        assert_int_equal(vgpu_frame_socket_receive(&tool.socket, &frame), 0);
        if (frame->kind_case == VGPU__FRAME__KIND_CTL_END) {
            break;
        }
        rows++;
    }
    assert_true(rows > 0 && rows < VGPU_VMS_MAX);
    fake_peer_close(&tool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_broker_tells_of_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_session_and_its_gpu, setup, teardown),
        cmocka_unit_test_setup_teardown(test_why_no_worker_can_be_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_gpu_that_is_gone_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_machine_and_what_it_did, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_unknown_machine_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_long_answer_comes_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_machine_goes_while_it_is_listed, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
