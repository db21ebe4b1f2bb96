// SPDX-License-Identifier: Apache-2.0
#include "device.h"

KERNEL histogram_shared(const unsigned char *in, int n, unsigned *bins)
{
    __shared__ unsigned s[256];
    for (int i = threadIdx.x; i < 256; i += blockDim.x) s[i] = 0;
    __syncthreads();
    for (int i = INDEX; i < n; i += STRIDE) atomicAdd(&s[in[i]], 1u);
    __syncthreads();
    for (int i = threadIdx.x; i < 256; i += blockDim.x) atomicAdd(&bins[i], s[i]);
}

// Equal neighbours add once: the lanes with one value elect a leader.
KERNEL histogram_match(const unsigned char *in, unsigned *bins)
{
    unsigned v = in[INDEX] & 15, peers = __match_any_sync(~0u, v);
    if (__ffs(peers) - 1 == (threadIdx.x & 31)) atomicAdd(&bins[v], __popc(peers));
}

KERNEL histogram_packed(const unsigned char *in, int n, unsigned *bins)
{
    unsigned char mine[64] = {0};
    for (int i = 0; i < n; i++) mine[in[INDEX * n + i] & 63]++;
    for (int i = 0; i < 64; i++) {
        if (mine[i]) atomicAdd(&bins[i], mine[i]);
    }
}
