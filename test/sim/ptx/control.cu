/* SPDX-License-Identifier: Apache-2.0 */
struct pair { int x; long long y; char tag; };
struct big { int v[12]; double scale; pair p[2]; };

__device__ int counter = 5;
__constant__ int primes[8] = {2, 3, 5, 7, 11, 13, 17, 19};
__device__ int *pointer = &counter;
__device__ const char text[] = "hello";

__device__ __noinline__ long long fib(int n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

__device__ __noinline__ pair swap(pair p, big *b)
{
    pair q;

    q.x = (int)p.y;
    q.y = p.x;
    q.tag = p.tag + 1;
    b->scale += 1.0;
    return q;
}

extern "C" __global__ void recursion(long long *out)
{
    out[threadIdx.x] = fib(threadIdx.x);
}

extern "C" __global__ void structs(big b, pair p, short s, double *out)
{
    pair q = swap(p, &b);
    double sum = 0;

    for (int i = 0; i < 12; i++) {
        sum += b.v[(i + threadIdx.x) % 12] * b.scale;
    }
    out[threadIdx.x] = sum + q.x * 1000.0 + q.y + q.tag * 0.5 + b.p[1].y + s;
}

extern "C" __global__ void switches(const int *in, int *out, int n)
{
    int i = threadIdx.x + blockIdx.x * blockDim.x, v;

    if (i >= n) {
        return;
    }
    switch (in[i]) {
    case 0: v = 10; break;
    case 1: v = in[i + 1] * 3; break;
    case 2: v = i; break;
    case 3: v = -i; break;
    case 4: v = in[0] ^ i; break;
    case 5: v = i * i; break;
    case 6: v = primes[i & 7]; break;
    case 7: v = atomicAdd(&out[n], 1) * 0 + 7; break;
    case 8: v = 1 << (i & 7); break;
    default: v = -1;
    }
    out[i] = v;
}

extern "C" __global__ void globals(int *out)
{
    int local[32];

    for (int i = 0; i < 32; i++) {
        local[(i * 7 + threadIdx.x) & 31] = i;
    }
    atomicAdd(pointer, 1);
    __syncthreads();
    out[threadIdx.x] = local[threadIdx.x & 31] + primes[threadIdx.x & 7] * 100 + text[threadIdx.x % 5];
    if (threadIdx.x == 0) {
        out[blockDim.x] = counter;
    }
}

typedef int (*op)(int, int);
__device__ int plus(int a, int b) { return a + b; }
__device__ int times(int a, int b) { return a * b; }
__device__ op ops[2] = {plus, times};

extern "C" __global__ void indirect(int *out)
{
    out[threadIdx.x] = ops[threadIdx.x & 1](threadIdx.x, 3);
}
