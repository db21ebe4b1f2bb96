// SPDX-License-Identifier: Apache-2.0
// Copies and fills of rectangles: pitched memory, arrays, parts of them, in streams.
#include "rt.cuh"

#define WIDTH  100
#define HEIGHT 40

static std::vector<unsigned char> pattern(unsigned seed)
{
    std::vector<unsigned char> bytes(WIDTH * HEIGHT);
    for (size_t i = 0; i < bytes.size(); i++) {
        bytes[i] = static_cast<unsigned char>(i * 7 + seed);
    }
    return bytes;
}

static void pitched()
{
    unsigned char *a = nullptr, *b = nullptr;
    size_t pa = 0, pb = 0;
    std::vector<unsigned char> in = pattern(1), out(WIDTH * HEIGHT, 0xee);
    RT_OK(cudaMallocPitch(&a, &pa, WIDTH, HEIGHT));
    RT_OK(cudaMallocPitch(&b, &pb, WIDTH * 2, HEIGHT));
    printf("pitches %zu %zu\n", pa, pb);
    RT_IS(cudaMemcpy2D(a, pa, in.data(), WIDTH, WIDTH, HEIGHT, cudaMemcpyHostToDevice),
          cudaSuccess);
    RT_IS(cudaMemset2D(b, pb, 0x5a, WIDTH * 2, HEIGHT), cudaSuccess);
    RT_IS(cudaMemcpy2D(b + 10 + 3 * pb, pb, a + 5 + 2 * pa, pa, 60, 20, cudaMemcpyDeviceToDevice),
          cudaSuccess);
    RT_IS(cudaMemcpy2D(out.data(), WIDTH, b, pb, WIDTH, HEIGHT, cudaMemcpyDeviceToHost),
          cudaSuccess);
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            bool inside = x >= 10 && x < 70 && y >= 3 && y < 23;
            unsigned char wanted = inside ? in[(y - 1) * WIDTH + x - 5] : 0x5a;
            RT_CHECK(out[y * WIDTH + x] == wanted);
        }
    }
    rt_print_hash("rectangle", out);
    RT_SHOW(cudaMemcpy2D(a, 10, in.data(), WIDTH, WIDTH, HEIGHT, cudaMemcpyHostToDevice));
    RT_SHOW(cudaMemset2D(b, 10, 0, WIDTH, HEIGHT));
    RT_SHOW(cudaMemcpy2D(a, pa, in.data(), WIDTH, 0, HEIGHT, cudaMemcpyHostToDevice));
    RT_SHOW(cudaGetLastError());
    RT_OK(cudaFree(a));
    RT_OK(cudaFree(b));
}

static void arrays()
{
    cudaArray_t a, b;
    cudaChannelFormatDesc format = cudaCreateChannelDesc<unsigned char>();
    std::vector<unsigned char> in = pattern(9), out(WIDTH * HEIGHT);
    RT_OK(cudaMallocArray(&a, &format, WIDTH, HEIGHT));
    RT_OK(cudaMallocArray(&b, &format, WIDTH, HEIGHT));
    RT_IS(cudaMemcpy2DToArray(a, 0, 0, in.data(), WIDTH, WIDTH, HEIGHT, cudaMemcpyHostToDevice),
          cudaSuccess);
    RT_IS(cudaMemcpy2DArrayToArray(b, 0, 0, a, 0, 0, WIDTH, HEIGHT, cudaMemcpyDeviceToDevice),
          cudaSuccess);
    RT_IS(cudaMemcpy2DArrayToArray(b, 2, 3, a, 20, 10, 50, 20, cudaMemcpyDeviceToDevice),
          cudaSuccess);
    RT_IS(cudaMemcpy2DFromArray(out.data(), WIDTH, b, 0, 0, WIDTH, HEIGHT, cudaMemcpyDefault),
          cudaSuccess);
    RT_CHECK(out[3 * WIDTH + 2] == in[10 * WIDTH + 20] && out[0] == in[0]);
    rt_print_hash("array", out);
    RT_SHOW(cudaMemcpy2DToArray(a, 1, 0, in.data(), WIDTH, WIDTH, HEIGHT, cudaMemcpyHostToDevice));
    RT_SHOW(cudaGetLastError());
    RT_OK(cudaFreeArray(a));
    RT_OK(cudaFreeArray(b));
}

static void in_streams()
{
    cudaStream_t stream;
    unsigned char *device = nullptr, *pinned = nullptr;
    size_t pitch = 0;
    std::vector<unsigned char> in = pattern(77);
    RT_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    RT_OK(cudaMallocPitch(&device, &pitch, WIDTH, HEIGHT));
    RT_OK(cudaMallocHost(&pinned, WIDTH * HEIGHT));
    RT_OK(cudaMemset2DAsync(device, pitch, 1, WIDTH, HEIGHT, stream));
    RT_OK(cudaMemcpy2DAsync(device, pitch, in.data(), WIDTH, WIDTH / 2, HEIGHT,
                            cudaMemcpyHostToDevice, stream));
    RT_OK(cudaMemcpy2DAsync(pinned, WIDTH, device, pitch, WIDTH, HEIGHT, cudaMemcpyDeviceToHost,
                            stream));
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    RT_CHECK(pinned[WIDTH + 1] == in[WIDTH + 1] && pinned[WIDTH - 1] == 1);
    RT_OK(cudaFree(device));
    RT_OK(cudaFreeHost(pinned));
    RT_OK(cudaStreamDestroy(stream));
}

int main()
{
    pitched();
    arrays();
    in_streams();
    return rt_end("copies_2d");
}
