/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "gs_symbols.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"

/* Destructors of user objects come, whatever a process has no more of. */

static struct fake_broker broker;
static _Atomic bool no_threads;
static _Atomic unsigned int destroyed;

typedef void *thread_main(void *arg);

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, thread_main *fn,
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, thread_main *fn,
                          void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, thread_main *fn, void *arg)
{
    return atomic_load(&no_threads) ? EAGAIN : __real_pthread_create(thread, attr, fn, arg);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void start(void)
{
    CUcontext context;

    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
}

/* In the order of their ends. */
static void destroy(void *data)
{
    CHILD_CHECK(atomic_fetch_add(&destroyed, 1) == *(const unsigned int *)data);
}

static void wait_until_destroyed(unsigned int count)
{
    const struct timespec nap = {.tv_nsec = 1000000};

    for (unsigned int i = 0; i < 20000 && atomic_load(&destroyed) < count; i++) {
        (void)nanosleep(&nap, NULL);
    }
    CHILD_CHECK(atomic_load(&destroyed) == count);
}

static void threads_run_out(void)
{
    static unsigned int numbers[3] = {0, 1, 2};
    CUuserObject objects[3];

    start();
    for (unsigned int i = 0; i < 3; i++) {
        CHILD_CHECK(cuUserObjectCreate(&objects[i], &numbers[i], destroy, 1,
                                       CU_USER_OBJECT_NO_DESTRUCTOR_SYNC) == CUDA_SUCCESS);
    }
    atomic_store(&no_threads, true);
    for (unsigned int i = 0; i < 3; i++) {
        CHILD_CHECK(cuUserObjectRelease(objects[i], 1) == CUDA_SUCCESS);
    }
    wait_until_destroyed(3);
    atomic_store(&no_threads, false);
    fake_broker_stop(&broker);
}

static void there_never_was_one(void)
{
    CUuserObject object;
    unsigned int number = 0;

    start();
    atomic_store(&no_threads, true);
    CHILD_CHECK(cuUserObjectCreate(&object, &number, destroy, 1,
                                   CU_USER_OBJECT_NO_DESTRUCTOR_SYNC) == CUDA_ERROR_OUT_OF_MEMORY);
    atomic_store(&no_threads, false);
    CHILD_CHECK(atomic_load(&destroyed) == 0);
    fake_broker_stop(&broker);
}

static CUuserObject make_object(unsigned int *number)
{
    CUuserObject object;

    CHILD_CHECK(cuUserObjectCreate(&object, number, destroy, 1,
                                   CU_USER_OBJECT_NO_DESTRUCTOR_SYNC) == CUDA_SUCCESS);
    return object;
}

/* A program that releases what its graph holds is told so, and the graph finds its object. */
static void the_graph_holds_one(void)
{
    unsigned int number = 0;
    CUuserObject object;
    CUgraph graph;

    start();
    object = make_object(&number);
    CHILD_CHECK(cuGraphCreate(&graph, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuGraphRetainUserObject(graph, object, 1, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuUserObjectRelease(object, 2) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuUserObjectRelease(object, 1) == CUDA_SUCCESS);
    CHILD_CHECK(cuUserObjectRelease(object, 1) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuGraphRetainUserObject(graph, object, 1, CU_GRAPH_USER_OBJECT_MOVE) ==
                CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(atomic_load(&destroyed) == 0);
    CHILD_CHECK(cuGraphDestroy(graph) == CUDA_SUCCESS);
    wait_until_destroyed(1);
    fake_broker_stop(&broker);
}

/* What an executable graph held until its last run goes with the worker that never came so far. */
static void the_worker_ends_first(void)
{
    unsigned int number = 0;
    CUuserObject object;
    CUgraphExec exec;
    CUgraphNode node;
    CUcontext context;
    CUstream stream;
    CUgraph graph;

    start();
    object = make_object(&number);
    CHILD_CHECK(cuGraphCreate(&graph, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuGraphAddEmptyNode(&node, graph, NULL, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuGraphRetainUserObject(graph, object, 1, CU_GRAPH_USER_OBJECT_MOVE) ==
                CUDA_SUCCESS);
    CHILD_CHECK(cuStreamCreate(&stream, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuGraphDestroy(graph) == CUDA_SUCCESS);
    CHILD_CHECK(cuGraphLaunch(exec, stream) == CUDA_SUCCESS);
    CHILD_CHECK(cuGraphExecDestroy(exec) == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&destroyed) == 0);
    CHILD_CHECK(cuCtxGetCurrent(&context) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxDestroy_v2(context) == CUDA_SUCCESS);
    wait_until_destroyed(1);
    fake_broker_stop(&broker);
}

static void test_the_graph_holds_one(void **state)
{
    (void)state;
    fake_run_in_child(the_graph_holds_one);
}

static void test_the_worker_ends_first(void **state)
{
    (void)state;
    fake_run_in_child(the_worker_ends_first);
}

static void test_threads_run_out(void **state)
{
    (void)state;
    fake_run_in_child(threads_run_out);
}

static void test_there_never_was_one(void **state)
{
    (void)state;
    fake_run_in_child(there_never_was_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_run_out),
        cmocka_unit_test(test_there_never_was_one),
        cmocka_unit_test(test_the_graph_holds_one),
        cmocka_unit_test(test_the_worker_ends_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
