// SPDX-License-Identifier: Apache-2.0
// Surfaces: reads and writes of arrays.
#include "device.h"

typedef cudaSurfaceObject_t Surface;

KERNEL transpose(Surface from, Surface to)
{
    int v;
    surf2Dread(&v, from, threadIdx.x * 4, blockIdx.x);
    surf2Dwrite(v, to, blockIdx.x * 4, threadIdx.x);
}

// Three elements to the left and two down, in three ways.
KERNEL shift(Surface x, short2 *clamped, short2 *zeroed)
{
    int u = ((int)threadIdx.x - 3) * 4, v = (int)blockIdx.x + 2;
    surf2Dread(&clamped[INDEX], x, u, v, cudaBoundaryModeClamp);
    surf2Dread(&zeroed[INDEX], x, u, v, cudaBoundaryModeZero);
}

// What lies outside is not written, or at the edge.
KERNEL scatter(Surface zeroed, Surface clamped)
{
    int u = ((int)threadIdx.x - 4) * 8;
    surf1Dwrite(make_int2(threadIdx.x, 7), zeroed, u, cudaBoundaryModeZero);
    if (threadIdx.x == 0) surf1Dwrite(make_int2(-1, -2), clamped, -8, cudaBoundaryModeClamp);
    if (threadIdx.x == 1) surf1Dwrite(make_int2(-3, -4), clamped, 8000, cudaBoundaryModeClamp);
}

KERNEL volume(Surface x, int size)
{
    for (int z = 0; z < size; z++) {
        uchar4 v;
        surf3Dread(&v, x, threadIdx.x * 4, blockIdx.x, z);
        v.x += z;
        v.w = threadIdx.x;
        surf3Dwrite(v, x, threadIdx.x * 4, blockIdx.x, z);
    }
}

KERNEL layers(Surface x, int count)
{
    for (int n = 0; n < count; n++) {
        float4 v;
        surf2DLayeredread(&v, x, threadIdx.x * 16, blockIdx.x, n);
        v.y = v.x * 2;
        v.z = n;
        surf2DLayeredwrite(v, x, threadIdx.x * 16, blockIdx.x, n);
    }
}

KERNEL fill(Surface x, const long long *in)
{
    surf2Dwrite(in[INDEX], x, threadIdx.x * 8, blockIdx.x);
}

// A formatted store: floats become the surface's bytes; x counts elements.
KERNEL formatted(Surface x, const float4 *in)
{
    float4 v = in[INDEX];
    asm volatile("sust.p.2d.v4.b32.trap [%0, {%1, %2}], {%3, %4, %5, %6};"
                 :
                 : "l"(x), "r"(threadIdx.x), "r"(blockIdx.x), "f"(v.x), "f"(v.y), "f"(v.z),
                   "f"(v.w));
}

KERNEL size_of(Surface x, int *out)
{
    asm("suq.width.b32 %0, [%1];" : "=r"(out[0]) : "l"(x));
    asm("suq.height.b32 %0, [%1];" : "=r"(out[1]) : "l"(x));
}
