// SPDX-License-Identifier: Apache-2.0
// Asynchronous copies of ordinary memory: the source may be changed when the call has returned;
// the destination is whole after the stream has ended; sizes from one byte to many megabytes.
#include <algorithm>
#include "rt.cuh"

__global__ void flip(unsigned char *data, size_t n)
{
    for (size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        data[i] = static_cast<unsigned char>(~data[i]);
    }
}

static void round_trip(size_t bytes, cudaStream_t stream)
{
    unsigned char *device = nullptr;
    std::vector<unsigned char> in(bytes), out(bytes, 0);
    for (size_t i = 0; i < bytes; i++) {
        in[i] = static_cast<unsigned char>(i * 13 + bytes);
    }
    std::vector<unsigned char> source = in;
    RT_OK(cudaMalloc(&device, bytes));
    RT_OK(cudaMemcpyAsync(device, source.data(), bytes, cudaMemcpyHostToDevice, stream));
    // The memory is ours again.
    std::fill(source.begin(), source.end(), 0xaa);
    flip<<<64, 128, 0, stream>>>(device, bytes);
    RT_OK(cudaMemcpyAsync(out.data(), device, bytes, cudaMemcpyDeviceToHost, stream));
    RT_OK(cudaStreamSynchronize(stream));
    size_t wrong = 0;
    for (size_t i = 0; i < bytes; i++) {
        wrong += out[i] != static_cast<unsigned char>(~in[i]);
    }
    printf("%zu bytes: %zu wrong\n", bytes, wrong);
    RT_CHECK(wrong == 0);
    RT_OK(cudaFree(device));
}

// A synchronous copy to the device may return before it is there; its source is free all the same.
static void synchronous()
{
    int *device = nullptr;
    RT_OK(cudaMalloc(&device, 64));
    for (int i = 0; i < 100; i++) {
        int value = i, back = -1;
        RT_OK(cudaMemcpy(device, &value, sizeof(int), cudaMemcpyHostToDevice));
        value = -5;
        RT_OK(cudaMemcpy(&back, device, sizeof(int), cudaMemcpyDeviceToHost));
        RT_CHECK(back == i);
    }
    RT_OK(cudaFree(device));
}

int main()
{
    cudaStream_t stream;
    RT_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    for (size_t bytes : {size_t(1), size_t(4095), size_t(65536), size_t(65537), size_t(1) << 20,
                         (size_t(5) << 20) + 3}) {
        round_trip(bytes, stream);
    }
    synchronous();
    RT_OK(cudaStreamDestroy(stream));
    return rt_end("pageable");
}
