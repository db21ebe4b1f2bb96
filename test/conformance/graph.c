/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/graph.h"

CUgraph conf_graph(void)
{
    CUgraph graph = NULL;

    CONF_SETUP(cuGraphCreate(&graph, 0));
    return graph;
}

CUgraphNode conf_empty(CUgraph graph)
{
    CUgraphNode node = NULL;

    CONF_SETUP(cuGraphAddEmptyNode(&node, graph, NULL, 0));
    return node;
}

struct conf_pair conf_pair(void)
{
    struct conf_pair pair = {.graph = conf_graph()};

    pair.first = conf_empty(pair.graph);
    CONF_SETUP(cuGraphAddEmptyNode(&pair.second, pair.graph, &pair.first, 1));
    return pair;
}

CUDA_KERNEL_NODE_PARAMS conf_function_node(CUfunction function, void **params)
{
    return (CUDA_KERNEL_NODE_PARAMS){
        .func = function,
        .gridDimX = 1,
        .gridDimY = 1,
        .gridDimZ = 1,
        .blockDimX = 1,
        .blockDimY = 1,
        .blockDimZ = 1,
        .kernelParams = params,
    };
}

CUDA_KERNEL_NODE_PARAMS conf_kernel_node(const char *name, void **params)
{
    return conf_function_node(conf_kernel(name), params);
}

CUgraphNode conf_add_kernel(CUgraph graph, CUgraphNode after, const char *name, CUdeviceptr *word,
                            unsigned int *value)
{
    void *params[] = {word, value};
    CUDA_KERNEL_NODE_PARAMS node = conf_kernel_node(name, params);
    CUgraphNode made = NULL;

    CONF_SETUP(cuGraphAddKernelNode_v2(&made, graph, &after, after != NULL, &node));
    return made;
}

CUDA_MEMSET_NODE_PARAMS conf_fill_node(CUdeviceptr word, unsigned int value)
{
    return (CUDA_MEMSET_NODE_PARAMS){
        .dst = word, .pitch = 4, .value = value, .elementSize = 4, .width = 1, .height = 1};
}

CUDA_MEMCPY3D conf_copy_node(CUdeviceptr to, CUdeviceptr from)
{
    return (CUDA_MEMCPY3D){
        .srcMemoryType = CU_MEMORYTYPE_DEVICE,
        .srcDevice = from,
        .srcPitch = 4,
        .srcHeight = 1,
        .dstMemoryType = CU_MEMORYTYPE_DEVICE,
        .dstDevice = to,
        .dstPitch = 4,
        .dstHeight = 1,
        .WidthInBytes = 4,
        .Height = 1,
        .Depth = 1,
    };
}

CUgraphExec conf_instantiate(CUgraph graph)
{
    CUgraphExec exec = NULL;

    CONF_SETUP(cuGraphInstantiateWithFlags(&exec, graph, 0));
    return exec;
}

void conf_run_graph(CUgraphExec exec)
{
    CUstream s = NULL;

    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuGraphLaunch(exec, s));
    CONF_SETUP(cuStreamSynchronize(s));
    CONF_SETUP(cuStreamDestroy_v2(s));
}

CUdeviceptr conf_word(unsigned int value)
{
    CUdeviceptr word = conf_memory(4);

    CONF_SETUP(cuMemcpyHtoD_v2(word, &value, 4));
    return word;
}

unsigned int conf_read(CUdeviceptr word)
{
    unsigned int value = 0;

    CONF_SETUP(cuMemcpyDtoH_v2(&value, word, 4));
    return value;
}
