/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <pthread.h>

#define THREADS 8
#define ROUNDS  50

/*
 * Threads record nothing themselves, because their order is not fixed: each
 * counts what went wrong, and the case records the sum.
 */
struct crew {
    CUcontext ctx;
    CUfunction fn;
    CUdeviceptr shared;
    void (*work)(struct crew *crew, int index, int *errors);
    pthread_barrier_t barrier;
};

struct member {
    struct crew *crew;
    int index;
    int errors;
    pthread_t thread;
};

static void *run_member(void *arg)
{
    struct member *m = arg;

    pthread_barrier_wait(&m->crew->barrier);
    m->crew->work(m->crew, m->index, &m->errors);
    return NULL;
}

static int run_crew(struct crew *crew)
{
    struct member members[THREADS] = {0};
    int errors = 0;

    pthread_barrier_init(&crew->barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        members[i] = (struct member){.crew = crew, .index = i};
        if (pthread_create(&members[i].thread, NULL, run_member, &members[i])) {
            conf_skip("no thread");
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(members[i].thread, NULL);
        errors += members[i].errors;
    }
    pthread_barrier_destroy(&crew->barrier);
    return errors;
}

/* Counts as an error whatever is not the code wanted. */
static void want(int *errors, CUresult cu, CUresult code)
{
    *errors += cu != code;
}

static void starts_without_context(struct crew *crew, int index, int *errors)
{
    CUcontext now = crew->ctx;
    CUdeviceptr p = 0;

    (void)index;
    want(errors, drv.cuCtxGetCurrent(&now), CUDA_SUCCESS);
    *errors += now != NULL;
    want(errors, drv.cuMemAlloc_v2(&p, 16), CUDA_ERROR_INVALID_CONTEXT);
    want(errors, drv.cuCtxSetCurrent(crew->ctx), CUDA_SUCCESS);
    want(errors, drv.cuMemAlloc_v2(&p, 16), CUDA_SUCCESS);
    want(errors, drv.cuMemFree_v2(p), CUDA_SUCCESS);
}

CONF_POSITIVE(cuCtxSetCurrent, every_thread_has_its_own)
{
    struct crew crew = {.work = starts_without_context};
    CUcontext now = NULL;

    crew.ctx = conf_context();
    CONF_EXPECT(run_crew(&crew) == 0);
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == crew.ctx);
}

static void launches_in_one_stream(struct crew *crew, int index, int *errors)
{
    void *params[] = {&crew->shared};

    (void)index;
    want(errors, drv.cuCtxSetCurrent(crew->ctx), CUDA_SUCCESS);
    for (int i = 0; i < ROUNDS; i++) {
        want(errors, drv.cuLaunchKernel(crew->fn, 2, 1, 1, 32, 1, 1, 0, NULL, params, NULL),
             CUDA_SUCCESS);
    }
    want(errors, drv.cuStreamSynchronize(NULL), CUDA_SUCCESS);
}

CONF_POSITIVE(cuLaunchKernel, eight_threads_one_stream)
{
    struct crew crew = {.work = launches_in_one_stream};
    unsigned int word = 0;

    crew.ctx = conf_context();
    crew.fn = conf_kernel("atomic_count");
    crew.shared = conf_memory(4);
    CONF_SETUP(cuMemsetD32_v2(crew.shared, 0, 1));
    CONF_EXPECT(run_crew(&crew) == 0);
    CONF_OK(cuMemcpyDtoH_v2(&word, crew.shared, 4));
    CONF_VALUE(word);
}

static void works_in_own_stream(struct crew *crew, int index, int *errors)
{
    CUstream s = NULL;
    CUdeviceptr p = 0;
    unsigned int value = (unsigned int)index + 1, out[256];
    void *params[] = {&p, &value};

    want(errors, drv.cuCtxSetCurrent(crew->ctx), CUDA_SUCCESS);
    want(errors, drv.cuStreamCreate(&s, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    for (int i = 0; i < ROUNDS / 2; i++) {
        want(errors, drv.cuMemAlloc_v2(&p, sizeof(out)), CUDA_SUCCESS);
        want(errors, drv.cuMemsetD32Async(p, 100, 256, s), CUDA_SUCCESS);
        want(errors, drv.cuLaunchKernel(crew->fn, 2, 1, 1, 128, 1, 1, 0, s, params, NULL),
             CUDA_SUCCESS);
        want(errors, drv.cuMemcpyDtoHAsync_v2(out, p, sizeof(out), s), CUDA_SUCCESS);
        want(errors, drv.cuStreamSynchronize(s), CUDA_SUCCESS);
        for (int k = 0; k < 256; k++) {
            *errors += out[k] != 100 + value;
        }
        want(errors, drv.cuMemFree_v2(p), CUDA_SUCCESS);
    }
    want(errors, drv.cuStreamDestroy_v2(s), CUDA_SUCCESS);
}

CONF_POSITIVE(cuLaunchKernel, eight_threads_own_streams)
{
    struct crew crew = {.work = works_in_own_stream};

    crew.ctx = conf_context();
    crew.fn = conf_kernel("add");
    CONF_EXPECT(run_crew(&crew) == 0);
    CONF_OK(cuCtxSynchronize());
}

static void allocates_and_frees(struct crew *crew, int index, int *errors)
{
    CUdeviceptr p[8] = {0};

    want(errors, drv.cuCtxSetCurrent(crew->ctx), CUDA_SUCCESS);
    for (int i = 0; i < ROUNDS; i++) {
        int k = i % 8;

        want(errors, drv.cuMemFree_v2(p[k]), CUDA_SUCCESS);
        want(errors, drv.cuMemAlloc_v2(&p[k], (size_t)(index + 1) * 1000 * (size_t)(k + 1)),
             CUDA_SUCCESS);
        want(errors, drv.cuMemsetD8_v2(p[k], (unsigned char)index, 1000), CUDA_SUCCESS);
    }
    for (int k = 0; k < 8; k++) {
        unsigned char byte = 0;

        want(errors, drv.cuMemcpyDtoH_v2(&byte, p[k] + 999, 1), CUDA_SUCCESS);
        *errors += byte != index;
        want(errors, drv.cuMemFree_v2(p[k]), CUDA_SUCCESS);
    }
}

CONF_POSITIVE(cuMemAlloc_v2, eight_threads)
{
    struct crew crew = {.work = allocates_and_frees};

    crew.ctx = conf_context();
    CONF_EXPECT(run_crew(&crew) == 0);
}

static void uses_per_thread_stream(struct crew *crew, int index, int *errors)
{
    CUdeviceptr p = 0;
    unsigned int value = (unsigned int)index, word = 99;
    void *params[] = {&p, &value};

    want(errors, drv.cuCtxSetCurrent(crew->ctx), CUDA_SUCCESS);
    want(errors, drv.cuMemAlloc_v2(&p, 4096), CUDA_SUCCESS);
    for (int i = 0; i < ROUNDS; i++) {
        want(errors,
             drv.cuLaunchKernel(crew->fn, 1, 1, 1, 64, 1, 1, 0, CU_STREAM_PER_THREAD, params, NULL),
             CUDA_SUCCESS);
    }
    want(errors, drv.cuStreamSynchronize(CU_STREAM_PER_THREAD), CUDA_SUCCESS);
    want(errors, drv.cuMemcpyDtoH_v2(&word, p, 4), CUDA_SUCCESS);
    *errors += word != value;
    want(errors, drv.cuMemFree_v2(p), CUDA_SUCCESS);
}

CONF_POSITIVE(cuStreamSynchronize, eight_threads_per_thread_stream)
{
    struct crew crew = {.work = uses_per_thread_stream};

    crew.ctx = conf_context();
    crew.fn = conf_kernel("store");
    CONF_EXPECT(run_crew(&crew) == 0);
}

/* Half the threads query, record and wait while the others launch. */
static void mixes_everything(struct crew *crew, int index, int *errors)
{
    void *params[] = {&crew->shared};
    CUevent e = NULL;
    CUresult cu;

    want(errors, drv.cuCtxSetCurrent(crew->ctx), CUDA_SUCCESS);
    want(errors, drv.cuEventCreate(&e, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
    for (int i = 0; i < ROUNDS; i++) {
        if (index % 2) {
            want(errors, drv.cuLaunchKernel(crew->fn, 1, 1, 1, 1, 1, 1, 0, NULL, params, NULL),
                 CUDA_SUCCESS);
        } else {
            want(errors, drv.cuEventRecord(e, NULL), CUDA_SUCCESS);
            cu = drv.cuEventQuery(e);
            *errors += cu != CUDA_SUCCESS && cu != CUDA_ERROR_NOT_READY;
            want(errors, drv.cuEventSynchronize(e), CUDA_SUCCESS);
        }
    }
    want(errors, drv.cuEventDestroy_v2(e), CUDA_SUCCESS);
}

CONF_POSITIVE(cuEventSynchronize, eight_threads_mixed)
{
    struct crew crew = {.work = mixes_everything};
    unsigned int word = 0;

    crew.ctx = conf_context();
    crew.fn = conf_kernel("atomic_count");
    crew.shared = conf_memory(4);
    CONF_SETUP(cuMemsetD32_v2(crew.shared, 0, 1));
    CONF_EXPECT(run_crew(&crew) == 0);
    CONF_OK(cuMemcpyDtoH_v2(&word, crew.shared, 4));
    CONF_VALUE(word);
}

/* A context made by one thread ends while another has it current. */
static void *pops_later(void *arg)
{
    struct member *m = arg;
    CUcontext out = NULL;

    want(&m->errors, drv.cuCtxPushCurrent_v2(m->crew->ctx), CUDA_SUCCESS);
    want(&m->errors, drv.cuCtxPopCurrent_v2(&out), CUDA_SUCCESS);
    m->errors += out != m->crew->ctx;
    want(&m->errors, drv.cuCtxPopCurrent_v2(&out), CUDA_ERROR_INVALID_CONTEXT);
    return NULL;
}

CONF_POSITIVE(cuCtxPushCurrent_v2, one_context_on_two_threads)
{
    struct crew crew = {.ctx = conf_context()};
    struct member m = {.crew = &crew};
    CUcontext now = NULL;

    if (pthread_create(&m.thread, NULL, pops_later, &m)) {
        conf_skip("no thread");
    }
    pthread_join(m.thread, NULL);
    CONF_EXPECT(m.errors == 0);
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == crew.ctx);
}
