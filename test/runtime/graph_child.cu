// SPDX-License-Identifier: Apache-2.0
// Graphs within graphs, changed in the executable graph; an object of the program that a graph
// keeps and lets go.
#include "rt.cuh"

#define COUNT 32

static int destroyed;

__global__ void step(int *data, int factor, int add)
{
    data[threadIdx.x] = data[threadIdx.x] * factor + add;
}

static void CUDART_CB destroy(void *object)
{
    destroyed += *static_cast<int *>(object);
}

static cudaGraphNode_t add_step(cudaGraph_t graph, const cudaGraphNode_t *before, int *data,
                                int factor, int add)
{
    cudaKernelNodeParams params = {};
    cudaGraphNode_t node;
    void *args[] = {&data, &factor, &add};
    params.func = reinterpret_cast<void *>(step);
    params.gridDim = dim3(1);
    params.blockDim = dim3(COUNT);
    params.kernelParams = args;
    RT_OK(cudaGraphAddKernelNode(&node, graph, before, before ? 1 : 0, &params));
    return node;
}

static cudaGraph_t inner(int *data, int add)
{
    cudaGraph_t graph;
    RT_OK(cudaGraphCreate(&graph, 0));
    cudaGraphNode_t first = add_step(graph, nullptr, data, 2, add);
    add_step(graph, &first, data, 3, 1);
    return graph;
}

static int run(cudaGraphExec_t exec, int *data)
{
    RT_OK(cudaMemset(data, 0, COUNT * sizeof(int)));
    RT_OK(cudaGraphLaunch(exec, nullptr));
    RT_OK(cudaDeviceSynchronize());
    return rt_download(data, COUNT)[3];
}

static void keep_object(cudaGraph_t graph)
{
    static int object = 9;
    cudaUserObject_t held;
    RT_IS(cudaUserObjectCreate(&held, &object, destroy, 1, cudaUserObjectNoDestructorSync),
          cudaSuccess);
    RT_IS(cudaGraphRetainUserObject(graph, held, 1, cudaGraphUserObjectMove), cudaSuccess);
}

int main()
{
    int *data = rt_upload(std::vector<int>(COUNT, 0));
    cudaGraph_t outer, small = inner(data, 5), other = inner(data, 6), found;
    cudaGraphNode_t child;
    RT_OK(cudaGraphCreate(&outer, 0));
    cudaGraphNode_t first = add_step(outer, nullptr, data, 1, 1);
    RT_IS(cudaGraphAddChildGraphNode(&child, outer, &first, 1, small), cudaSuccess);
    add_step(outer, &child, data, 10, 7);
    RT_IS(cudaGraphChildGraphNodeGetGraph(child, &found), cudaSuccess);
    size_t nodes = 0;
    RT_OK(cudaGraphGetNodes(found, nullptr, &nodes));
    printf("%zu nodes in the child\n", nodes);
    keep_object(outer);
    cudaGraphExec_t exec;
    RT_IS(cudaGraphInstantiate(&exec, outer, 0), cudaSuccess);
    int seen = run(exec, data);
    printf("value %d\n", seen);
    RT_CHECK(seen == ((1 * 2 + 5) * 3 + 1) * 10 + 7);
    RT_IS(cudaGraphExecChildGraphNodeSetParams(exec, child, other), cudaSuccess);
    seen = run(exec, data);
    printf("value %d\n", seen);
    RT_CHECK(seen == ((1 * 2 + 6) * 3 + 1) * 10 + 7);
    RT_IS(cudaGraphDestroy(outer), cudaSuccess);
    printf("destroyed with the graph: %d\n", destroyed);
    RT_OK(cudaGraphExecDestroy(exec));
    RT_OK(cudaDeviceSynchronize());
    for (int i = 0; i < 1000 && !__atomic_load_n(&destroyed, __ATOMIC_ACQUIRE); i++) {
        usleep(1000);
    }
    printf("destroyed with the executable graph: %d\n", destroyed);
    RT_CHECK(destroyed == 9);
    RT_OK(cudaGraphDestroy(small));
    RT_OK(cudaGraphDestroy(other));
    return rt_end("graph_child");
}
