/* SPDX-License-Identifier: Apache-2.0 */

/* Waits that need not ask: for text that no kernel can have printed, and for small copies. */

#include "gs_calls.h"

#include <string.h>

#include "gs_symbols.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"
#include "vgpu_ops.h"

#define WORD 4

static struct fake_broker broker;
static CUstream first;
static CUstream second;
static CUdeviceptr memory;
static uint32_t word = 7;

static void start(void)
{
    CUcontext context;

    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamCreate(&first, CU_STREAM_NON_BLOCKING) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamCreate(&second, CU_STREAM_DEFAULT) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&memory, WORD) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, &word, WORD, first) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, &word, WORD, second) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxSynchronize() == CUDA_SUCCESS);
}

static uint64_t records(void)
{
    return atomic_load(&broker.channels[0].records);
}

/* How many records a copy and a wait for it take. */
static uint64_t copy_and_wait(CUstream stream)
{
    uint64_t before;

    CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, &word, WORD, stream) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxSynchronize() == CUDA_SUCCESS);
    before = records();
    CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, &word, WORD, stream) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(stream) == CUDA_SUCCESS);
    /* It answers when everything before it has been taken. */
    CHILD_CHECK(cuMemGetInfo_v2(&(size_t){0}, &(size_t){0}) == CUDA_SUCCESS);
    return records() - before - 1;
}

static CUfunction printing_kernel(void)
{
    static const char image[] = ".version 8.0\n.target sm_80\n.address_size 64\n";
    CUmodule module;
    CUfunction function;

    atomic_store(&broker.prints, true);
    CHILD_CHECK(cuModuleLoadData(&module, image) == CUDA_SUCCESS);
    CHILD_CHECK(cuModuleGetFunction(&function, module, "kernel") == CUDA_SUCCESS);
    return function;
}

static void launch(CUfunction function, CUstream stream)
{
    uint64_t pointer = 0;
    uint32_t value = 0;
    void *params[] = {&pointer, &value};

    CHILD_CHECK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, params, NULL) ==
                CUDA_SUCCESS);
}

/* True when the wait had the driver print. */
static bool wait_flushes(CUstream stream)
{
    CHILD_CHECK(cuStreamSynchronize(stream) == CUDA_SUCCESS);
    return atomic_load(&broker.last_op) == VGPU_OP_vgpuFlush;
}

static void text_is_asked_for_once(void)
{
    CUfunction function;

    start();
    function = printing_kernel();
    CHILD_CHECK(!wait_flushes(first));
    launch(function, first);
    CHILD_CHECK(wait_flushes(first));
    CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, first) == CUDA_SUCCESS);
    CHILD_CHECK(!wait_flushes(first));
    CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, second) == CUDA_SUCCESS);
    CHILD_CHECK(!wait_flushes(second));
    fake_broker_stop(&broker);
}

/* What another stream's kernel says may come later than the text of this wait. */
static void an_unfinished_kernel_may_go_on(void)
{
    CUfunction function;

    start();
    function = printing_kernel();
    launch(function, second);
    CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, first) == CUDA_SUCCESS);
    CHILD_CHECK(wait_flushes(first));
    CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, first) == CUDA_SUCCESS);
    CHILD_CHECK(wait_flushes(first));
    CHILD_CHECK(wait_flushes(second));
    CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, first) == CUDA_SUCCESS);
    CHILD_CHECK(!wait_flushes(first));
    fake_broker_stop(&broker);
}

/* The copy; its fence is left to whoever asks next. */
static void small_copies_are_not_waited_for(void)
{
    start();
    atomic_store(&broker.hold_fences, true);
    for (unsigned int i = 0; i < 10; i++) {
        CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, &word, WORD, first) == CUDA_SUCCESS);
        CHILD_CHECK(cuStreamSynchronize(first) == CUDA_SUCCESS);
    }
    CHILD_CHECK(atomic_load(&broker.last_op) != VGPU_OP_vgpuFence);
    atomic_store(&broker.hold_fences, false);
    CHILD_CHECK(cuStreamQuery(first) == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

/* Before anything else is sent the wait is made up for: a fence more. */
static void other_work_pays(void)
{
    uint64_t before;

    start();
    before = copy_and_wait(first);
    CHILD_CHECK(before == 2); /* the answered call paid too */
    for (unsigned int i = 0; i < 2; i++) {
        before = records();
        CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, &word, WORD, first) == CUDA_SUCCESS);
        CHILD_CHECK(cuStreamSynchronize(first) == CUDA_SUCCESS);
        CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, i == 0 ? first : second) == CUDA_SUCCESS);
        CHILD_CHECK(cuCtxSynchronize() == CUDA_SUCCESS);
        CHILD_CHECK(records() - before == 4);
    }
    fake_broker_stop(&broker);
}

/* Behind anything else, and where another stream owes, a wait is a wait. */
static void other_work_is_waited_for(void)
{
    CUevent event;

    start();
    CHILD_CHECK(cuEventCreate(&event, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, first) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, &word, WORD, first) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(first) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.last_op) == VGPU_OP_vgpuFence);
    CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, &word, WORD, second) == CUDA_SUCCESS);
    CHILD_CHECK(cuEventRecord(event, second) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(second) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.last_op) == VGPU_OP_vgpuFence);
    CHILD_CHECK(cuEventQuery(event) == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

/* Pinned bytes are taken where the stream has nothing to wait for, else when their turn comes. */
static void pinned_bytes_are_taken_if_idle(void)
{
    uint32_t *pinned;

    start();
    CHILD_CHECK(cuMemHostAlloc((void **)&pinned, WORD, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, pinned, WORD, first) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(first) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.last_op) != VGPU_OP_vgpuFence);
    CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, first) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, pinned, WORD, first) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(first) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.last_op) == VGPU_OP_vgpuFence);
    fake_broker_stop(&broker);
}

/* A legacy stream that nobody waits for does not keep others from it: it is asked, once. */
static void the_legacy_stream_is_asked(void)
{
    uint64_t before;

    start();
    CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, NULL) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, &word, WORD, second) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(second) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.last_op) == VGPU_OP_cuStreamQuery);
    before = records();
    for (unsigned int i = 0; i < 10; i++) {
        CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, &word, WORD, second) == CUDA_SUCCESS);
        CHILD_CHECK(cuStreamSynchronize(second) == CUDA_SUCCESS);
    }
    CHILD_CHECK(cuMemGetInfo_v2(&(size_t){0}, &(size_t){0}) == CUDA_SUCCESS);
    CHILD_CHECK(records() - before == 12);
    fake_broker_stop(&broker);
}

/* A stream that owes may end. */
static void a_debtor_ends(void)
{
    start();
    CHILD_CHECK(cuMemcpyHtoDAsync_v2(memory, &word, WORD, first) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(first) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamDestroy_v2(first) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, second) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxSynchronize() == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

/* A copy that a program takes for done is done before what does not follow its stream. */
static void others_find_copies_done(void)
{
    uint64_t before;

    start();
    before = records();
    CHILD_CHECK(cuMemcpyHtoD_v2(memory, &word, WORD) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, NULL) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, second) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxSynchronize() == CUDA_SUCCESS);
    CHILD_CHECK(records() - before == 5); /* a fence behind the copy, which nobody waits for */
    before = records();
    CHILD_CHECK(cuMemcpyHtoD_v2(memory, &word, WORD) == CUDA_SUCCESS);
    for (unsigned int i = 0; i < 2; i++) {
        CHILD_CHECK(cuMemsetD32Async(memory, 0, 1, first) == CUDA_SUCCESS);
    }
    CHILD_CHECK(cuCtxSynchronize() == CUDA_SUCCESS);
    CHILD_CHECK(records() - before == 5); /* a fence more, once */
    fake_broker_stop(&broker);
}

#define IN_CHILD(fn)                                                                               \
    static void test_##fn(void **state)                                                            \
    {                                                                                              \
        (void)state;                                                                               \
        fake_run_in_child(fn);                                                                     \
    }
IN_CHILD(text_is_asked_for_once)
IN_CHILD(an_unfinished_kernel_may_go_on)
IN_CHILD(small_copies_are_not_waited_for)
IN_CHILD(other_work_pays)
IN_CHILD(other_work_is_waited_for)
IN_CHILD(the_legacy_stream_is_asked)
IN_CHILD(pinned_bytes_are_taken_if_idle)
IN_CHILD(a_debtor_ends)
IN_CHILD(others_find_copies_done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_asked_for_once),
        cmocka_unit_test(test_an_unfinished_kernel_may_go_on),
        cmocka_unit_test(test_small_copies_are_not_waited_for),
        cmocka_unit_test(test_other_work_pays),
        cmocka_unit_test(test_other_work_is_waited_for),
        cmocka_unit_test(test_the_legacy_stream_is_asked),
        cmocka_unit_test(test_pinned_bytes_are_taken_if_idle),
        cmocka_unit_test(test_a_debtor_ends),
        cmocka_unit_test(test_others_find_copies_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
