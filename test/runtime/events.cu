// SPDX-License-Identifier: Apache-2.0
// Events: flags, times that only grow, queries, what is not timed, events recorded again.
#include "rt.cuh"

__global__ void work(int *data, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        data[threadIdx.x] = data[threadIdx.x] * 5 + i;
    }
}

static void flags()
{
    cudaEvent_t event;
    float ms = 0;
    for (unsigned flag : {0u, 1u, 2u, 3u, 8u, 0x40u}) {
        cudaError_t error = cudaEventCreateWithFlags(&event, flag);
        printf("flags %u: %s\n", flag, cudaGetErrorName(error));
        if (error == cudaSuccess) {
            RT_OK(cudaEventDestroy(event));
        }
    }
    cudaGetLastError();
    cudaEvent_t timed, untimed;
    RT_OK(cudaEventCreate(&timed));
    RT_OK(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming));
    RT_IS(cudaEventQuery(timed), cudaSuccess);
    RT_SHOW(cudaEventElapsedTime(&ms, timed, timed));
    RT_OK(cudaEventRecord(timed));
    RT_OK(cudaEventRecord(untimed));
    RT_OK(cudaDeviceSynchronize());
    RT_SHOW(cudaEventElapsedTime(&ms, timed, untimed));
    RT_SHOW(cudaEventElapsedTime(&ms, timed, timed));
    printf("an event to itself: %g ms\n", static_cast<double>(ms));
    RT_OK(cudaEventDestroy(timed));
    RT_OK(cudaEventDestroy(untimed));
    RT_SHOW(cudaEventRecord(nullptr));
    cudaGetLastError();
}

static void times(int *data)
{
    cudaEvent_t events[5];
    cudaStream_t stream;
    RT_OK(cudaStreamCreate(&stream));
    for (cudaEvent_t &event : events) {
        RT_OK(cudaEventCreate(&event));
    }
    for (cudaEvent_t &event : events) {
        RT_OK(cudaEventRecord(event, stream));
        work<<<1, 64, 0, stream>>>(data, 2000);
    }
    RT_IS(cudaEventSynchronize(events[4]), cudaSuccess);
    float before = 0;
    for (int i = 1; i < 5; i++) {
        float ms = -1, step = -1;
        RT_OK(cudaEventElapsedTime(&ms, events[0], events[i]));
        RT_OK(cudaEventElapsedTime(&step, events[i - 1], events[i]));
        RT_CHECK(ms > before && step > 0);
        before = ms;
    }
    float back = 1;
    RT_SHOW(cudaEventElapsedTime(&back, events[4], events[0]));
    printf("backwards: %s\n", back < 0 ? "negative" : "positive");
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    for (cudaEvent_t &event : events) {
        RT_OK(cudaEventDestroy(event));
    }
    RT_OK(cudaStreamDestroy(stream));
}

static void recorded_again(int *data)
{
    cudaEvent_t event;
    cudaStream_t a, b;
    RT_OK(cudaEventCreateWithFlags(&event, cudaEventBlockingSync | cudaEventDisableTiming));
    RT_OK(cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking));
    RT_OK(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
    RT_OK(cudaMemset(data, 0, 64 * sizeof(int)));
    for (int i = 0; i < 100; i++) {
        work<<<1, 64, 0, a>>>(data, 3);
        RT_OK(cudaEventRecordWithFlags(event, a, cudaEventRecordDefault));
        RT_OK(cudaStreamWaitEvent(b, event, cudaEventWaitDefault));
        work<<<1, 64, 0, b>>>(data, 2);
        RT_OK(cudaEventRecord(event, b));
        RT_OK(cudaStreamWaitEvent(a, event, 0));
    }
    RT_IS(cudaEventSynchronize(event), cudaSuccess);
    int wanted = 0;
    for (int i = 0; i < 200; i++) {
        for (int k = 0; k < (i & 1 ? 2 : 3); k++) {
            wanted = static_cast<int>(static_cast<unsigned>(wanted) * 5u + k);
        }
    }
    int seen = rt_download(data, 64)[63];
    printf("two streams in turns: %d\n", seen);
    RT_CHECK(seen == wanted);
    RT_OK(cudaEventDestroy(event));
    RT_OK(cudaStreamDestroy(a));
    RT_OK(cudaStreamDestroy(b));
}

int main()
{
    int *data = rt_upload(std::vector<int>(64, 0));
    flags();
    times(data);
    recorded_again(data);
    RT_OK(cudaFree(data));
    return rt_end("events");
}
