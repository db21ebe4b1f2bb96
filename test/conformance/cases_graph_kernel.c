/* SPDX-License-Identifier: Apache-2.0 */

/* Nodes that launch kernels. */
#include "test/conformance/graph.h"

#include <string.h>

/* The old form of the parameters is the start of the new one. */
static CUDA_KERNEL_NODE_PARAMS_v1 old_form(CUDA_KERNEL_NODE_PARAMS params)
{
    CUDA_KERNEL_NODE_PARAMS_v1 old;

    memcpy(&old, &params, sizeof(old));
    return old;
}

static CUDA_KERNEL_NODE_PARAMS new_form(CUDA_KERNEL_NODE_PARAMS params)
{
    return params;
}

CONF_POSITIVE(cuGraphAddKernelNode, runs_in_order)
{
    CUDA_KERNEL_NODE_PARAMS node;
    CUDA_KERNEL_NODE_PARAMS_v1 params;
    unsigned int five = 5, two = 2;
    CUgraphNode a = NULL, b = NULL;
    CUdeviceptr word = 0;
    CUgraph graph = NULL;
    void *first[] = {&word, &five}, *then[] = {&word, &two};

    conf_context();
    word = conf_word(0);
    graph = conf_graph();
    node = conf_kernel_node("store", first);
    params = old_form(node);
    CONF_OK(cuGraphAddKernelNode(&a, graph, NULL, 0, &params));
    node = conf_kernel_node("add", then);
    params = old_form(node);
    CONF_OK(cuGraphAddKernelNode(&b, graph, &a, 1, &params));
    five = two = 0; /* taken at the call */
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphAddKernelNode, null_params)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddKernelNode(&node, conf_graph(), NULL, 0, NULL));
}

CONF_NEGATIVE(cuGraphAddKernelNode, null_graph)
{
    CUDA_KERNEL_NODE_PARAMS node;
    CUDA_KERNEL_NODE_PARAMS_v1 params;
    CUgraphNode made = NULL;

    conf_context();
    node = conf_kernel_node("noop", NULL);
    params = old_form(node);
    CONF_REFUSED(cuGraphAddKernelNode(&made, NULL, NULL, 0, &params));
}

CONF_NEGATIVE(cuGraphAddKernelNode, no_grid)
{
    CUDA_KERNEL_NODE_PARAMS node;
    CUDA_KERNEL_NODE_PARAMS_v1 params;
    CUgraphNode made = NULL;

    conf_context();
    node = conf_kernel_node("noop", NULL);
    node.gridDimX = 0;
    params = old_form(node);
    CONF_REFUSED(cuGraphAddKernelNode(&made, conf_graph(), NULL, 0, &params));
}

CONF_POSITIVE(cuGraphKernelNodeGetParams, as_set)
{
    unsigned int five = 5;
    CUDA_KERNEL_NODE_PARAMS_v1 params;
    CUdeviceptr word = 0;
    CUgraphNode node = NULL;

    conf_context();
    word = conf_word(0);
    node = conf_add_kernel(conf_graph(), NULL, "store", &word, &five);
    memset(&params, 0, sizeof(params));
    CONF_OK(cuGraphKernelNodeGetParams(node, &params));
    CONF_VALUE(params.gridDimX);
    CONF_VALUE(params.blockDimX);
    CONF_VALUE(params.sharedMemBytes);
    CONF_EXPECT(params.func == conf_kernel("store"));
    CONF_EXPECT(params.kernelParams && *(CUdeviceptr *)params.kernelParams[0] == word);
    CONF_VALUE(*(unsigned int *)params.kernelParams[1]);
}

CONF_NEGATIVE(cuGraphKernelNodeGetParams, null_out)
{
    conf_context();
    CONF_REFUSED(cuGraphKernelNodeGetParams(conf_empty(conf_graph()), NULL));
}

CONF_NEGATIVE(cuGraphKernelNodeGetParams, null_node)
{
    CUDA_KERNEL_NODE_PARAMS_v1 params;

    conf_context();
    CONF_REFUSED(cuGraphKernelNodeGetParams(NULL, &params));
}

CONF_POSITIVE(cuGraphKernelNodeSetParams, before_it_is_executable)
{
    CUDA_KERNEL_NODE_PARAMS other;
    unsigned int five = 5, seven = 7;
    CUDA_KERNEL_NODE_PARAMS_v1 params;
    CUdeviceptr word = 0;
    CUgraphNode node = NULL;
    CUgraph graph = NULL;
    void *args[] = {&word, &seven};

    conf_context();
    word = conf_word(1);
    graph = conf_graph();
    node = conf_add_kernel(graph, NULL, "store", &word, &five);
    other = conf_kernel_node("add", args);
    params = old_form(other);
    CONF_OK(cuGraphKernelNodeSetParams(node, &params));
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphKernelNodeSetParams, null_params)
{
    unsigned int five = 5;
    CUdeviceptr word = 0;

    conf_context();
    word = conf_word(0);
    CONF_REFUSED(cuGraphKernelNodeSetParams(
        conf_add_kernel(conf_graph(), NULL, "store", &word, &five), NULL));
}

CONF_NEGATIVE(cuGraphKernelNodeSetParams, null_node)
{
    CUDA_KERNEL_NODE_PARAMS node;
    CUDA_KERNEL_NODE_PARAMS_v1 params;

    conf_context();
    node = conf_kernel_node("noop", NULL);
    params = old_form(node);
    CONF_REFUSED(cuGraphKernelNodeSetParams(NULL, &params));
}

CONF_POSITIVE(cuGraphAddKernelNode_v2, runs_in_order)
{
    CUDA_KERNEL_NODE_PARAMS node;
    CUDA_KERNEL_NODE_PARAMS params;
    unsigned int five = 5, two = 2;
    CUgraphNode a = NULL, b = NULL;
    CUdeviceptr word = 0;
    CUgraph graph = NULL;
    void *first[] = {&word, &five}, *then[] = {&word, &two};

    conf_context();
    word = conf_word(0);
    graph = conf_graph();
    node = conf_kernel_node("store", first);
    params = new_form(node);
    CONF_OK(cuGraphAddKernelNode_v2(&a, graph, NULL, 0, &params));
    node = conf_kernel_node("add", then);
    params = new_form(node);
    CONF_OK(cuGraphAddKernelNode_v2(&b, graph, &a, 1, &params));
    five = two = 0; /* taken at the call */
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphAddKernelNode_v2, null_params)
{
    CUgraphNode node = NULL;

    conf_context();
    CONF_REFUSED(cuGraphAddKernelNode_v2(&node, conf_graph(), NULL, 0, NULL));
}

CONF_NEGATIVE(cuGraphAddKernelNode_v2, null_graph)
{
    CUDA_KERNEL_NODE_PARAMS node;
    CUDA_KERNEL_NODE_PARAMS params;
    CUgraphNode made = NULL;

    conf_context();
    node = conf_kernel_node("noop", NULL);
    params = new_form(node);
    CONF_REFUSED(cuGraphAddKernelNode_v2(&made, NULL, NULL, 0, &params));
}

CONF_NEGATIVE(cuGraphAddKernelNode_v2, no_grid)
{
    CUDA_KERNEL_NODE_PARAMS node;
    CUDA_KERNEL_NODE_PARAMS params;
    CUgraphNode made = NULL;

    conf_context();
    node = conf_kernel_node("noop", NULL);
    node.gridDimX = 0;
    params = new_form(node);
    CONF_REFUSED(cuGraphAddKernelNode_v2(&made, conf_graph(), NULL, 0, &params));
}

CONF_POSITIVE(cuGraphKernelNodeGetParams_v2, as_set)
{
    unsigned int five = 5;
    CUDA_KERNEL_NODE_PARAMS params;
    CUdeviceptr word = 0;
    CUgraphNode node = NULL;

    conf_context();
    word = conf_word(0);
    node = conf_add_kernel(conf_graph(), NULL, "store", &word, &five);
    memset(&params, 0, sizeof(params));
    CONF_OK(cuGraphKernelNodeGetParams_v2(node, &params));
    CONF_VALUE(params.gridDimX);
    CONF_VALUE(params.blockDimX);
    CONF_VALUE(params.sharedMemBytes);
    CONF_EXPECT(params.func == conf_kernel("store"));
    CONF_EXPECT(params.kernelParams && *(CUdeviceptr *)params.kernelParams[0] == word);
    CONF_VALUE(*(unsigned int *)params.kernelParams[1]);
}

/* NVIDIA's runtime knows its kernels by these handles. */
CONF_POSITIVE(cuGraphKernelNodeGetParams_v2, kernel_of_library)
{
    unsigned int five = 5;
    CUDA_KERNEL_NODE_PARAMS params;
    CUdeviceptr word = 0;
    CUgraphNode node = NULL;
    void *args[] = {&word, &five};

    conf_context();
    word = conf_word(0);
    params = conf_kernel_node("store", args);
    params.func = NULL;
    params.kern = conf_library_kernel("store");
    CONF_OK(cuGraphAddKernelNode_v2(&node, conf_graph(), NULL, 0, &params));
    memset(&params, 0, sizeof(params));
    CONF_OK(cuGraphKernelNodeGetParams_v2(node, &params));
    CONF_EXPECT(params.kern == conf_library_kernel("store"));
    CONF_VALUE(*(unsigned int *)params.kernelParams[1]);
}

CONF_NEGATIVE(cuGraphKernelNodeGetParams_v2, null_out)
{
    conf_context();
    CONF_REFUSED(cuGraphKernelNodeGetParams_v2(conf_empty(conf_graph()), NULL));
}

CONF_NEGATIVE(cuGraphKernelNodeGetParams_v2, null_node)
{
    CUDA_KERNEL_NODE_PARAMS params;

    conf_context();
    CONF_REFUSED(cuGraphKernelNodeGetParams_v2(NULL, &params));
}

CONF_POSITIVE(cuGraphKernelNodeSetParams_v2, before_it_is_executable)
{
    CUDA_KERNEL_NODE_PARAMS other;
    unsigned int five = 5, seven = 7;
    CUDA_KERNEL_NODE_PARAMS params;
    CUdeviceptr word = 0;
    CUgraphNode node = NULL;
    CUgraph graph = NULL;
    void *args[] = {&word, &seven};

    conf_context();
    word = conf_word(1);
    graph = conf_graph();
    node = conf_add_kernel(graph, NULL, "store", &word, &five);
    other = conf_kernel_node("add", args);
    params = new_form(other);
    CONF_OK(cuGraphKernelNodeSetParams_v2(node, &params));
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphKernelNodeSetParams_v2, null_params)
{
    unsigned int five = 5;
    CUdeviceptr word = 0;

    conf_context();
    word = conf_word(0);
    CONF_REFUSED(cuGraphKernelNodeSetParams_v2(
        conf_add_kernel(conf_graph(), NULL, "store", &word, &five), NULL));
}

CONF_NEGATIVE(cuGraphKernelNodeSetParams_v2, null_node)
{
    CUDA_KERNEL_NODE_PARAMS node;
    CUDA_KERNEL_NODE_PARAMS params;

    conf_context();
    node = conf_kernel_node("noop", NULL);
    params = new_form(node);
    CONF_REFUSED(cuGraphKernelNodeSetParams_v2(NULL, &params));
}

static CUgraphNode some_kernel(void)
{
    unsigned int five = 5;
    CUdeviceptr word = conf_word(0);

    return conf_add_kernel(conf_graph(), NULL, "store", &word, &five);
}

CONF_POSITIVE(cuGraphKernelNodeSetAttribute, priority)
{
    CUkernelNodeAttrValue value;
    CUgraphNode node = NULL;
    int least = 0, greatest = 0;

    conf_context();
    CONF_SETUP(cuCtxGetStreamPriorityRange(&least, &greatest));
    node = some_kernel();
    memset(&value, 0, sizeof(value));
    value.priority = greatest;
    CONF_OK(cuGraphKernelNodeSetAttribute(node, CU_LAUNCH_ATTRIBUTE_PRIORITY, &value));
    memset(&value, 0, sizeof(value));
    CONF_OK(cuGraphKernelNodeGetAttribute(node, CU_LAUNCH_ATTRIBUTE_PRIORITY, &value));
    CONF_EXPECT(value.priority == greatest);
}

CONF_NEGATIVE(cuGraphKernelNodeSetAttribute, not_of_nodes)
{
    CUkernelNodeAttrValue value;

    conf_context();
    memset(&value, 0, sizeof(value));
    CONF_REFUSED(cuGraphKernelNodeSetAttribute(some_kernel(),
                                               CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
}

CONF_NEGATIVE(cuGraphKernelNodeSetAttribute, null_node)
{
    CUkernelNodeAttrValue value;

    conf_context();
    memset(&value, 0, sizeof(value));
    CONF_REFUSED(cuGraphKernelNodeSetAttribute(NULL, CU_LAUNCH_ATTRIBUTE_PRIORITY, &value));
}

CONF_POSITIVE(cuGraphKernelNodeGetAttribute, cooperative_at_first)
{
    CUkernelNodeAttrValue value;

    conf_context();
    memset(&value, 0xff, sizeof(value));
    CONF_OK(cuGraphKernelNodeGetAttribute(some_kernel(), CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value));
    CONF_VALUE(value.cooperative);
}

CONF_NEGATIVE(cuGraphKernelNodeGetAttribute, not_of_nodes)
{
    CUkernelNodeAttrValue value;

    conf_context();
    CONF_REFUSED(cuGraphKernelNodeGetAttribute(some_kernel(),
                                               CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
}

CONF_NEGATIVE(cuGraphKernelNodeGetAttribute, null_node)
{
    CUkernelNodeAttrValue value;

    conf_context();
    CONF_REFUSED(cuGraphKernelNodeGetAttribute(NULL, CU_LAUNCH_ATTRIBUTE_PRIORITY, &value));
}

CONF_POSITIVE(cuGraphKernelNodeCopyAttributes, cooperative)
{
    CUkernelNodeAttrValue value;
    CUgraphNode from = NULL, to = NULL;

    conf_context();
    from = some_kernel();
    to = some_kernel();
    memset(&value, 0, sizeof(value));
    value.cooperative = 1;
    CONF_SETUP(cuGraphKernelNodeSetAttribute(from, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value));
    CONF_OK(cuGraphKernelNodeCopyAttributes(to, from));
    value.cooperative = 0;
    CONF_OK(cuGraphKernelNodeGetAttribute(to, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value));
    CONF_VALUE(value.cooperative);
}

CONF_NEGATIVE(cuGraphKernelNodeCopyAttributes, null_source)
{
    conf_context();
    CONF_REFUSED(cuGraphKernelNodeCopyAttributes(some_kernel(), NULL));
}

CONF_NEGATIVE(cuGraphKernelNodeCopyAttributes, null_target)
{
    conf_context();
    CONF_REFUSED(cuGraphKernelNodeCopyAttributes(NULL, some_kernel()));
}
