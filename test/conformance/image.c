/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf_image.h"

#include "images_ptx.h"
#include "proto/array_format.h"

static CUmodule module;

CUfunction conf_image_kernel(const char *name)
{
    CUfunction fn = NULL;

    if (!module) {
        CONF_SETUP(cuModuleLoadData(&module, images_ptx));
    }
    CONF_SETUP(cuModuleGetFunction(&fn, module, name));
    return fn;
}

CUarray conf_array(CUarray_format format, unsigned int channels, size_t width, size_t height,
                   size_t depth, unsigned int flags)
{
    CUDA_ARRAY3D_DESCRIPTOR shape = {.Width = width,
                                     .Height = height,
                                     .Depth = depth,
                                     .Format = format,
                                     .NumChannels = channels,
                                     .Flags = flags};
    CUarray array = NULL;

    CONF_SETUP(cuArray3DCreate_v2(&array, &shape));
    return array;
}

static CUDA_MEMCPY3D whole(CUarray array)
{
    CUDA_ARRAY3D_DESCRIPTOR shape;
    CUDA_MEMCPY3D box = {.WidthInBytes = 0};

    CONF_SETUP(cuArray3DGetDescriptor_v2(&shape, array));
    box.WidthInBytes =
        shape.Width * vgpu_element_bytes((unsigned int)shape.Format, shape.NumChannels);
    box.Height = shape.Height ? shape.Height : 1;
    box.Depth = shape.Depth ? shape.Depth : 1;
    return box;
}

void conf_array_write(CUarray array, const void *data)
{
    CUDA_MEMCPY3D box = whole(array);

    box.srcMemoryType = CU_MEMORYTYPE_HOST;
    box.srcHost = data;
    box.srcPitch = box.WidthInBytes;
    box.srcHeight = box.Height;
    box.dstMemoryType = CU_MEMORYTYPE_ARRAY;
    box.dstArray = array;
    CONF_SETUP(cuMemcpy3D_v2(&box));
    CONF_SETUP(cuCtxSynchronize()); /* the source is taken, no more */
}

void conf_array_read(CUarray array, void *data)
{
    CUDA_MEMCPY3D box = whole(array);

    box.srcMemoryType = CU_MEMORYTYPE_ARRAY;
    box.srcArray = array;
    box.dstMemoryType = CU_MEMORYTYPE_HOST;
    box.dstHost = data;
    box.dstPitch = box.WidthInBytes;
    box.dstHeight = box.Height;
    CONF_SETUP(cuMemcpy3D_v2(&box));
}

CUDA_RESOURCE_DESC conf_resource(CUarray array)
{
    return (CUDA_RESOURCE_DESC){.resType = CU_RESOURCE_TYPE_ARRAY, .res.array.hArray = array};
}

CUDA_TEXTURE_DESC conf_plain_texture(void)
{
    return (CUDA_TEXTURE_DESC){
        .addressMode = {CU_TR_ADDRESS_MODE_CLAMP, CU_TR_ADDRESS_MODE_CLAMP,
                        CU_TR_ADDRESS_MODE_CLAMP},
        .filterMode = CU_TR_FILTER_MODE_POINT,
    };
}

CUtexObject conf_texture(const CUDA_RESOURCE_DESC *resource, const CUDA_TEXTURE_DESC *texture,
                         const CUDA_RESOURCE_VIEW_DESC *view)
{
    CUtexObject object = 0;

    CONF_SETUP(cuTexObjectCreate(&object, resource, texture, view));
    return object;
}

void conf_sample(const char *kernel, CUtexObject texture, unsigned int count, const float *at,
                 void *out)
{
    CUdeviceptr from = conf_memory(16ul * count);
    CUdeviceptr to = conf_memory(16ul * count);
    void *params[] = {&texture, &from, &to};

    CONF_SETUP(cuMemcpyHtoD_v2(from, at, 16ul * count));
    conf_launch(conf_image_kernel(kernel), 1, count, NULL, params);
    CONF_SETUP(cuMemcpyDtoH_v2(out, to, 16ul * count));
    CONF_SETUP(cuMemFree_v2(from));
    CONF_SETUP(cuMemFree_v2(to));
}
