// SPDX-License-Identifier: Apache-2.0
// clang
#include "device.h"

typedef int (*binary)(int, int);
__device__ int f_add(int a, int b) { return a + b; }
__device__ int f_sub(int a, int b) { return a - b; }
__device__ int f_mul(int a, int b) { return a * b; }
__device__ int f_xor(int a, int b) { return a ^ b; }
__device__ binary table[4] = {f_add, f_sub, f_mul, f_xor};

// Threads of a warp call different functions.
KERNEL dispatch(const int *a, int *out)
{
    out[INDEX] = table[a[INDEX] & 3](a[INDEX], INDEX);
}

struct shape { __device__ virtual float area(float scale) const = 0; };
struct square : shape {
    float a;
    __device__ square(float x) : a(x) {}
    __device__ float area(float s) const override { return a * a * s; }
};
struct slab : shape {
    float a, b;
    __device__ slab(float x, float y) : a(x), b(y) {}
    __device__ float area(float s) const override { return a * b * s; }
};
struct twice : square {
    __device__ twice(float x) : square(x) {}
    __device__ float area(float s) const override { return 2 * square::area(s); }
};

KERNEL virtuals(float *out)
{
    square a(INDEX);
    slab b(INDEX, 2);
    twice c(3);
    const shape *all[3] = {&a, &b, &c};
    out[INDEX] = all[INDEX % 3]->area(4);
}

__device__ binary chosen;
KERNEL choose(int k) { chosen = table[k & 3]; }
KERNEL use_chosen(int *out) { out[INDEX] = chosen(INDEX, 7); }

template <int N> static __device__ __attribute__((noinline)) double power(double x)
{
    return x * power<N - 1>(x);
}
template <> __device__ double power<0>(double x) { return 1; }
typedef double (*unary)(double);

KERNEL local_table(double *out)
{
    unary f[4] = {power<1>, power<2>, power<3>, power<5>};
    double x = 1 + INDEX * 0.25;
    for (int i = 0; i < 3; i++) x = f[(INDEX + i) & 3](x) * 0.5;
    out[INDEX] = x;
}

static __device__ int apply(binary f, int n, int start)
{
    for (int i = 1; i <= n; i++) start = f(start, i);
    return start;
}
KERNEL higher_order(int *out) { out[INDEX] = apply(INDEX & 1 ? f_mul : f_sub, INDEX & 7, INDEX); }
