/* SPDX-License-Identifier: Apache-2.0 */
extern "C" __global__ void int64(const long long *a, const long long *b, long long *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i >= n) {
        return;
    }
    long long x = a[i], y = b[i] ? b[i] : 1;
    long long *o = out + i * 12;

    o[0] = x / y;
    o[1] = x % y;
    o[2] = (long long)((unsigned long long)x / (unsigned long long)y);
    o[3] = (long long)((unsigned long long)x % (unsigned long long)y);
    o[4] = __mul64hi(x, y);
    o[5] = (long long)__umul64hi(x, y);
    o[6] = x << (y & 63);
    o[7] = x >> (y & 63);
    o[8] = __popcll(x) + __clzll(y) * 100 + __ffsll(x) * 10000;
    o[9] = (long long)__brevll(x);
    o[10] = (int)x * (long long)(int)y;
    o[11] = ((x < y) << 0) | ((x <= y) << 1) | ((unsigned long long)x > (unsigned long long)y) << 2;
}

extern "C" __global__ void int32(const int *a, const int *b, int *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i >= n) {
        return;
    }
    int x = a[i], y = b[i] ? b[i] : 1;
    unsigned u = x, v = y;
    int *o = out + i * 20;

    o[0] = y == -1 ? 0 : x / y;
    o[1] = y == -1 ? 0 : x % y;
    o[2] = u / v;
    o[3] = u % v;
    o[4] = __mulhi(x, y);
    o[5] = __umulhi(u, v);
    o[6] = __byte_perm(u, v, 0x6172);
    o[7] = __funnelshift_l(u, v, 13);
    o[8] = __funnelshift_rc(u, v, y & 63);
    o[9] = __popc(u) | __clz(v) << 8 | __ffs(u) << 16;
    o[10] = __brev(u);
    o[11] = abs(x) + min(x, y) - max(x, y);
    o[12] = (u & v) | (~u & 0x00ff00ff) ^ v;
    o[13] = (signed char)x + (short)y + (unsigned char)u + (unsigned short)v;
    o[14] = __sad(x, y, 7) + __usad(u, v, 3);
    o[15] = __mul24(x, y) + (int)__umul24(u, v);
    o[16] = (int)__dp4a(u, v, 1u);
    o[17] = u << (v & 40);
    o[18] = x >> (y & 40);
    o[19] = (int)(((short)x * (short)y) % 77) + ((x >> 3) & 0x1f) * 3;
}
