// SPDX-License-Identifier: Apache-2.0
#include "wide.h"

KERNEL wide_all(const uint64_t *a, const uint64_t *b, uint64_t *out)
{
    wide_ops(a[INDEX], b[INDEX], out + INDEX * 12);
}

KERNEL gcd(const uint64_t *a, const uint64_t *b, uint64_t *out)
{
    out[INDEX] = gcd64(a[INDEX], b[INDEX]);
}

KERNEL powmod(const uint64_t *a, uint64_t e, uint64_t m, uint64_t *out)
{
    out[INDEX] = powmod64(a[INDEX], e, m);
}

// 256-bit sum, difference and product with the carry flag.
KERNEL carry256(const uint32_t *a, const uint32_t *b, uint32_t *out)
{
    const uint32_t *x = a + INDEX * 8, *y = b + INDEX * 8;
    uint32_t *sum = out + INDEX * 24, *dif = sum + 8, *mul = sum + 16;
    asm volatile("add.cc.u32 %0, %8, %16;\n\taddc.cc.u32 %1, %9, %17;\n\t"
        "addc.cc.u32 %2, %10, %18;\n\taddc.cc.u32 %3, %11, %19;\n\t"
        "addc.cc.u32 %4, %12, %20;\n\taddc.cc.u32 %5, %13, %21;\n\t"
        "addc.cc.u32 %6, %14, %22;\n\taddc.u32 %7, %15, %23;"
        : "=&r"(sum[0]), "=&r"(sum[1]), "=&r"(sum[2]), "=&r"(sum[3]),
          "=&r"(sum[4]), "=&r"(sum[5]), "=&r"(sum[6]), "=&r"(sum[7])
        : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(x[4]), "r"(x[5]), "r"(x[6]), "r"(x[7]),
          "r"(y[0]), "r"(y[1]), "r"(y[2]), "r"(y[3]), "r"(y[4]), "r"(y[5]), "r"(y[6]), "r"(y[7]));
    asm volatile("sub.cc.u32 %0, %8, %16;\n\tsubc.cc.u32 %1, %9, %17;\n\t"
        "subc.cc.u32 %2, %10, %18;\n\tsubc.cc.u32 %3, %11, %19;\n\t"
        "subc.cc.u32 %4, %12, %20;\n\tsubc.cc.u32 %5, %13, %21;\n\t"
        "subc.cc.u32 %6, %14, %22;\n\tsubc.u32 %7, %15, %23;"
        : "=&r"(dif[0]), "=&r"(dif[1]), "=&r"(dif[2]), "=&r"(dif[3]),
          "=&r"(dif[4]), "=&r"(dif[5]), "=&r"(dif[6]), "=&r"(dif[7])
        : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(x[4]), "r"(x[5]), "r"(x[6]), "r"(x[7]),
          "r"(y[0]), "r"(y[1]), "r"(y[2]), "r"(y[3]), "r"(y[4]), "r"(y[5]), "r"(y[6]), "r"(y[7]));
    for (int i = 0; i < 8; i++) {
        uint32_t carry = 0;
        mul[i] = 0;
        for (int k = 0; k <= i; k++) {
            uint64_t p = (uint64_t)x[k] * y[i - k] + mul[i];
            mul[i] = (uint32_t)p;
            carry += (uint32_t)(p >> 32) & 1;
        }
        mul[i] ^= carry;
    }
}

// Every width of integers, in and out of each other.
KERNEL narrow(const int *a, int *out)
{
    int v = a[INDEX];
    signed char c = v;
    unsigned char uc = v >> 3;
    short s = v >> 5;
    unsigned short us = v >> 7;
    unsigned u = v;
    long long w = (long long)v * v;
    c = c * 3 + s;
    uc = uc / 3 + (us % 7);
    s = s * c - uc;
    us = us >> (uc & 7) | us << 3;
    w = w / (c | 1) + (s < us) * 1000 + (uc > c);
    u = u * uc + (unsigned)(w >> 7) + (unsigned short)s;
    out[INDEX] = (int)(c + uc * 5 + s * 7 + us * 11 + (int)w + (int)u);
}
