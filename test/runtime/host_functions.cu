// SPDX-License-Identifier: Apache-2.0
// Functions of the program in streams: their order among kernels, what calls of CUDA answer from
// inside, callbacks with a status.
#include "rt.cuh"

__global__ void add(int *data, int value)
{
    *data += value;
}

struct Log {
    int *pinned;
    int seen[8];
    int n;
    cudaError_t inside[4];
};

static void CUDART_CB note(void *data)
{
    Log *log = static_cast<Log *>(data);
    log->seen[log->n++] = *log->pinned;
    *log->pinned += 100;
}

static void CUDART_CB calls(void *data)
{
    Log *log = static_cast<Log *>(data);
    void *memory = nullptr;
    int device = 0;
    log->inside[0] = cudaMalloc(&memory, 16);
    log->inside[1] = cudaStreamSynchronize(nullptr);
    log->inside[2] = cudaGetDevice(&device);
    log->inside[3] = cudaGetLastError();
}

static void CUDART_CB callback(cudaStream_t stream, cudaError_t status, void *data)
{
    Log *log = static_cast<Log *>(data);
    log->seen[log->n++] = stream != nullptr;
    log->seen[log->n++] = static_cast<int>(status);
}

static void order(cudaStream_t stream, Log &log)
{
    for (int i = 1; i <= 4; i++) {
        add<<<1, 1, 0, stream>>>(log.pinned, i);
        RT_IS(cudaLaunchHostFunc(stream, note, &log), cudaSuccess);
    }
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    printf("seen: %d %d %d %d, then %d\n", log.seen[0], log.seen[1], log.seen[2], log.seen[3],
           *log.pinned);
    RT_CHECK(log.n == 4 && log.seen[3] == 310 && *log.pinned == 410);
}

int main()
{
    cudaStream_t stream;
    Log log = {};
    RT_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    RT_OK(cudaHostAlloc(&log.pinned, sizeof(int), cudaHostAllocMapped));
    *log.pinned = 0;
    order(stream, log);
    RT_IS(cudaLaunchHostFunc(stream, calls, &log), cudaSuccess);
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    const char *names[] = {"cudaMalloc", "cudaStreamSynchronize", "cudaGetDevice",
                           "cudaGetLastError"};
    for (int i = 0; i < 4; i++) {
        printf("inside, %s: %s\n", names[i], cudaGetErrorName(log.inside[i]));
    }
    RT_CHECK(log.inside[0] == cudaErrorNotPermitted);
    RT_SHOW(cudaGetLastError());
    log.n = 0;
    RT_IS(cudaStreamAddCallback(stream, callback, &log, 0), cudaSuccess);
    RT_IS(cudaStreamAddCallback(nullptr, callback, &log, 0), cudaSuccess);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    printf("callbacks: %d %d, %d %d\n", log.seen[0], log.seen[1], log.seen[2], log.seen[3]);
    RT_SHOW(cudaStreamAddCallback(stream, callback, &log, 1));
    RT_SHOW(cudaStreamAddCallback(stream, nullptr, &log, 0));
    RT_SHOW(cudaLaunchHostFunc(stream, nullptr, &log));
    RT_SHOW(cudaGetLastError());
    RT_OK(cudaStreamDestroy(stream));
    RT_OK(cudaFreeHost(log.pinned));
    return rt_end("host_functions");
}
