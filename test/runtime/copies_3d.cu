// SPDX-License-Identifier: Apache-2.0
// Copies and fills of boxes: pitched memory, arrays, offsets on both sides, in a stream.
#include "rt.cuh"

#define X 24
#define Y 10
#define Z 6

static std::vector<int> pattern()
{
    std::vector<int> values(X * Y * Z);
    for (size_t i = 0; i < values.size(); i++) {
        values[i] = static_cast<int>(i * 31 + 7);
    }
    return values;
}

static cudaPitchedPtr host_box(std::vector<int> &values)
{
    return make_cudaPitchedPtr(values.data(), X * sizeof(int), X, Y);
}

static void pitched()
{
    std::vector<int> in = pattern(), out(X * Y * Z, -1);
    cudaPitchedPtr box = {};
    cudaExtent extent = make_cudaExtent(X * sizeof(int), Y, Z);
    RT_IS(cudaMalloc3D(&box, extent), cudaSuccess);
    printf("pitch %zu, %zu x %zu\n", box.pitch, box.xsize, box.ysize);
    RT_IS(cudaMemset3D(box, 0x11, extent), cudaSuccess);
    cudaMemcpy3DParms up = {};
    up.srcPtr = host_box(in);
    up.srcPos = make_cudaPos(4 * sizeof(int), 2, 1);
    up.dstPtr = box;
    up.dstPos = make_cudaPos(8 * sizeof(int), 1, 2);
    up.extent = make_cudaExtent(10 * sizeof(int), 5, 3);
    up.kind = cudaMemcpyHostToDevice;
    RT_IS(cudaMemcpy3D(&up), cudaSuccess);
    cudaMemcpy3DParms down = {};
    down.srcPtr = box;
    down.dstPtr = host_box(out);
    down.extent = extent;
    down.kind = cudaMemcpyDeviceToHost;
    RT_IS(cudaMemcpy3D(&down), cudaSuccess);
    for (int z = 0; z < Z; z++) {
        for (int y = 0; y < Y; y++) {
            for (int x = 0; x < X; x++) {
                bool inside = x >= 8 && x < 18 && y >= 1 && y < 6 && z >= 2 && z < 5;
                int wanted = inside ? in[((z - 1) * Y + y + 1) * X + x - 4] : 0x11111111;
                RT_CHECK(out[(z * Y + y) * X + x] == wanted);
            }
        }
    }
    rt_print_hash("box", out);
    up.extent.width = 4096;
    RT_SHOW(cudaMemcpy3D(&up));
    RT_SHOW(cudaGetLastError());
    RT_OK(cudaFree(box.ptr));
}

static void arrays()
{
    std::vector<int> in = pattern(), out(X * Y * Z, -1);
    cudaArray_t array;
    cudaStream_t stream;
    cudaChannelFormatDesc format = cudaCreateChannelDesc<int>();
    cudaExtent extent = make_cudaExtent(X, Y, Z);
    RT_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    RT_OK(cudaMalloc3DArray(&array, &format, extent));
    cudaMemcpy3DParms copy = {};
    copy.srcPtr = host_box(in);
    copy.dstArray = array;
    copy.extent = extent;
    copy.kind = cudaMemcpyDefault;
    RT_IS(cudaMemcpy3DAsync(&copy, stream), cudaSuccess);
    cudaMemcpy3DParms back = {};
    back.srcArray = array;
    back.srcPos = make_cudaPos(3, 2, 1);
    back.dstPtr = host_box(out);
    back.extent = make_cudaExtent(X - 3, Y - 2, Z - 1);
    back.kind = cudaMemcpyDeviceToHost;
    RT_IS(cudaMemcpy3DAsync(&back, stream), cudaSuccess);
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    RT_CHECK(out[0] == in[(1 * Y + 2) * X + 3] && out[X - 1] == -1);
    rt_print_hash("array", out);
    RT_OK(cudaFreeArray(array));
    RT_OK(cudaStreamDestroy(stream));
}

int main()
{
    pitched();
    arrays();
    return rt_end("copies_3d");
}
