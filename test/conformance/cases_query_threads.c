/* SPDX-License-Identifier: Apache-2.0 */

/* Threads that ask for what other threads record. */
#include "test/conformance/conf.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define THREADS 8
#define ROUNDS  100

/* What one thread records and its neighbour asks for. */
struct pair {
    CUcontext ctx;
    CUfunction add;
    CUstream stream;
    CUevent event;
    volatile unsigned int *word; /* pinned; the kernel counts in it */
    atomic_uint recorded;        /* rounds */
    atomic_uint errors;
};

static void want(struct pair *p, CUresult cu, CUresult code)
{
    atomic_fetch_add(&p->errors, cu != code);
}

static void *record(void *arg)
{
    struct pair *p = arg;
    CUdeviceptr word = (CUdeviceptr)(uintptr_t)p->word;
    unsigned int one = 1;
    void *params[] = {&word, &one};

    want(p, drv.cuCtxSetCurrent(p->ctx), CUDA_SUCCESS);
    for (unsigned int i = 1; i <= ROUNDS; i++) {
        want(p, drv.cuLaunchKernel(p->add, 1, 1, 1, 1, 1, 1, 0, p->stream, params, NULL),
             CUDA_SUCCESS);
        want(p, drv.cuEventRecord(p->event, p->stream), CUDA_SUCCESS);
        atomic_store(&p->recorded, i);
    }
    return NULL;
}

static unsigned int counted(const struct pair *p)
{
    return __atomic_load_n(p->word, __ATOMIC_ACQUIRE);
}

/* An event that has happened has done so after a round that was recorded before the question. */
static void *poll(void *arg)
{
    struct pair *p = arg;
    unsigned int seen = 0;

    while (seen < ROUNDS) {
        CUresult cu;

        seen = atomic_load(&p->recorded);
        cu = drv.cuEventQuery(p->event);
        if (cu == CUDA_SUCCESS) {
            atomic_fetch_add(&p->errors, counted(p) < seen);
        } else {
            want(p, cu, CUDA_ERROR_NOT_READY);
            (void)sched_yield();
        }
    }
    while (drv.cuEventQuery(p->event) == CUDA_ERROR_NOT_READY) {
        (void)sched_yield();
    }
    want(p, drv.cuEventQuery(p->event), CUDA_SUCCESS);
    atomic_fetch_add(&p->errors, counted(p) != ROUNDS);
    return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), struct pair *p)
{
    if (pthread_create(thread, NULL, run, p)) {
        conf_skip("no thread");
    }
}

static void pairs(struct pair *p, bool one_stream)
{
    CUcontext ctx = conf_context();
    void *words = NULL;
    CUstream first = NULL;

    CONF_SETUP(cuMemHostAlloc(&words, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
    memset(words, 0, 4096);
    CONF_SETUP(cuStreamCreate(&first, CU_STREAM_NON_BLOCKING));
    for (int i = 0; i < THREADS; i++) {
        p[i].ctx = ctx;
        p[i].add = conf_kernel("add");
        p[i].word = (volatile unsigned int *)words + i;
        p[i].stream = first;
        if (!one_stream) {
            CONF_SETUP(cuStreamCreate(&p[i].stream, i % 2 ? CU_STREAM_NON_BLOCKING : 0));
        }
        CONF_SETUP(cuEventCreate(&p[i].event, i % 3 ? CU_EVENT_DISABLE_TIMING : 0));
    }
}

static unsigned int run(struct pair *p)
{
    pthread_t threads[2 * THREADS];
    unsigned int errors = 0;

    for (int i = 0; i < THREADS; i++) {
        start(&threads[2 * i], poll, &p[i]);
        start(&threads[2 * i + 1], record, &p[i]);
    }
    for (int i = 0; i < 2 * THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        errors += atomic_load(&p[i].errors);
    }
    return errors;
}

CONF_POSITIVE(cuEventQuery, eight_threads_poll_what_eight_record)
{
    struct pair p[THREADS] = {0};

    pairs(p, false);
    CONF_EXPECT(run(p) == 0);
}

CONF_POSITIVE(cuEventQuery, eight_threads_poll_one_stream)
{
    struct pair p[THREADS] = {0};

    pairs(p, true);
    CONF_EXPECT(run(p) == 0);
}
