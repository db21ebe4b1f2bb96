/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/image.h"

#define EACH_MAX 8

static struct {
    CUarray array[EACH_MAX];
    CUmipmappedArray mipmap[EACH_MAX];
    CUtexObject texture[EACH_MAX];
    CUsurfObject surface[EACH_MAX];
    unsigned arrays;
    unsigned mipmaps;
    unsigned textures;
    unsigned surfaces;
} held;

/* Calls that driver_api.h does not name. */
static void *symbol(const char *name)
{
    void *found = driver_api_symbol(name);

    px_expect(found != NULL, name);
    return found;
}

#define CALL(name, ...)                                                                            \
    do {                                                                                           \
        __typeof__(name) *call_ = NULL;                                                            \
        void *found_ = symbol(#name);                                                              \
                                                                                                   \
        memcpy(&call_, &found_, sizeof(call_));                                                    \
        px_check(call_(__VA_ARGS__), #name);                                                       \
    } while (0)

static size_t least_one(size_t n)
{
    return n == 0 ? 1 : n;
}

static void move(CUarray array, void *out, const void *in)
{
    static const unsigned bytes[] = {
        [CU_AD_FORMAT_UNSIGNED_INT8] = 1,  [CU_AD_FORMAT_UNSIGNED_INT16] = 2,
        [CU_AD_FORMAT_UNSIGNED_INT32] = 4, [CU_AD_FORMAT_SIGNED_INT8] = 1,
        [CU_AD_FORMAT_SIGNED_INT16] = 2,   [CU_AD_FORMAT_SIGNED_INT32] = 4,
        [CU_AD_FORMAT_HALF] = 2,           [CU_AD_FORMAT_FLOAT] = 4};
    CUDA_ARRAY3D_DESCRIPTOR shape;
    CUDA_MEMCPY3D c = {0};

    CALL(cuArray3DGetDescriptor_v2, &shape, array);
    c.WidthInBytes = shape.Width * bytes[shape.Format] * shape.NumChannels;
    c.Height = least_one(shape.Height);
    c.Depth = least_one(shape.Depth);
    c.srcMemoryType = in != NULL ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_ARRAY;
    c.srcHost = in;
    c.srcArray = in != NULL ? NULL : array;
    c.srcPitch = c.WidthInBytes;
    c.srcHeight = c.Height;
    c.dstMemoryType = in != NULL ? CU_MEMORYTYPE_ARRAY : CU_MEMORYTYPE_HOST;
    c.dstHost = out;
    c.dstArray = in != NULL ? array : NULL;
    c.dstPitch = c.WidthInBytes;
    c.dstHeight = c.Height;
    px_check(drv.cuMemcpy3D_v2(&c), "cuMemcpy3D_v2");
}

CUarray px_array(const size_t side[3], CUarray_format format, unsigned channels, unsigned flags,
                 const void *data)
{
    CUDA_ARRAY3D_DESCRIPTOR shape = {side[0], side[1], side[2], format, channels, flags};
    CUarray array = NULL;

    px_expect(held.arrays < EACH_MAX, "too many arrays for one case");
    CALL(cuArray3DCreate_v2, &array, &shape);
    held.array[held.arrays++] = array;
    if (data != NULL) {
        move(array, NULL, data);
    }
    return array;
}

void px_array_out(void *data, CUarray array)
{
    move(array, data, NULL);
}

CUmipmappedArray px_mipmap(size_t side, unsigned levels)
{
    static float data[64 * 64];
    CUDA_ARRAY3D_DESCRIPTOR shape = {side, side, 0, CU_AD_FORMAT_FLOAT, 1, 0};
    CUmipmappedArray mipmap = NULL;

    px_expect(held.mipmaps < EACH_MAX && side <= 64, "no such mipmapped array");
    CALL(cuMipmappedArrayCreate, &mipmap, &shape, levels);
    held.mipmap[held.mipmaps++] = mipmap;
    for (unsigned n = 0; n < levels; n++) {
        size_t width = side >> n;
        CUarray level = NULL;

        for (size_t k = 0; k < width * width; k++) {
            size_t value = (size_t)n * 100 + k % width + k / width;

            data[k] = (float)value;
        }
        CALL(cuMipmappedArrayGetLevel, &level, mipmap, n);
        move(level, NULL, data);
    }
    return mipmap;
}

CUtexObject px_texture_of(const CUDA_RESOURCE_DESC *resource, const CUDA_TEXTURE_DESC *how)
{
    CUtexObject texture = 0;

    px_expect(held.textures < EACH_MAX, "too many textures for one case");
    CALL(cuTexObjectCreate, &texture, resource, how, NULL);
    held.texture[held.textures++] = texture;
    return texture;
}

CUtexObject px_texture(CUarray array, const struct px_reading *how)
{
    CUDA_RESOURCE_DESC resource = {.resType = CU_RESOURCE_TYPE_ARRAY, .res.array.hArray = array};
    CUDA_TEXTURE_DESC texture = {
        .addressMode = {how->mode, how->mode, how->mode},
        .filterMode = how->filter,
        .flags = how->flags,
        .borderColor = {how->border, how->border, how->border, how->border},
    };

    return px_texture_of(&resource, &texture);
}

CUsurfObject px_surface(CUarray array)
{
    CUDA_RESOURCE_DESC resource = {.resType = CU_RESOURCE_TYPE_ARRAY, .res.array.hArray = array};
    CUsurfObject surface = 0;

    px_expect(held.surfaces < EACH_MAX, "too many surfaces for one case");
    CALL(cuSurfObjectCreate, &surface, &resource);
    held.surface[held.surfaces++] = surface;
    return surface;
}

/* Errors are left alone: a case that failed may have ended the context. */
#define END(name, list, count)                                                                     \
    while (held.count > 0) {                                                                       \
        __typeof__(name) *call_ = NULL;                                                            \
        void *found_ = driver_api_symbol(#name);                                                   \
                                                                                                   \
        memcpy(&call_, &found_, sizeof(call_));                                                    \
        (void)call_(held.list[--held.count]);                                                      \
    }

void px_images_end(void)
{
    END(cuTexObjectDestroy, texture, textures)
    END(cuSurfObjectDestroy, surface, surfaces)
    END(cuArrayDestroy, array, arrays)
    END(cuMipmappedArrayDestroy, mipmap, mipmaps)
}
