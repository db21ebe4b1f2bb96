// SPDX-License-Identifier: Apache-2.0
// Surface objects of one, two and three dimensions and of layers: written by one kernel, read by
// another and by a copy; writes outside.
#include "rt.cuh"

#define SIDE 16

__global__ void write_line(cudaSurfaceObject_t surface)
{
    surf1Dwrite<int>(threadIdx.x * 3, surface, threadIdx.x * sizeof(int));
}

__global__ void write_plane(cudaSurfaceObject_t surface)
{
    int x = threadIdx.x, y = threadIdx.y;
    surf2Dwrite<uchar4>(make_uchar4(x, y, x + y, 7), surface, x * sizeof(uchar4), y);
    // Outside: nothing happens.
    surf2Dwrite<uchar4>(make_uchar4(1, 1, 1, 1), surface, (x + SIDE) * sizeof(uchar4), y,
                        cudaBoundaryModeZero);
}

__global__ void flip_plane(cudaSurfaceObject_t in, cudaSurfaceObject_t out)
{
    int x = threadIdx.x, y = threadIdx.y;
    surf2Dwrite<uchar4>(surf2Dread<uchar4>(in, x * sizeof(uchar4), y), out,
                        (SIDE - 1 - x) * sizeof(uchar4), SIDE - 1 - y);
}

__global__ void write_box(cudaSurfaceObject_t surface, int layered)
{
    int x = threadIdx.x, y = threadIdx.y, z = blockIdx.x;
    float value = x + 100.0f * y + 10000.0f * z;
    if (layered) {
        surf2DLayeredwrite<float>(value, surface, x * sizeof(float), y, z);
    } else {
        surf3Dwrite<float>(value, surface, x * sizeof(float), y, z);
    }
}

static cudaSurfaceObject_t surface_of(cudaArray_t array)
{
    cudaSurfaceObject_t surface = 0;
    cudaResourceDesc resource = {};
    resource.resType = cudaResourceTypeArray;
    resource.res.array.array = array;
    RT_OK(cudaCreateSurfaceObject(&surface, &resource));
    return surface;
}

static void line()
{
    cudaArray_t array;
    cudaChannelFormatDesc format = cudaCreateChannelDesc<int>();
    RT_OK(cudaMallocArray(&array, &format, SIDE, 0, cudaArraySurfaceLoadStore));
    cudaSurfaceObject_t surface = surface_of(array);
    write_line<<<1, SIDE>>>(surface);
    std::vector<int> out(SIDE);
    RT_IS(cudaMemcpy2DFromArray(out.data(), SIDE * sizeof(int), array, 0, 0, SIDE * sizeof(int), 1,
                                cudaMemcpyDeviceToHost),
          cudaSuccess);
    for (int i = 0; i < SIDE; i++) {
        RT_CHECK(out[i] == i * 3);
    }
    RT_IS(cudaDestroySurfaceObject(surface), cudaSuccess);
    RT_OK(cudaFreeArray(array));
}

static void plane()
{
    cudaArray_t arrays[2];
    cudaSurfaceObject_t surfaces[2];
    cudaChannelFormatDesc format = cudaCreateChannelDesc<uchar4>();
    for (int i = 0; i < 2; i++) {
        RT_OK(cudaMallocArray(&arrays[i], &format, SIDE, SIDE, cudaArraySurfaceLoadStore));
        surfaces[i] = surface_of(arrays[i]);
    }
    write_plane<<<1, dim3(SIDE, SIDE)>>>(surfaces[0]);
    flip_plane<<<1, dim3(SIDE, SIDE)>>>(surfaces[0], surfaces[1]);
    std::vector<uchar4> out(SIDE * SIDE);
    RT_IS(cudaMemcpy2DFromArray(out.data(), SIDE * 4, arrays[1], 0, 0, SIDE * 4, SIDE,
                                cudaMemcpyDeviceToHost),
          cudaSuccess);
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            uchar4 v = out[y * SIDE + x];
            RT_CHECK(v.x == SIDE - 1 - x && v.y == SIDE - 1 - y && v.z == v.x + v.y && v.w == 7);
        }
    }
    rt_print_hash("plane", out);
    for (int i = 0; i < 2; i++) {
        RT_OK(cudaDestroySurfaceObject(surfaces[i]));
        RT_OK(cudaFreeArray(arrays[i]));
    }
}

static void box(int layered)
{
    cudaArray_t array;
    cudaChannelFormatDesc format = cudaCreateChannelDesc<float>(), told = {};
    cudaExtent extent = make_cudaExtent(SIDE, SIDE, 4), told_extent = {};
    unsigned flags = cudaArraySurfaceLoadStore | (layered ? cudaArrayLayered : 0), told_flags = 0;
    RT_OK(cudaMalloc3DArray(&array, &format, extent, flags));
    RT_IS(cudaArrayGetInfo(&told, &told_extent, &told_flags, array), cudaSuccess);
    printf("array %zu x %zu x %zu, flags %u, %d bits\n", told_extent.width, told_extent.height,
           told_extent.depth, told_flags, told.x);
    cudaSurfaceObject_t surface = surface_of(array);
    write_box<<<4, dim3(SIDE, SIDE)>>>(surface, layered);
    std::vector<float> out(SIDE * SIDE * 4);
    cudaMemcpy3DParms copy = {};
    copy.srcArray = array;
    copy.dstPtr = make_cudaPitchedPtr(out.data(), SIDE * sizeof(float), SIDE, SIDE);
    copy.extent = extent;
    copy.kind = cudaMemcpyDeviceToHost;
    RT_IS(cudaMemcpy3D(&copy), cudaSuccess);
    RT_CHECK(out[(3 * SIDE + 2) * SIDE + 1] == 30201.0f);
    rt_print_hash(layered ? "layers" : "box", out);
    RT_OK(cudaDestroySurfaceObject(surface));
    RT_OK(cudaFreeArray(array));
}

int main()
{
    line();
    plane();
    box(0);
    box(1);
    cudaArray_t array;
    cudaSurfaceObject_t surface = 0;
    cudaResourceDesc resource = {};
    cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
    RT_OK(cudaMallocArray(&array, &format, SIDE, SIDE, cudaArrayDefault));
    resource.resType = cudaResourceTypeArray;
    resource.res.array.array = array;
    RT_SHOW(cudaCreateSurfaceObject(&surface, &resource));
    RT_SHOW(cudaGetLastError());
    RT_OK(cudaFreeArray(array));
    return rt_end("surface");
}
