// SPDX-License-Identifier: Apache-2.0
// Capture with a fork and a join over three streams; the graph is launched a thousand times.
#include "rt.cuh"

#define COUNT    256
#define LAUNCHES 1000

__global__ void add(int *data, int value)
{
    data[threadIdx.x] += value;
}

__global__ void fold(int *a, const int *b, const int *c)
{
    a[threadIdx.x] += b[threadIdx.x] + c[threadIdx.x];
}

struct Work {
    cudaStream_t stream[3];
    int *data[3];
};

static cudaGraph_t capture(const Work &work)
{
    cudaEvent_t fork, joins[2];
    cudaGraph_t graph = nullptr;
    RT_OK(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming));
    RT_OK(cudaStreamBeginCapture(work.stream[0], cudaStreamCaptureModeGlobal));
    add<<<1, COUNT, 0, work.stream[0]>>>(work.data[0], 1);
    RT_OK(cudaEventRecord(fork, work.stream[0]));
    for (int i = 1; i < 3; i++) {
        RT_OK(cudaEventCreateWithFlags(&joins[i - 1], cudaEventDisableTiming));
        RT_OK(cudaStreamWaitEvent(work.stream[i], fork, 0));
        add<<<1, COUNT, 0, work.stream[i]>>>(work.data[i], i);
        RT_OK(cudaEventRecord(joins[i - 1], work.stream[i]));
        RT_OK(cudaStreamWaitEvent(work.stream[0], joins[i - 1], 0));
    }
    fold<<<1, COUNT, 0, work.stream[0]>>>(work.data[0], work.data[1], work.data[2]);
    cudaStreamCaptureStatus status;
    RT_OK(cudaStreamIsCapturing(work.stream[2], &status));
    printf("third stream captures: %d\n", static_cast<int>(status));
    RT_IS(cudaStreamEndCapture(work.stream[0], &graph), cudaSuccess);
    RT_OK(cudaEventDestroy(fork));
    RT_OK(cudaEventDestroy(joins[0]));
    RT_OK(cudaEventDestroy(joins[1]));
    return graph;
}

int main()
{
    Work work;
    for (int i = 0; i < 3; i++) {
        RT_OK(cudaStreamCreateWithFlags(&work.stream[i], cudaStreamNonBlocking));
        work.data[i] = rt_upload(std::vector<int>(COUNT, 0));
    }
    cudaGraph_t graph = capture(work);
    size_t nodes = 0, edges = 0, roots = 0;
    RT_OK(cudaGraphGetNodes(graph, nullptr, &nodes));
    RT_OK(cudaGraphGetEdges(graph, nullptr, nullptr, nullptr, &edges));
    RT_OK(cudaGraphGetRootNodes(graph, nullptr, &roots));
    printf("%zu nodes, %zu edges, %zu roots\n", nodes, edges, roots);
    RT_CHECK(nodes == 4 && edges == 5 && roots == 1);
    cudaGraphExec_t exec;
    RT_IS(cudaGraphInstantiate(&exec, graph, 0), cudaSuccess);
    RT_IS(cudaGraphUpload(exec, work.stream[0]), cudaSuccess);
    for (int i = 0; i < LAUNCHES; i++) {
        RT_OK(cudaGraphLaunch(exec, work.stream[0]));
    }
    RT_IS(cudaStreamSynchronize(work.stream[0]), cudaSuccess);
    long wanted = 0;
    for (int i = 1; i <= LAUNCHES; i++) {
        wanted += 1 + i + 2 * i;
    }
    std::vector<int> out = rt_download(work.data[0], COUNT);
    printf("after %d launches: %d\n", LAUNCHES, out[5]);
    for (int value : out) {
        RT_CHECK(value == wanted);
    }
    RT_IS(cudaGraphExecDestroy(exec), cudaSuccess);
    RT_IS(cudaGraphDestroy(graph), cudaSuccess);
    return rt_end("graph_capture");
}
