/* SPDX-License-Identifier: Apache-2.0 */

/* The entry points of programs that are compiled for per-thread default streams. */
#include "test/conformance/crew.h"

#include <string.h>

#define THREADS 8u

static struct {
    __typeof__(cuLaunchKernel) *launch;
    __typeof__(cuStreamSynchronize) *synchronize;
    __typeof__(cuStreamQuery) *query;
    __typeof__(cuMemcpyDtoHAsync_v2) *copy_out;
    __typeof__(cuMemcpyDtoH_v2) *copy_out_now;
    __typeof__(cuMemsetD32Async) *fill;
    __typeof__(cuEventRecord) *record;
} own;

static void bind_symbol(void *field, const char *name)
{
    void *symbol = driver_api_symbol(name);

    if (!symbol) {
        conf_skip("not exported");
    }
    memcpy(field, &symbol, sizeof(symbol));
}

static void bind_own(void)
{
    bind_symbol(&own.launch, "cuLaunchKernel_ptsz");
    bind_symbol(&own.synchronize, "cuStreamSynchronize_ptsz");
    bind_symbol(&own.query, "cuStreamQuery_ptsz");
    bind_symbol(&own.copy_out, "cuMemcpyDtoHAsync_v2_ptsz");
    bind_symbol(&own.copy_out_now, "cuMemcpyDtoH_v2_ptds");
    bind_symbol(&own.fill, "cuMemsetD32Async_ptsz");
    bind_symbol(&own.record, "cuEventRecord_ptsz");
}

struct part {
    CUfunction wait;
    CUfunction add;
    CUdeviceptr memory[THREADS];
    unsigned int *flags; /* pinned, one a thread */
    CUdeviceptr flags_device;
};

/* Each thread's stream 0 holds an endless kernel and work behind it. */
static void works_in_stream_zero(struct crew_member *member)
{
    const struct part *part = member->crew->arg;
    CUdeviceptr memory = part->memory[member->index];
    CUdeviceptr flag = part->flags_device + 4ull * member->index;
    unsigned int value = member->index + 1;
    void *wait[] = {&flag};
    void *add[] = {&memory, &value};
    unsigned int out[64] = {0};

    crew_want(member, drv.cuCtxSetCurrent(member->crew->ctx), CUDA_SUCCESS);
    crew_want(member, own.fill(memory, 100, 64, NULL), CUDA_SUCCESS);
    crew_want(member, own.launch(part->wait, 1, 1, 1, 1, 1, 1, 0, NULL, wait, NULL), CUDA_SUCCESS);
    crew_want(member, own.launch(part->add, 1, 1, 1, 64, 1, 1, 0, NULL, add, NULL), CUDA_SUCCESS);
    crew_want(member, own.query(NULL), CUDA_ERROR_NOT_READY);
    crew_enter(member);
    crew_want(member, own.synchronize(NULL), CUDA_SUCCESS);
    crew_want(member, own.query(NULL), CUDA_SUCCESS);
    crew_want(member, own.copy_out_now(out, memory, sizeof(out)), CUDA_SUCCESS);
    for (unsigned int i = 0; i < 64; i++) {
        member->errors += out[i] != 100 + value;
    }
}

static void let_go(const struct part *part, unsigned int index)
{
    __atomic_store_n(&part->flags[index], 1u, __ATOMIC_RELEASE);
}

static void prepare(struct part *part)
{
    bind_own();
    part->wait = conf_kernel("wait_for_flag");
    part->add = conf_kernel("add");
    for (unsigned int i = 0; i < THREADS; i++) {
        part->memory[i] = conf_memory(4096);
    }
    CONF_SETUP(cuMemHostAlloc((void **)&part->flags, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
    memset(part->flags, 0, 4096);
    CONF_SETUP(cuMemHostGetDevicePointer_v2(&part->flags_device, part->flags, 0));
}

/* The last to start is the first to go: no thread's stream waits for another's. */
CONF_POSITIVE(cuStreamSynchronize, eight_threads_own_stream_zero)
{
    static struct part part;
    static struct crew crew = {.work = works_in_stream_zero, .arg = &part};
    unsigned int early = 0;

    crew.ctx = conf_context();
    prepare(&part);
    crew_start(&crew, THREADS);
    crew_wait_inside(&crew);
    CONF_EXPECT(atomic_load(&crew.returned) == 0);
    for (unsigned int i = THREADS; i-- > 0;) {
        early += atomic_load(&crew.returned) != THREADS - 1 - i;
        let_go(&part, i);
        pthread_join(crew.members[i].thread, NULL);
        early += crew.members[i].errors != 0;
    }
    CONF_EXPECT(early == 0);
}

/* A per-thread stream is a blocking one: the legacy stream waits for it, and it for that. */
static void is_behind_the_legacy_stream(struct crew_member *member)
{
    const struct part *part = member->crew->arg;
    CUdeviceptr memory = part->memory[0];
    unsigned int value = 1;
    void *add[] = {&memory, &value};

    crew_enter(member);
    crew_want(member, own.launch(part->add, 1, 1, 1, 64, 1, 1, 0, NULL, add, NULL), CUDA_SUCCESS);
    crew_want(member, own.query(NULL), CUDA_ERROR_NOT_READY);
}

CONF_POSITIVE(cuStreamQuery, own_stream_zero_waits_for_the_legacy_one)
{
    static struct part part;
    static struct crew crew = {.work = is_behind_the_legacy_stream, .arg = &part};
    void *wait[] = {&part.flags_device};

    crew.ctx = conf_context();
    prepare(&part);
    conf_launch(part.wait, 1, 1, NULL, wait);
    crew_start(&crew, 1);
    CONF_EXPECT(crew_join(&crew) == 0);
    let_go(&part, 0);
    CONF_OK(cuCtxSynchronize());
}

/* More contexts than a thread is in at a time: each one's stream goes with it. */
CONF_POSITIVE(cuStreamSynchronize, per_thread_streams_of_contexts_that_end)
{
    CUdevice device = conf_device();
    CUcontext own_context = NULL;
    CUdeviceptr p = 0;

    for (unsigned int i = 0; i < 20; i++) {
        CONF_SETUP(cuCtxCreate_v2(&own_context, 0, device));
        CONF_SETUP(cuMemAlloc_v2(&p, 256));
        CONF_OK(cuMemsetD32Async(p, i, 64, CU_STREAM_PER_THREAD));
        CONF_OK(cuStreamSynchronize(CU_STREAM_PER_THREAD));
        CONF_SETUP(cuCtxDestroy_v2(own_context));
    }
}

/* All at a time. */
CONF_POSITIVE(cuStreamSynchronize, per_thread_streams_of_many_contexts)
{
    CUdevice device = conf_device();
    CUcontext contexts[20];
    CUdeviceptr p[20];
    unsigned int word = 0;

    for (unsigned int i = 0; i < 20; i++) {
        CONF_SETUP(cuCtxCreate_v2(&contexts[i], 0, device));
        CONF_SETUP(cuMemAlloc_v2(&p[i], 256));
        CONF_OK(cuMemsetD32Async(p[i], i, 64, CU_STREAM_PER_THREAD));
    }
    for (unsigned int i = 0; i < 20; i++) {
        CONF_SETUP(cuCtxSetCurrent(contexts[i]));
        CONF_OK(cuStreamSynchronize(CU_STREAM_PER_THREAD));
        CONF_SETUP(cuMemcpyDtoH_v2(&word, p[i], 4));
        CONF_EXPECT(word == i);
    }
}
