// SPDX-License-Identifier: Apache-2.0
// clang
#include "device.h"

// Heap's algorithm over a local array: a checksum of all permutations.
KERNEL permutations(unsigned *out)
{
    int a[6], c[6] = {0};
    unsigned sum = 0;
    for (int i = 0; i < 6; i++) a[i] = (INDEX + i * i) % 11;
    for (int i = 1; i < 6;) {
        if (c[i] < i) {
            int k = i & 1 ? c[i] : 0, x = a[k];
            a[k] = a[i];
            a[i] = x;
            sum = sum * 31 + a[0] * 7 + a[5];
            c[i]++;
            i = 1;
        } else {
            c[i++] = 0;
        }
    }
    out[INDEX] = sum;
}

struct particle { float x[3]; short id; char flag; double mass; };

static __device__ __attribute__((noinline)) particle step(particle p, const particle &q, int axis)
{
    p.x[axis] += (float)q.mass;
    p.id += q.id;
    p.flag = q.flag;
    return p;
}

KERNEL structures(const particle *in, particle *out, int n)
{
    particle all[4];
    for (int i = 0; i < 4; i++) all[i] = in[(INDEX + i) % n];
    for (int i = 0; i < 12; i++) all[i & 3] = step(all[i & 3], all[(i * 7 + INDEX) & 3], i % 3);
    out[INDEX] = all[INDEX & 3];
}

// n queens with a stack in local memory.
KERNEL queens(int n, int *out)
{
    int at[12], row = 1, found = 0;
    at[0] = INDEX;
    at[1] = -1;
    while (row > 0) {
        bool ok = ++at[row] < n;
        if (!ok) {
            row--;
            continue;
        }
        for (int k = 0; k < row; k++) {
            ok &= at[k] != at[row] && at[k] - at[row] != row - k && at[row] - at[k] != row - k;
        }
        if (ok && row == n - 1) found++;
        else if (ok) at[++row] = -1;
    }
    out[INDEX] = found;
}

union mixed { unsigned char b[16]; unsigned short h[8]; unsigned w[4]; unsigned long long l[2];
              double d[2]; };

KERNEL unions(const unsigned *in, unsigned *out)
{
    mixed m;
    for (int i = 0; i < 4; i++) m.w[i] = in[(INDEX * 4 + i) & 63];
    m.b[INDEX & 15] ^= 0x5a;
    m.h[INDEX & 7] += m.b[(INDEX + 3) & 15];
    m.l[1] ^= m.l[0] >> 17;
    m.w[INDEX & 3] -= m.h[5];
    unsigned sum = 0;
    for (int i = 0; i < 16; i++) sum = sum * 33 + m.b[i];
    out[INDEX] = sum;
}
