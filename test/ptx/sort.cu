// SPDX-License-Identifier: Apache-2.0
#include "device.h"

// One block sorts n (a power of two, up to 1024) numbers in shared memory.
KERNEL bitonic_block(unsigned *a, int n)
{
    __shared__ unsigned s[1024];
    int t = threadIdx.x;
    for (int i = t; i < n; i += blockDim.x) s[i] = a[i];
    __syncthreads();
    for (int k = 2; k <= n; k *= 2) {
        for (int j = k / 2; j > 0; j /= 2) {
            for (int i = t; i < n; i += blockDim.x) {
                int other = i ^ j;
                if (other > i && ((i & k) == 0) == (s[i] > s[other])) {
                    unsigned x = s[i];
                    s[i] = s[other];
                    s[other] = x;
                }
            }
            __syncthreads();
        }
    }
    for (int i = t; i < n; i += blockDim.x) a[i] = s[i];
}

// One step over the whole array; the host makes the loops.
KERNEL bitonic_step(float *a, unsigned j, unsigned k)
{
    unsigned i = INDEX, other = i ^ j;
    if (other > i) {
        float x = a[i], y = a[other];
        if ((i & k) ? x < y : x > y) {
            a[i] = y;
            a[other] = x;
        }
    }
}

KERNEL odd_even(short *a, int n)
{
    for (int pass = 0; pass < n; pass++) {
        int i = 2 * threadIdx.x + (pass & 1);
        if (i + 1 < n) {
            short x = a[i], y = a[i + 1];
            a[i] = x < y ? x : y;
            a[i + 1] = x < y ? y : x;
        }
        __syncthreads();
    }
}

// 256 keys, one bit a pass, split by ballot and popc.
KERNEL radix_block(unsigned *a)
{
    __shared__ unsigned s[256], zeros[8];
    unsigned t = threadIdx.x, key = a[t];
    for (int bit = 0; bit < 32; bit++) {
        unsigned one = key >> bit & 1;
        unsigned votes = __ballot_sync(~0u, !one);
        unsigned below = __popc(votes & ((1u << (t & 31)) - 1));
        unsigned before = 0, all = 0;
        if ((t & 31) == 0) zeros[t / 32] = __popc(votes);
        __syncthreads();
        for (unsigned w = 0; w < 8; w++) {
            before += w < t / 32 ? zeros[w] : 0;
            all += zeros[w];
        }
        unsigned zero_at = before + below;
        s[one ? all + t - zero_at : zero_at] = key;
        __syncthreads();
        key = s[t];
    }
    a[t] = key;
}

// A thread sorts a row of 24 in memory of its own.
KERNEL insertion_rows(signed char *a)
{
    signed char row[24], *mine = a + INDEX * 24;
    for (int i = 0; i < 24; i++) row[i] = mine[i];
    for (int i = 1; i < 24; i++) {
        signed char x = row[i];
        int k = i;
        for (; k > 0 && row[k - 1] > x; k--) row[k] = row[k - 1];
        row[k] = x;
    }
    for (int i = 0; i < 24; i++) mine[i] = row[i];
}

KERNEL rank_sort(const double *a, double *out, int n)
{
    int i = INDEX, rank = 0;
    if (i >= n) return;
    double x = a[i];
    for (int k = 0; k < n; k++) rank += a[k] < x || (a[k] == x && k < i);
    out[rank] = x;
}

// Each thread finds its place in the merge of two sorted arrays by bisection.
KERNEL merge_sorted(const long long *a, int na, const long long *b, int nb, long long *out)
{
    int i = INDEX;
    if (i >= na + nb) return;
    bool first = i < na;
    long long x = first ? a[i] : b[i - na];
    const long long *other = first ? b : a;
    int lo = 0, hi = first ? nb : na;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (other[mid] < x || (!first && other[mid] == x)) lo = mid + 1;
        else hi = mid;
    }
    out[(first ? i : i - na) + lo] = x;
}

static __device__ __attribute__((noinline)) void quick(int *a, int lo, int hi)
{
    if (lo >= hi) return;
    int pivot = a[(lo + hi) / 2], i = lo, k = hi;
    while (i <= k) {
        while (a[i] < pivot) i++;
        while (a[k] > pivot) k--;
        if (i <= k) {
            int x = a[i];
            a[i++] = a[k];
            a[k--] = x;
        }
    }
    quick(a, lo, k);
    quick(a, i, hi);
}

KERNEL quick_rows(int *a, int n)
{
    quick(a + INDEX * n, 0, n - 1);
}
