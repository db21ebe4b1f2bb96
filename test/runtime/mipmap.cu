// SPDX-License-Identifier: Apache-2.0
// A mipmapped array: its levels, and samples at and between them.
#include "rt.cuh"

#define SIDE   32
#define LEVELS 4

__global__ void sample(cudaTextureObject_t texture, float *out)
{
    out[threadIdx.x] = tex2DLod<float>(texture, 0.5f, 0.5f, threadIdx.x * 0.5f);
}

int main()
{
    cudaMipmappedArray_t pyramid;
    cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
    cudaExtent extent = make_cudaExtent(SIDE, SIDE, 0);
    RT_IS(cudaMallocMipmappedArray(&pyramid, &format, extent, LEVELS), cudaSuccess);
    for (unsigned level = 0; level < LEVELS; level++) {
        cudaArray_t array;
        size_t side = SIDE >> level;
        cudaExtent told = {};
        std::vector<float> values(side * side, level * 10.0f + 1);
        RT_OK(cudaGetMipmappedArrayLevel(&array, pyramid, level));
        RT_OK(cudaArrayGetInfo(nullptr, &told, nullptr, array));
        printf("level %u: %zu x %zu\n", level, told.width, told.height);
        RT_OK(cudaMemcpy2DToArray(array, 0, 0, values.data(), side * sizeof(float),
                                  side * sizeof(float), side, cudaMemcpyHostToDevice));
    }
    cudaArray_t none;
    RT_SHOW(cudaGetMipmappedArrayLevel(&none, pyramid, LEVELS));
    cudaGetLastError();
    float *out = rt_upload(std::vector<float>(8));
    for (cudaTextureFilterMode filter : {cudaFilterModePoint, cudaFilterModeLinear}) {
        cudaTextureObject_t texture = 0;
        cudaResourceDesc resource = {};
        cudaTextureDesc desc = {};
        resource.resType = cudaResourceTypeMipmappedArray;
        resource.res.mipmap.mipmap = pyramid;
        desc.addressMode[0] = desc.addressMode[1] = cudaAddressModeClamp;
        desc.filterMode = cudaFilterModeLinear;
        desc.mipmapFilterMode = filter;
        desc.normalizedCoords = 1;
        desc.maxMipmapLevelClamp = 2.5f;
        RT_IS(cudaCreateTextureObject(&texture, &resource, &desc, nullptr), cudaSuccess);
        sample<<<1, 8>>>(texture, out);
        RT_OK(cudaDeviceSynchronize());
        std::vector<float> got = rt_download(out, 8);
        printf("filter %d:", static_cast<int>(filter));
        for (float value : got) {
            printf(" %g", static_cast<double>(value));
        }
        printf("\n");
        RT_CHECK(got[0] == 1 && got[2] == 11 && got[4] == 21);
        RT_OK(cudaDestroyTextureObject(texture));
    }
    RT_IS(cudaFreeMipmappedArray(pyramid), cudaSuccess);
    RT_OK(cudaFree(out));
    return rt_end("mipmap");
}
