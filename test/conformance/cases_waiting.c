/* SPDX-License-Identifier: Apache-2.0 */

/* Many threads, endless kernels, and who lets them go. */
#include "test/conformance/crew.h"

#include <stdio.h>
#include <time.h>

#define LAUNCHES 20000u

/* A kernel that waits for a word of device memory, and what writes that word. */
struct gate {
    CUdeviceptr word;
    unsigned int *one; /* pinned */
    CUstream key;      /* non-blocking: runs beside everything */
};

static void gate_start(struct gate *gate, CUstream stream)
{
    void *params[] = {&gate->word};

    gate->word = conf_memory(4096);
    CONF_SETUP(cuMemAllocHost_v2((void **)&gate->one, 4096));
    CONF_SETUP(cuStreamCreate(&gate->key, CU_STREAM_NON_BLOCKING));
    *gate->one = 1;
    CONF_SETUP(cuMemsetD32_v2(gate->word, 0, 1));
    CONF_SETUP(cuCtxSynchronize());
    conf_launch(conf_kernel("wait_for_flag"), 1, 1, stream, params);
}

static CUresult gate_open(const struct gate *gate)
{
    CUresult cu = drv.cuMemcpyHtoDAsync_v2(gate->word, gate->one, 4, gate->key);

    return cu == CUDA_SUCCESS ? drv.cuStreamSynchronize(gate->key) : cu;
}

/* Launches are refused a place in the queue somewhere; the others have to let the kernel go. */
static _Atomic unsigned int launched;

static void wait_for_launches(void)
{
    unsigned int before = 0;

    do {
        before = atomic_load(&launched);
        crew_nap(20);
    } while (before < 800 || atomic_load(&launched) != before);
}

static void opens_by_copy(struct crew_member *member)
{
    crew_enter(member);
    wait_for_launches();
    crew_want(member, gate_open(member->crew->arg), CUDA_SUCCESS);
}

static void opens_by_write(struct crew_member *member)
{
    crew_enter(member);
    wait_for_launches();
    conf_busy_stop(member->crew->arg);
}

static void many_launches(struct crew *crew, CUstream stream)
{
    CUdeviceptr count = conf_memory(4096);
    CUfunction f = conf_kernel("atomic_count");
    void *params[] = {&count};
    unsigned int refused = 0;
    unsigned int word = 0;

    CONF_SETUP(cuMemsetD32Async(count, 0, 1, stream));
    crew_start(crew, 1);
    for (unsigned int i = 0; i < LAUNCHES; i++) {
        refused += drv.cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, stream, params, NULL) != CUDA_SUCCESS;
        atomic_store(&launched, i + 1);
    }
    CONF_EXPECT(refused == 0);
    CONF_OK(cuStreamSynchronize(stream));
    CONF_EXPECT(crew_join(crew) == 0);
    CONF_OK(cuMemcpyDtoH_v2(&word, count, 4));
    CONF_VALUE(word);
    CONF_EXPECT(word == LAUNCHES);
}

CONF_POSITIVE(cuLaunchKernel, twenty_thousand_released_by_a_copy)
{
    static struct gate gate;
    static struct crew crew = {.work = opens_by_copy, .arg = &gate};
    CUstream stream = NULL;

    crew.ctx = conf_context();
    conf_kernel("atomic_count");
    CONF_SETUP(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    gate_start(&gate, stream);
    many_launches(&crew, stream);
}

CONF_POSITIVE(cuLaunchKernel, twenty_thousand_released_by_a_write)
{
    static struct conf_busy busy;
    static struct crew crew = {.work = opens_by_write, .arg = &busy};
    CUstream stream = NULL;

    crew.ctx = conf_context();
    conf_kernel("atomic_count");
    CONF_SETUP(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    conf_busy_start(&busy, stream);
    many_launches(&crew, stream);
}

/* A thread waits for the legacy stream, which waits for the blocking stream of an endless kernel.
 */
static void waits_for_stream_zero(struct crew_member *member)
{
    crew_enter(member);
    crew_want(member, drv.cuStreamSynchronize(NULL), CUDA_SUCCESS);
}

CONF_POSITIVE(cuStreamSynchronize, stream_zero_behind_an_endless_kernel)
{
    static struct crew waiter = {.work = waits_for_stream_zero};
    struct gate gate;
    CUstream blocking = NULL;

    waiter.ctx = conf_context();
    CONF_SETUP(cuStreamCreate(&blocking, CU_STREAM_DEFAULT));
    gate_start(&gate, blocking);
    crew_start(&waiter, 1);
    crew_wait_inside(&waiter);
    CONF_EXPECT(atomic_load(&waiter.returned) == 0);
    CONF_RESULT(cuStreamQuery(NULL), CUDA_ERROR_NOT_READY);
    CONF_EXPECT(gate_open(&gate) == CUDA_SUCCESS);
    CONF_EXPECT(crew_join(&waiter) == 0);
    CONF_OK(cuStreamQuery(blocking));
}

/* The same, where a third thread opens the gate and the first waits for the context. */
static void opens_later(struct crew_member *member)
{
    crew_enter(member);
    crew_nap(40);
    crew_want(member, gate_open(member->crew->arg), CUDA_SUCCESS);
}

CONF_POSITIVE(cuCtxSynchronize, beside_a_thread_that_waits_for_stream_zero)
{
    static struct gate gate;
    static struct crew waiter = {.work = waits_for_stream_zero};
    static struct crew opener = {.work = opens_later, .arg = &gate};
    CUstream blocking = NULL;

    opener.ctx = waiter.ctx = conf_context();
    CONF_SETUP(cuStreamCreate(&blocking, CU_STREAM_DEFAULT));
    gate_start(&gate, blocking);
    crew_start(&waiter, 1);
    crew_wait_inside(&waiter);
    crew_start(&opener, 1);
    CONF_OK(cuCtxSynchronize());
    CONF_EXPECT(crew_join(&waiter) + crew_join(&opener) == 0);
}

/* A thread copies in the legacy stream, behind an endless kernel of a blocking stream.  How long
 * its call takes is not asked: whoever is ordered behind neither goes on, and lets both go.
 * Natively the copy holds every other one of the context back until it is through: that program
 * hangs (measured). */
static void copies_in_stream_zero(struct crew_member *member)
{
    const CUdeviceptr *to = member->crew->arg;
    uint32_t words[16] = {7};

    crew_enter(member);
    crew_want(member, drv.cuMemcpyHtoD_v2(*to, words, sizeof(words)), CUDA_SUCCESS);
}

static void opens_beside_a_copy(CUresult (*open)(const struct gate *gate))
{
    static CUdeviceptr to;
    static struct crew copier = {.work = copies_in_stream_zero, .arg = &to};
    CUstream blocking = NULL;
    struct gate gate;
    uint32_t word = 0;

    copier.ctx = conf_context();
    to = conf_memory(4096);
    CONF_SETUP(cuStreamCreate(&blocking, CU_STREAM_DEFAULT));
    gate_start(&gate, blocking);
    crew_start(&copier, 1);
    crew_wait_inside(&copier);
    CONF_EXPECT(open(&gate) == CUDA_SUCCESS);
    CONF_EXPECT(crew_join(&copier) == 0);
    CONF_OK(cuMemcpyDtoH_v2(&word, to, 4));
    CONF_VALUE(word);
    CONF_OK(cuStreamQuery(blocking));
}

CONF_OURS(cuMemcpyHtoDAsync_v2, beside_a_copy_of_stream_zero)
{
    opens_beside_a_copy(gate_open);
}

static CUresult gate_open_by_fill(const struct gate *gate)
{
    CUresult cu = drv.cuMemsetD32Async(gate->word, 1, 1, gate->key);

    return cu == CUDA_SUCCESS ? drv.cuStreamSynchronize(gate->key) : cu;
}

CONF_OURS(cuMemsetD32Async, beside_a_copy_of_stream_zero)
{
    opens_beside_a_copy(gate_open_by_fill);
}

/* A copy that has returned, and behind it a kernel: who waits for the copy before it lets the
 * kernel go does not wait for the kernel. */
static void opens_behind_a_copy(unsigned int flags, CUresult (*open)(const struct gate *gate))
{
    uint32_t words[16] = {7};
    uint32_t word = 0;
    CUstream stream = NULL;
    struct gate gate;
    void *params[] = {&gate.word};
    CUdeviceptr to;

    conf_context();
    to = conf_memory(4096);
    gate_start(&gate, NULL);
    CONF_EXPECT(gate_open(&gate) == CUDA_SUCCESS);
    CONF_SETUP(cuMemsetD32_v2(gate.word, 0, 1));
    CONF_SETUP(cuCtxSynchronize());
    CONF_SETUP(cuStreamCreate(&stream, flags));
    CONF_OK(cuMemcpyHtoD_v2(to, words, sizeof(words)));
    conf_launch(conf_kernel("wait_for_flag"), 1, 1, flags == CU_STREAM_DEFAULT ? stream : NULL,
                params);
    CONF_EXPECT(open(&gate) == CUDA_SUCCESS);
    CONF_OK(cuCtxSynchronize());
    CONF_OK(cuMemcpyDtoH_v2(&word, to, 4));
    CONF_VALUE(word);
}

CONF_POSITIVE(cuMemcpyHtoDAsync_v2, behind_a_copy_and_a_kernel_of_stream_zero)
{
    opens_behind_a_copy(CU_STREAM_NON_BLOCKING, gate_open);
}

CONF_POSITIVE(cuMemcpyHtoDAsync_v2, behind_a_copy_of_stream_zero_and_a_kernel)
{
    opens_behind_a_copy(CU_STREAM_DEFAULT, gate_open);
}

CONF_POSITIVE(cuMemsetD32Async, behind_a_copy_and_a_kernel_of_stream_zero)
{
    opens_behind_a_copy(CU_STREAM_NON_BLOCKING, gate_open_by_fill);
}

/* All in one call on one stream; with events as well. */
struct waited {
    CUstream stream;
    CUevent event;
    CUresult wanted;
};

static void waits_one_way_or_another(struct crew_member *member)
{
    const struct waited *on = member->crew->arg;

    crew_enter(member);
    switch (member->index % 4) {
    case 0:
        crew_want(member, drv.cuEventSynchronize(on->event), on->wanted);
        break;
    case 1:
        crew_want(member, drv.cuCtxSynchronize(), on->wanted);
        break;
    default:
        crew_want(member, drv.cuStreamSynchronize(on->stream), on->wanted);
        break;
    }
}

CONF_POSITIVE(cuStreamSynchronize, sixty_four_threads_at_once)
{
    static struct waited on = {.wanted = CUDA_SUCCESS};
    static struct crew crew = {.work = waits_one_way_or_another, .arg = &on};
    struct conf_busy busy;

    crew.ctx = conf_context();
    CONF_SETUP(cuStreamCreate(&on.stream, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuEventCreate(&on.event, CU_EVENT_DISABLE_TIMING));
    conf_busy_start(&busy, on.stream);
    CONF_OK(cuEventRecord(on.event, on.stream));
    crew_start(&crew, 64);
    crew_wait_inside(&crew);
    CONF_EXPECT(atomic_load(&crew.returned) == 0);
    conf_busy_stop(&busy);
    CONF_EXPECT(crew_join(&crew) == 0);
    CONF_OK(cuStreamQuery(on.stream));
}

static double milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* How long it takes depends on the machine: printed, not judged. */
CONF_NEGATIVE(cuStreamSynchronize, a_fault_ends_eight_waits)
{
    static struct waited on = {.wanted = CUDA_ERROR_LAUNCH_FAILED};
    static struct crew crew = {.work = waits_one_way_or_another, .arg = &on};
    struct conf_busy busy;
    CUfunction trap;
    double begin;

    crew.ctx = conf_context();
    trap = conf_kernel("trap");
    CONF_SETUP(cuStreamCreate(&on.stream, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuEventCreate(&on.event, CU_EVENT_DISABLE_TIMING));
    conf_busy_start(&busy, on.stream);
    conf_launch(trap, 1, 1, on.stream, NULL);
    CONF_OK(cuEventRecord(on.event, on.stream));
    crew_start(&crew, 8);
    crew_wait_inside(&crew);
    begin = milliseconds();
    conf_busy_stop(&busy);
    CONF_EXPECT(crew_join(&crew) == 0);
    fprintf(stderr, "a fault ended eight waits within %.1f ms\n", milliseconds() - begin);
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
}
