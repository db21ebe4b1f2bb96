// SPDX-License-Identifier: Apache-2.0
// CUDA in constructors before main and in destructors and exit handlers after it.
#include "rt.cuh"

__device__ int counter = 1;

__global__ void count(int *out)
{
    *out = atomicAdd(&counter, 1);
}

struct Early {
    int *memory = nullptr;
    cudaError_t made;
    Early()
    {
        made = cudaMalloc(&memory, 64);
    }
    ~Early()
    {
        cudaError_t error = cudaFree(memory);
        printf("destructor of the early object: %s\n", cudaGetErrorName(error));
        fflush(stdout);
    }
};

static Early early;

struct Late {
    cudaStream_t stream;
    Late()
    {
        RT_OK(cudaStreamCreate(&stream));
    }
    ~Late()
    {
        printf("destructor of the late object: %s\n",
               cudaGetErrorName(cudaStreamSynchronize(stream)));
        printf("and then: %s\n", cudaGetErrorName(cudaStreamDestroy(stream)));
        fflush(stdout);
    }
};

static void handler()
{
    int value = 0;
    printf("exit handler: %s\n",
           cudaGetErrorName(cudaMemcpyFromSymbol(&value, counter, sizeof(value))));
    printf("counter %d\n", value);
    fflush(stdout);
}

int main()
{
    printf("made before main: %s\n", cudaGetErrorName(early.made));
    RT_CHECK(early.made == cudaSuccess);
    static Late late;
    count<<<1, 1, 0, late.stream>>>(early.memory);
    RT_IS(cudaStreamSynchronize(late.stream), cudaSuccess);
    RT_CHECK(rt_download(early.memory, 1)[0] == 1);
    atexit(handler);
    return rt_end("static_objects");
}
