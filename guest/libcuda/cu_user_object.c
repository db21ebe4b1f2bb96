/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <limits.h>

#include "guest/libcuda/graph.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/user_object.h"

/* The lock of graphs is held on CUDA_SUCCESS. */
static CUresult enter(void)
{
    CUresult cu = gs_ready();

    if (cu == CUDA_SUCCESS) {
        gs_graphs_lock();
    }
    return cu;
}

static CUresult leave(CUresult cu)
{
    gs_graphs_unlock();
    return cu;
}

static bool is_count(unsigned int count)
{
    return count > 0 && count <= INT_MAX;
}

CUresult gs_cuUserObjectCreate(CUuserObject *object_out, void *ptr, CUhostFn destroy,
                               unsigned int initialRefcount, unsigned int flags)
{
    CUresult cu;

    if (object_out == NULL || destroy == NULL || !is_count(initialRefcount) ||
        flags != CU_USER_OBJECT_NO_DESTRUCTOR_SYNC) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = enter();
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return leave(gs_user_object_new(ptr, destroy, initialRefcount, object_out));
}

CUresult gs_cuUserObjectRetain(CUuserObject object, unsigned int count)
{
    struct gs_user_object *found;
    CUresult cu = enter();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    found = gs_user_object_find(object);
    if (found == NULL || !is_count(count)) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    gs_user_object_retain(found, count);
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuUserObjectRelease(CUuserObject object, unsigned int count)
{
    struct gs_user_object *found;
    CUresult cu = enter();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    found = gs_user_object_find(object);
    if (found == NULL || !is_count(count) || !gs_user_object_release(found, count)) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphRetainUserObject(CUgraph graph, CUuserObject object, unsigned int count,
                                    unsigned int flags)
{
    const bool moves = (flags & CU_GRAPH_USER_OBJECT_MOVE) != 0;
    struct gs_user_object *found;
    struct gs_graph *owner;
    CUresult cu = enter();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    owner = gs_graph_find(graph);
    found = gs_user_object_find(object);
    if (owner == NULL || found == NULL || !is_count(count) ||
        (flags & ~(unsigned int)CU_GRAPH_USER_OBJECT_MOVE) != 0 ||
        (moves && count > gs_user_object_own(found))) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    if (!moves) {
        gs_user_object_retain(found, count);
    }
    if (!gs_user_refs_add(&owner->users, found, count)) {
        if (!moves) {
            (void)gs_user_object_release(found, count);
        }
        return leave(CUDA_ERROR_OUT_OF_MEMORY);
    }
    return leave(CUDA_SUCCESS);
}

CUresult gs_cuGraphReleaseUserObject(CUgraph graph, CUuserObject object, unsigned int count)
{
    struct gs_user_object *found;
    struct gs_graph *owner;
    CUresult cu = enter();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    owner = gs_graph_find(graph);
    found = gs_user_object_find(object);
    if (owner == NULL || found == NULL || !is_count(count) ||
        !gs_user_refs_take(&owner->users, found, count)) {
        return leave(CUDA_ERROR_INVALID_VALUE);
    }
    (void)gs_user_object_release(found, count);
    return leave(CUDA_SUCCESS);
}
