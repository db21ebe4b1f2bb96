/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/moved.h"

#include "proto/cuda_enums.h"
#include "vgpu_ops.h"

/* The product of a box's sides, at most `most`. */
static uint64_t volume(uint64_t width, uint64_t height, uint64_t depth, uint64_t most)
{
    uint64_t bytes = width;

    if (__builtin_mul_overflow(bytes, height, &bytes) ||
        __builtin_mul_overflow(bytes, depth, &bytes)) {
        return most;
    }
    return bytes;
}

static uint64_t box(const uint8_t *body, size_t len, uint64_t most)
{
    struct vgpu_args_vgpuCopy3D args;

    if (vgpu_get_args_vgpuCopy3D(body, len, &args) < 0 ||
        (args.dst_type != CU_MEMORYTYPE_HOST && args.src_type != CU_MEMORYTYPE_HOST)) {
        return 0;
    }
    return volume(args.width, args.height, args.depth, most);
}

static uint64_t node(const uint8_t *body, size_t len, uint64_t most)
{
    struct vgpu_args_vgpuGraphCopy args;

    if (vgpu_get_args_vgpuGraphCopy(body, len, &args) < 0 ||
        (args.dst_type != CU_MEMORYTYPE_HOST && args.src_type != CU_MEMORYTYPE_HOST)) {
        return 0;
    }
    return volume(args.width, args.height, args.depth, most);
}

/* An operation whose record names its bytes in one field. */
#define BYTES(op, field)                                                                           \
    static uint64_t bytes_of_##op(const uint8_t *body, size_t len)                                 \
    {                                                                                              \
        struct vgpu_args_##op args;                                                                \
                                                                                                   \
        return vgpu_get_args_##op(body, len, &args) < 0 ? 0 : args.field;                          \
    }

BYTES(vgpuCopyHtoD, bytes)
BYTES(vgpuCopyDtoH, bytes)
BYTES(vgpuLinkRead, bytes)
BYTES(cuLinkAddData_v2, size)

/* An image that is taken from the cache is not moved. */
static uint64_t image(const uint8_t *body, size_t len)
{
    struct vgpu_args_cuModuleLoadDataEx args;

    return vgpu_get_args_cuModuleLoadDataEx(body, len, &args) < 0 || args.key_len > 0
               ? 0
               : args.image_size;
}

uint64_t br_moved(const struct vgpu_record *record, const uint8_t *body, uint64_t window)
{
    size_t len = record->length - VGPU_RECORD_HEADER_BYTES;
    uint64_t bytes = 0;

    switch (record->op) {
    case VGPU_OP_vgpuCopyHtoD:
        bytes = bytes_of_vgpuCopyHtoD(body, len);
        break;
    case VGPU_OP_vgpuCopyDtoH:
        bytes = bytes_of_vgpuCopyDtoH(body, len);
        break;
    case VGPU_OP_vgpuCopy3D:
        bytes = box(body, len, window);
        break;
    case VGPU_OP_vgpuGraphCopy:
        bytes = node(body, len, window);
        break;
    case VGPU_OP_cuModuleLoadDataEx:
        bytes = image(body, len);
        break;
    case VGPU_OP_cuLinkAddData_v2:
        bytes = bytes_of_cuLinkAddData_v2(body, len);
        break;
    case VGPU_OP_vgpuLinkRead:
        bytes = bytes_of_vgpuLinkRead(body, len);
        break;
    default:
        break;
    }
    return bytes < window ? bytes : window;
}
