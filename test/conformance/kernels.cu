/* SPDX-License-Identifier: Apache-2.0 */
typedef unsigned int u32;
typedef unsigned long long u64;

__device__ u32 counter = 7;
__device__ u32 table[64];
__constant__ u32 factor = 3;

extern "C" __global__ void noop(void)
{
}

extern "C" __global__ void store(u32 *p, u32 value)
{
    p[blockIdx.x * blockDim.x + threadIdx.x] = value;
}

extern "C" __global__ void add(u32 *p, u32 value)
{
    p[blockIdx.x * blockDim.x + threadIdx.x] += value;
}

extern "C" __global__ void bump_counter(void)
{
    atomicAdd(&counter, factor);
}

extern "C" __global__ void read_counter(u32 *out)
{
    *out = counter;
}

extern "C" __global__ void atomic_count(u32 *p)
{
    atomicAdd(p, 1u);
}

/* Every kind of scalar, and padding between them. */
extern "C" __global__ void mixed_params(u64 *out, unsigned char a, unsigned short b, u32 c, u64 d,
                                        float e, double f)
{
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
    out[4] = (u64)e;
    out[5] = (u64)f;
}

struct block {
    u32 words[16];
    unsigned char tail[5];
};

extern "C" __global__ void struct_param(u32 *out, struct block in, u32 last)
{
    if (threadIdx.x < 16) {
        out[threadIdx.x] = in.words[threadIdx.x];
    }
    if (threadIdx.x == 0) {
        out[16] = in.tail[4];
        out[17] = last;
    }
}

/* Writes the linear index of every thread of a three-dimensional launch. */
extern "C" __global__ void indices(u32 *out)
{
    u32 block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    u32 thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;

    out[block * blockDim.x * blockDim.y * blockDim.z + thread] = block * 1000 + thread;
}

/* Reverses a block's words through dynamic shared memory. */
extern "C" __global__ void reverse(u32 *p)
{
    extern __shared__ u32 scratch[];

    scratch[threadIdx.x] = p[threadIdx.x];
    __syncthreads();
    p[threadIdx.x] = scratch[blockDim.x - 1 - threadIdx.x];
}

extern "C" __global__ void __launch_bounds__(64) bounded(u32 *p)
{
    p[threadIdx.x] = threadIdx.x;
}

extern "C" __global__ void static_shared(u32 *p)
{
    __shared__ u32 data[256];

    data[threadIdx.x] = threadIdx.x;
    __syncthreads();
    p[threadIdx.x] = data[255 - threadIdx.x];
}

extern "C" __global__ void wait_for_flag(volatile u32 *flag)
{
    while (*flag == 0) {
    }
}

extern "C" __global__ void bad_store(u32 *p)
{
    *p = 1;
}

extern "C" __global__ void trap(void)
{
    asm volatile("trap;");
}
