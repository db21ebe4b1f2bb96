// SPDX-License-Identifier: Apache-2.0
// Pointers to device functions taken from symbols, tables of them, virtual functions of objects
// made on the device, recursion that needs a larger stack.
#include "rt.cuh"

#define COUNT 64

typedef float (*operation)(float, float);

__device__ float plus(float a, float b)
{
    return a + b;
}

__device__ float product(float a, float b)
{
    return a * b;
}

__device__ float less_two(float a, float)
{
    return a - 2;
}

__device__ operation table[3] = {plus, product, less_two};
__device__ operation chosen = product;

__global__ void apply(operation op, float *data)
{
    data[threadIdx.x] = op(data[threadIdx.x], 3.0f);
}

__global__ void apply_table(float *data)
{
    data[threadIdx.x] = table[threadIdx.x % 3](data[threadIdx.x], 2.0f);
}

struct Shape {
    __device__ virtual int area() const = 0;
};

struct Square : Shape {
    int side;
    __device__ explicit Square(int s) : side(s)
    {
    }
    __device__ int area() const override
    {
        return side * side;
    }
};

struct Strip : Shape {
    int length;
    __device__ explicit Strip(int l) : length(l)
    {
    }
    __device__ int area() const override
    {
        return length * 2;
    }
};

__global__ void shapes(int *areas)
{
    Square square(static_cast<int>(threadIdx.x));
    Strip strip(static_cast<int>(threadIdx.x));
    const Shape *shape = threadIdx.x % 2 ? static_cast<Shape *>(&square) : &strip;
    areas[threadIdx.x] = shape->area();
}

__device__ __noinline__ int depth(int n, volatile int *sink)
{
    int here[8];
    for (int i = 0; i < 8; i++) {
        here[i] = n * i + *sink;
    }
    return n == 0 ? here[7] : depth(n - 1, sink) + here[n % 8] % 3;
}

__global__ void recurse(int n, int *sink, int *out)
{
    *out = depth(n, sink);
}

static int depth_here(int n)
{
    return n == 0 ? 0 : depth_here(n - 1) + n * (n % 8) % 3;
}

int main()
{
    operation op = nullptr;
    float *data = rt_upload(std::vector<float>(COUNT, 4.0f));
    int *areas = rt_upload(std::vector<int>(COUNT, 0)), *zero = rt_upload(std::vector<int>(1, 0));
    RT_IS(cudaMemcpyFromSymbol(&op, chosen, sizeof(op)), cudaSuccess);
    apply<<<1, COUNT>>>(op, data);
    apply_table<<<1, COUNT>>>(data);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    std::vector<float> out = rt_download(data, COUNT);
    printf("%g %g %g\n", static_cast<double>(out[0]), static_cast<double>(out[1]),
           static_cast<double>(out[2]));
    RT_CHECK(out[0] == 14 && out[1] == 24 && out[2] == 10);
    shapes<<<1, COUNT>>>(areas);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    std::vector<int> seen = rt_download(areas, COUNT);
    for (int i = 0; i < COUNT; i++) {
        RT_CHECK(seen[i] == (i % 2 ? i * i : i * 2));
    }
    RT_IS(cudaDeviceSetLimit(cudaLimitStackSize, 16 << 10), cudaSuccess);
    recurse<<<1, 1>>>(60, zero, areas);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    int deep = rt_download(areas, 1)[0];
    printf("depth %d\n", deep);
    RT_CHECK(deep == depth_here(60));
    return rt_end("function_pointers");
}
