/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/host_call.h"

#include <time.h>

#include "gs_calls.h"
#include "gs_symbols.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/session.h"
#include "proto/handles.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"

/* The end of a worker while the library's thread still takes what the worker had asked for, or
 * tells it of an end. */

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

/* ---- vgpuHostDone ---- */

static _Atomic unsigned int told;
static _Atomic uint64_t told_call;
static _Atomic bool slow;   /* the thread is held up while it tells */
static _Atomic bool ending; /* the program has ended the context */
static _Atomic bool late;   /* it was told behind that */

static void nap(unsigned int milliseconds)
{
    const struct timespec pause = {.tv_nsec = milliseconds * 1000000L};

    (void)nanosleep(&pause, NULL);
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
CUresult __real_gs_session_write(struct gs_session *s, uint32_t op, size_t len, gs_write *write,
                                 const void *from);
CUresult __wrap_gs_session_write(struct gs_session *s, uint32_t op, size_t len, gs_write *write,
                                 const void *from);

CUresult __wrap_gs_session_write(struct gs_session *s, uint32_t op, size_t len, gs_write *write,
                                 const void *from)
{
    struct vgpu_args_vgpuHostDone args;
    uint8_t body[64];

    if (op == VGPU_OP_vgpuHostDone) {
        CHILD_CHECK(len <= sizeof(body));
        write(body, len, from);
        CHILD_CHECK(vgpu_get_args_vgpuHostDone(body, len, &args) == 0);
        /* Whoever is held up before it reads the record finds the word. */
        CHILD_CHECK(atomic_load(vgpu_channel_returned(s->link.control, args.call)) == args.call);
        atomic_store(&told_call, args.call);
        (void)atomic_fetch_add(&told, 1);
        for (unsigned int i = 0; atomic_load(&slow) && i < 100 && !atomic_load(&ending); i++) {
            nap(1);
        }
        atomic_store(&late, atomic_load(&ending));
    }
    return __real_gs_session_write(s, op, len, write, from);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct gs_session *open_session(CUcontext *context)
{
    struct gs_call call;

    CHILD_CHECK(cuCtxCreate_v2(context, 0, 0) == CUDA_SUCCESS);
    CHILD_CHECK(gs_enter(&call) == CUDA_SUCCESS);
    return call.session;
}

static uint64_t expect_one(struct gs_session *s)
{
    const struct gs_host_function function = {.fn = nothing};
    uint64_t token = 0;

    CHILD_CHECK(gs_host_call_new(s, &function, false, &token) == CUDA_SUCCESS);
    gs_host_call_expect(s, token);
    return token;
}

/* As the worker asks, by whoever reads the ring. */
static void ask(struct gs_session *s, uint64_t token, uint64_t call)
{
    struct vgpu_args_vgpuHostCall args = {.token = token, .call = call};
    uint8_t body[16];
    ssize_t len = vgpu_put_args_vgpuHostCall(body, sizeof(body), &args);

    CHILD_CHECK(len > 0 && gs_host_call_asked(s, VGPU_OP_vgpuHostCall, body, (size_t)len));
}

static void wait_until_told(void)
{
    while (atomic_load(&told) == 0) {
        nap(1);
    }
}

/* What a worker asked for before its end came through is no business of the next. */
static void the_next_worker_is_told_nothing(void)
{
    CUcontext context;
    struct gs_session *s;
    uint64_t token;

    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    s = open_session(&context);
    token = expect_one(s);
    CHILD_CHECK(cuCtxDestroy_v2(context) == CUDA_SUCCESS);
    ask(s, token, 77);
    s = open_session(&context);
    ask(s, expect_one(s), 1);
    wait_until_told();
    nap(50);
    CHILD_CHECK(atomic_load(&told) == 1 && atomic_load(&told_call) == 1);
    fake_broker_stop(&broker);
}

/* Behind the Close there is nobody to be told. */
static void nothing_is_told_behind_the_end(void)
{
    CUcontext context;
    struct gs_session *s;

    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    s = open_session(&context);
    atomic_store(&slow, true);
    ask(s, expect_one(s), 1);
    wait_until_told();
    CHILD_CHECK(cuCtxDestroy_v2(context) == CUDA_SUCCESS);
    atomic_store(&ending, true);
    nap(20);
    CHILD_CHECK(!atomic_load(&late));
    fake_broker_stop(&broker);
}

static void test_the_next_worker_is_told_nothing(void **state)
{
    (void)state;
    fake_run_in_child(the_next_worker_is_told_nothing);
}

static void test_nothing_is_told_behind_the_end(void **state)
{
    (void)state;
    fake_run_in_child(nothing_is_told_behind_the_end);
}

static void test_taken_while_dropped(void **state)
{
    (void)state;
    fake_run_in_child(taken_while_dropped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_while_dropped),
        cmocka_unit_test(test_the_next_worker_is_told_nothing),
        cmocka_unit_test(test_nothing_is_told_behind_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
