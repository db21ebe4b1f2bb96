// SPDX-License-Identifier: Apache-2.0
// Allocations and conditions within graphs.  Natively both work; through us conditions are refused,
// and the program goes on.
#include "rt.cuh"

__global__ void add(int *data, int value)
{
    data[threadIdx.x] += value;
}

static void captured_allocation(cudaStream_t stream)
{
    int *memory = nullptr;
    cudaGraph_t graph = nullptr;
    RT_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    cudaError_t error = RT_SHOW(cudaMallocAsync(&memory, 4096, stream));
    if (error == cudaSuccess) {
        RT_SHOW(cudaFreeAsync(memory, stream));
    }
    RT_SHOW(cudaStreamEndCapture(stream, &graph));
    if (graph) {
        RT_OK(cudaGraphDestroy(graph));
    }
    cudaGetLastError();
}

static void allocation_node()
{
    cudaGraph_t graph;
    cudaGraphNode_t node;
    cudaMemAllocNodeParams params = {};
    RT_OK(cudaGraphCreate(&graph, 0));
    params.poolProps.allocType = cudaMemAllocationTypePinned;
    params.poolProps.location.type = cudaMemLocationTypeDevice;
    params.bytesize = 4096;
    RT_SHOW(cudaGraphAddMemAllocNode(&node, graph, nullptr, 0, &params));
    cudaGraphConditionalHandle handle;
    RT_SHOW(cudaGraphConditionalHandleCreate(&handle, graph, 1, cudaGraphCondAssignDefault));
    cudaGetLastError();
    RT_SHOW(cudaGraphDestroy(graph));
    cudaGetLastError();
}

static void memory_of_graphs()
{
    size_t value = 1;
    RT_SHOW(cudaDeviceGetGraphMemAttribute(0, cudaGraphMemAttrUsedMemCurrent, &value));
    printf("used %zu\n", value);
    RT_SHOW(cudaDeviceGraphMemTrim(0));
    cudaGetLastError();
}

int main()
{
    cudaStream_t stream;
    RT_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    captured_allocation(stream);
    allocation_node();
    memory_of_graphs();
    int *data = rt_upload(std::vector<int>(32, 1));
    add<<<1, 32, 0, stream>>>(data, 4);
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    RT_CHECK(rt_download(data, 32)[31] == 5);
    return rt_end("graph_memory");
}
