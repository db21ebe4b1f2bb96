/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_driver.h"

/* Graphs of the driver without a GPU. */

static CUresult create(CUgraph *graph, unsigned int flags)
{
    (void)flags;
    *graph = fake_object(5);
    return fake_called(FAKE_cuGraphCreate);
}

static CUresult destroy(CUgraph graph)
{
    (void)graph;
    return fake_called(FAKE_cuGraphDestroy);
}

static CUresult added(CUgraphNode *node, size_t count)
{
    *node = fake_object(6);
    atomic_store(&fake->last_bytes, count);
    return fake_called(FAKE_cuGraphAddNode);
}

static CUresult changed(void)
{
    return fake_called(FAKE_cuGraphExecNodeSetParams);
}

static CUresult add_kernel(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, size_t count,
                           const CUDA_KERNEL_NODE_PARAMS *params)
{
    (void)graph;
    (void)deps;
    (void)params;
    return added(node, count);
}

static CUresult set_attribute(CUgraphNode node, CUkernelNodeAttrID attr,
                              const CUkernelNodeAttrValue *value)
{
    (void)node;
    (void)attr;
    (void)value;
    return CUDA_SUCCESS;
}

static CUresult add_copy(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, size_t count,
                         const CUDA_MEMCPY3D *params, CUcontext ctx)
{
    (void)graph;
    (void)deps;
    (void)params;
    (void)ctx;
    return added(node, count);
}

static CUresult add_fill(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, size_t count,
                         const CUDA_MEMSET_NODE_PARAMS *params, CUcontext ctx)
{
    (void)graph;
    (void)deps;
    (void)ctx;
    atomic_store(&fake->last_address, params->dst);
    return added(node, count);
}

static CUresult add_host(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, size_t count,
                         const CUDA_HOST_NODE_PARAMS *params)
{
    (void)graph;
    (void)deps;
    (void)params;
    return added(node, count);
}

static CUresult add_empty(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, size_t count)
{
    (void)graph;
    (void)deps;
    return added(node, count);
}

static CUresult add_event(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, size_t count,
                          CUevent event)
{
    (void)graph;
    (void)deps;
    (void)event;
    return added(node, count);
}

static CUresult add_words(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, size_t count,
                          const CUDA_BATCH_MEM_OP_NODE_PARAMS *params)
{
    (void)graph;
    (void)deps;
    (void)params;
    return added(node, count);
}

static CUresult instantiate(CUgraphExec *exec, CUgraph graph, unsigned long long flags)
{
    (void)graph;
    (void)flags;
    *exec = fake_object(7);
    return fake_called(FAKE_cuGraphInstantiateWithFlags);
}

static CUresult launch(CUgraphExec exec, CUstream stream)
{
    (void)exec;
    (void)stream;
    return fake_called(FAKE_cuGraphLaunch);
}

static CUresult upload(CUgraphExec exec, CUstream stream)
{
    (void)exec;
    (void)stream;
    return fake_called(FAKE_cuGraphUpload);
}

static CUresult destroy_exec(CUgraphExec exec)
{
    (void)exec;
    return fake_called(FAKE_cuGraphExecDestroy);
}

static CUresult set_kernel(CUgraphExec exec, CUgraphNode node,
                           const CUDA_KERNEL_NODE_PARAMS *params)
{
    (void)exec;
    (void)node;
    (void)params;
    return changed();
}

static CUresult set_copy(CUgraphExec exec, CUgraphNode node, const CUDA_MEMCPY3D *params,
                         CUcontext ctx)
{
    (void)exec;
    (void)node;
    (void)params;
    (void)ctx;
    return changed();
}

static CUresult set_fill(CUgraphExec exec, CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS *params,
                         CUcontext ctx)
{
    (void)exec;
    (void)node;
    (void)ctx;
    atomic_store(&fake->last_address, params->dst);
    return changed();
}

static CUresult set_host(CUgraphExec exec, CUgraphNode node, const CUDA_HOST_NODE_PARAMS *params)
{
    (void)exec;
    (void)node;
    (void)params;
    return changed();
}

static CUresult set_event(CUgraphExec exec, CUgraphNode node, CUevent event)
{
    (void)exec;
    (void)node;
    (void)event;
    return changed();
}

static CUresult set_words(CUgraphExec exec, CUgraphNode node,
                          const CUDA_BATCH_MEM_OP_NODE_PARAMS *params)
{
    (void)exec;
    (void)node;
    (void)params;
    return changed();
}

static CUresult set_enabled(CUgraphExec exec, CUgraphNode node, unsigned int enabled)
{
    (void)exec;
    (void)node;
    (void)enabled;
    return changed();
}

void fake_graph_fill(struct ex_driver *d)
{
    d->cuGraphCreate = create;
    d->cuGraphDestroy = destroy;
    d->cuGraphAddKernelNode = add_kernel;
    d->cuGraphKernelNodeSetAttribute = set_attribute;
    d->cuGraphAddMemcpyNode = add_copy;
    d->cuGraphAddMemsetNode = add_fill;
    d->cuGraphAddHostNode = add_host;
    d->cuGraphAddEmptyNode = add_empty;
    d->cuGraphAddEventRecordNode = add_event;
    d->cuGraphAddEventWaitNode = add_event;
    d->cuGraphAddBatchMemOpNode = add_words;
    d->cuGraphInstantiateWithFlags = instantiate;
    d->cuGraphLaunch = launch;
    d->cuGraphUpload = upload;
    d->cuGraphExecDestroy = destroy_exec;
    d->cuGraphExecKernelNodeSetParams = set_kernel;
    d->cuGraphExecMemcpyNodeSetParams = set_copy;
    d->cuGraphExecMemsetNodeSetParams = set_fill;
    d->cuGraphExecHostNodeSetParams = set_host;
    d->cuGraphExecEventRecordNodeSetEvent = set_event;
    d->cuGraphExecEventWaitNodeSetEvent = set_event;
    d->cuGraphExecBatchMemOpNodeSetParams = set_words;
    d->cuGraphNodeSetEnabled = set_enabled;
}
