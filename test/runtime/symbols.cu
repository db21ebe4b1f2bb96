// SPDX-License-Identifier: Apache-2.0
// __device__ and __constant__ variables by symbol: copies both ways, in part, between symbols,
// their addresses and sizes, and what is no symbol.
#include "rt.cuh"

__constant__ int weights[16];
__device__ float table[64] = {1.5f, 2.5f};
__device__ int total;
static __device__ double single = 0.25;
template <typename T> __device__ T generic = T(3);

__global__ void use(int *out)
{
    int i = threadIdx.x;
    out[i] = weights[i] * static_cast<int>(table[i]);
    atomicAdd(&total, out[i]);
    if (i == 0) {
        single *= 2;
        generic<int> += 4;
    }
}

static void copies()
{
    std::vector<int> w(16);
    std::vector<float> t(64);
    for (int i = 0; i < 64; i++) {
        w[i % 16] = i % 16 + 1;
        t[i] = static_cast<float>(i * 2);
    }
    float first[3] = {};
    RT_IS(cudaMemcpyFromSymbol(first, table, sizeof(first)), cudaSuccess);
    printf("initial: %g %g %g\n", first[0], first[1], first[2]);
    RT_IS(cudaMemcpyToSymbol(weights, w.data(), sizeof(weights)), cudaSuccess);
    RT_IS(cudaMemcpyToSymbolAsync(table, t.data(), 32 * sizeof(float), 0), cudaSuccess);
    RT_IS(cudaMemcpyToSymbol(table, t.data() + 32, 32 * sizeof(float), 32 * sizeof(float)),
          cudaSuccess);
    std::vector<float> back(64);
    RT_IS(cudaMemcpyFromSymbolAsync(back.data(), table, sizeof(table), 0, cudaMemcpyDeviceToHost),
          cudaSuccess);
    RT_OK(cudaDeviceSynchronize());
    RT_CHECK(back == t);
    RT_SHOW(cudaMemcpyToSymbol(table, t.data(), sizeof(table), 4));
    RT_SHOW(cudaMemcpyToSymbol(table, t.data(), 4, 0, cudaMemcpyDeviceToHost));
    RT_SHOW(cudaGetLastError());
}

static void kernel_sees()
{
    int *out = rt_upload(std::vector<int>(16));
    int sum = -1, wanted = 0;
    double one = 0;
    use<<<1, 16>>>(out);
    RT_IS(cudaMemcpyFromSymbol(&sum, total, sizeof(sum)), cudaSuccess);
    RT_IS(cudaMemcpyFromSymbol(&one, single, sizeof(one)), cudaSuccess);
    for (int i = 0; i < 16; i++) {
        wanted += (i + 1) * i * 2;
    }
    int seven = 0;
    RT_IS(cudaMemcpyFromSymbol(&seven, generic<int>, sizeof(int)), cudaSuccess);
    printf("total %d, single %g, template %d\n", sum, one, seven);
    RT_CHECK(sum == wanted && one == 0.5 && seven == 7);
    RT_OK(cudaFree(out));
}

static void addresses()
{
    void *address = nullptr, *constant = nullptr;
    size_t size = 0;
    RT_IS(cudaGetSymbolAddress(&address, table), cudaSuccess);
    RT_IS(cudaGetSymbolSize(&size, table), cudaSuccess);
    printf("size %zu\n", size);
    RT_CHECK(size == 256);
    RT_IS(cudaGetSymbolAddress(&constant, weights), cudaSuccess);
    RT_IS(cudaGetSymbolSize(&size, weights), cudaSuccess);
    RT_CHECK(size == 64);
    int value = 0;
    RT_IS(cudaMemcpy(&value, static_cast<int *>(constant) + 5, 4, cudaMemcpyDeviceToHost),
          cudaSuccess);
    RT_CHECK(value == 6);
    RT_IS(cudaMemset(address, 0, 128), cudaSuccess);
    float third = 1;
    RT_OK(cudaMemcpyFromSymbol(&third, table, sizeof(third), 8));
    RT_CHECK(third == 0);
    int not_a_symbol = 0;
    RT_IS(cudaGetSymbolAddress(&address, &not_a_symbol), cudaErrorInvalidSymbol);
    RT_IS(cudaGetSymbolSize(&size, &not_a_symbol), cudaErrorInvalidSymbol);
    RT_IS(cudaGetLastError(), cudaErrorInvalidSymbol);
}

int main()
{
    copies();
    kernel_sees();
    addresses();
    return rt_end("symbols");
}
