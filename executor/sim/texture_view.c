/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/texture.h"

#include "executor/sim/device_attr.h"
#include "executor/sim/handle.h"
#include "executor/sim/memory.h"
#include "proto/array_format.h"

/* From the descriptor of a resource, and of a view of it, to levels, sides and format. */

#define ATTRIBUTE(name) ((size_t)device_attr[CU_DEVICE_ATTRIBUTE_##name])

struct texel_format texel_format(CUarray_format format, unsigned channels, bool as_integer)
{
    static const struct {
        int format;
        enum texel_kind kind;
        bool normed; /* the format itself says so */
    } rows[] = {
        {CU_AD_FORMAT_UNSIGNED_INT8, TEXEL_U8, false},
        {CU_AD_FORMAT_UNSIGNED_INT16, TEXEL_U16, false},
        {CU_AD_FORMAT_UNSIGNED_INT32, TEXEL_U32, false},
        {CU_AD_FORMAT_SIGNED_INT8, TEXEL_S8, false},
        {CU_AD_FORMAT_SIGNED_INT16, TEXEL_S16, false},
        {CU_AD_FORMAT_SIGNED_INT32, TEXEL_S32, false},
        {CU_AD_FORMAT_HALF, TEXEL_F16, false},
        {CU_AD_FORMAT_FLOAT, TEXEL_F32, false},
        {CU_AD_FORMAT_UNORM_INT8X1, TEXEL_U8, true},
        {CU_AD_FORMAT_UNORM_INT8X2, TEXEL_U8, true},
        {CU_AD_FORMAT_UNORM_INT8X4, TEXEL_U8, true},
        {CU_AD_FORMAT_UNORM_INT16X1, TEXEL_U16, true},
        {CU_AD_FORMAT_UNORM_INT16X2, TEXEL_U16, true},
        {CU_AD_FORMAT_UNORM_INT16X4, TEXEL_U16, true},
        {CU_AD_FORMAT_SNORM_INT8X1, TEXEL_S8, true},
        {CU_AD_FORMAT_SNORM_INT8X2, TEXEL_S8, true},
        {CU_AD_FORMAT_SNORM_INT8X4, TEXEL_S8, true},
        {CU_AD_FORMAT_SNORM_INT16X1, TEXEL_S16, true},
        {CU_AD_FORMAT_SNORM_INT16X2, TEXEL_S16, true},
        {CU_AD_FORMAT_SNORM_INT16X4, TEXEL_S16, true},
    };
    struct texel_format f = {.channels = channels,
                             .bytes = vgpu_element_bytes((uint32_t)format, channels)};

    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        if (rows[k].format == (int)format) {
            bool wide = rows[k].kind == TEXEL_U32 || rows[k].kind == TEXEL_S32;

            f.kind = rows[k].kind;
            f.real = f.kind >= TEXEL_F16 || rows[k].normed || (!wide && !as_integer);
        }
    }
    return f;
}

static void level_of(struct sim_texture *x, CUarray array)
{
    const CUDA_ARRAY3D_DESCRIPTOR *s = &array->shape;
    struct tex_level *level = &x->level[x->level_count++];

    level->data = array->data;
    level->pitch = array_row(s);
    level->slice = level->pitch * array_side(s->Height);
    level->side[0] = (int32_t)s->Width;
    level->side[1] = (int32_t)array_side(s->Height);
    level->side[2] = (int32_t)array_side(s->Depth);
}

static CUresult of_array(struct sim_texture *x)
{
    CUarray array = x->resource.res.array.hArray;

    if (!handle_ok(HANDLE_ARRAY, array)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    x->layered = array_layered(&array->shape);
    x->format = texel_format(array->shape.Format, array->shape.NumChannels,
                             (x->how.flags & CU_TRSF_READ_AS_INTEGER) != 0);
    level_of(x, array);
    return CUDA_SUCCESS;
}

static CUresult of_mipmap(struct sim_texture *x)
{
    CUmipmappedArray mipmap = x->resource.res.mipmap.hMipmappedArray;

    if (!handle_ok(HANDLE_MIPMAP, mipmap)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    x->layered = array_layered(&mipmap->shape);
    x->format = texel_format(mipmap->shape.Format, mipmap->shape.NumChannels,
                             (x->how.flags & CU_TRSF_READ_AS_INTEGER) != 0);
    for (unsigned k = 0; k < mipmap->levels; k++) {
        level_of(x, &mipmap->level[k]);
    }
    return CUDA_SUCCESS;
}

/* Memory of the device, read row by row. */
static CUresult of_memory(struct sim_texture *x, CUdeviceptr at, size_t width, size_t height,
                          size_t pitch)
{
    size_t row = width * x->format.bytes;
    struct tex_level *level = &x->level[0];

    if (width == 0 || height == 0 || (uintptr_t)at % ATTRIBUTE(TEXTURE_ALIGNMENT) != 0 ||
        !memory_covers((uintptr_t)at, pitch * (height - 1) + (row < pitch ? row : pitch), false)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    level->data = (uint8_t *)(uintptr_t)at;
    level->pitch = pitch;
    level->side[0] = (int32_t)width;
    level->side[1] = (int32_t)height;
    level->side[2] = 1;
    x->in_memory = true;
    x->level_count = 1;
    return CUDA_SUCCESS;
}

static CUresult of_linear(struct sim_texture *x)
{
    CUarray_format format = x->resource.res.linear.format;
    unsigned channels = x->resource.res.linear.numChannels;
    size_t bytes = x->resource.res.linear.sizeInBytes;

    if (!array_format_ok(format, channels)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    x->format = texel_format(format, channels, (x->how.flags & CU_TRSF_READ_AS_INTEGER) != 0);
    if (bytes / x->format.bytes > ATTRIBUTE(MAXIMUM_TEXTURE1D_LINEAR_WIDTH)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return of_memory(x, x->resource.res.linear.devPtr, bytes / x->format.bytes, 1, bytes);
}

static CUresult of_pitch(struct sim_texture *x)
{
    CUarray_format format = x->resource.res.pitch2D.format;
    unsigned channels = x->resource.res.pitch2D.numChannels;
    size_t pitch = x->resource.res.pitch2D.pitchInBytes;

    if (!array_format_ok(format, channels) || pitch % ATTRIBUTE(TEXTURE_PITCH_ALIGNMENT) != 0 ||
        pitch > ATTRIBUTE(MAXIMUM_TEXTURE2D_LINEAR_PITCH) ||
        x->resource.res.pitch2D.width > ATTRIBUTE(MAXIMUM_TEXTURE2D_LINEAR_WIDTH) ||
        x->resource.res.pitch2D.height > ATTRIBUTE(MAXIMUM_TEXTURE2D_LINEAR_HEIGHT)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    x->format = texel_format(format, channels, (x->how.flags & CU_TRSF_READ_AS_INTEGER) != 0);
    return of_memory(x, x->resource.res.pitch2D.devPtr, x->resource.res.pitch2D.width,
                     x->resource.res.pitch2D.height, pitch);
}

/* The formats of views come in threes: one, two and four channels. */
static bool view_format(const CUDA_RESOURCE_VIEW_DESC *view, bool as_integer,
                        struct texel_format *format)
{
    static const CUarray_format formats[] = {CU_AD_FORMAT_UNSIGNED_INT8,  CU_AD_FORMAT_SIGNED_INT8,
                                             CU_AD_FORMAT_UNSIGNED_INT16, CU_AD_FORMAT_SIGNED_INT16,
                                             CU_AD_FORMAT_UNSIGNED_INT32, CU_AD_FORMAT_SIGNED_INT32,
                                             CU_AD_FORMAT_HALF,           CU_AD_FORMAT_FLOAT};
    unsigned at = (unsigned)view->format - CU_RES_VIEW_FORMAT_UINT_1X8;
    struct texel_format seen;

    if (view->format == CU_RES_VIEW_FORMAT_NONE) {
        return true;
    }
    if (at >= 3 * sizeof(formats) / sizeof(formats[0])) {
        return false; /* compressed by blocks, or unknown */
    }
    seen = texel_format(formats[at / 3], 1u << at % 3, as_integer);
    if (seen.bytes != format->bytes) {
        return false;
    }
    *format = seen;
    return true;
}

static CUresult narrow(struct sim_texture *x)
{
    const CUDA_RESOURCE_VIEW_DESC *v = &x->view;
    unsigned layers = (unsigned)x->level[0].side[2];

    if (x->in_memory ||
        !view_format(v, (x->how.flags & CU_TRSF_READ_AS_INTEGER) != 0, &x->format) ||
        v->width != (size_t)x->level[0].side[0] || v->firstMipmapLevel > v->lastMipmapLevel ||
        v->lastMipmapLevel >= x->level_count || v->firstLayer > v->lastLayer ||
        (x->layered ? v->lastLayer >= layers : v->lastLayer != 0)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    x->level_count = v->lastMipmapLevel - v->firstMipmapLevel + 1;
    for (unsigned k = 0; k < x->level_count; k++) {
        x->level[k] = x->level[k + v->firstMipmapLevel];
        x->level[k].data += v->firstLayer * x->level[k].slice;
        if (x->layered) {
            x->level[k].side[2] = (int32_t)(v->lastLayer - v->firstLayer + 1);
        }
    }
    return CUDA_SUCCESS;
}

CUresult texture_describe(struct sim_texture *x)
{
    CUresult cu;

    switch ((unsigned)x->resource.resType) {
    case CU_RESOURCE_TYPE_ARRAY:
        cu = of_array(x);
        break;
    case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY:
        cu = of_mipmap(x);
        break;
    case CU_RESOURCE_TYPE_LINEAR:
        cu = of_linear(x);
        break;
    case CU_RESOURCE_TYPE_PITCH2D:
        cu = of_pitch(x);
        break;
    default:
        cu = CUDA_ERROR_INVALID_VALUE;
        break;
    }
    return cu == CUDA_SUCCESS && x->has_view ? narrow(x) : cu;
}
