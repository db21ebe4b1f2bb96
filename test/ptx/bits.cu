// SPDX-License-Identifier: Apache-2.0
#include "bits.h"

KERNEL counts(const unsigned long long *in, unsigned *out)
{
    unsigned long long v = in[INDEX];
    unsigned w = (unsigned)v, *o = out + INDEX * 12;
    o[0] = __popc(w);
    o[1] = __popcll(v);
    o[2] = __clz(w);
    o[3] = __clzll(v);
    o[4] = __ffs(w);
    o[5] = __ffsll(v);
    o[6] = __brev(w);
    o[7] = (unsigned)(__brevll(v) >> 16);
    o[8] = __byte_perm(w, (unsigned)(v >> 32), w >> 16);
    o[9] = __funnelshift_l(w, (unsigned)(v >> 32), w);
    o[10] = __funnelshift_rc(w, (unsigned)(v >> 32), w & 63);
    o[11] = __vabsdiffu4(w, (unsigned)(v >> 32)) ^ __vadd2(w, o[8]) ^ __vmaxs4(w, o[8]);
}

KERNEL tricks(const uint32_t *in, uint64_t *out)
{
    uint32_t v = in[INDEX];
    uint64_t *o = out + INDEX * 4;
    o[0] = morton2(v, ~v * 3);
    o[1] = gray_back(v ^ v >> 1);
    o[2] = snoob(v);
    o[3] = isqrt(v);
}

// Bit fields of a structure and of asm.
struct fields { unsigned a : 3, b : 7, c : 11; int d : 5; unsigned long long e : 37; };

KERNEL bitfields(const fields *in, unsigned *out)
{
    fields f = in[INDEX];
    unsigned x, y;
    f.b += f.a;
    f.c ^= f.b * 5;
    f.d = -f.d;
    f.e = f.e * 3 + f.c;
    asm("bfe.u32 %0, %1, %2, %3;" : "=r"(x) : "r"((unsigned)f.e), "r"(f.a), "r"((unsigned)f.b));
    asm("bfi.b32 %0, %1, %2, 9, 6;" : "=r"(y) : "r"(x), "r"((unsigned)f.c));
    out[INDEX] = f.a + f.b * 8 + f.c * 1024 + f.d * 7 + (unsigned)(f.e >> 5) + x * 3 + y;
}

KERNEL generators(uint64_t *out)
{
    uint64_t s = INDEX * 0x9e3779b97f4a7c15u + 1, p = INDEX;
    uint32_t c[4] = {INDEX, 1, 2, 3}, lcg = INDEX;
    for (int i = 0; i < 16; i++) {
        xorshift(&s);
        lcg = lcg * 1664525u + 1013904223u;
        philox(c, lcg, pcg(&p));
    }
    out[INDEX] = s ^ (uint64_t)c[0] << 32 ^ c[3] ^ lcg;
}

// The Mersenne twister's state in shared memory.
KERNEL twister(unsigned *out, unsigned seed)
{
    __shared__ unsigned s[624];
    if (threadIdx.x == 0) {
        s[0] = seed;
        for (int i = 1; i < 624; i++) s[i] = 1812433253u * (s[i - 1] ^ s[i - 1] >> 30) + i;
        for (int i = 0; i < 624; i++) {
            unsigned y = (s[i] & 0x80000000u) | (s[(i + 1) % 624] & 0x7fffffffu);
            s[i] = s[(i + 397) % 624] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
        }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < 624; i += blockDim.x) {
        unsigned y = s[i];
        y ^= y >> 11;
        y ^= y << 7 & 0x9d2c5680u;
        y ^= y << 15 & 0xefc60000u;
        out[i] = y ^ y >> 18;
    }
}

KERNEL dot_bytes(const int *a, const int *b, int *out)
{
    int s = __dp4a(a[INDEX], b[INDEX], 5);
    unsigned u = __dp4a((unsigned)a[INDEX], (unsigned)b[INDEX], 5u);
    int h = __dp2a_lo(a[INDEX], b[INDEX], 7) ^ __dp2a_hi(a[INDEX], b[INDEX], 9);
    out[INDEX] = s + (int)u * 3 + h + __sad(a[INDEX], b[INDEX], 1u) + __mul24(a[INDEX], b[INDEX]) +
                 __hadd(a[INDEX], b[INDEX]) + __mulhi(a[INDEX], b[INDEX]);
}
