/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "executor/worker/exit_status.h"
#include "executor/worker/stream.h"
#include "proto/address.h"
#include "proto/handle.h"
#include "session_fixture.h"

#define STREAM vgpu_handle_make(VGPU_HANDLE_STREAM, 1, 1)
#define EVENT  vgpu_handle_make(VGPU_HANDLE_EVENT, 1, 0)
#define DATA   VGPU_CHANNEL_DATA_OFFSET
#define ANSWER VGPU_RECORD_ANSWER

static struct fixture f;

static int start_attached(void **state)
{
    (void)state;
    fixture_start(&f);
    assert_int_equal(fixture_attach(&f, FIXTURE_CANDIDATE, true), 0);
    return 0;
}

static int start(void **state)
{
    (void)state;
    fixture_start(&f);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fixture_end(&f);
    return 0;
}

static uint64_t allocate(uint64_t bytes)
{
    uint64_t ptr = 0;

    SEND(&f, cuMemAlloc_v2, ANSWER, .bytesize = bytes);
    assert_int_equal(fixture_answer(&f, NULL, &ptr, sizeof(ptr)), 0);
    return ptr;
}

static void make_stream(void)
{
    SEND(&f, cuStreamCreateWithPriority, ANSWER, .stream = STREAM);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
}

static void test_attach_unsealed_memfd_refused(void **state)
{
    (void)state;
    assert_int_equal(fixture_attach(&f, FIXTURE_CANDIDATE, false), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(fixture_wait(&f), EX_EXIT_BROKEN);
}

static void test_attach_unknown_candidate_refused(void **state)
{
    (void)state;
    assert_int_equal(fixture_attach(&f, 99, true), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(fixture_wait(&f), EX_EXIT_BROKEN);
}

static void test_submit_before_attach_ends_session(void **state)
{
    (void)state;
    SEND(&f, cuMemAlloc_v2, ANSWER, .bytesize = 1);
    assert_int_equal(fixture_wait(&f), EX_EXIT_BROKEN);
}

static void test_pipe_closed_ends_quietly(void **state)
{
    (void)state;
    vgpu_frame_socket_fini(&f.socket);
    vgpu_frame_socket_init(&f.socket, -1);
    assert_int_equal(fixture_wait(&f), EX_EXIT_PEER);
}

static void test_alloc_lies_in_arena_and_is_freed_once(void **state)
{
    uint64_t ptr = allocate(100);

    (void)state;
    assert_true(ptr >= vgpu_address_candidates[FIXTURE_CANDIDATE].arena_base);
    SEND(&f, cuMemFree_v2, ANSWER, .dptr = ptr);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    /* The guest has waited; the dispatcher must not. */
    assert_int_equal(fake_calls(FAKE_cuCtxSynchronize), 0);
    SEND(&f, cuMemFree_v2, ANSWER, .dptr = ptr);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

/* Ahead of the answer; small allocations share a block, of which the last stays. */
static void test_memory_in_use_is_told(void **state)
{
    uint64_t big;

    (void)state;
    (void)allocate(100);
    assert_int_equal(f.usage, 2u << 20);
    big = allocate(8u << 20);
    assert_int_equal(f.usage, 10u << 20);
    SEND(&f, cuMemFree_v2, ANSWER, .dptr = big);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_int_equal(f.usage, 2u << 20);
}

static void test_bad_handles_answered_400(void **state)
{
    (void)state;
    SEND(&f, cuStreamQuery, ANSWER, .stream = STREAM);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
    SEND(&f, cuEventQuery, ANSWER, .event = STREAM);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
    SEND(&f, cuLaunchKernel, ANSWER, .function = 5, .grid_x = 1);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
    SEND(&f, cuStreamCreateWithPriority, ANSWER, .stream = EVENT);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
    SEND(&f, cuModuleUnload, ANSWER, .module = 0);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
    SEND(&f, cuModuleGetFunction, ANSWER, .module = 77);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
}

static void test_index_of_legacy_stream_not_accepted(void **state)
{
    (void)state;
    SEND(&f, cuStreamCreateWithPriority, ANSWER,
         .stream = vgpu_handle_make(VGPU_HANDLE_STREAM, 1, 0));
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
}

static void test_fill_out_of_range_never_reaches_driver(void **state)
{
    uint64_t ptr = allocate(100);

    (void)state;
    SEND(&f, cuMemsetD8Async, ANSWER, .dst = ptr, .count = 100);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    SEND(&f, cuMemsetD8Async, ANSWER, .dst = ptr, .count = 101);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
    SEND(&f, cuMemsetD8Async, ANSWER, .dst = ptr + 1, .count = UINT64_MAX);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
    SEND(&f, cuMemsetD8Async, ANSWER, .dst = 0x1000, .count = 1);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(fake_calls(FAKE_cuMemsetD8Async), 1);
}

/* The n-th stream of an index, with work that is not done when it ends. */
static void end_stream_with_work(uint32_t generation, uint64_t memory)
{
    uint64_t stream = vgpu_handle_make(VGPU_HANDLE_STREAM, generation, 1);

    CALL(&f, cuStreamCreateWithPriority, 0, .stream = stream);
    CALL(&f, cuMemsetD8Async, 0, .dst = memory, .count = 1, .stream = stream);
    CALL(&f, cuStreamDestroy_v2, 0, .stream = stream);
    if (f.used > sizeof(f.batch) / 2) {
        fixture_submit(&f);
    }
}

static int next_stream(uint32_t generation)
{
    SEND(&f, cuStreamCreateWithPriority, ANSWER,
         .stream = vgpu_handle_make(VGPU_HANDLE_STREAM, generation, 1));
    return fixture_answer(&f, NULL, NULL, 0);
}

static void test_streams_that_ended_with_work_are_bounded(void **state)
{
    uint64_t memory = allocate(64);
    uint32_t number = 0;

    (void)state;
    fake_answer(FAKE_cuEventQuery, CUDA_ERROR_NOT_READY);
    while (number < EX_STREAMS_ENDED_MAX) {
        end_stream_with_work(++number, memory);
    }
    assert_int_equal(next_stream(number + 1), CUDA_ERROR_OUT_OF_MEMORY);
    fake_answer(FAKE_cuEventQuery, CUDA_SUCCESS);
    while (next_stream(number + 1) == CUDA_ERROR_OUT_OF_MEMORY) {
    }
    SEND(&f, cuStreamDestroy_v2, ANSWER,
         .stream = vgpu_handle_make(VGPU_HANDLE_STREAM, number + 1, 1));
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
}

static void test_copy_needs_a_registered_slab(void **state)
{
    uint64_t ptr = allocate(4096);

    (void)state;
    SEND(&f, vgpuCopyHtoD, ANSWER, .dst = ptr, .offset = DATA, .bytes = 4096);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
    SEND(&f, vgpuHostRegister, ANSWER, .offset = DATA, .bytes = 4096);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    SEND(&f, vgpuCopyHtoD, ANSWER, .dst = ptr, .offset = DATA, .bytes = 4096);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    SEND(&f, vgpuCopyDtoH, ANSWER, .src = ptr, .offset = DATA + 1, .bytes = 4096);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
    SEND(&f, vgpuHostUnregister, ANSWER, .offset = DATA);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    SEND(&f, vgpuCopyHtoD, ANSWER, .dst = ptr, .offset = DATA, .bytes = 1);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

static void test_host_register_refuses_what_is_no_data(void **state)
{
    static const struct {
        uint64_t offset;
        uint64_t bytes;
        int want;
    } cases[] = {
        {DATA, 8192, 0},
        {DATA + 4096, 4096, CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED},
        {DATA - 4096, 4096, CUDA_ERROR_INVALID_VALUE}, /* the submission ring */
        {VGPU_CHANNEL_FENCES_OFFSET, 4096, CUDA_ERROR_INVALID_VALUE},
        {DATA + 8192 + 1, 4096, CUDA_ERROR_INVALID_VALUE},
        {DATA + 8192, 100, CUDA_ERROR_INVALID_VALUE},
        {DATA + 8192, 0, CUDA_ERROR_INVALID_VALUE},
        {TEST_CHANNEL_BYTES, 4096, CUDA_ERROR_INVALID_VALUE},
        {UINT64_MAX & ~4095ull, 8192, CUDA_ERROR_INVALID_VALUE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SEND(&f, vgpuHostRegister, ANSWER, .offset = cases[i].offset, .bytes = cases[i].bytes);
        assert_int_equal(fixture_answer(&f, NULL, NULL, 0), cases[i].want);
    }
    SEND(&f, vgpuHostUnregister, ANSWER, .offset = DATA + 4096);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
}

static void test_unknown_operation_answered_801(void **state)
{
    uint16_t flags = 0;

    (void)state;
    fixture_add(&f, 0x12345678, ANSWER, NULL, 0);
    fixture_submit(&f);
    assert_int_equal(fixture_answer(&f, &flags, NULL, 0), CUDA_ERROR_NOT_SUPPORTED);
    assert_int_equal(flags, VGPU_RECORD_UNKNOWN);
}

static void test_unknown_one_way_operation_is_fatal(void **state)
{
    (void)state;
    fixture_add(&f, 0x12345678, 0, NULL, 0);
    fixture_submit(&f);
    assert_int_equal(fixture_frame(&f, VGPU__FRAME__KIND_FATAL)->fatal->result,
                     CUDA_ERROR_LAUNCH_FAILED);
    assert_int_equal(fixture_wait(&f), EX_EXIT_STICKY);
}

static void test_truncated_body_ends_session(void **state)
{
    uint8_t body[8] = {0};

    (void)state;
    fixture_add(&f, VGPU_OP_cuMemsetD8Async, ANSWER, body, sizeof(body));
    fixture_submit(&f);
    assert_int_equal(fixture_wait(&f), EX_EXIT_BROKEN);
}

static void test_truncated_body_of_blocking_call_ends_session(void **state)
{
    (void)state;
    fixture_add(&f, VGPU_OP_cuModuleUnload, ANSWER, NULL, 0);
    fixture_submit(&f);
    assert_int_equal(fixture_wait(&f), EX_EXIT_BROKEN);
}

static void test_truncated_record_ends_session(void **state)
{
    (void)state;
    CALL(&f, cuMemAlloc_v2, ANSWER, .bytesize = 1);
    f.used -= 8;
    fixture_submit(&f);
    assert_int_equal(fixture_wait(&f), EX_EXIT_BROKEN);
}

static void test_refused_one_way_call_is_fatal(void **state)
{
    uint64_t ptr = allocate(64);
    const Vgpu__Fatal *fatal;

    (void)state;
    fake_answer(FAKE_cuMemsetD8Async, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
    SEND(&f, cuMemsetD8Async, 0, .dst = ptr, .count = 1);
    fatal = fixture_frame(&f, VGPU__FRAME__KIND_FATAL)->fatal;
    assert_int_equal(fatal->result, CUDA_ERROR_LAUNCH_FAILED);
    assert_non_null(strstr(fatal->reason, "cuMemsetD8Async"));
    assert_non_null(strstr(fatal->reason, "(701)"));
    assert_int_equal(atomic_load(&vgpu_channel_state(f.channel)->error), CUDA_ERROR_LAUNCH_FAILED);
    assert_int_equal(fixture_wait(&f), EX_EXIT_STICKY);
}

static void test_sticky_result_is_answered_then_fatal(void **state)
{
    (void)state;
    fake_answer(FAKE_cuCtxSynchronize, CUDA_ERROR_ILLEGAL_ADDRESS);
    SEND(&f, cuCtxSynchronize, ANSWER, .none = 0);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_ILLEGAL_ADDRESS);
    assert_int_equal(fixture_frame(&f, VGPU__FRAME__KIND_FATAL)->fatal->result,
                     CUDA_ERROR_ILLEGAL_ADDRESS);
    assert_int_equal(fixture_wait(&f), EX_EXIT_STICKY);
}

static void test_depth_exceeded_ends_session(void **state)
{
    uint64_t ptr = allocate(64);

    (void)state;
    make_stream();
    fake_answer(FAKE_cuEventQuery, CUDA_ERROR_NOT_READY);
    for (unsigned int i = 0; i < VGPU_STREAM_DEPTH_WORKER; i++) {
        CALL(&f, cuMemsetD8Async, 0, .dst = ptr, .count = 1, .stream = STREAM);
        if (f.used > sizeof(f.batch) - 256) {
            fixture_submit(&f);
        }
    }
    fixture_submit(&f);
    assert_int_equal(fixture_wait(&f), EX_EXIT_BROKEN);
    /* The driver blocks at the 1,022nd entry: marks and operations together stay below. */
    assert_true(fake_calls(FAKE_cuMemsetD8Async) + fake_calls(FAKE_cuEventRecordWithFlags) <=
                VGPU_STREAM_DEPTH_WORKER);
}

static void test_honest_depth_goes_on_and_progress_is_published(void **state)
{
    uint64_t ptr = allocate(64);

    (void)state;
    make_stream();
    for (unsigned int i = 0; i < 4000; i++) {
        CALL(&f, cuMemsetD8Async, 0, .dst = ptr, .count = 1, .stream = STREAM);
        if (i % 500 == 499) {
            fixture_submit(&f);
        }
    }
    SEND(&f, vgpuFence, 0, .stream = STREAM, .lane = 5, .value = 9);
    while (atomic_load(vgpu_channel_progress(f.channel, 1)) != 4000) {
        (void)fixture_frame(&f, VGPU__FRAME__KIND_WAKE);
    }
    assert_int_equal(atomic_load(vgpu_channel_fence(f.channel, 5)), 9);
}

static void test_new_stream_of_an_index_goes_on_counting(void **state)
{
    uint64_t ptr = allocate(64);

    (void)state;
    make_stream();
    for (unsigned int i = 0; i < 10; i++) {
        CALL(&f, cuMemsetD8Async, 0, .dst = ptr, .count = 1, .stream = STREAM);
    }
    SEND(&f, cuStreamDestroy_v2, 0, .stream = STREAM);
    SEND(&f, cuStreamCreateWithPriority, ANSWER,
         .stream = vgpu_handle_make(VGPU_HANDLE_STREAM, 2, 1));
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_int_equal(atomic_load(vgpu_channel_progress(f.channel, 1)), 10);
}

static void test_fence_written_by_worker_when_gpu_cannot(void **state)
{
    (void)state;
    make_stream();
    fake_answer(FAKE_cuStreamWriteValue64_v2, CUDA_ERROR_NOT_SUPPORTED);
    SEND(&f, vgpuFence, 0, .stream = STREAM, .lane = 2, .value = 4);
    (void)fixture_frame(&f, VGPU__FRAME__KIND_WAKE);
    assert_int_equal(atomic_load(vgpu_channel_fence(f.channel, 2)), 4);
}

static void test_fence_of_legacy_stream_is_polled_behind_other_work(void **state)
{
    uint64_t ptr = allocate(64);

    (void)state;
    make_stream();
    CALL(&f, cuMemsetD8Async, 0, .dst = ptr, .count = 1, .stream = STREAM);
    SEND(&f, vgpuFence, 0, .stream = 0, .lane = 2, .value = 4);
    (void)fixture_frame(&f, VGPU__FRAME__KIND_WAKE);
    assert_int_equal(atomic_load(vgpu_channel_fence(f.channel, 2)), 4);
    assert_int_equal(fake_calls(FAKE_cuStreamWriteValue64_v2), 0);
    assert_true(fake_calls(FAKE_cuStreamQuery) > 0);
    CALL(&f, cuMemsetD8Async, 0, .dst = ptr, .count = 1, .stream = 0);
    SEND(&f, vgpuFence, 0, .stream = 0, .lane = 2, .value = 5);
    (void)fixture_frame(&f, VGPU__FRAME__KIND_WAKE);
    assert_int_equal(fake_calls(FAKE_cuStreamWriteValue64_v2), 1);
}

static void test_event_wait_survives_destroy(void **state)
{
    (void)state;
    fake_answer(FAKE_cuEventQuery, CUDA_ERROR_NOT_READY);
    CALL(&f, cuEventCreate, 0, .event = EVENT);
    CALL(&f, cuEventRecordWithFlags, 0, .event = EVENT);
    CALL(&f, vgpuEventWait, 0, .event = EVENT, .lane = 1, .value = 1);
    CALL(&f, cuEventRecordWithFlags, 0, .event = EVENT);
    CALL(&f, cuEventDestroy_v2, 0, .event = EVENT);
    SEND(&f, cuEventQuery, ANSWER, .event = EVENT);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
    /* Recorded again while it was waited for: another event of the driver. */
    assert_int_equal(fake_calls(FAKE_cuEventCreate), 2);
    fake_answer(FAKE_cuEventQuery, CUDA_SUCCESS);
    (void)fixture_frame(&f, VGPU__FRAME__KIND_WAKE);
    assert_int_equal(atomic_load(vgpu_channel_fence(f.channel, 1)), 1);
}

static void test_sticky_error_found_while_a_guest_waits(void **state)
{
    (void)state;
    make_stream();
    fake_answer(FAKE_cuEventQuery, CUDA_ERROR_NOT_READY);
    SEND(&f, vgpuFence, 0, .stream = STREAM, .lane = 0, .value = 1);
    fake_answer(FAKE_cuEventQuery, CUDA_ERROR_LAUNCH_FAILED);
    assert_int_equal(fixture_frame(&f, VGPU__FRAME__KIND_FATAL)->fatal->result,
                     CUDA_ERROR_LAUNCH_FAILED);
    assert_int_equal(fixture_wait(&f), EX_EXIT_STICKY);
}

static void test_fence_of_a_lane_beyond_the_table_is_fatal(void **state)
{
    (void)state;
    SEND(&f, vgpuFence, 0, .stream = 0, .lane = VGPU_FENCES_MAX, .value = 1);
    assert_int_equal(fixture_frame(&f, VGPU__FRAME__KIND_FATAL)->fatal->result,
                     CUDA_ERROR_LAUNCH_FAILED);
}

static uint64_t load_module(const char *text, uint64_t size, int want)
{
    static uint8_t ret[VGPU_RECORD_BYTES_MAX];
    struct vgpu_ret_cuModuleLoadDataEx loaded = {.module = 0};

    memcpy(f.channel + DATA, text, size);
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_offset = DATA, .image_size = size,
         .error_log_size = 100);
    memset(ret, 0, sizeof(ret));
    assert_int_equal(fixture_answer(&f, NULL, ret, sizeof(ret)), want);
    memcpy(&loaded.module, ret, sizeof(loaded.module));
    return loaded.module;
}

static void test_module_function_and_launch(void **state)
{
    uint64_t module = load_module(".version 6.4", 12, 0);
    uint64_t function = 0;
    uint64_t params[2] = {0xabcd, 1};

    (void)state;
    SEND(&f, cuModuleGetFunction, ANSWER, .module = module, .name = (const uint8_t *)"k",
         .name_len = 1);
    assert_int_equal(fixture_answer(&f, NULL, &function, sizeof(function)), 0);
    SEND(&f, cuLaunchKernel, ANSWER, .function = function, .grid_x = 1,
         .params = (const uint8_t *)params, .params_len = 8);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
    SEND(&f, cuLaunchKernel, ANSWER, .function = function, .grid_x = 1,
         .params = (const uint8_t *)params, .params_len = 12);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_int_equal(atomic_load(&fake->last_address), 0xabcd);
    SEND(&f, cuModuleUnload, ANSWER, .module = module);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    SEND(&f, cuLaunchKernel, ANSWER, .function = function, .grid_x = 1);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
}

static void test_module_global_can_be_named_until_unload(void **state)
{
    uint64_t module = load_module(".version 6.4", 12, 0);
    uint64_t ret[2] = {0, 0};

    (void)state;
    SEND(&f, cuModuleGetGlobal_v2, ANSWER, .module = module, .name = (const uint8_t *)"g",
         .name_len = 1);
    assert_int_equal(fixture_answer(&f, NULL, ret, sizeof(ret)), 0);
    SEND(&f, cuMemsetD8Async, ANSWER, .dst = ret[0], .count = ret[1]);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    SEND(&f, cuMemsetD8Async, ANSWER, .dst = ret[0], .count = ret[1] + 1);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
    SEND(&f, cuModuleUnload, ANSWER, .module = module);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    SEND(&f, cuMemsetD8Async, ANSWER, .dst = ret[0], .count = 1);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

static void test_bad_image_never_reaches_driver(void **state)
{
    (void)state;
    (void)load_module("\177ELF truncated", 14, CUDA_ERROR_INVALID_IMAGE);
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_offset = 0, .image_size = 64);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_offset = DATA, .image_size = UINT64_MAX);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(fake_calls(FAKE_cuModuleLoadDataEx), 0);
}

#define ATTACHED(test) cmocka_unit_test_setup_teardown(test, start_attached, end)
#define BARE(test)     cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE(test_attach_unsealed_memfd_refused),
        BARE(test_attach_unknown_candidate_refused),
        BARE(test_submit_before_attach_ends_session),
        ATTACHED(test_pipe_closed_ends_quietly),
        ATTACHED(test_alloc_lies_in_arena_and_is_freed_once),
        ATTACHED(test_memory_in_use_is_told),
        ATTACHED(test_bad_handles_answered_400),
        ATTACHED(test_index_of_legacy_stream_not_accepted),
        ATTACHED(test_fill_out_of_range_never_reaches_driver),
        ATTACHED(test_streams_that_ended_with_work_are_bounded),
        ATTACHED(test_copy_needs_a_registered_slab),
        ATTACHED(test_host_register_refuses_what_is_no_data),
        ATTACHED(test_unknown_operation_answered_801),
        ATTACHED(test_unknown_one_way_operation_is_fatal),
        ATTACHED(test_truncated_body_ends_session),
        ATTACHED(test_truncated_body_of_blocking_call_ends_session),
        ATTACHED(test_truncated_record_ends_session),
        ATTACHED(test_refused_one_way_call_is_fatal),
        ATTACHED(test_sticky_result_is_answered_then_fatal),
        ATTACHED(test_depth_exceeded_ends_session),
        ATTACHED(test_honest_depth_goes_on_and_progress_is_published),
        ATTACHED(test_new_stream_of_an_index_goes_on_counting),
        ATTACHED(test_fence_written_by_worker_when_gpu_cannot),
        ATTACHED(test_fence_of_legacy_stream_is_polled_behind_other_work),
        ATTACHED(test_event_wait_survives_destroy),
        ATTACHED(test_sticky_error_found_while_a_guest_waits),
        ATTACHED(test_fence_of_a_lane_beyond_the_table_is_fatal),
        ATTACHED(test_module_function_and_launch),
        ATTACHED(test_module_global_can_be_named_until_unload),
        ATTACHED(test_bad_image_never_reaches_driver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
