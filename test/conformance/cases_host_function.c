/* SPDX-License-Identifier: Apache-2.0 */

/* Functions of the program that run in a stream's order. */
#include "test/conformance/conf.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

static CUstream new_stream(void)
{
    CUstream s = NULL;

    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    return s;
}

static volatile unsigned int *pinned(void)
{
    void *host = NULL;

    CONF_SETUP(cuMemHostAlloc(&host, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
    memset(host, 0, 4096);
    return host;
}

static void add_one(void *arg)
{
    volatile unsigned int *word = arg;

    *word = *word + 1;
}

static void times_three(void *arg)
{
    volatile unsigned int *word = arg;

    *word = *word * 3;
}

CONF_POSITIVE(cuLaunchHostFunc, between_copies)
{
    volatile unsigned int *word;
    unsigned int back = 0;
    CUdeviceptr p = 0;
    CUstream s = NULL;

    conf_context();
    word = pinned();
    p = conf_memory(4);
    s = new_stream();
    CONF_OK(cuMemsetD32Async(p, 13, 1, s));
    CONF_OK(cuMemcpyDtoHAsync_v2((void *)(uintptr_t)word, p, 4, s));
    CONF_OK(cuLaunchHostFunc(s, add_one, (void *)(uintptr_t)word));
    CONF_OK(cuLaunchHostFunc(s, times_three, (void *)(uintptr_t)word));
    CONF_OK(cuMemcpyHtoDAsync_v2(p, (void *)(uintptr_t)word, 4, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_OK(cuMemcpyDtoH_v2(&back, p, 4));
    CONF_VALUE(back);
}

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    bool entered;
};

static struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void wait_at_gate(void *arg)
{
    struct gate *g = arg;

    pthread_mutex_lock(&g->lock);
    g->entered = true;
    pthread_cond_broadcast(&g->changed);
    while (!g->open) {
        pthread_cond_wait(&g->changed, &g->lock);
    }
    pthread_mutex_unlock(&g->lock);
}

/* Nobody is in a call while the function has to come. */
static void wait_entered(void)
{
    pthread_mutex_lock(&gate.lock);
    while (!gate.entered) {
        pthread_cond_wait(&gate.changed, &gate.lock);
    }
    pthread_mutex_unlock(&gate.lock);
}

static void open_gate(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.open = true;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

CONF_POSITIVE(cuLaunchHostFunc, holds_only_its_stream)
{
    CUstream a = NULL, b = NULL;
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(4096);
    a = new_stream();
    b = new_stream();
    CONF_OK(cuLaunchHostFunc(a, wait_at_gate, &gate));
    wait_entered();
    CONF_RESULT(cuStreamQuery(a), CUDA_ERROR_NOT_READY);
    CONF_OK(cuMemsetD8Async(p, 1, 4096, b));
    CONF_OK(cuStreamSynchronize(b));
    CONF_RESULT(cuStreamQuery(a), CUDA_ERROR_NOT_READY);
    open_gate();
    CONF_OK(cuStreamSynchronize(a));
    CONF_OK(cuStreamQuery(a));
}

static CUresult from_inside[2];

static void call_cuda(void *arg)
{
    CUdeviceptr p = 0;
    CUevent e = NULL;

    (void)arg;

    /* To synchronise here hangs natively. */
    from_inside[0] = drv.cuMemAlloc_v2(&p, 16);
    from_inside[1] = drv.cuEventCreate(&e, 0);
}

CONF_POSITIVE(cuLaunchHostFunc, calls_inside_are_not_permitted)
{
    CUstream s = NULL;

    conf_context();
    s = new_stream();
    CONF_OK(cuLaunchHostFunc(s, call_cuda, NULL));
    CONF_OK(cuStreamSynchronize(s));
    for (int i = 0; i < 2; i++) {
        CONF_VALUE(from_inside[i]);
    }
    CONF_OK(cuCtxSynchronize());
}

static unsigned int order[4][200];
static unsigned int order_count[4];

static void note(void *arg)
{
    uintptr_t what = (uintptr_t)arg;
    unsigned int stream = (unsigned int)(what >> 16);

    order[stream][order_count[stream]++] = (unsigned int)(what & 0xffff);
}

CONF_POSITIVE(cuLaunchHostFunc, many_in_order)
{
    CUstream s[4];
    unsigned int wrong = 0;

    conf_context();
    for (unsigned int i = 0; i < 4; i++) {
        s[i] = new_stream();
    }
    for (uintptr_t n = 0; n < 200; n++) {
        for (uintptr_t i = 0; i < 4; i++) {
            CONF_SETUP(cuLaunchHostFunc(s[i], note, (void *)(i << 16 | n)));
        }
    }
    CONF_OK(cuCtxSynchronize());
    for (unsigned int i = 0; i < 4; i++) {
        wrong += order_count[i] != 200;
        for (unsigned int n = 0; n < 200; n++) {
            wrong += order[i][n] != n;
        }
    }
    CONF_VALUE(wrong);
}

static void sleep_a_little(void *arg)
{
    volatile unsigned int *word = arg;

    usleep(20000);
    *word = 1;
}

CONF_POSITIVE(cuLaunchHostFunc, sleeps)
{
    volatile unsigned int *word;
    CUevent e = NULL;
    CUstream s = NULL;

    conf_context();
    word = pinned();
    s = new_stream();
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_OK(cuLaunchHostFunc(s, sleep_a_little, (void *)(uintptr_t)word));
    CONF_OK(cuEventRecord(e, s));
    CONF_OK(cuEventSynchronize(e));
    CONF_VALUE(*word);
}

CONF_NEGATIVE(cuLaunchHostFunc, null_function)
{
    conf_context();
    CONF_RESULT(cuLaunchHostFunc(new_stream(), NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchHostFunc, no_context)
{
    conf_device();
    CONF_RESULT(cuLaunchHostFunc(NULL, add_one, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuLaunchHostFunc, before_init)
{
    CONF_RESULT(cuLaunchHostFunc(NULL, add_one, NULL), CUDA_ERROR_NOT_INITIALIZED);
}

struct callback_seen {
    CUstream stream;
    CUresult status;
    unsigned int count;
};

static void on_stream(CUstream stream, CUresult status, void *arg)
{
    struct callback_seen *seen = arg;

    seen->stream = stream;
    seen->status = status;
    seen->count++;
}

CONF_POSITIVE(cuStreamAddCallback, status_and_stream)
{
    struct callback_seen seen = {NULL, CUDA_ERROR_UNKNOWN, 0};
    CUstream s = NULL;

    conf_context();
    s = new_stream();
    CONF_OK(cuStreamAddCallback(s, on_stream, &seen, 0));
    CONF_OK(cuStreamAddCallback(s, on_stream, &seen, 0));
    CONF_OK(cuStreamSynchronize(s));
    CONF_VALUE(seen.status);
    CONF_VALUE(seen.count);
    CONF_EXPECT(seen.stream == s);
}

CONF_NEGATIVE(cuStreamAddCallback, null_callback)
{
    conf_context();
    CONF_RESULT(cuStreamAddCallback(new_stream(), NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamAddCallback, bad_flags)
{
    struct callback_seen seen;

    conf_context();
    CONF_RESULT(cuStreamAddCallback(new_stream(), on_stream, &seen, 1), CUDA_ERROR_INVALID_VALUE);
}
