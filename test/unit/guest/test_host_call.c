/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/host_call.h"

#include "gs_calls.h"
#include "gs_symbols.h"
#include "guest/libcuda/context.h"
#include "proto/handles.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"

/* The end of a worker while the library's thread still takes what the worker had asked for. */

#define CALLS 8u

typedef void visit(void *object, uint64_t handle, void *arg);

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void __real_vgpu_handles_each(struct vgpu_handles *table, visit *fn, void *arg);
void __wrap_vgpu_handles_each(struct vgpu_handles *table, visit *fn, void *arg);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct fake_broker broker;
static struct gs_session *_Atomic session;
static unsigned int overtaken;

struct late {
    visit *fn;
    void *arg;
};

/* The other thread comes in between, every time. */
static void visit_late(void *object, uint64_t handle, void *arg)
{
    const struct late *late = arg;

    gs_host_call_unexpect(session, handle);
    overtaken++;
    late->fn(object, handle, late->arg);
}

/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void __wrap_vgpu_handles_each(struct vgpu_handles *table, visit *fn, void *arg)
{
    struct late late = {fn, arg};

    if (session == NULL || table != session->host_calls.table) {
        __real_vgpu_handles_each(table, fn, arg);
    } else {
        __real_vgpu_handles_each(table, visit_late, &late);
    }
}

static void nothing(void *data)
{
    (void)data;
}

static void taken_while_dropped(void)
{
    const struct gs_host_function function = {.fn = nothing};
    struct gs_call call;
    CUcontext context;
    uint64_t token;

    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
    CHILD_CHECK(gs_enter(&call) == CUDA_SUCCESS);
    session = call.session;
    for (unsigned int i = 0; i < CALLS; i++) {
        CHILD_CHECK(gs_host_call_new(session, &function, false, &token) == CUDA_SUCCESS);
        gs_host_call_expect(session, token);
    }
    gs_host_calls_drop(session);
    CHILD_CHECK(overtaken == CALLS);
    CHILD_CHECK(vgpu_handles_count(session->host_calls.table) == 0);
    session = NULL;
    fake_broker_stop(&broker);
}

static void test_taken_while_dropped(void **state)
{
    (void)state;
    fake_run_in_child(taken_while_dropped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_taken_while_dropped)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
