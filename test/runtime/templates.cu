// SPDX-License-Identifier: Apache-2.0
// Kernels from templates: sums of several types with warp shuffles, lambdas, structures by value,
// and kernels of many parameters.
#include "rt.cuh"

#define COUNT 2048

template <typename T> __device__ T warp_sum(T value)
{
    for (int offset = 16; offset > 0; offset /= 2) {
        value += __shfl_down_sync(0xffffffffu, value, offset);
    }
    return value;
}

template <typename T, int Threads, typename Function>
__global__ void sum(const T *in, T *out, int n, Function function)
{
    __shared__ T parts[Threads / 32];
    T mine = T(0);
    for (int i = threadIdx.x; i < n; i += Threads) {
        mine += function(in[i]);
    }
    mine = warp_sum(mine);
    if (threadIdx.x % 32 == 0) {
        parts[threadIdx.x / 32] = mine;
    }
    __syncthreads();
    if (threadIdx.x < 32) {
        mine = warp_sum(threadIdx.x < Threads / 32 ? parts[threadIdx.x] : T(0));
        if (threadIdx.x == 0) {
            *out = mine;
        }
    }
}

struct Cube {
    template <typename T> __device__ T operator()(T v) const
    {
        return v * v * v;
    }
};

struct Scale {
    int by[40];
    template <typename T> __device__ T operator()(T v) const
    {
        return v * T(by[39]);
    }
};

template <typename T, typename Function>
static T run(const std::vector<T> &values, Function function)
{
    T *in = rt_upload(values), *out = rt_upload(std::vector<T>(1));
    sum<T, 128><<<1, 128>>>(in, out, static_cast<int>(values.size()), function);
    RT_OK(cudaDeviceSynchronize());
    T answer = rt_download(out, 1)[0];
    RT_OK(cudaFree(in));
    RT_OK(cudaFree(out));
    return answer;
}

template <typename T> static void check(const char *name)
{
    std::vector<T> values(COUNT);
    T cubes = 0, scaled = 0;
    Scale scale = {};
    scale.by[39] = 3;
    for (int i = 0; i < COUNT; i++) {
        values[i] = T(i % 9);
        cubes += values[i] * values[i] * values[i];
        scaled += values[i] * 3;
    }
    T a = run(values, Cube()), b = run(values, scale);
    printf("%s: %.0f %.0f\n", name, static_cast<double>(a), static_cast<double>(b));
    RT_CHECK(a == cubes && b == scaled);
}

__global__ void many(int a, char b, short c, long long d, float e, double f, int3 g, char h,
                     const int *i, double *out)
{
    *out = a + b * 10 + c * 100 + static_cast<double>(d) + e + f + g.x + g.y * 2 + g.z * 3 + h + *i;
}

int main()
{
    check<int>("int");
    check<unsigned long long>("unsigned long long");
    check<float>("float");
    check<double>("double");
    int *word = rt_upload(std::vector<int>(1, 1000));
    double *out = rt_upload(std::vector<double>(1, 0));
    many<<<1, 1>>>(1, 2, 3, 1ll << 40, 0.5f, 0.25, make_int3(5, 6, 7), 8, word, out);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    double seen = rt_download(out, 1)[0];
    printf("many parameters: %.2f\n", seen);
    RT_CHECK(seen == 1 + 20 + 300 + 1099511627776.0 + 0.75 + 5 + 12 + 21 + 8 + 1000);
    return rt_end("templates");
}
