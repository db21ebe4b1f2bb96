// SPDX-License-Identifier: Apache-2.0
// Textures: each thread reads one at coordinates from memory.
#include "device.h"

typedef cudaTextureObject_t Texture;

KERNEL at_1d(Texture x, const float *at, float4 *out)
{
    out[INDEX] = tex1D<float4>(x, at[INDEX]);
}

KERNEL at_2d(Texture x, const float2 *at, float *out)
{
    out[INDEX] = tex2D<float>(x, at[INDEX].x, at[INDEX].y);
}

KERNEL at_3d(Texture x, const float4 *at, float2 *out)
{
    out[INDEX] = tex3D<float2>(x, at[INDEX].x, at[INDEX].y, at[INDEX].z);
}

KERNEL layer_1d(Texture x, const float2 *at, float *out)
{
    out[INDEX] = tex1DLayered<float>(x, at[INDEX].x, (int)at[INDEX].y);
}

KERNEL layer_2d(Texture x, const float4 *at, float *out)
{
    out[INDEX] = tex2DLayered<float>(x, at[INDEX].x, at[INDEX].y, (int)at[INDEX].z);
}

KERNEL cube(Texture x, const float4 *at, float *out)
{
    out[INDEX] = texCubemap<float>(x, at[INDEX].x, at[INDEX].y, at[INDEX].z);
}

KERNEL level(Texture x, const float4 *at, float *out)
{
    out[INDEX] = tex2DLod<float>(x, at[INDEX].x, at[INDEX].y, at[INDEX].z);
}

KERNEL gather(Texture x, const float2 *at, float4 *out)
{
    out[INDEX * 2] = tex2Dgather<float4>(x, at[INDEX].x, at[INDEX].y, 0);
    out[INDEX * 2 + 1] = tex2Dgather<float4>(x, at[INDEX].x, at[INDEX].y, 1);
}

KERNEL fetch(Texture x, const int *at, int4 *out)
{
    out[INDEX] = tex1Dfetch<int4>(x, at[INDEX]);
}

// Edges of a picture of bytes.
KERNEL sobel(Texture x, unsigned char *out, int width)
{
    float u = threadIdx.x + 0.5f, v = blockIdx.x + 0.5f;
    int p[3][3];
    for (int j = 0; j < 3; j++)
        for (int i = 0; i < 3; i++) p[j][i] = tex2D<unsigned char>(x, u + i - 1, v + j - 1);
    int dx = p[0][2] + 2 * p[1][2] + p[2][2] - p[0][0] - 2 * p[1][0] - p[2][0];
    int dy = p[2][0] + 2 * p[2][1] + p[2][2] - p[0][0] - 2 * p[0][1] - p[0][2];
    int sum = (abs(dx) + abs(dy)) / 8;
    out[blockIdx.x * width + threadIdx.x] = sum;
}

// A picture of four bytes an element, read as numbers from 0 to 1, at another size.
KERNEL resize(Texture x, float4 *out, int width, int height)
{
    float u = (threadIdx.x + 0.5f) / width, v = (blockIdx.x + 0.5f) / height;
    out[blockIdx.x * width + threadIdx.x] = tex2D<float4>(x, u, v);
}

KERNEL signs(Texture x, const float2 *at, short2 *out)
{
    out[INDEX] = tex2D<short2>(x, at[INDEX].x, at[INDEX].y);
}

KERNEL size_of(Texture x, int *out)
{
    asm("txq.width.b32 %0, [%1];" : "=r"(out[0]) : "l"(x));
    asm("txq.height.b32 %0, [%1];" : "=r"(out[1]) : "l"(x));
}

// Texels by number, without address modes: outside there are zeroes.
KERNEL texels(Texture x, const int2 *at, float *out)
{
    float a, b, c, d;
    asm("tex.2d.v4.f32.s32 {%0, %1, %2, %3}, [%4, {%5, %6}];"
        : "=f"(a), "=f"(b), "=f"(c), "=f"(d)
        : "l"(x), "r"(at[INDEX].x), "r"(at[INDEX].y));
    out[INDEX] = a + 0 * (b + c + d);
}
