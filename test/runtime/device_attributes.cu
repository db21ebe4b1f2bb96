// SPDX-License-Identifier: Apache-2.0
// Every attribute of the device, its properties, and that both say the same.
#include "rt.cuh"

static int attribute(int which)
{
    int value = -12345;
    cudaError_t error = cudaDeviceGetAttribute(&value, static_cast<cudaDeviceAttr>(which), 0);
    return error == cudaSuccess ? value : -static_cast<int>(error) - 1000000;
}

static void compare(const cudaDeviceProp &p)
{
    RT_CHECK(p.multiProcessorCount == attribute(cudaDevAttrMultiProcessorCount));
    RT_CHECK(p.major == attribute(cudaDevAttrComputeCapabilityMajor));
    RT_CHECK(p.warpSize == attribute(cudaDevAttrWarpSize));
    RT_CHECK(p.managedMemory == attribute(cudaDevAttrManagedMemory));
    RT_CHECK(p.clusterLaunch == attribute(cudaDevAttrClusterLaunch));
    RT_CHECK(p.l2CacheSize == attribute(cudaDevAttrL2CacheSize));
    RT_CHECK(p.maxThreadsDim[2] == attribute(cudaDevAttrMaxBlockDimZ));
    RT_CHECK(p.pciBusID == attribute(cudaDevAttrPciBusId));
    RT_CHECK(p.cooperativeLaunch == attribute(cudaDevAttrCooperativeLaunch));
    RT_CHECK(static_cast<int>(p.sharedMemPerBlockOptin) ==
             attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin));
}

int main()
{
    cudaDeviceProp properties;
    char bus[32] = "", short_bus[4] = "";
    int device = -1;
    for (int i = 0; i <= 150; i++) {
        printf("attribute %d: %d\n", i, attribute(i));
    }
    cudaGetLastError();
    RT_IS(cudaGetDeviceProperties(&properties, 0), cudaSuccess);
    compare(properties);
    printf("name %s\n", properties.name);
    RT_IS(cudaDeviceGetPCIBusId(bus, sizeof(bus), 0), cudaSuccess);
    printf("bus %s\n", bus);
    RT_IS(cudaDeviceGetByPCIBusId(&device, bus), cudaSuccess);
    RT_CHECK(device == 0);
    RT_SHOW(cudaDeviceGetByPCIBusId(&device, "no bus"));
    RT_SHOW(cudaDeviceGetPCIBusId(short_bus, 4, 0));
    RT_SHOW(cudaGetDeviceProperties(&properties, 77));
    cudaDeviceProp wish = {};
    wish.major = 7;
    RT_SHOW(cudaChooseDevice(&device, &wish));
    printf("chosen %d\n", device);
    size_t width = 0;
    cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
    RT_SHOW(cudaDeviceGetTexture1DLinearMaxWidth(&width, &format, 0));
    printf("linear texture of %zu\n", width);
    cudaGetLastError();
    return rt_end("device_attributes");
}
