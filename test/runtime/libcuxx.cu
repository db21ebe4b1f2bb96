// SPDX-License-Identifier: Apache-2.0
// libcu++: atomics by scope, barriers, pipelines of asynchronous copies, std types in kernels.
#include <cuda/atomic>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cuda/std/array>
#include <cuda/std/optional>
#include <cuda/std/tuple>
#include <cooperative_groups.h>
#include "rt.cuh"

// Barriers in shared memory are set up by init().
#pragma nv_diag_suppress static_var_with_dynamic_init

namespace cg = cooperative_groups;

#define COUNT 256

__global__ void count(cuda::atomic<int, cuda::thread_scope_device> *total, int *tickets)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int mine = total->fetch_add(1, cuda::memory_order_relaxed);
    cuda::atomic_ref<int, cuda::thread_scope_block> ticket(tickets[mine]);
    ticket.store(1, cuda::memory_order_release);
    if (i == 0) {
        total->fetch_max(0);
    }
}

__global__ void halves(const int *in, int *out)
{
    __shared__ cuda::barrier<cuda::thread_scope_block> barrier;
    __shared__ int values[COUNT];
    if (threadIdx.x == 0) {
        init(&barrier, blockDim.x);
    }
    __syncthreads();
    values[threadIdx.x] = in[threadIdx.x];
    for (int width = COUNT / 2; width > 0; width /= 2) {
        barrier.arrive_and_wait();
        if (threadIdx.x < width) {
            values[threadIdx.x] += values[threadIdx.x + width];
        }
    }
    if (threadIdx.x == 0) {
        *out = values[0];
    }
}

__global__ void pipelined(const int *in, int *out, int parts)
{
    __shared__ int stage[2][COUNT];
    __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, 2> state;
    cg::thread_block block = cg::this_thread_block();
    auto pipe = cuda::make_pipeline(block, &state);
    for (int part = 0, next = 0; part < parts; part++) {
        for (; next < parts && next < part + 2; next++) {
            pipe.producer_acquire();
            cuda::memcpy_async(block, stage[next % 2], in + next * COUNT, sizeof(stage[0]), pipe);
            pipe.producer_commit();
        }
        pipe.consumer_wait();
        block.sync();
        out[part * COUNT + threadIdx.x] = stage[part % 2][COUNT - 1 - threadIdx.x] + part;
        block.sync();
        pipe.consumer_release();
    }
}

__global__ void standard(int *out)
{
    cuda::std::array<int, 3> a = {1, 2, static_cast<int>(threadIdx.x)};
    cuda::std::optional<int> odd;
    if (threadIdx.x % 2) {
        odd = 100;
    }
    auto pair = cuda::std::make_tuple(a[0] + a[2], odd.value_or(7));
    out[threadIdx.x] = cuda::std::get<0>(pair) * cuda::std::get<1>(pair);
}

int main()
{
    std::vector<int> values(4 * COUNT);
    int sum = 0;
    for (int i = 0; i < 4 * COUNT; i++) {
        values[i] = i * 5 % 31;
        sum += i < COUNT ? values[i] : 0;
    }
    int *in = rt_upload(values), *out = rt_upload(std::vector<int>(4 * COUNT, 0));
    int *total = rt_upload(std::vector<int>(1, 0));
    count<<<4, 64>>>(reinterpret_cast<cuda::atomic<int, cuda::thread_scope_device> *>(total), out);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    std::vector<int> got = rt_download(out, 4 * COUNT);
    RT_CHECK(rt_download(total, 1)[0] == 256 && got[0] == 1 && got[255] == 1 && got[256] == 0);
    halves<<<1, COUNT>>>(in, total);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    printf("sum %d\n", rt_download(total, 1)[0]);
    RT_CHECK(rt_download(total, 1)[0] == sum);
    pipelined<<<1, COUNT>>>(in, out, 4);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    got = rt_download(out, 4 * COUNT);
    for (int i = 0; i < 4 * COUNT; i++) {
        RT_CHECK(got[i] == values[i / COUNT * COUNT + COUNT - 1 - i % COUNT] + i / COUNT);
    }
    rt_print_hash("pipelined", got);
    standard<<<1, 32>>>(out);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    RT_CHECK(rt_download(out, 32)[31] == 3200 && rt_download(out, 32)[30] == 217);
    return rt_end("libcuxx");
}
