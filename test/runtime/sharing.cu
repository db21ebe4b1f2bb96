// SPDX-License-Identifier: Apache-2.0
// Handles for other processes and access of other devices.  Through us both are refused, and the
// program goes on.
#include "rt.cuh"

__global__ void add(int *data)
{
    data[threadIdx.x]++;
}

static void handles(void *memory)
{
    cudaIpcMemHandle_t handle;
    cudaIpcEventHandle_t event_handle;
    cudaEvent_t event;
    int supported = 9;
    RT_OK(cudaDeviceGetAttribute(&supported, cudaDevAttrIpcEventSupport, 0));
    printf("events for others: %d\n", supported);
    cudaError_t error = RT_SHOW(cudaIpcGetMemHandle(&handle, memory));
    printf("handle of memory: %s\n", error == cudaSuccess ? "made" : "refused");
    if (RT_SHOW(cudaEventCreateWithFlags(&event, cudaEventDisableTiming | cudaEventInterprocess)) ==
        cudaSuccess) {
        RT_SHOW(cudaIpcGetEventHandle(&event_handle, event));
        RT_OK(cudaEventDestroy(event));
    }
    cudaGetLastError();
}

static void shareable_pool()
{
    cudaMemPool_t pool;
    cudaMemPoolProps props = {};
    int types = 9;
    RT_OK(cudaDeviceGetAttribute(&types, cudaDevAttrMemoryPoolSupportedHandleTypes, 0));
    printf("types of handles: %d\n", types);
    props.allocType = cudaMemAllocationTypePinned;
    props.handleTypes = cudaMemHandleTypePosixFileDescriptor;
    props.location.type = cudaMemLocationTypeDevice;
    if (RT_SHOW(cudaMemPoolCreate(&pool, &props)) == cudaSuccess) {
        RT_OK(cudaMemPoolDestroy(pool));
    }
    cudaGetLastError();
}

static void peers()
{
    int can = 9, devices = 0;
    RT_OK(cudaGetDeviceCount(&devices));
    RT_SHOW(cudaDeviceCanAccessPeer(&can, 0, 0));
    printf("itself: %d\n", can);
    RT_SHOW(cudaDeviceCanAccessPeer(&can, 0, 77));
    RT_SHOW(cudaDeviceEnablePeerAccess(0, 0));
    RT_SHOW(cudaDeviceDisablePeerAccess(0));
    RT_SHOW(cudaDeviceEnablePeerAccess(77, 0));
    cudaGetLastError();
}

int main()
{
    int *memory = rt_upload(std::vector<int>(32, 1));
    handles(memory);
    shareable_pool();
    peers();
    add<<<1, 32>>>(memory);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    RT_CHECK(rt_download(memory, 32)[31] == 2);
    int *other = rt_upload(std::vector<int>(32, 0));
    if (RT_SHOW(cudaMemcpyPeer(other, 0, memory, 0, 32 * sizeof(int))) == cudaSuccess) {
        RT_CHECK(rt_download(other, 32)[31] == 2);
    }
    cudaGetLastError();
    return rt_end("sharing");
}
