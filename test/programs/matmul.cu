/* SPDX-License-Identifier: Apache-2.0 */
#define TILE 16

/* c = a * b for n x n matrices; n is a multiple of TILE. */
extern "C" __global__ void matmul(const float *a, const float *b, float *c, unsigned int n)
{
    __shared__ float left[TILE][TILE];
    __shared__ float right[TILE][TILE];
    unsigned int row = blockIdx.y * TILE + threadIdx.y;
    unsigned int col = blockIdx.x * TILE + threadIdx.x;
    float sum = 0.0f;

    for (unsigned int tile = 0; tile < n; tile += TILE) {
        left[threadIdx.y][threadIdx.x] = a[row * n + tile + threadIdx.x];
        right[threadIdx.y][threadIdx.x] = b[(tile + threadIdx.y) * n + col];
        __syncthreads();
        for (unsigned int k = 0; k < TILE; k++) {
            sum += left[threadIdx.y][k] * right[k][threadIdx.x];
        }
        __syncthreads();
    }
    c[row * n + col] = sum;
}
