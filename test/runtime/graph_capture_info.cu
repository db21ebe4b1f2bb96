// SPDX-License-Identifier: Apache-2.0
// A capture looked at and steered: its state, its graph while it grows, dependencies set by
// hand, capture into a graph that exists, edges with data.
#include "rt.cuh"

#define COUNT 32

__global__ void add(int *data, int value)
{
    data[threadIdx.x] += value;
}

static size_t nodes_of(cudaGraph_t graph)
{
    size_t n = 0;
    RT_OK(cudaGraphGetNodes(graph, nullptr, &n));
    return n;
}

static void look(cudaStream_t stream, const char *when)
{
    cudaStreamCaptureStatus status;
    unsigned long long id = 0;
    cudaGraph_t graph = nullptr;
    const cudaGraphNode_t *nodes = nullptr;
    size_t n = 0;
    RT_OK(cudaStreamGetCaptureInfo(stream, &status, &id, &graph, &nodes, nullptr, &n));
    printf("%s: status %d, id %s, %zu nodes, %zu dependencies\n", when, static_cast<int>(status),
           id ? "set" : "0", graph ? nodes_of(graph) : 0, n);
}

static cudaGraph_t steered(cudaStream_t stream, int *data)
{
    cudaGraph_t graph;
    cudaGraphNode_t extra;
    RT_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    add<<<1, COUNT, 0, stream>>>(data, 1);
    look(stream, "one kernel");
    cudaStreamCaptureStatus status;
    RT_OK(cudaStreamGetCaptureInfo(stream, &status, nullptr, &graph, nullptr, nullptr, nullptr));
    RT_OK(cudaGraphAddEmptyNode(&extra, graph, nullptr, 0));
    RT_IS(cudaStreamUpdateCaptureDependencies(stream, &extra, nullptr, 1,
                                              cudaStreamAddCaptureDependencies),
          cudaSuccess);
    look(stream, "one more dependency");
    add<<<1, COUNT, 0, stream>>>(data, 2);
    look(stream, "second kernel");
    RT_OK(cudaStreamEndCapture(stream, &graph));
    look(stream, "ended");
    return graph;
}

static void into_graph(cudaStream_t stream, cudaGraph_t graph, int *data)
{
    cudaGraph_t ended = nullptr;
    RT_IS(cudaStreamBeginCaptureToGraph(stream, graph, nullptr, nullptr, 0,
                                        cudaStreamCaptureModeRelaxed),
          cudaSuccess);
    add<<<1, COUNT, 0, stream>>>(data, 100);
    RT_IS(cudaStreamEndCapture(stream, &ended), cudaSuccess);
    printf("the same graph: %s, %zu nodes\n", ended == graph ? "yes" : "no", nodes_of(graph));
}

int main()
{
    cudaStream_t stream;
    int *data = rt_upload(std::vector<int>(COUNT, 0));
    RT_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    look(stream, "before");
    cudaGraph_t graph = steered(stream, data);
    into_graph(stream, graph, data);
    size_t edges = 8;
    cudaGraphNode_t from[8], to[8];
    cudaGraphEdgeData edge_data[8];
    RT_IS(cudaGraphGetEdges(graph, from, to, edge_data, &edges), cudaSuccess);
    for (size_t i = 0; i < edges; i++) {
        printf("edge %zu: ports %d %d, type %d\n", i, edge_data[i].from_port,
               edge_data[i].to_port, edge_data[i].type);
    }
    cudaGraphExec_t exec;
    unsigned long long flags = 9;
    RT_OK(cudaGraphInstantiateWithFlags(&exec, graph, cudaGraphInstantiateFlagUseNodePriority));
    RT_IS(cudaGraphExecGetFlags(exec, &flags), cudaSuccess);
    printf("flags %llu\n", flags);
    RT_OK(cudaGraphLaunch(exec, stream));
    RT_OK(cudaStreamSynchronize(stream));
    int value = rt_download(data, 1)[0];
    printf("value %d\n", value);
    RT_CHECK(value == 103);
    RT_OK(cudaGraphExecDestroy(exec));
    RT_OK(cudaGraphDestroy(graph));
    RT_OK(cudaStreamDestroy(stream));
    RT_OK(cudaFree(data));
    return rt_end("graph_capture_info");
}
