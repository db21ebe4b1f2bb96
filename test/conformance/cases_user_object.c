/* SPDX-License-Identifier: Apache-2.0 */

/* User objects. */
#include "test/conformance/graph.h"

#include <unistd.h>

static int destroyed;

static void on_destroy(void *arg)
{
    __atomic_fetch_add((int *)arg, 1, __ATOMIC_RELEASE);
}

/* Destructors run when the driver likes, on a thread of its own. */
static int wait_destroyed(void)
{
    for (int i = 0; i < 2000 && __atomic_load_n(&destroyed, __ATOMIC_ACQUIRE) == 0; i++) {
        usleep(1000);
    }
    return __atomic_load_n(&destroyed, __ATOMIC_ACQUIRE);
}

static CUuserObject some_object(unsigned int count)
{
    CUuserObject object = NULL;

    CONF_SETUP(cuUserObjectCreate(&object, &destroyed, on_destroy, count,
                                  CU_USER_OBJECT_NO_DESTRUCTOR_SYNC));
    return object;
}

CONF_POSITIVE(cuUserObjectCreate, then_released)
{
    CUuserObject object = NULL;

    conf_context();
    CONF_OK(
        cuUserObjectCreate(&object, &destroyed, on_destroy, 2, CU_USER_OBJECT_NO_DESTRUCTOR_SYNC));
    CONF_OK(cuUserObjectRelease(object, 1));
    CONF_VALUE(__atomic_load_n(&destroyed, __ATOMIC_ACQUIRE));
    CONF_OK(cuUserObjectRelease(object, 1));
    CONF_VALUE(wait_destroyed());
}

CONF_NEGATIVE(cuUserObjectCreate, without_the_flag)
{
    CUuserObject object = NULL;

    conf_context();
    CONF_RESULT(cuUserObjectCreate(&object, &destroyed, on_destroy, 1, 0),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuUserObjectCreate, no_references)
{
    CUuserObject object = NULL;

    conf_context();
    CONF_RESULT(
        cuUserObjectCreate(&object, &destroyed, on_destroy, 0, CU_USER_OBJECT_NO_DESTRUCTOR_SYNC),
        CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuUserObjectRetain, once_more)
{
    CUuserObject object = NULL;

    conf_context();
    object = some_object(1);
    CONF_OK(cuUserObjectRetain(object, 1));
    CONF_OK(cuUserObjectRelease(object, 1));
    CONF_VALUE(__atomic_load_n(&destroyed, __ATOMIC_ACQUIRE));
    CONF_OK(cuUserObjectRelease(object, 1));
    CONF_VALUE(wait_destroyed());
}

CONF_NEGATIVE(cuUserObjectRetain, null)
{
    conf_context();
    CONF_REFUSED(cuUserObjectRetain(NULL, 1));
}

CONF_NEGATIVE(cuUserObjectRetain, no_references)
{
    conf_context();
    CONF_RESULT(cuUserObjectRetain(some_object(1), 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuUserObjectRelease, null)
{
    conf_context();
    CONF_REFUSED(cuUserObjectRelease(NULL, 1));
}

CONF_NEGATIVE(cuUserObjectRelease, no_references)
{
    conf_context();
    CONF_RESULT(cuUserObjectRelease(some_object(1), 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuUserObjectRelease, all_at_once)
{
    conf_context();
    CONF_OK(cuUserObjectRelease(some_object(3), 3));
    CONF_VALUE(wait_destroyed());
}

CONF_POSITIVE(cuGraphRetainUserObject, lives_with_the_executable_graph)
{
    CUgraphExec exec = NULL;
    CUgraph graph = NULL;

    conf_context();
    graph = conf_graph();
    (void)conf_empty(graph);
    CONF_OK(cuGraphRetainUserObject(graph, some_object(1), 1, CU_GRAPH_USER_OBJECT_MOVE));
    exec = conf_instantiate(graph);
    CONF_OK(cuGraphDestroy(graph));
    conf_run_graph(exec);
    CONF_VALUE(__atomic_load_n(&destroyed, __ATOMIC_ACQUIRE));
    CONF_OK(cuGraphExecDestroy(exec));
    CONF_VALUE(wait_destroyed());
}

CONF_NEGATIVE(cuGraphRetainUserObject, null_object)
{
    conf_context();
    CONF_REFUSED(cuGraphRetainUserObject(conf_graph(), NULL, 1, 0));
}

CONF_NEGATIVE(cuGraphRetainUserObject, null_graph)
{
    conf_context();
    CONF_REFUSED(cuGraphRetainUserObject(NULL, some_object(1), 1, 0));
}

CONF_POSITIVE(cuGraphReleaseUserObject, lets_go)
{
    CUuserObject object = NULL;
    CUgraph graph = NULL;

    conf_context();
    graph = conf_graph();
    object = some_object(1);
    CONF_SETUP(cuGraphRetainUserObject(graph, object, 1, CU_GRAPH_USER_OBJECT_MOVE));
    CONF_OK(cuGraphReleaseUserObject(graph, object, 1));
    CONF_VALUE(wait_destroyed());
}

/* Undefined by the manual; native answers 0. */
CONF_OURS(cuGraphReleaseUserObject, not_held)
{
    conf_context();
    CONF_REFUSED(cuGraphReleaseUserObject(conf_graph(), some_object(1), 1));
}

CONF_NEGATIVE(cuGraphReleaseUserObject, null_graph)
{
    conf_context();
    CONF_REFUSED(cuGraphReleaseUserObject(NULL, some_object(1), 1));
}
