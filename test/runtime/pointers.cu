// SPDX-License-Identifier: Apache-2.0
// cudaPointerGetAttributes of every kind of memory, and of pointers within and behind it.
#include "rt.cuh"

__device__ int variable[32];
static int here[32];

static void show(const char *what, const void *pointer)
{
    cudaPointerAttributes attributes = {};
    cudaError_t error = cudaPointerGetAttributes(&attributes, pointer);
    printf("%s: %s, type %d, device %d, device pointer %s, host pointer %s\n", what,
           cudaGetErrorName(error), static_cast<int>(attributes.type), attributes.device,
           !attributes.devicePointer                ? "none"
           : attributes.devicePointer == pointer ? "the same"
                                                    : "another",
           !attributes.hostPointer                ? "none"
           : attributes.hostPointer == pointer ? "the same"
                                                  : "another");
    cudaGetLastError();
}

int main()
{
    char *device = nullptr, *pinned = nullptr, *portable = nullptr, *async = nullptr;
    char *heap = static_cast<char *>(aligned_alloc(4096, 8192));
    void *symbol = nullptr;
    RT_OK(cudaMalloc(&device, 4096));
    RT_OK(cudaMallocHost(&pinned, 4096));
    RT_OK(cudaHostAlloc(&portable, 4096, cudaHostAllocPortable | cudaHostAllocMapped));
    RT_OK(cudaMallocAsync(&async, 4096, nullptr));
    RT_OK(cudaStreamSynchronize(nullptr));
    RT_OK(cudaGetSymbolAddress(&symbol, variable));
    show("heap", heap);
    RT_OK(cudaHostRegister(heap, 8192, cudaHostRegisterMapped));
    show("registered", heap);
    show("within registered", heap + 5000);
    show("device", device);
    show("within device", device + 100);
    show("pinned", pinned);
    show("within pinned", pinned + 7);
    show("portable", portable);
    show("of a pool", async);
    show("variable", symbol);
    show("variable of the program", here);
    show("stack", &symbol);
    show("nothing", nullptr);
    RT_OK(cudaHostUnregister(heap));
    show("no more registered", heap);
    RT_OK(cudaFree(device));
    show("freed", device);
    RT_SHOW(cudaPointerGetAttributes(nullptr, heap));
    cudaGetLastError();
    RT_OK(cudaFreeHost(pinned));
    RT_OK(cudaFreeHost(portable));
    RT_OK(cudaFreeAsync(async, nullptr));
    RT_OK(cudaDeviceSynchronize());
    free(heap);
    return rt_end("pointers");
}
