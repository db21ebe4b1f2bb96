/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine is told of its use: its own sessions, what workers say of them, what is left. */
#include "fake_vm.h"

#include <string.h>

#include "common/fd.h"

#define MIB ((uint64_t)1 << 20)

struct stage {
    struct fake fake;
    struct br_vm *vm;
    struct fake_peer device;
    struct fake_peer gpu;
    struct fake_peer worker;
    struct fake_peer second_worker;
    struct fake_guest guest;   /* of the machine, with a worker */
    struct fake_guest asker;   /* of the machine, without */
    struct fake_guest local;   /* of this host, with a worker */
    struct fake_guest watcher; /* of this host, without */
};

static struct stage stage;

static int setup(void **state)
{
    memset(&stage, 0, sizeof(stage));
    fake_init(&stage.fake);
    stage.vm = br_broker_add_vm(stage.fake.broker, "alpha");
    assert_non_null(stage.vm);
    fake_device_open(&stage.fake, stage.vm, &stage.device);
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;

    fake_fini(&s->fake);
    fake_guest_close(&s->guest);
    fake_guest_close(&s->asker);
    fake_guest_close(&s->local);
    fake_guest_close(&s->watcher);
    fake_peer_close(&s->device);
    fake_peer_close(&s->gpu);
    fake_peer_close(&s->worker);
    fake_peer_close(&s->second_worker);
    return 0;
}

static void greet(struct stage *s, struct fake_guest *guest)
{
    fake_guest_hello(guest);
    fake_pump(&s->fake);
    (void)fake_guest_expect(guest, VGPU__FRAME__KIND_WELCOME);
}

static void open_worker(struct stage *s, struct fake_guest *guest, struct fake_peer *worker,
                        uint32_t id)
{
    int memfd;

    fake_worker_ready(&s->fake, &s->gpu, worker, id);
    fake_guest_ask(guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    (void)fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_TAKEN);
    (void)fake_expect(worker, VGPU__FRAME__KIND_ATTACH);
    memfd = vgpu_frame_socket_take_fd(&worker->socket);
    vgpu_fd_close(&memfd);
    fake_attached(worker, 0);
    fake_pump(&s->fake);
    (void)fake_guest_expect(guest, VGPU__FRAME__KIND_OPENED);
}

static void use(struct stage *s, struct fake_peer *worker, uint64_t bytes)
{
    Vgpu__Usage usage = VGPU__USAGE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    usage.memory_used = bytes;
    frame.kind_case = VGPU__FRAME__KIND_USAGE;
    frame.usage = &usage;
    fake_send(worker, &frame);
    fake_pump(&s->fake);
}

static const Vgpu__Surveyed *ask(struct stage *s, struct fake_guest *guest)
{
    fake_guest_ask(guest, VGPU__FRAME__KIND_SURVEY);
    fake_pump(&s->fake);
    return fake_guest_expect(guest, VGPU__FRAME__KIND_SURVEYED)->surveyed;
}

/* A machine and this host, each with one process that has a worker and one that asks. */
static void populate(struct stage *s)
{
    fake_gpu_open(&s->fake, &s->gpu, 1);
    (void)fake_expect(&s->gpu, VGPU__FRAME__KIND_REGISTERED);
    fake_vm_guest_open(&s->fake, &s->device, 0, 1, &s->guest);
    greet(s, &s->guest);
    open_worker(s, &s->guest, &s->worker, 1);
    fake_guest_open(&s->fake, &s->local);
    greet(s, &s->local);
    open_worker(s, &s->local, &s->second_worker, 2);
    fake_vm_guest_open(&s->fake, &s->device, 1, 1, &s->asker);
    greet(s, &s->asker);
    fake_guest_open(&s->fake, &s->watcher);
    greet(s, &s->watcher);
}

static void set_memory(struct stage *s, uint64_t total, uint64_t quota)
{
    s->fake.broker->slots[0].gpu->facts->total_memory = total;
    s->fake.broker->slots[0].gpu->memory_quota = quota;
}

static void test_a_machine_sees_its_own(void **state)
{
    struct stage *s = *state;
    const Vgpu__Surveyed *told;

    populate(s);
    set_memory(s, 1000 * MIB, 1000 * MIB);
    use(s, &s->worker, 100 * MIB);
    use(s, &s->second_worker, 30 * MIB);
    told = ask(s, &s->asker);
    assert_int_equal(told->n_used, 1);
    assert_int_equal(told->used[0], 100 * MIB);
    assert_int_equal(told->free[0], 900 * MIB);
    assert_int_equal(told->n_process, 1);
    assert_int_equal(told->n_ordinal, 1);
    assert_int_equal(told->process_used[0], 100 * MIB);
    told = ask(s, &s->watcher);
    assert_int_equal(told->used[0], 30 * MIB);
    assert_int_equal(told->free[0], 970 * MIB);
    assert_int_equal(told->n_process, 1);
}

static void test_without_quota_others_leave_less(void **state)
{
    struct stage *s = *state;
    const Vgpu__Surveyed *told;

    populate(s);
    set_memory(s, 1000 * MIB, 0);
    use(s, &s->worker, 100 * MIB);
    use(s, &s->second_worker, 30 * MIB);
    told = ask(s, &s->asker);
    assert_int_equal(told->used[0], 100 * MIB);
    assert_int_equal(told->free[0], 870 * MIB);
    assert_int_equal(told->n_process, 1);
}

static void test_a_worker_that_exaggerates_has_the_card(void **state)
{
    struct stage *s = *state;
    const Vgpu__Surveyed *told;

    populate(s);
    set_memory(s, 1000 * MIB, 0);
    use(s, &s->worker, UINT64_MAX);
    use(s, &s->second_worker, UINT64_MAX);
    told = ask(s, &s->asker);
    assert_int_equal(told->used[0], 1000 * MIB);
    assert_int_equal(told->free[0], 0);
}

static void test_what_ended_holds_nothing(void **state)
{
    struct stage *s = *state;
    const Vgpu__Surveyed *told;

    populate(s);
    set_memory(s, 1000 * MIB, 0);
    use(s, &s->second_worker, 30 * MIB);
    fake_guest_close(&s->local);
    fake_pump(&s->fake);
    told = ask(s, &s->watcher);
    assert_int_equal(told->used[0], 0);
    assert_int_equal(told->n_process, 0);
}

static void test_a_lost_gpu_has_nothing(void **state)
{
    struct stage *s = *state;
    const Vgpu__Surveyed *told;

    populate(s);
    set_memory(s, 1000 * MIB, 0);
    use(s, &s->worker, 100 * MIB);
    fake_peer_close(&s->gpu);
    fake_pump(&s->fake);
    told = ask(s, &s->asker);
    assert_int_equal(told->n_used, 1);
    assert_int_equal(told->used[0], 0);
    assert_int_equal(told->free[0], 0);
    assert_int_equal(told->n_process, 0);
}

static void test_many_questions_are_answered_one_by_one(void **state)
{
    struct stage *s = *state;

    populate(s);
    for (int i = 0; i < 100; i++) {
        fake_guest_ask(&s->asker, VGPU__FRAME__KIND_SURVEY);
    }
    for (int i = 0; i < 100; i++) {
        fake_pump(&s->fake);
        (void)fake_guest_expect(&s->asker, VGPU__FRAME__KIND_SURVEYED);
    }
}

static void test_a_session_with_a_worker_may_not_ask(void **state)
{
    struct stage *s = *state;

    populate(s);
    fake_guest_ask(&s->local, VGPU__FRAME__KIND_SURVEY);
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&s->local.socket));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_machine_sees_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_quota_others_leave_less, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_worker_that_exaggerates_has_the_card, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_ended_holds_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_gpu_has_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_questions_are_answered_one_by_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_session_with_a_worker_may_not_ask, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
