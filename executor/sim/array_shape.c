/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/array.h"

#include "executor/sim/device_attr.h"
#include "proto/array_format.h"

/* What shapes arrays may have: the limits are those that the device's attributes name. */

#define LIMIT(name) ((size_t)device_attr[CU_DEVICE_ATTRIBUTE_MAXIMUM_##name])

#define FLAGS_NOT_SIMULATED                                                                        \
    (CUDA_ARRAY3D_SPARSE | CUDA_ARRAY3D_DEFERRED_MAPPING | CUDA_ARRAY3D_VIDEO_ENCODE_DECODE)
#define FLAGS_KNOWN                                                                                \
    (CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_SURFACE_LDST | CUDA_ARRAY3D_CUBEMAP |                     \
     CUDA_ARRAY3D_TEXTURE_GATHER | CUDA_ARRAY3D_DEPTH_TEXTURE | CUDA_ARRAY3D_COLOR_ATTACHMENT |    \
     FLAGS_NOT_SIMULATED)

#define CUBE_FACES 6

/* Formats that say how many channels there are; 0: any. */
static unsigned channels_of(CUarray_format format)
{
    switch ((int)format) {
    case CU_AD_FORMAT_UNORM_INT8X1:
    case CU_AD_FORMAT_SNORM_INT8X1:
    case CU_AD_FORMAT_UNORM_INT16X1:
    case CU_AD_FORMAT_SNORM_INT16X1:
        return 1;
    case CU_AD_FORMAT_UNORM_INT8X2:
    case CU_AD_FORMAT_SNORM_INT8X2:
    case CU_AD_FORMAT_UNORM_INT16X2:
    case CU_AD_FORMAT_SNORM_INT16X2:
        return 2;
    case CU_AD_FORMAT_UNORM_INT8X4:
    case CU_AD_FORMAT_SNORM_INT8X4:
    case CU_AD_FORMAT_UNORM_INT16X4:
    case CU_AD_FORMAT_SNORM_INT16X4:
        return 4;
    default:
        return 0;
    }
}

bool array_format_ok(CUarray_format format, unsigned channels)
{
    unsigned wanted = channels_of(format);

    return vgpu_element_bytes((uint32_t)format, channels) != 0 &&
           (wanted == 0 || wanted == channels);
}

static bool cube_ok(const CUDA_ARRAY3D_DESCRIPTOR *s)
{
    if (s->Width != s->Height) {
        return false;
    }
    if ((s->Flags & CUDA_ARRAY3D_LAYERED) != 0) {
        return s->Width <= LIMIT(TEXTURECUBEMAP_LAYERED_WIDTH) && s->Depth != 0 &&
               s->Depth % CUBE_FACES == 0 && s->Depth <= LIMIT(TEXTURECUBEMAP_LAYERED_LAYERS);
    }
    return s->Width <= LIMIT(TEXTURECUBEMAP_WIDTH) && s->Depth == CUBE_FACES;
}

static bool layers_ok(const CUDA_ARRAY3D_DESCRIPTOR *s)
{
    if (s->Height == 0) {
        return s->Width <= LIMIT(TEXTURE1D_LAYERED_WIDTH) && s->Depth != 0 &&
               s->Depth <= LIMIT(TEXTURE1D_LAYERED_LAYERS);
    }
    return s->Width <= LIMIT(TEXTURE2D_LAYERED_WIDTH) &&
           s->Height <= LIMIT(TEXTURE2D_LAYERED_HEIGHT) && s->Depth != 0 &&
           s->Depth <= LIMIT(TEXTURE2D_LAYERED_LAYERS);
}

static bool plane_ok(const CUDA_ARRAY3D_DESCRIPTOR *s, bool mipmapped)
{
    if ((s->Flags & CUDA_ARRAY3D_TEXTURE_GATHER) != 0) {
        return s->Width <= LIMIT(TEXTURE2D_GATHER_WIDTH) &&
               s->Height <= LIMIT(TEXTURE2D_GATHER_HEIGHT);
    }
    if (mipmapped) {
        return s->Width <= LIMIT(TEXTURE2D_MIPMAPPED_WIDTH) &&
               s->Height <= LIMIT(TEXTURE2D_MIPMAPPED_HEIGHT);
    }
    return s->Width <= LIMIT(TEXTURE2D_WIDTH) && s->Height <= LIMIT(TEXTURE2D_HEIGHT);
}

static bool row_ok(const CUDA_ARRAY3D_DESCRIPTOR *s, bool mipmapped)
{
    size_t most = mipmapped ? LIMIT(TEXTURE1D_MIPMAPPED_WIDTH) : LIMIT(TEXTURE1D_WIDTH);

    if ((s->Flags & CUDA_ARRAY3D_SURFACE_LDST) != 0 && most > LIMIT(SURFACE1D_WIDTH)) {
        most = LIMIT(SURFACE1D_WIDTH);
    }
    return s->Depth == 0 && s->Width <= most;
}

static bool volume_ok(const CUDA_ARRAY3D_DESCRIPTOR *s)
{
    return (s->Width <= LIMIT(TEXTURE3D_WIDTH) && s->Height <= LIMIT(TEXTURE3D_HEIGHT) &&
            s->Depth <= LIMIT(TEXTURE3D_DEPTH)) ||
           (s->Width <= LIMIT(TEXTURE3D_WIDTH_ALTERNATE) &&
            s->Height <= LIMIT(TEXTURE3D_HEIGHT_ALTERNATE) &&
            s->Depth <= LIMIT(TEXTURE3D_DEPTH_ALTERNATE));
}

static bool sides_ok(const CUDA_ARRAY3D_DESCRIPTOR *s, bool mipmapped)
{
    bool plane = s->Height != 0 && s->Depth == 0;

    if (s->Width == 0 || (!plane && (s->Flags & CUDA_ARRAY3D_TEXTURE_GATHER) != 0)) {
        return false;
    }
    if ((s->Flags & CUDA_ARRAY3D_CUBEMAP) != 0) {
        return cube_ok(s);
    }
    if ((s->Flags & CUDA_ARRAY3D_LAYERED) != 0) {
        return layers_ok(s);
    }
    if (s->Height == 0) {
        return row_ok(s, mipmapped);
    }
    return plane ? plane_ok(s, mipmapped) : volume_ok(s);
}

CUresult array_shape_check(const CUDA_ARRAY3D_DESCRIPTOR *shape, bool mipmapped)
{
    if (shape == NULL || !array_format_ok(shape->Format, shape->NumChannels) ||
        (shape->Flags & ~(unsigned)FLAGS_KNOWN) != 0 || !sides_ok(shape, mipmapped)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((shape->Flags & FLAGS_NOT_SIMULATED) != 0) {
        sim_log("arrays with flags 0x%x cannot be simulated", shape->Flags);
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return CUDA_SUCCESS;
}
