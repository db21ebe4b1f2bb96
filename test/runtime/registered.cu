// SPDX-License-Identifier: Apache-2.0
// cudaHostRegister: memory of malloc and mmap, mapped for kernels; registered twice, in part,
// taken back; what the flags and pointers say.
#include <sys/mman.h>
#include "rt.cuh"

#define COUNT 16384

__global__ void plus_one(int *data)
{
    data[blockIdx.x * blockDim.x + threadIdx.x] += 1;
}

static void use(int *memory, const char *what)
{
    printf("-- %s\n", what);
    int *device = nullptr;
    unsigned flags = 0;
    for (int i = 0; i < COUNT; i++) {
        memory[i] = i;
    }
    RT_IS(cudaHostRegister(memory, COUNT * sizeof(int), cudaHostRegisterMapped), cudaSuccess);
    RT_IS(cudaHostGetDevicePointer(&device, memory, 0), cudaSuccess);
    RT_SHOW(cudaHostGetFlags(&flags, memory));
    printf("flags %u\n", flags);
    plus_one<<<COUNT / 256, 256>>>(device);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    for (int i = 0; i < COUNT; i++) {
        RT_CHECK(memory[i] == i + 1);
    }
    RT_IS(cudaHostRegister(memory, COUNT * sizeof(int), 0), cudaErrorHostMemoryAlreadyRegistered);
    RT_SHOW(cudaHostUnregister(memory + 1024));
    RT_IS(cudaHostUnregister(memory), cudaSuccess);
    RT_IS(cudaHostUnregister(memory), cudaErrorHostMemoryNotRegistered);
    memory[5] = 77;
    RT_CHECK(memory[6] == 7 && memory[5] == 77);
    RT_SHOW(cudaGetLastError());
}

static void async_copies(int *memory)
{
    int *device = nullptr;
    cudaStream_t stream;
    RT_OK(cudaStreamCreate(&stream));
    RT_OK(cudaMalloc(&device, COUNT * sizeof(int)));
    RT_OK(cudaHostRegister(memory, COUNT * sizeof(int), cudaHostRegisterPortable));
    for (int i = 0; i < COUNT; i++) {
        memory[i] = -i;
    }
    RT_OK(cudaMemcpyAsync(device, memory, COUNT * sizeof(int), cudaMemcpyHostToDevice, stream));
    plus_one<<<COUNT / 256, 256, 0, stream>>>(device);
    RT_OK(cudaMemcpyAsync(memory, device, COUNT * sizeof(int), cudaMemcpyDeviceToHost, stream));
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    for (int i = 0; i < COUNT; i++) {
        RT_CHECK(memory[i] == 1 - i);
    }
    RT_IS(cudaHostUnregister(memory), cudaSuccess);
    RT_OK(cudaFree(device));
    RT_OK(cudaStreamDestroy(stream));
}

int main()
{
    size_t bytes = COUNT * sizeof(int);
    int *heap = static_cast<int *>(aligned_alloc(4096, bytes));
    void *mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    use(heap, "heap");
    use(static_cast<int *>(mapped), "mapping");
    async_copies(heap);
    RT_SHOW(cudaHostRegister(nullptr, 4096, 0));
    RT_SHOW(cudaHostRegister(heap, 0, 0));
    RT_SHOW(cudaHostRegister(heap, 4096, 0x80));
    RT_SHOW(cudaGetLastError());
    munmap(mapped, bytes);
    free(heap);
    return rt_end("registered");
}
