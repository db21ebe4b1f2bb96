/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine may have: pools, sessions, tokens; GPUs that are drained. */
#include "fake_policy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "vgpu_ops.h"

/* ---- pools ------------------------------------------------------------------ */

static void test_a_machine_sees_its_pool(void **state)
{
    struct stage *s = *state;
    const Vgpu__Welcome *welcome;

    stage_pool(s, "one", 0);
    stage_pool(s, "two", 1);
    stage_set(s, 0, &(struct br_policy){.pool = "one"});
    stage_set(s, 1, &(struct br_policy){.pool = "two"});
    welcome = stage_greet(s, 0, 0)->welcome;
    assert_int_equal(welcome->n_devices, 1);
    assert_memory_equal(welcome->devices[0]->uuid.data, stage_uuid(0), 16);
    welcome = stage_greet(s, 1, 1)->welcome;
    assert_int_equal(welcome->n_devices, 1);
    assert_memory_equal(welcome->devices[0]->uuid.data, stage_uuid(1), 16);
    stage_set(s, 1, &(struct br_policy){.pool = ""});
    assert_int_equal(stage_greet(s, 1, 2)->welcome->n_devices, 2);
}

static void test_an_empty_pool_has_no_device(void **state)
{
    struct stage *s = *state;
    const Vgpu__Frame *frame;

    assert_null(br_pool_set(&s->fake.broker->pools, "none", NULL, 0, NULL));
    stage_set(s, 0, &(struct br_policy){.pool = "none"});
    frame = stage_greet(s, 0, 0);
    assert_int_equal(frame->kind_case, VGPU__FRAME__KIND_REFUSE);
    assert_int_equal(frame->refuse->result, CUDA_ERROR_NO_DEVICE);
}

/* Between Hello and Open the machine was given another pool. */
static void test_a_pool_that_changes_counts_at_open(void **state)
{
    struct stage *s = *state;

    (void)stage_greet(s, 0, 0);
    stage_pool(s, "two", 1);
    stage_set(s, 0, &(struct br_policy){.pool = "two"});
    fake_guest_ask(&s->guest[0], VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_expect(&s->guest[0], VGPU__FRAME__KIND_REFUSE)->refuse->result,
                     CUDA_ERROR_DEVICE_UNAVAILABLE);
    assert_int_equal(s->vm[0]->share.stats.refused, 1);
}

static void test_bad_policies_change_nothing(void **state)
{
    struct stage *s = *state;
    struct br_policy policy = {.pool = "nowhere", .sessions_max = 3};
    char why[256];

    assert_int_equal(br_vm_set_policy(s->vm[0], &policy, why, sizeof(why)), -ENOENT);
    assert_non_null(strstr(why, "\"nowhere\""));
    policy = (struct br_policy){.priority = 101};
    assert_int_equal(br_vm_set_policy(s->vm[0], &policy, why, sizeof(why)), -EINVAL);
    assert_string_equal(why, "priority = 101 is above 100");
    policy = (struct br_policy){.bytes_burst = UINT64_MAX};
    assert_int_equal(br_vm_set_policy(s->vm[0], &policy, why, sizeof(why)), -EINVAL);
    assert_non_null(strstr(why, "bytes_burst = 18446744073709551615 is above"));
    assert_int_equal(s->vm[0]->share.policy.sessions_max, 0);
    assert_false(s->vm[0]->share.known);
}

/* ---- sessions --------------------------------------------------------------- */

static void expect_refused(struct stage *s, int vm, uint32_t channel, const char *reason)
{
    const Vgpu__ChannelRefused *refused;
    int fds[2] = {fake_memory(), -1};

    fds[1] = dup(s->guest[0].doorbell);
    fake_device_ask(&s->device[vm], channel, 1, fds, 2);
    (void)close(fds[0]);
    (void)close(fds[1]);
    fake_pump(&s->fake);
    refused = fake_expect(&s->device[vm], VGPU__FRAME__KIND_CHANNEL_REFUSED)->channel_refused;
    assert_int_equal(refused->result, CUDA_ERROR_DEVICE_UNAVAILABLE);
    assert_string_equal(refused->reason, reason);
}

static void test_sessions_of_a_machine(void **state)
{
    struct stage *s = *state;

    stage_set(s, 0, &(struct br_policy){.sessions_max = 1});
    (void)stage_greet(s, 0, 0);
    expect_refused(s, 0, 3, "the machine has all the sessions that it may have");
    assert_int_equal(s->vm[0]->share.stats.refused, 1);
    (void)stage_greet(s, 1, 1);
    stage_set(s, 0, &(struct br_policy){.sessions_max = 2});
    (void)stage_greet(s, 0, 2);
    fake_device_close_channel(&s->device[0], 0, 1);
    fake_pump(&s->fake);
    assert_int_equal(s->vm[0]->share.sessions, 1);
}

static void test_unknown_machines(void **state)
{
    struct stage *s = *state;

    (void)stage_greet(s, 1, 0);
    s->fake.broker->refuse_unknown = true;
    expect_refused(s, 0, 0, "the registry does not know this machine");
    stage_set(s, 0, &(struct br_policy){.sessions_max = 1});
    (void)stage_greet(s, 0, 1);
}

/* ---- drained GPUs ----------------------------------------------------------- */

static void test_a_drained_gpu(void **state)
{
    struct stage *s = *state;
    struct br_broker *broker = s->fake.broker;

    stage_open(s, 0, 0, 0, NULL);
    (void)stage_greet(s, 0, 1);
    assert_int_equal(br_gpu_set_drained(broker, stage_uuid(0), true), 0);
    assert_string_equal(br_gpu_state(broker, 0), "draining");
    assert_string_equal(br_gpu_state(broker, 1), "up");
    /* Who greeted before is told at Open, a new guest does not see it. */
    fake_guest_ask(&s->guest[1], VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_expect(&s->guest[1], VGPU__FRAME__KIND_REFUSE)->refuse->result,
                     CUDA_ERROR_DEVICE_UNAVAILABLE);
    assert_int_equal(stage_greet(s, 1, 2)->welcome->n_devices, 1);
    /* The session that is there goes on. */
    assert_true(fake_guest_call(&s->guest[0], FAKE_OP, 8));
    fake_pump(&s->fake);
    (void)fake_expect(&s->worker[0], VGPU__FRAME__KIND_SUBMIT);
    fake_device_close_channel(&s->device[0], 0, 1);
    fake_pump(&s->fake);
    stage_reap(s, 0, 0);
    assert_string_equal(br_gpu_state(broker, 0), "drained");
    assert_int_equal(br_gpu_set_drained(broker, stage_uuid(0), false), 0);
    assert_string_equal(br_gpu_state(broker, 0), "up");
}

/* A process that saw both GPUs opens the second one, when its channel's Welcome names that alone.
 */
static void test_a_device_is_opened_by_its_uuid(void **state)
{
    struct stage *s = *state;
    Vgpu__Open open = VGPU__OPEN__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint8_t uuid[16];

    assert_int_equal(br_gpu_set_drained(s->fake.broker, stage_uuid(0), true), 0);
    assert_int_equal(stage_greet(s, 0, 0)->welcome->n_devices, 1);
    fake_worker_ready(&s->fake, &s->gpu[1], &s->worker[0], 1);
    memcpy(uuid, stage_uuid(1), sizeof(uuid));
    open.ordinal = 1;
    open.uuid = (ProtobufCBinaryData){.len = sizeof(uuid), .data = uuid};
    frame.kind_case = VGPU__FRAME__KIND_OPEN;
    frame.open = &open;
    fake_guest_frame(&s->guest[0], &frame);
    fake_pump(&s->fake);
    assert_int_equal(fake_expect(&s->worker[0], VGPU__FRAME__KIND_ATTACH)->attach->ordinal, 1);
    uuid[0] = 77;
    (void)stage_greet(s, 0, 1);
    fake_guest_frame(&s->guest[1], &frame);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_expect(&s->guest[1], VGPU__FRAME__KIND_REFUSE)->refuse->result,
                     CUDA_ERROR_INVALID_DEVICE);
}

static void test_who_waits_for_a_worker_is_refused(void **state)
{
    struct stage *s = *state;

    (void)stage_greet(s, 0, 0);
    fake_guest_ask(&s->guest[0], VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    assert_int_equal(br_gpu_set_drained(s->fake.broker, stage_uuid(0), true), 0);
    assert_int_equal(fake_guest_expect(&s->guest[0], VGPU__FRAME__KIND_REFUSE)->refuse->result,
                     CUDA_ERROR_DEVICE_UNAVAILABLE);
}

/* ---- supervisors that stop ------------------------------------------------- */

static void leave(struct stage *s, int gpu)
{
    Vgpu__Leaving leaving = VGPU__LEAVING__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    frame.kind_case = VGPU__FRAME__KIND_LEAVING;
    frame.leaving = &leaving;
    fake_send(&s->gpu[gpu], &frame);
    fake_pump(&s->fake);
}

/* Sessions go on, spares go, nobody new comes; its next supervisor is like any. */
static void test_a_supervisor_that_leaves(void **state)
{
    struct stage *s = *state;
    struct br_broker *broker = s->fake.broker;

    stage_open(s, 0, 0, 0, NULL);
    (void)stage_greet(s, 0, 1);
    fake_worker_ready(&s->fake, &s->gpu[0], &s->worker[1], 2);
    leave(s, 0);
    assert_int_equal(fake_expect(&s->gpu[0], VGPU__FRAME__KIND_WORKER_KILL)->worker_kill->worker,
                     2);
    assert_string_equal(br_gpu_state(broker, 0), "leaving");
    assert_false(br_gpu_takes(broker, 0));
    assert_false(br_gpu_is_drained(broker, stage_uuid(0)));
    fake_guest_ask(&s->guest[1], VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_expect(&s->guest[1], VGPU__FRAME__KIND_REFUSE)->refuse->result,
                     CUDA_ERROR_DEVICE_UNAVAILABLE);
    assert_int_equal(stage_greet(s, 1, 2)->welcome->n_devices, 1);
    assert_true(fake_guest_call(&s->guest[0], FAKE_OP, 8));
    fake_pump(&s->fake);
    (void)fake_expect(&s->worker[0], VGPU__FRAME__KIND_SUBMIT);
    fake_worker_gone(&s->gpu[0], 2);
    fake_pump(&s->fake);
    assert_int_equal(broker->slots[0].workers_crashed, 0);
    fake_peer_close(&s->gpu[0]);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest[0]), CUDA_ERROR_LAUNCH_FAILED);
    fake_gpu_open(&s->fake, &s->gpu[0], 1);
    assert_string_equal(br_gpu_state(broker, 0), "up");
}

static void test_who_waits_is_refused_when_the_supervisor_leaves(void **state)
{
    struct stage *s = *state;

    (void)stage_greet(s, 0, 0);
    fake_guest_ask(&s->guest[0], VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    leave(s, 0);
    assert_int_equal(fake_guest_expect(&s->guest[0], VGPU__FRAME__KIND_REFUSE)->refuse->result,
                     CUDA_ERROR_DEVICE_UNAVAILABLE);
    leave(s, 0);
    assert_true(fake_is_shut(&s->gpu[0].socket));
}

/* A worker whose pipe stays open has outlived its supervisor: the next one is told, until then. */
static void test_the_next_supervisor_is_told_of_orphans(void **state)
{
    struct stage *s = *state;
    const Vgpu__Registered *registered;

    stage_open(s, 0, 0, 0, NULL);
    stage_open(s, 0, 1, 1, NULL);
    for (int round = 0; round < 2; round++) {
        fake_peer_close(&s->gpu[0]);
        fake_pump(&s->fake);
        fake_gpu_open(&s->fake, &s->gpu[0], 1);
        registered = fake_expect(&s->gpu[0], VGPU__FRAME__KIND_REGISTERED)->registered;
        assert_int_equal(registered->n_orphans, round == 0 ? 1 : 0);
        if (round == 0) {
            assert_int_equal(registered->orphans[0], 1001);
            fake_peer_close(&s->worker[0]);
            fake_pump(&s->fake);
        }
    }
}

static void test_a_drain_survives_the_supervisor(void **state)
{
    struct stage *s = *state;
    uint8_t unknown[16] = {9};
    int rc = 0;

    assert_int_equal(br_gpu_set_drained(s->fake.broker, stage_uuid(0), true), 0);
    fake_peer_close(&s->gpu[0]);
    fake_pump(&s->fake);
    assert_string_equal(br_gpu_state(s->fake.broker, 0), "gone");
    fake_gpu_open(&s->fake, &s->gpu[0], 1);
    assert_string_equal(br_gpu_state(s->fake.broker, 0), "drained");
    assert_int_equal(br_gpu_set_drained(s->fake.broker, unknown, true), 0);
    assert_true(br_gpu_is_drained(s->fake.broker, unknown));
    for (int i = 0; rc == 0; i++) {
        unknown[1] = (uint8_t)i;
        rc = br_gpu_set_drained(s->fake.broker, unknown, true);
    }
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(s->fake.broker->drains.count, BR_DRAINS_MAX);
}

/* ---- tokens ----------------------------------------------------------------- */

/* Submits of one call each that have come. */
static int submits(struct fake_peer *worker)
{
    Vgpu__Frame *frame;
    int count = 0;

    while (vgpu_frame_socket_fill(&worker->socket, MSG_DONTWAIT) > 0) {
    }
    while (vgpu_frame_socket_next(&worker->socket, &frame) > 0) {
        assert_int_equal(frame->kind_case, VGPU__FRAME__KIND_SUBMIT);
        count += (int)(frame->submit->records.len / 24);
    }
    return count;
}

static void call(struct stage *s, int guest)
{
    assert_true(fake_guest_call(&s->guest[guest], FAKE_OP, 8));
    fake_pump(&s->fake);
}

static void test_who_is_out_of_tokens_waits(void **state)
{
    struct stage *s = *state;

    stage_open(s, 0, 0, 0, NULL);
    stage_open(s, 1, 1, 0, NULL);
    stage_set(s, 0, &(struct br_policy){.calls_per_s = 1, .calls_burst = 2});
    for (int i = 0; i < 5; i++) {
        call(s, 0);
        call(s, 1);
    }
    assert_int_equal(submits(&s->worker[0]), 2);
    assert_int_equal(submits(&s->worker[1]), 5);
    assert_int_equal(s->vm[0]->share.stats.throttled, 1);
    assert_int_equal(s->vm[0]->share.stats.processed, 2);
    assert_int_equal(s->vm[0]->share.stats.unknown, 2);
    assert_int_equal(s->vm[1]->share.stats.throttled, 0);
    /* Nothing spins, and the timer is set. */
    assert_true(TAILQ_EMPTY(&s->fake.broker->hot));
    assert_false(s->fake.broker->spinning);
    assert_true(uv_is_active((uv_handle_t *)&s->fake.broker->gate_timer));
    /* A live change lets it go on at once. */
    stage_set(s, 0, &(struct br_policy){.calls_per_s = 0});
    assert_int_equal(submits(&s->worker[0]), 3);
    assert_true(TAILQ_EMPTY(&s->fake.broker->gated));
}

static void test_the_timer_lets_it_go_on(void **state)
{
    struct stage *s = *state;
    uint64_t end_ns = vgpu_clock_ns() + 10 * VGPU_NS_PER_S;
    int count;

    stage_open(s, 0, 0, 0, NULL);
    stage_set(s, 0, &(struct br_policy){.bytes_per_s = 2400, .bytes_burst = 1});
    call(s, 0);
    call(s, 0);
    count = submits(&s->worker[0]);
    assert_int_equal(count, 1);
    while (count < 2 && vgpu_clock_ns() < end_ns) {
        (void)uv_run(&s->fake.loop, UV_RUN_ONCE);
        count += submits(&s->worker[0]);
    }
    assert_int_equal(count, 2);
}

static void copy(struct stage *s, int guest, uint64_t bytes)
{
    struct vgpu_args_vgpuCopyHtoD args = {.bytes = bytes};
    uint8_t record[64];
    ssize_t len = vgpu_put_args_vgpuCopyHtoD(record + VGPU_RECORD_HEADER_BYTES,
                                             sizeof(record) - VGPU_RECORD_HEADER_BYTES, &args);
    struct vgpu_record head = {.op = VGPU_OP_vgpuCopyHtoD};

    assert_true(len > 0);
    head.length = vgpu_record_length((size_t)len);
    memcpy(record, &head, sizeof(head));
    assert_true(fake_guest_put(&s->guest[guest], record, head.length));
}

/* One large copy is taken whole; what follows it waits until it is paid, also in the same batch. */
static void test_copied_data_costs_tokens(void **state)
{
    struct stage *s = *state;
    const struct br_share *share = &s->vm[0]->share;

    stage_open(s, 0, 0, 0, NULL);
    copy(s, 0, 5000);
    fake_pump(&s->fake);
    assert_int_equal(share->stats.moved, 5000);
    stage_set(s, 0, &(struct br_policy){.bytes_per_s = 1000, .bytes_burst = 10000});
    copy(s, 0, 4000);
    copy(s, 0, 8 * MIB);
    copy(s, 0, 1);
    copy(s, 0, UINT64_MAX);
    fake_pump(&s->fake);
    assert_int_equal(share->stats.processed, 3);
    assert_int_equal(share->stats.moved, 9000 + 8 * MIB);
    assert_int_equal(share->stats.throttled, 1);
    assert_true(share->bytes.tokens < -8 * (int64_t)MIB + 10000);
    /* A length that cannot be is the window's at most. */
    stage_set(s, 0, &(struct br_policy){.bytes_per_s = 0});
    assert_int_equal(share->stats.processed, 5);
    assert_int_equal(share->stats.moved, 9001 + 8 * MIB + FAKE_CHANNEL_BYTES);
}

/* Many calls in one batch are not taken on credit. */
static void test_a_batch_ends_where_the_tokens_do(void **state)
{
    struct stage *s = *state;

    stage_open(s, 0, 0, 0, NULL);
    stage_set(s, 0, &(struct br_policy){.calls_per_s = 1, .calls_burst = 3});
    for (int i = 0; i < 10; i++) {
        copy(s, 0, 0);
    }
    fake_pump(&s->fake);
    assert_int_equal(s->vm[0]->share.stats.processed, 3);
    assert_int_equal(s->vm[0]->share.calls.tokens, 0);
    stage_set(s, 0, &(struct br_policy){.calls_per_s = 0});
    assert_int_equal(s->vm[0]->share.stats.processed, 10);
}

static void test_who_waits_may_end(void **state)
{
    struct stage *s = *state;

    stage_open(s, 0, 0, 0, NULL);
    stage_set(s, 0, &(struct br_policy){.calls_per_s = 1});
    call(s, 0);
    call(s, 0);
    assert_false(TAILQ_EMPTY(&s->fake.broker->gated));
    fake_device_close_channel(&s->device[0], 0, 1);
    fake_pump(&s->fake);
    assert_true(TAILQ_EMPTY(&s->fake.broker->gated));
    stage_set(s, 0, &(struct br_policy){.calls_per_s = 0});
}

/* ---- figures ---------------------------------------------------------------- */

static void test_figures_of_pools_and_gpus(void **state)
{
    struct stage *s = *state;
    struct br_broker *broker = s->fake.broker;

    stage_set(s, 1, &(struct br_policy){.pool = "B"});
    stage_open(s, 0, 0, 0, NULL);
    stage_open(s, 1, 1, 1, NULL);
    call(s, 0);
    call(s, 0);
    call(s, 1);
    assert_int_equal(br_pool_find(&broker->pools, "A")->processed, 2);
    assert_int_equal(br_pool_find(&broker->pools, "B")->processed, 1);
    assert_int_equal(broker->slots[0].processed, 2);
    assert_int_equal(broker->slots[1].processed, 1);
    assert_int_equal(broker->slots[0].workers_started, 1);
    assert_int_equal(s->vm[0]->share.stats.bytes_in, 48);
    assert_true(s->vm[0]->share.stats.doorbells > 0);
    stage_reap(s, 0, 0);
    assert_int_equal(broker->slots[0].workers_crashed, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_machine_sees_its_pool),
        TEST(test_an_empty_pool_has_no_device),
        TEST(test_a_pool_that_changes_counts_at_open),
        TEST(test_bad_policies_change_nothing),
        TEST(test_sessions_of_a_machine),
        TEST(test_unknown_machines),
        TEST(test_a_drained_gpu),
        TEST(test_a_device_is_opened_by_its_uuid),
        TEST(test_who_waits_for_a_worker_is_refused),
        TEST(test_a_supervisor_that_leaves),
        TEST(test_who_waits_is_refused_when_the_supervisor_leaves),
        TEST(test_the_next_supervisor_is_told_of_orphans),
        TEST(test_a_drain_survives_the_supervisor),
        TEST(test_who_is_out_of_tokens_waits),
        TEST(test_the_timer_lets_it_go_on),
        TEST(test_copied_data_costs_tokens),
        TEST(test_a_batch_ends_where_the_tokens_do),
        TEST(test_who_waits_may_end),
        TEST(test_figures_of_pools_and_gpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
