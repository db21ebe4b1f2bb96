// SPDX-License-Identifier: Apache-2.0
// What a capture forbids, and what is left of it afterwards: waiting, the legacy stream, ends in
// the wrong stream, streams not joined, events from within.
#include "rt.cuh"

__global__ void nothing()
{
}

static void end(cudaStream_t stream)
{
    cudaGraph_t graph = nullptr;
    cudaStreamCaptureStatus status;
    RT_SHOW(cudaStreamIsCapturing(stream, &status));
    printf("status %d\n", static_cast<int>(status));
    RT_SHOW(cudaStreamEndCapture(stream, &graph));
    printf("graph: %s\n", graph ? "yes" : "none");
    if (graph) {
        RT_OK(cudaGraphDestroy(graph));
    }
    RT_SHOW(cudaGetLastError());
}

static void begin(const char *what, cudaStream_t stream)
{
    printf("-- %s\n", what);
    RT_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    nothing<<<1, 1, 0, stream>>>();
}

static void waits(cudaStream_t stream)
{
    void *memory = nullptr;
    cudaEvent_t event;
    RT_OK(cudaEventCreate(&event));
    begin("synchronise the stream", stream);
    RT_IS(cudaStreamSynchronize(stream), cudaErrorStreamCaptureUnsupported);
    end(stream);
    begin("synchronise the device", stream);
    RT_IS(cudaDeviceSynchronize(), cudaErrorStreamCaptureUnsupported);
    end(stream);
    begin("allocate", stream);
    RT_SHOW(cudaMalloc(&memory, 256));
    end(stream);
    begin("query the stream", stream);
    RT_SHOW(cudaStreamQuery(stream));
    end(stream);
    begin("synchronise an event from within", stream);
    RT_SHOW(cudaEventRecord(event, stream));
    RT_SHOW(cudaEventSynchronize(event));
    end(stream);
    begin("copy and wait", stream);
    int value = 0, *device = nullptr;
    RT_SHOW(cudaMemcpy(&value, device, 0, cudaMemcpyDeviceToHost));
    end(stream);
    cudaGetLastError();
    RT_OK(cudaEventDestroy(event));
}

static void streams(cudaStream_t stream, cudaStream_t other)
{
    cudaEvent_t event;
    RT_OK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    begin("the legacy stream", stream);
    nothing<<<1, 1>>>();
    RT_SHOW(cudaGetLastError());
    end(stream);
    begin("a stream not joined", stream);
    RT_OK(cudaEventRecord(event, stream));
    RT_OK(cudaStreamWaitEvent(other, event, 0));
    nothing<<<1, 1, 0, other>>>();
    end(stream);
    begin("ended in the other stream", stream);
    RT_OK(cudaEventRecord(event, stream));
    RT_OK(cudaStreamWaitEvent(other, event, 0));
    cudaGraph_t graph = nullptr;
    RT_SHOW(cudaStreamEndCapture(other, &graph));
    end(stream);
    printf("-- no capture\n");
    RT_SHOW(cudaStreamEndCapture(stream, &graph));
    RT_SHOW(cudaStreamBeginCapture(cudaStreamLegacy, cudaStreamCaptureModeGlobal));
    begin("begun twice", stream);
    RT_SHOW(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    end(stream);
    RT_OK(cudaEventDestroy(event));
}

static void relaxed(cudaStream_t stream)
{
    void *memory = nullptr;
    cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
    begin("relaxed thread", stream);
    RT_IS(cudaThreadExchangeStreamCaptureMode(&mode), cudaSuccess);
    printf("mode before: %d\n", static_cast<int>(mode));
    RT_IS(cudaMalloc(&memory, 256), cudaSuccess);
    end(stream);
    RT_IS(cudaThreadExchangeStreamCaptureMode(&mode), cudaSuccess);
    RT_OK(cudaFree(memory));
}

int main()
{
    cudaStream_t stream, other;
    RT_OK(cudaStreamCreate(&stream));
    RT_OK(cudaStreamCreate(&other));
    nothing<<<1, 1>>>();
    RT_OK(cudaDeviceSynchronize());
    waits(stream);
    streams(stream, other);
    relaxed(stream);
    nothing<<<1, 1, 0, stream>>>();
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    return rt_end("graph_rules");
}
