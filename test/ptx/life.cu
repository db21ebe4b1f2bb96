// SPDX-License-Identifier: Apache-2.0
// clang
#include "device.h"

// Conway's game on a torus.
KERNEL life(const unsigned char *in, unsigned char *out, int w, int h)
{
    int x = INDEX, y = blockIdx.y * blockDim.y + threadIdx.y, n = 0;
    if (x >= w || y >= h) return;
    for (int dy = -1; dy <= 1; dy++) {
        for (int dx = -1; dx <= 1; dx++) n += in[(y + dy + h) % h * w + (x + dx + w) % w];
    }
    n -= in[y * w + x];
    out[y * w + x] = n == 3 || (n == 2 && in[y * w + x]);
}

KERNEL collatz(const unsigned long long *in, int *out)
{
    unsigned long long v = in[INDEX];
    int n = 0;
    while (v != 1) {
        v = v & 1 ? 3 * v + 1 : v >> 1;
        n++;
    }
    out[INDEX] = n;
}

// Which numbers are prime, by trial division.
KERNEL primes(unsigned char *out)
{
    unsigned n = INDEX, d = 2;
    while (d * d <= n && n % d != 0) d++;
    out[n] = n >= 2 && d * d > n;
}

KERNEL dot_shared(const float *a, const float *b, float *out)
{
    __shared__ float s[128];
    unsigned t = threadIdx.x;
    s[t] = a[INDEX] * b[INDEX];
    for (unsigned d = 64; d > 0; d /= 2) {
        __syncthreads();
        if (t < d) s[t] += s[t + d];
    }
    if (t == 0) out[blockIdx.x] = s[0];
}

KERNEL interpret(const unsigned char *code, int n, long long *out)
{
    long long stack[16] = {0}, acc = INDEX;
    int top = 0;
    for (int pc = 0; pc < n; pc++) {
        switch (code[pc] % 12) {
        case 0: acc += 3; break;
        case 1: acc *= 5; break;
        case 2: acc ^= acc >> 3; break;
        case 3: stack[top++ & 15] = acc; break;
        case 4: acc -= stack[(top - 1) & 15]; break;
        case 5: top = top > 0 ? top - 1 : 15; break;
        case 6: acc = acc / 7 + (acc % 11); break;
        case 7: pc += acc & 1; break;
        case 8: acc = -acc; break;
        case 9: acc = acc << 1 | (acc >> 63 & 1); break;
        case 10: acc += code[(unsigned)acc % (unsigned)n]; break;
        default: acc = ~acc; break;
        }
        if (top == 0 && pc < 16) stack[pc] = pc;
        if (top > 15) top = 0;
    }
    out[INDEX] = acc;
}
