/* SPDX-License-Identifier: Apache-2.0 */

/* What a guest can say of graphs, and what becomes of a worker that hears it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "executor/worker/exit_status.h"
#include "proto/handle.h"
#include "proto/limits.h"
#include "session_fixture.h"

#define GRAPH        vgpu_handle_make(VGPU_HANDLE_GRAPH_EXEC, 1, 0)
#define GRAPH_SECOND vgpu_handle_make(VGPU_HANDLE_GRAPH_EXEC, 2, 0)
#define STREAM       vgpu_handle_make(VGPU_HANDLE_STREAM, 1, 1)
#define ANSWER       VGPU_RECORD_ANSWER

static struct fixture f;
static uint32_t generation; /* of the next handle in has_room() */

static int start(void **state)
{
    (void)state;
    generation = 1;
    fixture_start(&f);
    assert_int_equal(fixture_attach(&f, FIXTURE_CANDIDATE, true), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fixture_end(&f);
    return 0;
}

static void begin(uint64_t graph)
{
    SEND(&f, vgpuGraphNew, ANSWER, .graph = graph);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
}

static int instantiate(uint64_t graph)
{
    SEND(&f, cuGraphInstantiateWithFlags, ANSWER, .graph = graph);
    return fixture_answer(&f, NULL, NULL, 0);
}

static void add_empty(uint64_t graph, uint32_t node, const uint32_t *deps, uint32_t deps_len)
{
    CALL(&f, vgpuGraphEmpty, 0, .graph = graph, .node = node, .deps = (const uint8_t *)deps,
         .deps_len = deps_len);
    if (f.used > sizeof(f.batch) - 8192) {
        fixture_submit(&f);
    }
}

/* One empty node, executable. */
static void make_graph(void)
{
    begin(GRAPH);
    add_empty(GRAPH, 0, NULL, 0);
    assert_int_equal(instantiate(GRAPH), 0);
}

static void expect_broken(void)
{
    fixture_submit(&f);
    assert_int_equal(fixture_wait(&f), EX_EXIT_BROKEN);
}

static void test_built_run_and_ended(void **state)
{
    const uint32_t first = 0;
    uint64_t ptr = 0;

    (void)state;
    SEND(&f, cuMemAlloc_v2, ANSWER, .bytesize = 64);
    assert_int_equal(fixture_answer(&f, NULL, &ptr, sizeof(ptr)), 0);
    begin(GRAPH);
    CALL(&f, vgpuGraphFill, 0, .graph = GRAPH, .dst = ptr, .width = 64, .height = 1, .pitch = 64,
         .element = 1);
    add_empty(GRAPH, 1, &first, sizeof(first));
    assert_int_equal(instantiate(GRAPH), 0);
    assert_int_equal(fake_calls(FAKE_cuGraphAddNode), 2);
    assert_int_equal(atomic_load(&fake->last_address), ptr);
    SEND(&f, cuGraphLaunch, ANSWER, .graph = GRAPH);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    SEND(&f, cuGraphExecDestroy, ANSWER, .graph = GRAPH);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_int_equal(fake_calls(FAKE_cuGraphDestroy), 1);
    assert_int_equal(fake_calls(FAKE_cuGraphExecDestroy), 1);
    SEND(&f, cuGraphLaunch, ANSWER, .graph = GRAPH);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
    begin(GRAPH_SECOND); /* the place is free for the next one */
}

/* Kernel k of a module: two parameters, 12 bytes. */
static uint64_t make_function(void)
{
    static uint8_t ret[VGPU_RECORD_BYTES_MAX];
    uint64_t module = 0;
    uint64_t function = 0;

    memcpy(f.channel + VGPU_CHANNEL_DATA_OFFSET, ".version 6.4", 12);
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_offset = VGPU_CHANNEL_DATA_OFFSET,
         .image_size = 12);
    assert_int_equal(fixture_answer(&f, NULL, ret, sizeof(ret)), 0);
    memcpy(&module, ret, sizeof(module));
    SEND(&f, cuModuleGetFunction, ANSWER, .module = module, .name = (const uint8_t *)"k",
         .name_len = 1);
    assert_int_equal(fixture_answer(&f, NULL, &function, sizeof(function)), 0);
    return function;
}

/* The driver keeps a node's attributes, but not alive what they name. */
static void test_kernel_nodes_name_no_event(void **state)
{
    static const uint8_t params[12];
    const uint64_t event = vgpu_handle_make(VGPU_HANDLE_EVENT, 1, 0);
    uint64_t function = make_function();
    CUlaunchAttribute attribute = {.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE};

    (void)state;
    SEND(&f, cuEventCreate, ANSWER, .event = event);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    for (uint32_t pass = 0; pass < 2; pass++) {
        uint64_t graph = pass == 0 ? GRAPH : vgpu_handle_make(VGPU_HANDLE_GRAPH_EXEC, 1, 1);

        begin(graph);
        CALL(&f, vgpuGraphKernel, 0, .graph = graph, .function = function, .grid_x = 1,
             .params = params, .params_len = sizeof(params),
             .attributes = (const uint8_t *)&attribute, .attributes_len = sizeof(attribute));
        assert_int_equal(instantiate(graph), pass == 0 ? 0 : CUDA_ERROR_INVALID_VALUE);
        attribute.id = CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT;
        attribute.value.launchCompletionEvent.event = (CUevent)(uintptr_t)event;
    }
    assert_int_equal(fake_calls(FAKE_cuGraphAddNode), 1);
}

static void test_nodes_out_of_order_end_the_session(void **state)
{
    (void)state;
    begin(GRAPH);
    add_empty(GRAPH, 1, NULL, 0);
    expect_broken();
}

static void test_node_that_follows_itself_ends_the_session(void **state)
{
    const uint32_t self = 0;

    (void)state;
    begin(GRAPH);
    add_empty(GRAPH, 0, &self, sizeof(self));
    expect_broken();
}

static void test_half_a_dependency_ends_the_session(void **state)
{
    const uint32_t first = 0;

    (void)state;
    begin(GRAPH);
    add_empty(GRAPH, 0, NULL, 0);
    add_empty(GRAPH, 1, &first, 3);
    expect_broken();
}

static void test_change_of_kind_ends_the_session(void **state)
{
    (void)state;
    make_graph();
    CALL(&f, vgpuGraphFill, 0, .graph = GRAPH, .width = 1, .height = 1, .element = 1);
    expect_broken();
}

static void test_change_of_no_node_ends_the_session(void **state)
{
    (void)state;
    make_graph();
    add_empty(GRAPH, 1, NULL, 0);
    expect_broken();
}

static void test_change_with_dependencies_ends_the_session(void **state)
{
    const uint32_t first = 0;

    (void)state;
    make_graph();
    add_empty(GRAPH, 0, &first, sizeof(first));
    expect_broken();
}

static void test_handles_of_others_are_answered_400(void **state)
{
    (void)state;
    SEND(&f, cuStreamCreateWithPriority, ANSWER, .stream = STREAM);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_int_equal(instantiate(GRAPH), CUDA_ERROR_INVALID_HANDLE);
    assert_int_equal(instantiate(STREAM), CUDA_ERROR_INVALID_HANDLE);
    begin(GRAPH);
    SEND(&f, cuGraphLaunch, ANSWER, .graph = GRAPH);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
    assert_int_equal(instantiate(GRAPH), 0);
    assert_int_equal(instantiate(GRAPH), CUDA_ERROR_INVALID_HANDLE);
    SEND(&f, cuGraphLaunch, ANSWER, .graph = GRAPH, .stream = GRAPH);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
    SEND(&f, vgpuGraphEnable, ANSWER, .graph = GRAPH, .node = 7);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
    SEND(&f, vgpuGraphNew, ANSWER, .graph = GRAPH);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
    assert_int_equal(fake_calls(FAKE_cuGraphLaunch), 0);
}

static void test_memory_of_nobody_never_reaches_driver(void **state)
{
    (void)state;
    begin(GRAPH);
    CALL(&f, vgpuGraphFill, 0, .graph = GRAPH, .dst = 0x1000, .width = 64, .height = 1,
         .element = 1);
    CALL(&f, vgpuGraphCopy, 0, .graph = GRAPH, .node = 1, .dst = 0x1000, .src = 0x2000, .width = 8,
         .height = 1, .depth = 1, .dst_type = CU_MEMORYTYPE_HOST, .src_type = CU_MEMORYTYPE_DEVICE);
    CALL(&f, vgpuGraphEvent, 0, .graph = GRAPH, .node = 2, .event = STREAM);
    CALL(&f, vgpuGraphKernel, 0, .graph = GRAPH, .node = 3, .function = STREAM);
    assert_int_equal(instantiate(GRAPH), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(fake_calls(FAKE_cuGraphAddNode), 0);
    assert_int_equal(fake_calls(FAKE_cuGraphInstantiateWithFlags), 0);
}

static void destroy(uint64_t graph)
{
    SEND(&f, cuGraphExecDestroy, ANSWER, .graph = graph);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
}

/* Nodes that follow as many as they may are what costs most for a record. */
static void describe_too_much(void)
{
    static uint32_t deps[VGPU_GRAPH_DEPS_MAX];
    const uint64_t each =
        VGPU_GRAPH_NODE_BYTES + (uint64_t)VGPU_GRAPH_DEPS_MAX * VGPU_GRAPH_DEP_BYTES;

    for (uint32_t i = 0; i < VGPU_GRAPH_DEPS_MAX; i++) {
        deps[i] = i;
        add_empty(GRAPH, i, NULL, 0);
    }
    for (uint32_t i = 0; i < VGPU_GRAPH_BYTES_MAX / each + 1; i++) {
        add_empty(GRAPH, VGPU_GRAPH_DEPS_MAX + i, deps, sizeof(deps));
    }
    fixture_submit(&f);
}

static void test_more_than_it_may_cost_is_out_of_memory(void **state)
{
    (void)state;
    begin(GRAPH);
    describe_too_much();
    assert_int_equal(instantiate(GRAPH), CUDA_ERROR_OUT_OF_MEMORY);
    destroy(GRAPH);
    begin(GRAPH_SECOND);
    add_empty(GRAPH_SECOND, 0, NULL, 0);
    assert_int_equal(instantiate(GRAPH_SECOND), 0);
}

/* ---- graphs that run, where there is room for four nodes or a graph of three ---- */

static int start_almost_full(void **state)
{
    int rc;

    fixture_graph_bytes = VGPU_GRAPH_BYTES_MAX - (uint64_t)4 * VGPU_GRAPH_NODE_BYTES;
    rc = start(state);
    fixture_graph_bytes = 0;
    return rc;
}

/* Whether a graph of two nodes can be had; it is not kept. */
static bool has_room(void)
{
    uint64_t graph = vgpu_handle_make(VGPU_HANDLE_GRAPH_EXEC, generation++, 7);
    int cu;

    begin(graph);
    add_empty(graph, 0, NULL, 0);
    add_empty(graph, 1, NULL, 0);
    cu = instantiate(graph);
    destroy(graph);
    assert_true(cu == 0 || cu == CUDA_ERROR_OUT_OF_MEMORY);
    return cu == 0;
}

/* The worker looks at its marks at least every millisecond. */
static void expect_room(void)
{
    bool room = false;

    for (unsigned int i = 0; i < 10000 && !room; i++) {
        room = has_room();
    }
    assert_true(room);
}

static void run_in(uint64_t graph, uint64_t stream)
{
    SEND(&f, cuGraphLaunch, ANSWER, .graph = graph, .stream = stream);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
}

/* A graph of one node that runs in a stream which does not come on. */
static void run_and_destroy(uint64_t stream)
{
    if (stream != 0) {
        SEND(&f, cuStreamCreateWithPriority, ANSWER, .stream = stream);
        assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    }
    fake_answer(FAKE_cuEventQuery, CUDA_ERROR_NOT_READY);
    fake_answer(FAKE_cuStreamQuery, CUDA_ERROR_NOT_READY);
    make_graph();
    run_in(GRAPH, stream);
    destroy(GRAPH);
}

/* The driver keeps what runs, so the session pays for it until it has run. */
static void test_graphs_that_run_are_charged(void **state)
{
    (void)state;
    run_and_destroy(STREAM);
    assert_false(has_room());
    fake_answer(FAKE_cuEventQuery, CUDA_SUCCESS);
    expect_room();
}

static void test_graphs_of_an_ended_stream_are_charged(void **state)
{
    (void)state;
    run_and_destroy(STREAM);
    SEND(&f, cuStreamDestroy_v2, ANSWER, .stream = STREAM);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_false(has_room());
    fake_answer(FAKE_cuEventQuery, CUDA_SUCCESS);
    expect_room();
}

/* The driver reads a graph while it uploads it, in a stream of its own or in the legacy one. */
static void test_graphs_that_are_uploaded_are_charged(void **state)
{
    (void)state;
    SEND(&f, cuStreamCreateWithPriority, ANSWER, .stream = STREAM);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    fake_answer(FAKE_cuEventQuery, CUDA_ERROR_NOT_READY);
    fake_answer(FAKE_cuStreamQuery, CUDA_ERROR_NOT_READY);
    make_graph();
    SEND(&f, cuGraphUpload, ANSWER, .graph = GRAPH, .stream = STREAM);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    destroy(GRAPH);
    assert_false(has_room());
    fake_answer(FAKE_cuEventQuery, CUDA_SUCCESS);
    expect_room();
}

/* An upload is behind the runs that there were, so it is what counts. */
static void test_upload_behind_a_run_counts(void **state)
{
    (void)state;
    SEND(&f, cuStreamCreateWithPriority, 0, .stream = STREAM);
    make_graph();
    run_in(GRAPH, 0);
    fake_answer(FAKE_cuEventQuery, CUDA_ERROR_NOT_READY);
    fake_answer(FAKE_cuStreamQuery, CUDA_ERROR_NOT_READY);
    SEND(&f, cuGraphUpload, ANSWER, .graph = GRAPH, .stream = STREAM);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    destroy(GRAPH);
    assert_false(has_room());
    fake_answer(FAKE_cuEventQuery, CUDA_SUCCESS);
    expect_room();
}

/* An upload that the driver refuses is none. */
static void test_refused_upload_is_not_charged(void **state)
{
    (void)state;
    SEND(&f, cuStreamCreateWithPriority, 0, .stream = STREAM);
    make_graph();
    fake_answer(FAKE_cuGraphUpload, CUDA_ERROR_INVALID_VALUE);
    fake_answer(FAKE_cuEventQuery, CUDA_ERROR_NOT_READY);
    fake_answer(FAKE_cuStreamQuery, CUDA_ERROR_NOT_READY);
    SEND(&f, cuGraphUpload, ANSWER, .graph = GRAPH, .stream = STREAM);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
    destroy(GRAPH);
    assert_true(has_room());
}

/* There it is not marked: it is asked for when there is no room, and here it had an end. */
static void test_graphs_of_the_legacy_stream_are_charged(void **state)
{
    (void)state;
    run_and_destroy(0);
    assert_false(has_room());
    fake_answer(FAKE_cuStreamQuery, CUDA_SUCCESS);
    assert_true(has_room());
    assert_true(has_room());
}

/* Of runs in several streams the last counts, also when its stream ends first. */
static void test_last_run_counts(void **state)
{
    const uint64_t other = vgpu_handle_make(VGPU_HANDLE_STREAM, 1, 2);

    (void)state;
    SEND(&f, cuStreamCreateWithPriority, 0, .stream = STREAM);
    SEND(&f, cuStreamCreateWithPriority, 0, .stream = other);
    make_graph();
    run_in(GRAPH, STREAM);
    fake_answer(FAKE_cuEventQuery, CUDA_ERROR_NOT_READY);
    fake_answer(FAKE_cuStreamQuery, CUDA_ERROR_NOT_READY);
    run_in(GRAPH, other);
    SEND(&f, cuStreamDestroy_v2, 0, .stream = STREAM);
    SEND(&f, cuStreamDestroy_v2, 0, .stream = other);
    destroy(GRAPH);
    assert_false(has_room());
    fake_answer(FAKE_cuEventQuery, CUDA_SUCCESS);
    expect_room();
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start, end)
#define FULL(test) cmocka_unit_test_setup_teardown(test, start_almost_full, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_built_run_and_ended),
        CASE(test_kernel_nodes_name_no_event),
        CASE(test_nodes_out_of_order_end_the_session),
        CASE(test_node_that_follows_itself_ends_the_session),
        CASE(test_half_a_dependency_ends_the_session),
        CASE(test_change_of_kind_ends_the_session),
        CASE(test_change_of_no_node_ends_the_session),
        CASE(test_change_with_dependencies_ends_the_session),
        CASE(test_handles_of_others_are_answered_400),
        CASE(test_memory_of_nobody_never_reaches_driver),
        CASE(test_more_than_it_may_cost_is_out_of_memory),
        FULL(test_graphs_that_run_are_charged),
        FULL(test_graphs_of_an_ended_stream_are_charged),
        FULL(test_graphs_of_the_legacy_stream_are_charged),
        FULL(test_last_run_counts),
        FULL(test_graphs_that_are_uploaded_are_charged),
        FULL(test_upload_behind_a_run_counts),
        FULL(test_refused_upload_is_not_charged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
