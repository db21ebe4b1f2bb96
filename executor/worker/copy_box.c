/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/box.h"

#include "common/overflow.h"
#include "executor/worker/session.h"

/* Copies and fills of boxes, all in a stream.  Every range is checked before the driver sees it. */

struct side {
    CUmemorytype type;
    uint64_t at; /* offset in the window, device address or handle of an array */
    uint64_t pitch;
    uint64_t rows;
    uint64_t place[3]; /* in an array: byte, row, slice */
};

/* Where a side lies in this process. */
struct spot {
    uint64_t address;
    CUarray array;
};

/* Where there are several rows, or slices: to the driver a pitch of 0 may mean that they follow
 * each other without a gap, which is more than is measured. */
static bool lie_apart(const struct vgpu_args_vgpuCopy3D *args, const struct side *side)
{
    bool rows = args->height > 1 || args->depth > 1;

    return (!rows || side->pitch >= args->width) &&
           (args->depth == 1 || side->rows >= args->height);
}

/* The bytes from the first to behind the last of a box; false: none, or beyond 64 bits. */
static bool measure(const struct vgpu_args_vgpuCopy3D *args, const struct side *side,
                    uint64_t *span)
{
    uint64_t rows;
    uint64_t bytes;

    if (args->width == 0 || args->height == 0 || args->depth == 0 || !lie_apart(args, side)) {
        return false;
    }
    return vgpu_u64_mul(args->depth - 1, side->rows, &rows) &&
           vgpu_u64_add(rows, args->height - 1, &rows) && vgpu_u64_mul(rows, side->pitch, &bytes) &&
           vgpu_u64_add(bytes, args->width, span);
}

static CUresult locate_array(struct ex_session *x, const struct vgpu_args_vgpuCopy3D *args,
                             const struct side *side, struct spot *spot)
{
    const uint64_t size[3] = {args->width, args->height, args->depth};
    const struct ex_array *array = ex_array_find(x, side->at);

    if (array == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    spot->array = array->cu;
    return ex_array_holds(array, side->place, size) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* Sets *spot to where the side begins, when all of it may be named. */
static CUresult locate(struct ex_session *x, const struct vgpu_args_vgpuCopy3D *args,
                       const struct side *side, struct spot *spot)
{
    const uint8_t *data;
    uint64_t span;

    if (side->type == CU_MEMORYTYPE_ARRAY) {
        return locate_array(x, args, side, spot);
    }
    if (!measure(args, side, &span)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (side->type == CU_MEMORYTYPE_DEVICE) {
        spot->address = side->at;
        return ex_check_device(x, side->at, span);
    }
    if (side->type != CU_MEMORYTYPE_HOST) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    data = ex_window_data(&x->window, side->at, span);
    spot->address = (uintptr_t)data;
    return data != NULL && ex_memory_in_slab(x->memory, spot->address, span)
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
}

/* All members of a side are set: the type says which ones count. */
static void describe_src(const struct side *side, const struct spot *spot, CUDA_MEMCPY3D *box)
{
    bool array = side->type == CU_MEMORYTYPE_ARRAY;

    box->srcMemoryType = side->type;
    box->srcHost = (const void *)(uintptr_t)spot->address;
    box->srcDevice = spot->address;
    box->srcArray = spot->array;
    box->srcPitch = side->pitch;
    box->srcHeight = side->rows;
    box->srcXInBytes = array ? side->place[0] : 0;
    box->srcY = array ? side->place[1] : 0;
    box->srcZ = array ? side->place[2] : 0;
}

static void describe_dst(const struct side *side, const struct spot *spot, CUDA_MEMCPY3D *box)
{
    bool array = side->type == CU_MEMORYTYPE_ARRAY;

    box->dstMemoryType = side->type;
    box->dstHost = (void *)(uintptr_t)spot->address;
    box->dstDevice = spot->address;
    box->dstArray = spot->array;
    box->dstPitch = side->pitch;
    box->dstHeight = side->rows;
    box->dstXInBytes = array ? side->place[0] : 0;
    box->dstY = array ? side->place[1] : 0;
    box->dstZ = array ? side->place[2] : 0;
}

CUresult ex_box_describe(struct ex_session *x, const struct vgpu_args_vgpuCopy3D *args,
                         CUDA_MEMCPY3D *box)
{
    struct side src = {(CUmemorytype)args->src_type,
                       args->src,
                       args->src_pitch,
                       args->src_rows,
                       {args->src_x, args->src_y, args->src_z}};
    struct side dst = {(CUmemorytype)args->dst_type,
                       args->dst,
                       args->dst_pitch,
                       args->dst_rows,
                       {args->dst_x, args->dst_y, args->dst_z}};
    struct spot from = {.address = 0};
    struct spot to = {.address = 0};
    CUresult cu = locate(x, args, &src, &from);

    if (cu == CUDA_SUCCESS) {
        cu = locate(x, args, &dst, &to);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *box =
        (CUDA_MEMCPY3D){.WidthInBytes = args->width, .Height = args->height, .Depth = args->depth};
    describe_src(&src, &from, box);
    describe_dst(&dst, &to, box);
    return CUDA_SUCCESS;
}

CUresult ex_do_vgpuCopy3D(struct ex_session *session, const struct vgpu_args_vgpuCopy3D *args,
                          struct vgpu_ret_vgpuCopy3D *ret)
{
    CUDA_MEMCPY3D box = {.srcXInBytes = 0};
    struct ex_stream *s = NULL;
    CUresult cu = ex_stream_enter(session, args->stream, &s);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = ex_box_describe(session, args, &box);
    }
    if (cu == CUDA_SUCCESS) {
        cu = session->driver->cuMemcpy3DAsync(&box, s->cu);
    }
    if (cu == CUDA_SUCCESS) {
        ex_stream_entered(session, s);
    }
    return cu;
}

static CUresult call_fill(const struct ex_driver *driver, const struct vgpu_args_vgpuFill2D *args,
                          CUstream stream)
{
    switch (args->element) {
    case 1:
        return driver->cuMemsetD2D8Async(args->dst, args->pitch, (unsigned char)args->value,
                                         args->width, args->height, stream);
    case 2:
        return driver->cuMemsetD2D16Async(args->dst, args->pitch, (unsigned short)args->value,
                                          args->width, args->height, stream);
    default:
        return driver->cuMemsetD2D32Async(args->dst, args->pitch, args->value, args->width,
                                          args->height, stream);
    }
}

CUresult ex_fill_check(struct ex_session *x, const struct vgpu_args_vgpuFill2D *args)
{
    uint64_t row;
    uint64_t span;

    if ((args->element != 1 && args->element != 2 && args->element != 4) || args->width == 0 ||
        args->height == 0 || args->dst % args->element != 0 || args->pitch % args->element != 0 ||
        !vgpu_u64_mul(args->width, args->element, &row) || args->pitch < row ||
        !vgpu_u64_mul(args->height - 1, args->pitch, &span) || !vgpu_u64_add(span, row, &span)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return ex_check_device(x, args->dst, span);
}

CUresult ex_do_vgpuFill2D(struct ex_session *session, const struct vgpu_args_vgpuFill2D *args,
                          struct vgpu_ret_vgpuFill2D *ret)
{
    struct ex_stream *s = NULL;
    CUresult cu = ex_stream_enter(session, args->stream, &s);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = ex_fill_check(session, args);
    }
    if (cu == CUDA_SUCCESS) {
        cu = call_fill(session->driver, args, s->cu);
    }
    if (cu == CUDA_SUCCESS) {
        ex_stream_entered(session, s);
    }
    return cu;
}
