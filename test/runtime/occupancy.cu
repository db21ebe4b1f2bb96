// SPDX-License-Identifier: Apache-2.0
// Occupancy: blocks for a size, the best size, with shared memory, clusters.
#include "rt.cuh"

__global__ void plain(float *data)
{
    data[blockIdx.x * blockDim.x + threadIdx.x] *= 2;
}

__global__ void __launch_bounds__(256, 2) bounded(float *data)
{
    extern __shared__ float shared[];
    shared[threadIdx.x] = data[threadIdx.x];
    __syncthreads();
    data[threadIdx.x] = shared[255 - threadIdx.x];
}

struct Bytes {
    __host__ __device__ size_t operator()(int threads) const
    {
        return static_cast<size_t>(threads) * 64;
    }
};

int main()
{
    int blocks = 0, grid = 0, threads = 0;
    for (int size : {32, 128, 256, 512, 1024}) {
        RT_OK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, plain, size, 0));
        printf("plain, %d threads: %d blocks\n", size, blocks);
        RT_CHECK(blocks > 0 && blocks * size <= 2048);
    }
    for (size_t bytes : {size_t(0), size_t(1024), size_t(40000), size_t(49152)}) {
        RT_OK(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
            &blocks, bounded, 256, bytes, cudaOccupancyDisableCachingOverride));
        printf("bounded, %zu bytes: %d blocks\n", bytes, blocks);
    }
    RT_SHOW(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, plain, 1025, 0));
    printf("%d blocks\n", blocks);
    RT_SHOW(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, bounded, 512, 0));
    printf("%d blocks\n", blocks);
    RT_SHOW(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, plain, 0, 0));
    cudaGetLastError();
    RT_IS(cudaOccupancyMaxPotentialBlockSize(&grid, &threads, plain, 0, 0), cudaSuccess);
    printf("best: %d threads\n", threads);
    RT_CHECK(threads > 0 && threads % 32 == 0);
    RT_IS(cudaOccupancyMaxPotentialBlockSizeVariableSMem(&grid, &threads, bounded, Bytes(), 256),
          cudaSuccess);
    printf("best with shared memory: %d threads\n", threads);
    size_t bytes = 0;
    RT_IS(cudaOccupancyAvailableDynamicSMemPerBlock(&bytes, bounded, 2, 256), cudaSuccess);
    printf("room for each of two blocks: %zu bytes\n", bytes);
    cudaLaunchConfig_t config = {};
    cudaLaunchAttribute attr = {};
    config.gridDim = dim3(16);
    config.blockDim = dim3(128);
    config.attrs = &attr;
    config.numAttrs = 1;
    attr.id = cudaLaunchAttributeClusterDimension;
    attr.val.clusterDim.x = 2;
    attr.val.clusterDim.y = attr.val.clusterDim.z = 1;
    int most = 0, clusters = 0;
    RT_SHOW(cudaOccupancyMaxPotentialClusterSize(&most, plain, &config));
    RT_SHOW(cudaOccupancyMaxActiveClusters(&clusters, plain, &config));
    printf("clusters of up to %d, %d of two at once\n", most, clusters);
    cudaGetLastError();
    return rt_end("occupancy");
}
