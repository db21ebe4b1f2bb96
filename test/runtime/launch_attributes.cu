// SPDX-License-Identifier: Apache-2.0
// cudaLaunchKernelEx with each attribute: priority, programmatic serialization, co-operative,
// clusters, memory domains; attributes of streams; attributes that do not fit.
#include <cooperative_groups.h>
#include "rt.cuh"

namespace cg = cooperative_groups;

__global__ void add(int *data, int value)
{
    atomicAdd(data + blockIdx.x, value);
}

__global__ void dependent(int *data)
{
#if __CUDA_ARCH__ >= 900
    cudaGridDependencySynchronize();
#endif
    if (threadIdx.x == 0) {
        data[blockIdx.x] *= 2;
    }
}

__global__ void in_cluster(int *data)
{
    __shared__ int mine;
    cg::cluster_group cluster = cg::this_cluster();
    if (threadIdx.x == 0) {
        mine = static_cast<int>(cluster.block_rank()) + 1;
    }
    cluster.sync();
    if (threadIdx.x == 0) {
        unsigned other = (cluster.block_rank() + 1) % cluster.num_blocks();
        data[blockIdx.x] = *cluster.map_shared_rank(&mine, other) * 100 +
                           static_cast<int>(cluster.num_blocks());
    }
    cluster.sync();
}

static cudaLaunchConfig_t config_of(unsigned blocks, unsigned threads, cudaLaunchAttribute *attr)
{
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(blocks);
    config.blockDim = dim3(threads);
    config.attrs = attr;
    config.numAttrs = attr ? 1 : 0;
    return config;
}

static void print_data(const char *what, int *data)
{
    RT_OK(cudaDeviceSynchronize());
    std::vector<int> out = rt_download(data, 4);
    printf("%s: %d %d %d %d\n", what, out[0], out[1], out[2], out[3]);
}

static void simple_attributes(int *data)
{
    cudaLaunchAttribute attr = {};
    cudaLaunchConfig_t config = config_of(4, 32, nullptr);
    RT_IS(cudaLaunchKernelEx(&config, add, data, 1), cudaSuccess);
    print_data("none", data);
    config = config_of(4, 32, &attr);
    attr.id = cudaLaunchAttributePriority;
    attr.val.priority = -1;
    RT_IS(cudaLaunchKernelEx(&config, add, data, 1), cudaSuccess);
    attr.id = cudaLaunchAttributeMemSyncDomain;
    attr.val.memSyncDomain = cudaLaunchMemSyncDomainRemote;
    RT_IS(cudaLaunchKernelEx(&config, add, data, 1), cudaSuccess);
    attr.id = cudaLaunchAttributeCooperative;
    attr.val.cooperative = 1;
    RT_IS(cudaLaunchKernelEx(&config, add, data, 1), cudaSuccess);
    attr.id = cudaLaunchAttributeIgnore;
    RT_IS(cudaLaunchKernelEx(&config, add, data, 1), cudaSuccess);
    print_data("five launches", data);
}

static void serialization(int *data)
{
    cudaStream_t stream;
    cudaLaunchAttribute attr = {};
    RT_OK(cudaStreamCreate(&stream));
    cudaLaunchConfig_t config = config_of(4, 32, &attr);
    config.stream = stream;
    attr.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attr.val.programmaticStreamSerializationAllowed = 1;
    for (int i = 0; i < 3; i++) {
        RT_OK(cudaLaunchKernelEx(&config, dependent, data));
    }
    print_data("serialized", data);
    RT_OK(cudaStreamDestroy(stream));
}

static void clusters(int *data)
{
    int supported = 0;
    RT_OK(cudaDeviceGetAttribute(&supported, cudaDevAttrClusterLaunch, 0));
    printf("clusters %d\n", supported);
    cudaLaunchAttribute attr = {};
    cudaLaunchConfig_t config = config_of(4, 32, &attr);
    attr.id = cudaLaunchAttributeClusterDimension;
    for (unsigned size = 1; supported && size <= 4; size *= 2) {
        attr.val.clusterDim.x = size;
        attr.val.clusterDim.y = attr.val.clusterDim.z = 1;
        int active = 0;
        if (cudaOccupancyMaxActiveClusters(&active, in_cluster, &config) != cudaSuccess ||
            active == 0) {
            printf("no room for clusters of %u\n", size);
            cudaGetLastError();
            continue;
        }
        cudaError_t error = cudaLaunchKernelEx(&config, in_cluster, data);
        printf("cluster of %u: %s\n", size, cudaGetErrorName(error));
        if (error == cudaSuccess) {
            print_data("cluster", data);
        }
        cudaGetLastError();
    }
    attr.val.clusterDim.x = 3;
    RT_SHOW(cudaLaunchKernelEx(&config, in_cluster, data));
    RT_SHOW(cudaGetLastError());
}

static void stream_attributes()
{
    cudaStream_t stream, other;
    cudaLaunchAttributeValue value = {};
    RT_OK(cudaStreamCreate(&stream));
    RT_OK(cudaStreamCreate(&other));
    value.syncPolicy = cudaSyncPolicyYield;
    RT_IS(cudaStreamSetAttribute(stream, cudaLaunchAttributeSynchronizationPolicy, &value),
          cudaSuccess);
    value = {};
    RT_IS(cudaStreamCopyAttributes(other, stream), cudaSuccess);
    RT_IS(cudaStreamGetAttribute(other, cudaLaunchAttributeSynchronizationPolicy, &value),
          cudaSuccess);
    printf("policy %d\n", static_cast<int>(value.syncPolicy));
    RT_SHOW(cudaStreamGetAttribute(other, cudaLaunchAttributeCooperative, &value));
    RT_SHOW(cudaStreamGetAttribute(other, cudaLaunchAttributePriority, &value));
    RT_OK(cudaStreamDestroy(stream));
    RT_OK(cudaStreamDestroy(other));
    cudaGetLastError();
}

int main()
{
    int *data = rt_upload(std::vector<int>(4, 0));
    simple_attributes(data);
    serialization(data);
    clusters(data);
    stream_attributes();
    RT_SHOW(cudaGetLastError());
    RT_OK(cudaFree(data));
    return rt_end("launch_attributes");
}
