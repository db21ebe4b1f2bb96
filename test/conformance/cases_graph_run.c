/* SPDX-License-Identifier: Apache-2.0 */

/* Executable graphs that run often, change between runs, and call functions of the program. */
#include "test/conformance/graph.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define CHAIN 50

/* Fifty kernels behind each other, each of which adds one to the word. */
static CUgraphExec chain(CUdeviceptr *word)
{
    unsigned int one = 1;
    CUgraph graph = conf_graph();
    CUgraphNode last = NULL;
    CUgraphExec exec = NULL;

    for (int i = 0; i < CHAIN; i++) {
        last = conf_add_kernel(graph, last, "add", word, &one);
    }
    exec = conf_instantiate(graph);
    CONF_SETUP(cuGraphDestroy(graph));
    return exec;
}

CONF_POSITIVE(cuGraphLaunch, fifty_kernels_a_thousand_times)
{
    CUdeviceptr word = 0;
    CUgraphExec exec = NULL;
    CUstream s = NULL;
    bool good = true;

    conf_context();
    word = conf_word(0);
    exec = chain(&word);
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    for (int i = 0; i < 1000; i++) {
        good = good && drv.cuGraphLaunch(exec, s) == CUDA_SUCCESS;
    }
    CONF_EXPECT(good);
    CONF_OK(cuStreamSynchronize(s));
    CONF_VALUE(conf_read(word));
    CONF_OK(cuGraphExecDestroy(exec));
}

struct held {
    atomic_bool go;
    atomic_bool gave_up;
};

/* Until it is told to go on, but not for ever: where launches block, nobody would tell it. */
static void hold(void *arg)
{
    const struct timespec nap = {.tv_nsec = 1000000};
    struct held *held = arg;

    for (int i = 0; i < 5000 && !atomic_load(&held->go); i++) {
        (void)nanosleep(&nap, NULL);
    }
    atomic_store(&held->gave_up, !atomic_load(&held->go));
}

/* Whether so many runs fit into a stream that stands still. */
static void launch_behind(unsigned int runs)
{
    static struct held held;
    CUdeviceptr word = 0;
    CUgraphExec exec = NULL;
    CUstream s = NULL;

    conf_context();
    word = conf_word(0);
    exec = chain(&word);
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuLaunchHostFunc(s, hold, &held));
    for (unsigned int i = 0; i < runs; i++) {
        CONF_SETUP(cuGraphLaunch(exec, s));
    }
    atomic_store(&held.go, true);
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(conf_read(word) == runs * CHAIN);
    CONF_VALUE(atomic_load(&held.gave_up));
}

CONF_POSITIVE(cuGraphLaunch, fifteen_behind_a_host_function)
{
    launch_behind(15);
}

struct run {
    CUcontext ctx;
    CUgraphExec exec;
    CUgraphNode node;
    CUdeviceptr word;
    bool good;
};

/* Adds 1, 2, 3, … by changes of one node. */
static void *change_and_run(void *arg)
{
    struct run *r = arg;
    CUstream s = NULL;

    r->good = drv.cuCtxSetCurrent(r->ctx) == CUDA_SUCCESS &&
              drv.cuStreamCreate(&s, CU_STREAM_NON_BLOCKING) == CUDA_SUCCESS;
    for (unsigned int i = 1; i <= 200 && r->good; i++) {
        void *params[] = {&r->word, &i};
        CUDA_KERNEL_NODE_PARAMS kernel = conf_kernel_node("add", params);

        r->good =
            drv.cuGraphExecKernelNodeSetParams_v2(r->exec, r->node, &kernel) == CUDA_SUCCESS &&
            drv.cuGraphLaunch(r->exec, s) == CUDA_SUCCESS &&
            (i % 32 != 0 || drv.cuStreamSynchronize(s) == CUDA_SUCCESS);
    }
    r->good = r->good && drv.cuStreamSynchronize(s) == CUDA_SUCCESS;
    return NULL;
}

CONF_POSITIVE(cuGraphExecKernelNodeSetParams_v2, two_threads_and_a_graph_each_run)
{
    unsigned int one = 1;
    pthread_t threads[2];
    struct run runs[2];
    CUcontext ctx = conf_context();
    CUgraph graph = conf_graph();
    CUdeviceptr first = conf_word(0);
    CUgraphNode node = conf_add_kernel(graph, NULL, "add", &first, &one);

    for (int i = 0; i < 2; i++) {
        runs[i] = (struct run){ctx, conf_instantiate(graph), node, conf_word(0), false};
    }
    for (int i = 0; i < 2; i++) {
        CONF_EXPECT(pthread_create(&threads[i], NULL, change_and_run, &runs[i]) == 0);
    }
    for (int i = 0; i < 2; i++) {
        CONF_EXPECT(pthread_join(threads[i], NULL) == 0);
        CONF_EXPECT(runs[i].good);
        CONF_VALUE(conf_read(runs[i].word));
    }
    CONF_VALUE(conf_read(first));
}

struct seen {
    unsigned int *word; /* pinned: what the graph has copied before */
    unsigned int calls;
    unsigned int sum;
};

static void see(void *arg)
{
    struct seen *seen = arg;

    seen->calls++;
    seen->sum += *seen->word;
}

/* Each run copies, calls, adds: the function sees what this run copied, and the next run adds to
 * what this one left. */
CONF_POSITIVE(cuGraphLaunch, host_functions_that_were_captured)
{
    struct seen seen = {.calls = 0};
    CUdeviceptr word = 0;
    CUgraphExec exec = NULL;
    CUgraph graph = NULL;
    CUstream s = NULL;
    unsigned int three = 3;
    void *params[] = {&word, &three};
    void *host = NULL;

    conf_context();
    word = conf_word(1);
    (void)conf_module();
    CONF_SETUP(cuMemHostAlloc(&host, 4096, 0));
    seen.word = host;
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_OK(cuStreamBeginCapture_v2(s, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CONF_OK(cuMemcpyDtoHAsync_v2(host, word, 4, s));
    CONF_OK(cuLaunchHostFunc(s, see, &seen));
    conf_launch(conf_kernel("add"), 1, 1, s, params);
    CONF_OK(cuStreamEndCapture(s, &graph));
    CONF_VALUE(seen.calls);
    exec = conf_instantiate(graph);
    for (int i = 0; i < 20; i++) {
        CONF_OK(cuGraphLaunch(exec, s));
    }
    CONF_OK(cuStreamSynchronize(s));
    CONF_VALUE(seen.calls);
    CONF_VALUE(seen.sum);
    CONF_VALUE(conf_read(word));
}
