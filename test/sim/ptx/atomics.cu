/* SPDX-License-Identifier: Apache-2.0 */
extern "C" __global__ void histogram(const unsigned char *in, unsigned *bins, int n)
{
    __shared__ unsigned local[256];

    for (int i = threadIdx.x; i < 256; i += blockDim.x) {
        local[i] = 0;
    }
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        atomicAdd(&local[in[i]], 1u);
    }
    __syncthreads();
    for (int i = threadIdx.x; i < 256; i += blockDim.x) {
        atomicAdd(&bins[i], local[i]);
    }
}

extern "C" __global__ void atomics(unsigned *u, int *s, unsigned long long *l, float *f, double *d)
{
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

    atomicMin(&u[0], i ^ 5);
    atomicMax(&u[1], i);
    atomicAnd(&u[2], ~(1u << (i & 31)));
    atomicOr(&u[3], 1u << (i & 31));
    atomicXor(&u[4], i);
    atomicInc(&u[5], 99);
    atomicDec(&u[6], 99);
    atomicExch(&u[7], 7);
    atomicMin(&s[0], -(int)i);
    atomicMax(&s[1], -(int)i - 3);
    atomicAdd(&l[0], 1ull << 33);
    atomicMax(&l[1], (unsigned long long)i << 40);
    atomicCAS(&l[2], 0ull, 42ull);
    atomicAdd(&f[0], 0.5f);
    atomicAdd(&d[0], 0.25);
    /* A lock by CAS: two words that must agree. */
    for (bool done = false; !done;) {
        if (atomicCAS(&u[8], 0, 1) == 0) {
            u[9]++;
            __threadfence();
            atomicExch(&u[8], 0);
            done = true;
        }
    }
}
