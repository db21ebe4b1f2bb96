// SPDX-License-Identifier: Apache-2.0
// Texture objects: linear memory, pitched memory and arrays; points and filters; normalised
// coordinates and values; address modes; layers and three dimensions.
#include "rt.cuh"

#define SIDE 8

__global__ void fetch(cudaTextureObject_t texture, float *out)
{
    out[threadIdx.x] = tex1Dfetch<float>(texture, threadIdx.x);
}

__global__ void sample(cudaTextureObject_t texture, float *out, float step, float origin)
{
    int i = threadIdx.y * blockDim.x + threadIdx.x;
    out[i] = tex2D<float>(texture, origin + threadIdx.x * step, origin + threadIdx.y * step);
}

__global__ void layers(cudaTextureObject_t texture, float *out)
{
    int i = threadIdx.y * blockDim.x + threadIdx.x;
    out[i] = tex2DLayered<float>(texture, threadIdx.x + 0.5f, threadIdx.y + 0.5f, i % 3);
}

__global__ void volume(cudaTextureObject_t texture, float *out)
{
    int i = threadIdx.y * blockDim.x + threadIdx.x;
    out[i] = tex3D<float>(texture, threadIdx.x + 0.5f, threadIdx.y + 0.5f, i % 4 + 0.5f);
}

__global__ void bytes(cudaTextureObject_t texture, float4 *out)
{
    out[threadIdx.x] = tex1D<float4>(texture, threadIdx.x + 0.5f);
}

static void show(const char *what, const float *device, size_t n)
{
    RT_OK(cudaDeviceSynchronize());
    std::vector<float> out = rt_download(device, n);
    printf("%s:", what);
    for (size_t i = 0; i < 8; i++) {
        printf(" %g", static_cast<double>(out[i * n / 8]));
    }
    printf("\n");
    rt_print_hash(what, out);
}

static cudaTextureObject_t texture_of(const cudaResourceDesc &resource, cudaTextureFilterMode filter,
                                      cudaTextureAddressMode mode, int normalized)
{
    cudaTextureObject_t texture = 0;
    cudaTextureDesc desc = {};
    desc.filterMode = filter;
    desc.addressMode[0] = desc.addressMode[1] = desc.addressMode[2] = mode;
    desc.normalizedCoords = normalized;
    RT_OK(cudaCreateTextureObject(&texture, &resource, &desc, nullptr));
    return texture;
}

static void linear_memory(const std::vector<float> &values, float *out)
{
    cudaResourceDesc resource = {};
    float *memory = rt_upload(values);
    resource.resType = cudaResourceTypeLinear;
    resource.res.linear.devPtr = memory;
    resource.res.linear.desc = cudaCreateChannelDesc<float>();
    resource.res.linear.sizeInBytes = values.size() * sizeof(float);
    cudaTextureObject_t texture =
        texture_of(resource, cudaFilterModePoint, cudaAddressModeClamp, 0);
    fetch<<<1, SIDE * SIDE>>>(texture, out);
    show("linear memory", out, SIDE * SIDE);
    RT_CHECK(rt_download(out, values.size()) == values);
    RT_IS(cudaDestroyTextureObject(texture), cudaSuccess);
    RT_OK(cudaFree(memory));
}

static void pitched(const std::vector<float> &values, float *out)
{
    cudaResourceDesc resource = {};
    float *memory = nullptr;
    size_t pitch = 0;
    RT_OK(cudaMallocPitch(&memory, &pitch, SIDE * sizeof(float), SIDE));
    RT_OK(cudaMemcpy2D(memory, pitch, values.data(), SIDE * sizeof(float), SIDE * sizeof(float),
                       SIDE, cudaMemcpyHostToDevice));
    resource.resType = cudaResourceTypePitch2D;
    resource.res.pitch2D.devPtr = memory;
    resource.res.pitch2D.desc = cudaCreateChannelDesc<float>();
    resource.res.pitch2D.width = resource.res.pitch2D.height = SIDE;
    resource.res.pitch2D.pitchInBytes = pitch;
    cudaTextureObject_t texture =
        texture_of(resource, cudaFilterModeLinear, cudaAddressModeClamp, 0);
    sample<<<1, dim3(SIDE, SIDE)>>>(texture, out, 1.0f, 1.0f);
    show("pitched memory, filtered", out, SIDE * SIDE);
    float between = (values[0] + values[1] + values[SIDE] + values[SIDE + 1]) / 4;
    RT_CHECK(rt_download(out, 1)[0] == between);
    RT_IS(cudaDestroyTextureObject(texture), cudaSuccess);
    RT_OK(cudaFree(memory));
}

static void arrays(const std::vector<float> &values, float *out)
{
    cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
    cudaResourceDesc resource = {};
    cudaArray_t array;
    RT_OK(cudaMallocArray(&array, &format, SIDE, SIDE));
    RT_OK(cudaMemcpy2DToArray(array, 0, 0, values.data(), SIDE * sizeof(float),
                              SIDE * sizeof(float), SIDE, cudaMemcpyHostToDevice));
    resource.resType = cudaResourceTypeArray;
    resource.res.array.array = array;
    const cudaTextureAddressMode modes[] = {cudaAddressModeWrap, cudaAddressModeClamp,
                                            cudaAddressModeMirror, cudaAddressModeBorder};
    for (cudaTextureAddressMode mode : modes) {
        char name[32];
        cudaTextureObject_t texture = texture_of(resource, cudaFilterModePoint, mode, 1);
        sample<<<1, dim3(SIDE, SIDE)>>>(texture, out, 0.25f, -0.4375f);
        snprintf(name, sizeof(name), "address mode %d", static_cast<int>(mode));
        show(name, out, SIDE * SIDE);
        RT_OK(cudaDestroyTextureObject(texture));
    }
    cudaTextureObject_t texture =
        texture_of(resource, cudaFilterModeLinear, cudaAddressModeWrap, 1);
    cudaResourceDesc told = {};
    cudaTextureDesc told_desc = {};
    RT_IS(cudaGetTextureObjectResourceDesc(&told, texture), cudaSuccess);
    RT_IS(cudaGetTextureObjectTextureDesc(&told_desc, texture), cudaSuccess);
    RT_CHECK(told.res.array.array == array && told_desc.normalizedCoords == 1 &&
             told_desc.filterMode == cudaFilterModeLinear);
    sample<<<1, dim3(SIDE, SIDE)>>>(texture, out, 0.125f, 0.125f);
    show("array, filtered", out, SIDE * SIDE);
    RT_OK(cudaDestroyTextureObject(texture));
    RT_OK(cudaFreeArray(array));
}

static void boxes(float *out)
{
    cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
    std::vector<float> values(SIDE * SIDE * 4);
    for (size_t i = 0; i < values.size(); i++) {
        values[i] = static_cast<float>(i);
    }
    for (unsigned layered : {0u, unsigned(cudaArrayLayered)}) {
        cudaArray_t array;
        cudaExtent extent = make_cudaExtent(SIDE, SIDE, 4);
        cudaMemcpy3DParms copy = {};
        cudaResourceDesc resource = {};
        RT_OK(cudaMalloc3DArray(&array, &format, extent, layered));
        copy.srcPtr = make_cudaPitchedPtr(values.data(), SIDE * sizeof(float), SIDE, SIDE);
        copy.dstArray = array;
        copy.extent = extent;
        copy.kind = cudaMemcpyHostToDevice;
        RT_IS(cudaMemcpy3D(&copy), cudaSuccess);
        resource.resType = cudaResourceTypeArray;
        resource.res.array.array = array;
        cudaTextureObject_t texture =
            texture_of(resource, cudaFilterModePoint, cudaAddressModeClamp, 0);
        if (layered) {
            layers<<<1, dim3(SIDE, SIDE)>>>(texture, out);
        } else {
            volume<<<1, dim3(SIDE, SIDE)>>>(texture, out);
        }
        show(layered ? "layers" : "volume", out, SIDE * SIDE);
        RT_CHECK(rt_download(out, 8)[7] == 7 + (7 % (layered ? 3 : 4)) * SIDE * SIDE);
        RT_OK(cudaDestroyTextureObject(texture));
        RT_OK(cudaFreeArray(array));
    }
}

static void normalised_values()
{
    cudaChannelFormatDesc format = cudaCreateChannelDesc<uchar4>();
    cudaResourceDesc resource = {};
    cudaTextureDesc desc = {};
    cudaTextureObject_t texture = 0;
    cudaArray_t array;
    std::vector<unsigned char> values(64);
    for (size_t i = 0; i < values.size(); i++) {
        values[i] = static_cast<unsigned char>(i * 4 + 3);
    }
    RT_OK(cudaMallocArray(&array, &format, 16));
    RT_OK(cudaMemcpy2DToArray(array, 0, 0, values.data(), 64, 64, 1, cudaMemcpyHostToDevice));
    resource.resType = cudaResourceTypeArray;
    resource.res.array.array = array;
    desc.readMode = cudaReadModeNormalizedFloat;
    RT_IS(cudaCreateTextureObject(&texture, &resource, &desc, nullptr), cudaSuccess);
    float4 *out = rt_upload(std::vector<float4>(16));
    bytes<<<1, 16>>>(texture, out);
    RT_OK(cudaDeviceSynchronize());
    std::vector<float4> got = rt_download(out, 16);
    RT_CHECK(got[15].w == 1.0f && got[0].x == 3.0f / 255.0f);
    rt_print_hash("bytes as numbers", got);
    RT_OK(cudaDestroyTextureObject(texture));
    RT_OK(cudaFreeArray(array));
}

int main()
{
    std::vector<float> values(SIDE * SIDE);
    for (size_t i = 0; i < values.size(); i++) {
        values[i] = static_cast<float>(i * i % 97);
    }
    float *out = rt_upload(values);
    linear_memory(values, out);
    pitched(values, out);
    arrays(values, out);
    boxes(out);
    normalised_values();
    RT_OK(cudaFree(out));
    return rt_end("texture");
}
