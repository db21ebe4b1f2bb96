/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/copy.h"

#include <string.h>

#include "common/overflow.h"
#include "gs_calls.h"
#include "guest/libcuda/capture.h"
#include "guest/libcuda/address.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/deferred.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/registration.h"
#include "guest/libcuda/stream.h"
#include "guest/libcuda/virtual_memory.h"

/* Pinned bytes up to here may be taken at the call. */
#define TAKEN_BYTES (64u << 10)

static bool elsewhere(const struct gs_session *s, uint64_t address)
{
    struct gs_alloc alloc;

    for (int i = 0; i < gs_device_count(); i++) {
        struct gs_session *other = atomic_load(&gs_device_find(i)->session);

        if (other != NULL && other != s && gs_alloc_map_find(&other->allocs, address, &alloc)) {
            return !gs_alloc_is_host(&alloc); /* pinned for another is pageable here */
        }
    }
    return false;
}

/* Mappings side by side are one to a copy. */
static enum gs_place place_in_mappings(struct gs_session *s, uint64_t address, size_t bytes,
                                       bool write)
{
    uint32_t need = write ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_READ;
    struct gs_alloc alloc;
    size_t here;

    for (;;) {
        if (!gs_alloc_map_find(&s->allocs, address, &alloc) || alloc.kind != GS_ALLOC_MAPPED ||
            (alloc.access & need) != need) {
            return GS_PLACE_BEYOND;
        }
        here = alloc.size - (address - alloc.base);
        if (here >= bytes) {
            return GS_PLACE_DEVICE;
        }
        address += here;
        bytes -= here;
    }
}

static enum gs_place place_outside(struct gs_session *s, uint64_t address)
{
    uint64_t base;
    uint64_t bytes;

    if (elsewhere(s, address)) {
        return GS_PLACE_OTHER_DEVICE;
    }
    return gs_address_is_device(address) || gs_reservation_find(address, &base, &bytes)
               ? GS_PLACE_BEYOND
               : GS_PLACE_PAGEABLE;
}

enum gs_place gs_place_of(struct gs_session *s, uint64_t *address, size_t bytes, bool write)
{
    struct gs_alloc alloc;

    if (!gs_alloc_map_find(&s->allocs, *address, &alloc)) {
        return place_outside(s, *address);
    }
    if (alloc.kind == GS_ALLOC_MAPPED) {
        return place_in_mappings(s, *address, bytes, write);
    }
    if (bytes > alloc.size - (*address - alloc.base)) {
        return GS_PLACE_BEYOND;
    }
    if (alloc.kind == GS_ALLOC_REGISTERED) {
        *address = gs_registration_alias(s, &alloc, *address);
    }
    return gs_alloc_is_host(&alloc) ? GS_PLACE_PINNED : GS_PLACE_DEVICE;
}

bool gs_copy_span(const struct gs_copy *copy, const struct gs_end *end, uint64_t *span)
{
    uint64_t rows;
    uint64_t bytes;

    return vgpu_u64_mul(copy->depth - 1, end->rows, &rows) &&
           vgpu_u64_add(rows, copy->height - 1, &rows) && vgpu_u64_mul(rows, end->pitch, &bytes) &&
           vgpu_u64_add(bytes, copy->width, span);
}

/* No gap between rows or slices. */
static bool is_flat(const struct gs_copy *copy, const struct gs_end *end)
{
    if (end->place == GS_PLACE_ARRAY) {
        return false;
    }
    return copy->height * copy->depth == 1 ||
           (end->pitch == copy->width && (copy->depth == 1 || end->rows == copy->height));
}

/* A copy without gaps at either end has one dimension. */
static struct gs_copy flattened(const struct gs_copy *copy)
{
    struct gs_copy flat = *copy;

    if (is_flat(copy, &copy->dst) && is_flat(copy, &copy->src)) {
        flat.width = copy->width * copy->height * copy->depth;
        flat.height = 1;
        flat.depth = 1;
    }
    return flat;
}

static uint64_t window_offset(const struct gs_session *s, uint64_t address)
{
    return address - (uint64_t)(uintptr_t)s->window;
}

static bool is_device(const struct gs_end *end)
{
    return end->place == GS_PLACE_DEVICE || end->place == GS_PLACE_ARRAY;
}

static uint32_t device_type(const struct gs_end *end)
{
    return end->place == GS_PLACE_ARRAY ? CU_MEMORYTYPE_ARRAY : CU_MEMORYTYPE_DEVICE;
}

/* A box, or a row of an array. */
static bool needs_box(const struct gs_copy *copy)
{
    return copy->height * copy->depth > 1 || copy->dst.place == GS_PLACE_ARRAY ||
           copy->src.place == GS_PLACE_ARRAY;
}

/* A single row needs no pitch, but the driver wants one. */
static uint64_t pitch_of(const struct gs_copy *copy, const struct gs_end *end)
{
    return copy->height * copy->depth > 1 ? end->pitch : copy->width;
}

static uint64_t rows_of(const struct gs_copy *copy, const struct gs_end *end)
{
    return copy->depth > 1 ? end->rows : copy->height;
}

static CUresult send_box(const struct gs_copy *copy, uint64_t dst, uint32_t dst_type, uint64_t src,
                         uint32_t src_type)
{
    struct vgpu_args_vgpuCopy3D args = {
        .dst = dst,
        .dst_pitch = pitch_of(copy, &copy->dst),
        .dst_rows = rows_of(copy, &copy->dst),
        .dst_x = copy->dst.x,
        .dst_y = copy->dst.y,
        .dst_z = copy->dst.z,
        .dst_type = dst_type,
        .src = src,
        .src_pitch = pitch_of(copy, &copy->src),
        .src_rows = rows_of(copy, &copy->src),
        .src_x = copy->src.x,
        .src_y = copy->src.y,
        .src_z = copy->src.z,
        .src_type = src_type,
        .width = copy->width,
        .height = copy->height,
        .depth = copy->depth,
        .stream = copy->stream->wire,
    };

    return gs_send_vgpuCopy3D(copy->session, &args);
}

CUresult gs_copy_send_htod(const struct gs_copy *copy, uint64_t offset)
{
    struct vgpu_args_vgpuCopyHtoD args = {.dst = copy->dst.address,
                                          .offset = offset,
                                          .bytes = copy->width,
                                          .stream = copy->stream->wire};

    if (needs_box(copy)) {
        return send_box(copy, copy->dst.address, device_type(&copy->dst), offset,
                        CU_MEMORYTYPE_HOST);
    }
    return gs_send_vgpuCopyHtoD(copy->session, &args);
}

CUresult gs_copy_send_dtoh(const struct gs_copy *copy, uint64_t offset)
{
    struct vgpu_args_vgpuCopyDtoH args = {.offset = offset,
                                          .src = copy->src.address,
                                          .bytes = copy->width,
                                          .stream = copy->stream->wire};

    if (needs_box(copy)) {
        return send_box(copy, offset, CU_MEMORYTYPE_HOST, copy->src.address,
                        device_type(&copy->src));
    }
    return gs_send_vgpuCopyDtoH(copy->session, &args);
}

static CUresult send_dtod(const struct gs_copy *copy)
{
    struct vgpu_args_cuMemcpyDtoDAsync_v2 args = {.dst = copy->dst.address,
                                                  .src = copy->src.address,
                                                  .bytes = copy->width,
                                                  .stream = copy->stream->wire};

    if (needs_box(copy)) {
        return send_box(copy, copy->dst.address, device_type(&copy->dst), copy->src.address,
                        device_type(&copy->src));
    }
    return gs_send_cuMemcpyDtoDAsync_v2(copy->session, &args);
}

static void count(_Atomic uint64_t *total, const struct gs_copy *copy)
{
    (void)atomic_fetch_add_explicit(total, copy->width * copy->height * copy->depth,
                                    memory_order_relaxed);
}

CUresult gs_copy_direct(const struct gs_copy *copy)
{
    CUresult cu = gs_stream_room(copy->stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    gs_stream_sends(copy->stream, 1);
    if (is_device(&copy->dst) && copy->src.place == GS_PLACE_PINNED) {
        cu = gs_copy_send_htod(copy, window_offset(copy->session, copy->src.address));
        count(&gs_bytes_htod, copy);
    } else if (copy->dst.place == GS_PLACE_PINNED && is_device(&copy->src)) {
        cu = gs_copy_send_dtoh(copy, window_offset(copy->session, copy->dst.address));
        count(&gs_bytes_dtoh, copy);
    } else {
        cu = send_dtod(copy);
    }
    return gs_stream_sent(cu);
}

static CUresult on_host(const struct gs_copy *copy)
{
    CUresult cu = gs_stream_wait(copy->stream);

    for (uint64_t z = 0; z < copy->depth && cu == CUDA_SUCCESS; z++) {
        for (uint64_t y = 0; y < copy->height; y++) {
            uint64_t to = copy->dst.address + (y + z * copy->dst.rows) * copy->dst.pitch;
            uint64_t from = copy->src.address + (y + z * copy->src.rows) * copy->src.pitch;

            memmove((void *)(uintptr_t)to, (const void *)(uintptr_t)from, copy->width);
        }
    }
    return cu;
}

/* What waits for itself prints what was said before it; nothing else does. */
static CUresult from_pageable(const struct gs_copy *copy, bool wait)
{
    CUresult cu = gs_copy_from_pageable(copy);

    if (cu != CUDA_SUCCESS || !wait) {
        return cu;
    }
    return gs_console_owes(copy->session) ? gs_stream_wait(copy->stream)
                                          : gs_deferred_copied(copy->stream);
}

static CUresult to_pageable(const struct gs_copy *copy, bool wait)
{
    CUresult cu = gs_copy_to_pageable(copy);

    return cu == CUDA_SUCCESS && wait ? gs_console_flush_stream(copy->stream) : cu;
}

/*
 * A few pinned bytes for a stream that has nothing to wait for: the device could have read them by
 * the end of the call, so they are taken as pageable ones are, and a wait for them may be put off.
 */
static bool is_taken(const struct gs_copy *copy)
{
    return copy->src.place == GS_PLACE_PINNED && is_device(&copy->dst) &&
           copy->width <= TAKEN_BYTES && copy->height == 1 && copy->depth == 1 &&
           gs_deferred_may(copy->stream);
}

static CUresult run(const struct gs_copy *copy, bool wait)
{
    bool to_host = copy->dst.place == GS_PLACE_PAGEABLE;
    bool from_host = copy->src.place == GS_PLACE_PAGEABLE;
    CUresult cu;

    if ((to_host && !is_device(&copy->src)) || (from_host && copy->dst.place == GS_PLACE_PINNED)) {
        return on_host(copy);
    }
    if (to_host) {
        count(&gs_bytes_dtoh, copy);
        return to_pageable(copy, wait);
    }
    if (!wait && is_taken(copy)) {
        count(&gs_bytes_htod, copy);
        return gs_copy_from_pageable(copy);
    }
    if (from_host) {
        count(&gs_bytes_htod, copy);
        return from_pageable(copy, wait);
    }
    cu = gs_copy_direct(copy);
    if (cu != CUDA_SUCCESS || !wait) {
        return cu;
    }
    /* Between device addresses native does not wait either. */
    return is_device(&copy->dst) && is_device(&copy->src) ? gs_console_flush_stream(copy->stream)
                                                          : gs_stream_wait(copy->stream);
}

static CUresult run_or_capture(const struct gs_copy *copy, bool wait)
{
    CUresult cu = CUDA_SUCCESS;

    if (gs_stream_captures(copy->stream)) {
        return wait ? gs_capture_refuse(copy->stream, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED)
                    : gs_capture_copy(copy);
    }
    if (gs_captures_any()) { /* what the host copies sends nothing that would be refused */
        cu = gs_capture_room(copy->stream);
    }
    return cu == CUDA_SUCCESS ? run(copy, wait) : cu;
}

static CUresult run_flattened(const struct gs_copy *copy, bool wait)
{
    struct gs_copy flat = flattened(copy);

    return run_or_capture(&flat, wait);
}

CUresult gs_copy_run(const struct gs_copy *copy, bool wait)
{
    if (__builtin_expect(copy->height * copy->depth == 1, 1)) {
        return run_or_capture(copy, wait);
    }
    return run_flattened(copy, wait);
}
