// SPDX-License-Identifier: Apache-2.0
// arch: 80
#include <cuda_bf16.h>
#include <mma.h>
#include "device.h"

using namespace nvcuda;

// d = a * b + c by the library's fragments; a by rows, b by columns.
template <typename T, typename C, int M, int N, int K>
static __device__ void multiply(const T *a, const T *b, const C *c, C *d)
{
    wmma::fragment<wmma::matrix_a, M, N, K, T, wmma::row_major> fa;
    wmma::fragment<wmma::matrix_b, M, N, K, T, wmma::col_major> fb;
    wmma::fragment<wmma::accumulator, M, N, K, C> fc;
    wmma::load_matrix_sync(fa, a, K);
    wmma::load_matrix_sync(fb, b, K);
    wmma::load_matrix_sync(fc, c, N, wmma::mem_row_major);
    wmma::mma_sync(fc, fa, fb, fc);
    for (int i = 0; i < fc.num_elements; i++) fc.x[i] = fc.x[i] + fc.x[i];
    wmma::store_matrix_sync(d, fc, N, wmma::mem_row_major);
}

KERNEL wmma_half(const half *a, const half *b, const float *c, float *d)
{
    __shared__ half s[256];
    for (int i = threadIdx.x; i < 256; i += 32) s[i] = a[i];
    __syncwarp();
    multiply<half, float, 16, 16, 16>(s, b, c, d);
}

KERNEL wmma_half_half(const half *a, const half *b, const half *c, half *d)
{
    multiply<half, half, 32, 8, 16>(a, b, c, d);
}

KERNEL wmma_bytes(const signed char *a, const signed char *b, const int *c, int *d)
{
    multiply<signed char, int, 16, 16, 16>(a, b, c, d);
}

KERNEL wmma_bf16(const __nv_bfloat16 *a, const __nv_bfloat16 *b, const float *c, float *d)
{
    multiply<__nv_bfloat16, float, 8, 32, 16>(a, b, c, d);
}

KERNEL wmma_double(const double *a, const double *b, const double *c, double *d)
{
    multiply<double, double, 8, 8, 4>(a, b, c, d);
}

// The instruction itself, its operands by ldmatrix from shared memory: a 16 x 16, b 16 x 8.
KERNEL mma_half(const unsigned *a, const unsigned *b, float *d)
{
    __shared__ __align__(16) unsigned sa[16 * 8], sb[16 * 4];
    int t = threadIdx.x;
    for (int i = t; i < 128; i += 32) sa[i] = a[i];
    for (int i = t; i < 64; i += 32) sb[i] = b[i];
    __syncwarp();
    unsigned ra[4], rb[2];
    float c[4] = {1, 2, 3, 4};
    unsigned pa = (unsigned)__cvta_generic_to_shared(&sa[(t & 15) * 8 + (t >> 4) * 4]);
    unsigned pb = (unsigned)__cvta_generic_to_shared(&sb[(t & 15) * 4]);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
        : "=r"(ra[0]), "=r"(ra[1]), "=r"(ra[2]), "=r"(ra[3]) : "r"(pa));
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
        : "=r"(rb[0]), "=r"(rb[1]) : "r"(pb));
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};" : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(ra[0]), "r"(ra[1]), "r"(ra[2]), "r"(ra[3]), "r"(rb[0]), "r"(rb[1]));
    int row = t / 4, col = t % 4 * 2;
    d[row * 8 + col] = c[0] - 1;
    d[row * 8 + col + 1] = c[1] - 2;
    d[(row + 8) * 8 + col] = c[2] - 3;
    d[(row + 8) * 8 + col + 1] = c[3] - 4;
}

// Bytes: a 16 x 32 by rows, b 32 x 8 by columns.
KERNEL mma_bytes(const unsigned *a, const unsigned *b, int *d)
{
    int t = threadIdx.x, g = t / 4, k = t % 4, c[4] = {0};
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};" : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
        : "r"(a[g * 8 + k]), "r"(a[(g + 8) * 8 + k]), "r"(a[g * 8 + k + 4]),
          "r"(a[(g + 8) * 8 + k + 4]), "r"(b[g * 8 + k]), "r"(b[g * 8 + k + 4]));
    for (int i = 0; i < 4; i++) d[(g + (i >> 1) * 8) * 8 + k * 2 + (i & 1)] = c[i];
}

// tf32: a 16 x 8, b 8 x 8 by columns; the numbers are rounded first.
KERNEL mma_tf32(const float *a, const float *b, float *d)
{
    int t = threadIdx.x, g = t / 4, k = t % 4;
    float c[4] = {0};
    unsigned r[6];
    float v[6] = {a[g * 8 + k], a[(g + 8) * 8 + k], a[g * 8 + k + 4], a[(g + 8) * 8 + k + 4],
                  b[g * 8 + k], b[g * 8 + k + 4]};
    for (int i = 0; i < 6; i++) asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r[i]) : "f"(v[i]));
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};" : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3]), "r"(r[4]), "r"(r[5]));
    for (int i = 0; i < 4; i++) d[(g + (i >> 1) * 8) * 8 + k * 2 + (i & 1)] = c[i];
}
