// SPDX-License-Identifier: Apache-2.0
// Changes of an executable graph: the whole of it, single nodes, nodes switched off; a graph of
// another shape is refused.
#include "rt.cuh"

#define COUNT 64

__global__ void add(int *data, int value)
{
    data[threadIdx.x] += value;
}

__global__ void times(int *data, int value)
{
    data[threadIdx.x] *= value;
}

static cudaGraph_t captured(cudaStream_t stream, int *data, int value, int kernels)
{
    cudaGraph_t graph;
    RT_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    for (int i = 0; i < kernels; i++) {
        add<<<1, COUNT, 0, stream>>>(data, value + i);
    }
    RT_OK(cudaStreamEndCapture(stream, &graph));
    return graph;
}

static int run(cudaGraphExec_t exec, cudaStream_t stream, int *data)
{
    RT_OK(cudaMemset(data, 0, COUNT * sizeof(int)));
    RT_OK(cudaDeviceSynchronize());
    RT_OK(cudaGraphLaunch(exec, stream));
    RT_OK(cudaStreamSynchronize(stream));
    return rt_download(data, COUNT)[COUNT - 1];
}

static cudaGraphNode_t node_of(cudaGraph_t graph, size_t which)
{
    cudaGraphNode_t nodes[4];
    size_t n = 4;
    RT_OK(cudaGraphGetNodes(graph, nodes, &n));
    return nodes[which];
}

static void set_kernel(cudaGraphExec_t exec, cudaGraph_t graph, void (*kernel)(int *, int),
                       int *data, int value)
{
    cudaKernelNodeParams params = {};
    void *args[] = {&data, &value};
    params.func = reinterpret_cast<void *>(kernel);
    params.gridDim = dim3(1);
    params.blockDim = dim3(COUNT);
    params.kernelParams = args;
    RT_SHOW(cudaGraphExecKernelNodeSetParams(exec, node_of(graph, 1), &params));
}

static void update(cudaGraphExec_t exec, cudaGraph_t graph)
{
    cudaGraphExecUpdateResultInfo info = {};
    RT_SHOW(cudaGraphExecUpdate(exec, graph, &info));
    printf("result %d\n", static_cast<int>(info.result));
    cudaGetLastError();
}

int main()
{
    cudaStream_t stream;
    int *data = rt_upload(std::vector<int>(COUNT, 0));
    RT_OK(cudaStreamCreate(&stream));
    cudaGraph_t first = captured(stream, data, 10, 2);
    cudaGraph_t second = captured(stream, data, 100, 2);
    cudaGraph_t longer = captured(stream, data, 1, 3);
    cudaGraphExec_t exec;
    RT_OK(cudaGraphInstantiate(&exec, first, 0));
    RT_CHECK(run(exec, stream, data) == 21);
    update(exec, second);
    RT_CHECK(run(exec, stream, data) == 201);
    update(exec, longer);
    RT_CHECK(run(exec, stream, data) == 201);
    set_kernel(exec, first, add, data, 7);
    int seen = run(exec, stream, data);
    printf("a new value: %d\n", seen);
    RT_CHECK(seen == 107);
    set_kernel(exec, first, times, data, 3);
    seen = run(exec, stream, data);
    printf("another kernel: %d\n", seen);
    RT_CHECK(seen == 300);
    unsigned enabled = 7;
    RT_IS(cudaGraphNodeSetEnabled(exec, node_of(first, 1), 0), cudaSuccess);
    RT_IS(cudaGraphNodeGetEnabled(exec, node_of(first, 1), &enabled), cudaSuccess);
    seen = run(exec, stream, data);
    printf("switched off (%u): %d\n", enabled, seen);
    RT_CHECK(seen == 100 && enabled == 0);
    RT_OK(cudaGraphExecDestroy(exec));
    RT_OK(cudaGraphDestroy(first));
    RT_OK(cudaGraphDestroy(second));
    RT_OK(cudaGraphDestroy(longer));
    RT_OK(cudaStreamDestroy(stream));
    return rt_end("graph_update");
}
