/* SPDX-License-Identifier: Apache-2.0 */
/* A worker with a ledger: it asks before it takes, gives back what it does not use, never waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_fixture.h"

#include "executor/worker/exit_status.h"
#include "proto/cuda_enums.h"

#define MIB    ((uint64_t)1 << 20)
#define STEP   ((uint64_t)VGPU_MEMORY_STEP)
#define QUOTA  (1024 * MIB)
#define ANSWER VGPU_RECORD_ANSWER

static void start(struct fixture *f)
{
    fixture_start(f);
    f->quota = QUOTA;
    f->ledger = true;
    assert_int_equal(fixture_attach(f, FIXTURE_CANDIDATE, true), CUDA_SUCCESS);
}

static void ask_for(struct fixture *f, uint64_t bytes)
{
    SEND(f, cuMemAlloc_v2, ANSWER, .bytesize = bytes);
}

static void expect_ask(struct fixture *f, uint64_t bytes, uint64_t least)
{
    const Vgpu__MemoryAsk *ask = fixture_frame(f, VGPU__FRAME__KIND_MEMORY_ASK)->memory_ask;

    assert_int_equal(ask->bytes, bytes);
    assert_int_equal(ask->least, least);
}

static void grant(struct fixture *f, uint64_t bytes, uint64_t others)
{
    Vgpu__MemoryGrant message = VGPU__MEMORY_GRANT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.bytes = bytes;
    message.others = others;
    frame.kind_case = VGPU__FRAME__KIND_MEMORY_GRANT;
    frame.memory_grant = &message;
    assert_int_equal(vgpu_frame_socket_send(&f->socket, &frame, NULL, 0), 0);
}

static uint64_t recall(struct fixture *f, uint64_t quota)
{
    Vgpu__MemoryRecall message = VGPU__MEMORY_RECALL__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    const Vgpu__MemoryGive *give;

    message.quota = quota;
    frame.kind_case = VGPU__FRAME__KIND_MEMORY_RECALL;
    frame.memory_recall = &message;
    assert_int_equal(vgpu_frame_socket_send(&f->socket, &frame, NULL, 0), 0);
    give = fixture_frame(f, VGPU__FRAME__KIND_MEMORY_GIVE)->memory_give;
    assert_true(give->recalled);
    return give->bytes;
}

static int answered(struct fixture *f, uint64_t *address)
{
    uint64_t none;

    return fixture_answer(f, NULL, address != NULL ? address : &none, sizeof(none));
}

static void test_asks_in_steps(void **state)
{
    static struct fixture f;

    (void)state;
    start(&f);
    ask_for(&f, 2 * MIB);
    expect_ask(&f, STEP, 2 * MIB);
    grant(&f, STEP, 0);
    assert_int_equal(answered(&f, NULL), CUDA_SUCCESS);
    /* Inside what it has nobody is asked. */
    ask_for(&f, 60 * MIB);
    assert_int_equal(answered(&f, NULL), CUDA_SUCCESS);
    ask_for(&f, 100 * MIB);
    expect_ask(&f, 2 * STEP, 98 * MIB);
    grant(&f, 0, 0);
    assert_int_equal(answered(&f, NULL), CUDA_ERROR_OUT_OF_MEMORY);
    assert_int_equal(f.usage, 62 * MIB);
    /* More than the quota is no question. */
    ask_for(&f, QUOTA);
    assert_int_equal(answered(&f, NULL), CUDA_ERROR_OUT_OF_MEMORY);
    fixture_end(&f);
}

/* While one allocation waits for the broker, another call is answered. */
static void test_the_dispatcher_does_not_wait(void **state)
{
    static struct fixture f;

    (void)state;
    start(&f);
    ask_for(&f, 2 * MIB);
    expect_ask(&f, STEP, 2 * MIB);
    SEND(&f, cuMemFree_v2, ANSWER, .dptr = 64);
    assert_int_equal(answered(&f, NULL), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(recall(&f, QUOTA), 0);
    grant(&f, STEP, 0);
    (void)fixture_frame(&f, VGPU__FRAME__KIND_COMPLETE);
    assert_int_equal(f.usage, 2 * MIB);
    fixture_end(&f);
}

static void test_gives_back(void **state)
{
    static struct fixture f;
    uint64_t address = 0;

    (void)state;
    start(&f);
    ask_for(&f, 4 * STEP);
    expect_ask(&f, 4 * STEP, 4 * STEP);
    grant(&f, 4 * STEP, 0);
    assert_int_equal(answered(&f, &address), CUDA_SUCCESS);
    SEND(&f, cuMemFree_v2, ANSWER, .dptr = address);
    assert_int_equal(fixture_frame(&f, VGPU__FRAME__KIND_MEMORY_GIVE)->memory_give->bytes,
                     3 * STEP);
    assert_int_equal(answered(&f, NULL), CUDA_SUCCESS);
    assert_int_equal(recall(&f, QUOTA), STEP);
    assert_int_equal(recall(&f, QUOTA), 0);
    fixture_end(&f);
}

/* A session without a ledger gets one by the first recall, with the new quota. */
static void test_a_quota_comes_later(void **state)
{
    static struct fixture f;

    (void)state;
    fixture_start(&f);
    assert_int_equal(fixture_attach(&f, FIXTURE_CANDIDATE, true), CUDA_SUCCESS);
    ask_for(&f, 2 * MIB);
    assert_int_equal(answered(&f, NULL), CUDA_SUCCESS);
    assert_int_equal(recall(&f, 100 * MIB), VGPU_MEMORY_ALL - 2 * MIB);
    ask_for(&f, 2 * MIB);
    expect_ask(&f, STEP, 2 * MIB);
    grant(&f, 2 * MIB, 0);
    assert_int_equal(answered(&f, NULL), CUDA_SUCCESS);
    ask_for(&f, 98 * MIB);
    assert_int_equal(answered(&f, NULL), CUDA_ERROR_OUT_OF_MEMORY);
    fixture_end(&f);
}

static void test_a_grant_that_nobody_asked_for(void **state)
{
    static struct fixture f;

    (void)state;
    start(&f);
    grant(&f, STEP, 0);
    assert_int_equal(fixture_wait(&f), EX_EXIT_BROKEN);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asks_in_steps),
        cmocka_unit_test(test_the_dispatcher_does_not_wait),
        cmocka_unit_test(test_gives_back),
        cmocka_unit_test(test_a_quota_comes_later),
        cmocka_unit_test(test_a_grant_that_nobody_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
