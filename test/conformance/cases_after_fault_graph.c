/* SPDX-License-Identifier: Apache-2.0 */

/* Calls about graphs and user objects after a kernel's illegal access. */
#include "test/conformance/after_fault.h"
#include "test/conformance/graph.h"

static void ignores(void *arg)
{
    (void)arg;
}

static void calls_back(CUstream stream, CUresult result, void *arg)
{
    (void)stream;
    (void)result;
    (void)arg;
}

static const CUDA_HOST_NODE_PARAMS calls = {.fn = ignores};

AFTER_ALL(cuLaunchHostFunc, cuLaunchHostFunc(after.stream, ignores, NULL))
AFTER_ALL(cuStreamAddCallback, cuStreamAddCallback(after.stream, calls_back, NULL, 0))
AFTER_STILL(cuUserObjectCreate,
            cuUserObjectCreate(out, &after, ignores, 1, CU_USER_OBJECT_NO_DESTRUCTOR_SYNC))
AFTER_STILL(cuUserObjectRetain, cuUserObjectRetain(after.object, 1))
AFTER_STILL(cuUserObjectRelease, cuUserObjectRelease(after.object, 1))
AFTER_STILL(cuGraphRetainUserObject, cuGraphRetainUserObject(after.graph, after.object, 1, 0))
AFTER_STILL(cuGraphReleaseUserObject, cuGraphReleaseUserObject(after.graph, after.object, 1))
AFTER_STILL(cuGraphCreate, cuGraphCreate(out, 0))
AFTER_STILL(cuGraphClone, cuGraphClone(out, after.graph))
AFTER_STILL(cuGraphDestroy, cuGraphDestroy(after.graph))
AFTER_STILL(cuGraphDestroyNode, cuGraphDestroyNode(after.empty))
AFTER_STILL(cuGraphNodeFindInClone, cuGraphNodeFindInClone(out, after.empty, after.clone))
AFTER_STILL(cuGraphAddEmptyNode, cuGraphAddEmptyNode(out, after.graph, NULL, 0))
AFTER_STILL(cuGraphAddHostNode, cuGraphAddHostNode(out, after.graph, NULL, 0, &calls))
AFTER_STILL(cuGraphAddEventRecordNode,
            cuGraphAddEventRecordNode(out, after.graph, NULL, 0, after.event))
AFTER_STILL(cuGraphAddChildGraphNode,
            cuGraphAddChildGraphNode(out, after.graph, NULL, 0, after.clone))
AFTER_SOMEHOW(cuGraphAddMemFreeNode, cuGraphAddMemFreeNode(out, after.graph, NULL, 0, after.memory))
AFTER_STILL(cuGraphAddDependencies,
            cuGraphAddDependencies(after.graph, &after.empty, &after.kernel, 1))
AFTER_STILL(cuGraphGetNodes, cuGraphGetNodes(after.graph, NULL, out))
AFTER_STILL(cuGraphGetRootNodes, cuGraphGetRootNodes(after.graph, NULL, out))
AFTER_STILL(cuGraphGetEdges, cuGraphGetEdges(after.graph, NULL, NULL, out))
AFTER_STILL(cuGraphNodeGetType, cuGraphNodeGetType(after.kernel, out))
AFTER_STILL(cuGraphNodeGetDependencies, cuGraphNodeGetDependencies(after.kernel, NULL, out))
AFTER_STILL(cuGraphKernelNodeGetParams_v2, cuGraphKernelNodeGetParams_v2(after.kernel, out))
AFTER_STILL(cuGraphMemsetNodeGetParams, cuGraphMemsetNodeGetParams(after.fill, out))
AFTER_STILL(cuGraphMemcpyNodeGetParams, cuGraphMemcpyNodeGetParams(after.copy, out))
AFTER_ALL(cuGraphInstantiateWithFlags, cuGraphInstantiateWithFlags(out, after.graph, 0))
AFTER_STILL(cuGraphExecGetFlags, cuGraphExecGetFlags(after.exec, (cuuint64_t *)after_out))
AFTER_STILL(cuGraphExecUpdate_v2,
            cuGraphExecUpdate_v2(after.exec, after.graph, (CUgraphExecUpdateResultInfo *)out))
AFTER_STILL(cuGraphNodeSetEnabled, cuGraphNodeSetEnabled(after.exec, after.kernel, 0))
AFTER_STILL(cuGraphNodeGetEnabled, cuGraphNodeGetEnabled(after.exec, after.kernel, out))
AFTER_ALL(cuGraphUpload, cuGraphUpload(after.exec, after.stream))
AFTER_ALL(cuGraphLaunch, cuGraphLaunch(after.exec, after.stream))
AFTER_STILL(cuGraphExecDestroy, cuGraphExecDestroy(after.exec))
AFTER_STILL(cuDeviceGetGraphMemAttribute,
            cuDeviceGetGraphMemAttribute(0, CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT, out))
AFTER_STILL(cuDeviceGraphMemTrim, cuDeviceGraphMemTrim(0))

/* Whoever gives back what it has does so behind calls that have failed already. */
CONF_NEGATIVE(cuGraphDestroy, with_its_exec_after_failed_calls)
{
    CUgraphNode node = NULL;
    unsigned int enabled = 1;

    conf_fault_of_everything();
    CONF_RESULT(cuStreamQuery(after.stream), CUDA_ERROR_ILLEGAL_ADDRESS);
    CONF_OK(cuGraphAddEmptyNode(&node, after.graph, NULL, 0));
    CONF_OK(cuGraphDestroyNode(node));
    CONF_OK(cuGraphNodeSetEnabled(after.exec, after.kernel, 0));
    CONF_OK(cuGraphNodeGetEnabled(after.exec, after.kernel, &enabled));
    CONF_EXPECT(enabled == 0);
    CONF_OK(cuGraphExecDestroy(after.exec));
    CONF_OK(cuGraphDestroy(after.clone));
    CONF_OK(cuGraphDestroy(after.graph));
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
}

/* Calls whose arguments are made in a function. */
static void add(CUresult (*node)(void))
{
    conf_fault_of_everything();
    conf_call("the call", node());
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void fail(CUresult (*node)(void))
{
    conf_fault_of_everything();
    conf_result("the call", node(), CUDA_ERROR_ILLEGAL_ADDRESS, __LINE__);
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
}

static CUresult adds_kernel(void)
{
    CUDA_KERNEL_NODE_PARAMS params = conf_function_node(after.function, NULL);

    return drv.cuGraphAddKernelNode_v2(out, after.graph, NULL, 0, &params);
}

static CUresult adds_fill(void)
{
    CUDA_MEMSET_NODE_PARAMS params = conf_fill_node(after.memory, 1);

    return drv.cuGraphAddMemsetNode(out, after.graph, NULL, 0, &params, after.context);
}

static CUresult adds_copy(void)
{
    CUDA_MEMCPY3D params = conf_copy_node(after.memory, after.memory + 64);

    return drv.cuGraphAddMemcpyNode(out, after.graph, NULL, 0, &params, after.context);
}

static CUresult adds_allocation(void)
{
    CUDA_MEM_ALLOC_NODE_PARAMS params = {
        .poolProps = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
                      .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0}},
        .bytesize = 4096,
    };

    return drv.cuGraphAddMemAllocNode(out, after.graph, NULL, 0, &params);
}

static CUresult sets_fill(void)
{
    CUDA_MEMSET_NODE_PARAMS params = conf_fill_node(after.memory, 2);

    return drv.cuGraphMemsetNodeSetParams(after.fill, &params);
}

static CUresult sets_fill_of_exec(void)
{
    CUDA_MEMSET_NODE_PARAMS params = conf_fill_node(after.memory, 2);

    return drv.cuGraphExecMemsetNodeSetParams(after.exec, after.fill, &params, after.context);
}

CONF_NEGATIVE(cuGraphAddKernelNode_v2, after_a_kernel_fault)
{
    add(adds_kernel);
}

CONF_NEGATIVE(cuGraphAddMemsetNode, after_a_kernel_fault)
{
    add(adds_fill);
}

CONF_NEGATIVE(cuGraphAddMemcpyNode, after_a_kernel_fault)
{
    add(adds_copy);
}

CONF_NEGATIVE(cuGraphAddMemAllocNode, after_a_kernel_fault)
{
    add(adds_allocation);
}

CONF_NEGATIVE(cuGraphMemsetNodeSetParams, after_a_kernel_fault)
{
    fail(sets_fill);
}

CONF_NEGATIVE(cuGraphExecMemsetNodeSetParams, after_a_kernel_fault)
{
    add(sets_fill_of_exec);
}
