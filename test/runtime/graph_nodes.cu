// SPDX-License-Identifier: Apache-2.0
// A graph made node by node: fill, copy, kernel, host function, empty node, events; its shape is
// asked back; a clone does the same work.
#include "rt.cuh"

#define COUNT 128

static int host_saw[COUNT];
static int host_calls;

__global__ void triple(int *out, const int *in, int add)
{
    out[threadIdx.x] = in[threadIdx.x] * 3 + add;
}

static void CUDART_CB look(void *data)
{
    host_calls++;
    host_saw[0] += static_cast<int *>(data)[7];
}

struct Made {
    cudaGraph_t graph;
    cudaGraphNode_t fill, kernel, copy, host, empty;
    cudaEvent_t event;
    int *device, *result;
    int *pinned;
    int add;
};

static void add_kernel(Made &made)
{
    cudaKernelNodeParams params = {};
    int *out = made.result, *in = made.device;
    made.add = 5;
    void *args[] = {&out, &in, &made.add};
    params.func = reinterpret_cast<void *>(triple);
    params.gridDim = dim3(1);
    params.blockDim = dim3(COUNT);
    params.kernelParams = args;
    RT_IS(cudaGraphAddKernelNode(&made.kernel, made.graph, &made.fill, 1, &params), cudaSuccess);
}

static void build(Made &made)
{
    cudaMemsetParams fill = {};
    fill.dst = made.device;
    fill.value = 0x01010101;
    fill.elementSize = 4;
    fill.width = COUNT;
    fill.height = 1;
    RT_IS(cudaGraphAddMemsetNode(&made.fill, made.graph, nullptr, 0, &fill), cudaSuccess);
    add_kernel(made);
    RT_IS(cudaGraphAddMemcpyNode1D(&made.copy, made.graph, &made.kernel, 1, made.pinned,
                                   made.result, COUNT * sizeof(int), cudaMemcpyDeviceToHost),
          cudaSuccess);
    cudaHostNodeParams host = {};
    host.fn = look;
    host.userData = made.pinned;
    RT_IS(cudaGraphAddHostNode(&made.host, made.graph, &made.copy, 1, &host), cudaSuccess);
    RT_IS(cudaGraphAddEmptyNode(&made.empty, made.graph, nullptr, 0), cudaSuccess);
    RT_IS(cudaGraphAddDependencies(made.graph, &made.host, &made.empty, nullptr, 1), cudaSuccess);
    cudaGraphNode_t record, wait;
    RT_IS(cudaGraphAddEventRecordNode(&record, made.graph, &made.empty, 1, made.event),
          cudaSuccess);
    RT_IS(cudaGraphAddEventWaitNode(&wait, made.graph, &record, 1, made.event), cudaSuccess);
}

static void print_shape(const Made &made)
{
    size_t nodes = 0, n = 0;
    RT_OK(cudaGraphGetNodes(made.graph, nullptr, &nodes));
    std::vector<cudaGraphNode_t> list(nodes);
    RT_OK(cudaGraphGetNodes(made.graph, list.data(), &nodes));
    for (cudaGraphNode_t node : list) {
        cudaGraphNodeType type;
        size_t before = 0, after = 0;
        RT_OK(cudaGraphNodeGetType(node, &type));
        RT_OK(cudaGraphNodeGetDependencies(node, nullptr, nullptr, &before));
        RT_OK(cudaGraphNodeGetDependentNodes(node, nullptr, nullptr, &after));
        printf("node %zu: type %d, %zu before, %zu after\n", n++, static_cast<int>(type), before,
               after);
    }
    cudaKernelNodeParams params = {};
    RT_OK(cudaGraphKernelNodeGetParams(made.kernel, &params));
    printf("kernel: %u x %u, third parameter %d, function %s\n", params.gridDim.x,
           params.blockDim.x, *static_cast<int *>(params.kernelParams[2]),
           params.func == reinterpret_cast<void *>(triple) ? "ours" : "another");
    cudaMemsetParams fill = {};
    RT_OK(cudaGraphMemsetNodeGetParams(made.fill, &fill));
    printf("fill: value %#x, width %zu\n", fill.value, fill.width);
    cudaMemcpy3DParms copy = {};
    RT_SHOW(cudaGraphMemcpyNodeGetParams(made.copy, &copy));
    printf("copy: %zu bytes\n", copy.extent.width);
}

static void run(cudaGraph_t graph, const Made &made, const char *name)
{
    cudaGraphExec_t exec;
    host_calls = host_saw[0] = 0;
    RT_OK(cudaMemset(made.result, 0, COUNT * sizeof(int)));
    memset(made.pinned, 0, COUNT * sizeof(int));
    RT_IS(cudaGraphInstantiate(&exec, graph, 0), cudaSuccess);
    for (int i = 0; i < 3; i++) {
        RT_OK(cudaGraphLaunch(exec, cudaStreamLegacy));
    }
    RT_IS(cudaEventSynchronize(made.event), cudaSuccess);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    printf("%s: %d host calls saw %d; copied %#x\n", name, host_calls, host_saw[0],
           made.pinned[COUNT - 1]);
    RT_CHECK(host_calls == 3 && made.pinned[COUNT - 1] == 0x01010101 * 3 + 5);
    RT_OK(cudaGraphExecDestroy(exec));
}

static void clone(const Made &made)
{
    cudaGraph_t copy;
    cudaGraphNode_t there;
    RT_IS(cudaGraphClone(&copy, made.graph), cudaSuccess);
    RT_IS(cudaGraphNodeFindInClone(&there, made.kernel, copy), cudaSuccess);
    RT_CHECK(there != made.kernel);
    RT_SHOW(cudaGraphNodeFindInClone(&there, made.kernel, made.graph));
    RT_IS(cudaGraphDestroyNode(made.host), cudaSuccess);
    run(copy, made, "clone");
    RT_IS(cudaGraphDestroy(copy), cudaSuccess);
    cudaGetLastError();
}

int main()
{
    Made made = {};
    RT_OK(cudaMalloc(&made.device, COUNT * sizeof(int)));
    RT_OK(cudaMalloc(&made.result, COUNT * sizeof(int)));
    RT_OK(cudaMallocHost(&made.pinned, COUNT * sizeof(int)));
    RT_OK(cudaEventCreate(&made.event));
    RT_IS(cudaGraphCreate(&made.graph, 0), cudaSuccess);
    build(made);
    print_shape(made);
    run(made.graph, made, "graph");
    clone(made);
    RT_IS(cudaGraphRemoveDependencies(made.graph, &made.fill, &made.kernel, nullptr, 1),
          cudaSuccess);
    size_t roots = 0;
    RT_OK(cudaGraphGetRootNodes(made.graph, nullptr, &roots));
    printf("%zu roots\n", roots);
    RT_IS(cudaGraphDestroy(made.graph), cudaSuccess);
    RT_OK(cudaFree(made.device));
    RT_OK(cudaFree(made.result));
    RT_OK(cudaFreeHost(made.pinned));
    RT_OK(cudaEventDestroy(made.event));
    return rt_end("graph_nodes");
}
