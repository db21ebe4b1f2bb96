/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/image_send.h"

#include <stdbool.h>
#include <string.h>

#include "gs_calls.h"
#include "guest/libcuda/hostmem.h"
#include "guest/libcuda/image_pick.h"
#include "guest/libcuda/session.h"

#define ROOM_BYTES ((size_t)2 << 20)

void gs_image_room_init(struct gs_image_room *room)
{
    (void)pthread_mutex_init(&room->lock, NULL);
    room->offset = 0;
}

/* ---- in parts --------------------------------------------------------------- */

struct sending {
    struct gs_session *session;
    uint64_t size; /* of all */
    uint64_t sent;
    size_t held; /* in the room, not sent yet */
    CUresult cu;
};

static bool send_part(struct sending *sending)
{
    struct gs_session *s = sending->session;
    struct vgpu_args_vgpuImagePart args = {.image_size = sending->size,
                                           .at = sending->sent,
                                           .offset = s->image_room.offset,
                                           .bytes = sending->held};
    struct vgpu_ret_vgpuImagePart ret;

    sending->cu = gs_call_vgpuImagePart(s, &args, &ret);
    sending->sent += sending->held;
    sending->held = 0;
    return sending->cu == CUDA_SUCCESS;
}

static bool add(void *arg, const uint8_t *bytes, size_t size)
{
    struct sending *sending = arg;
    uint8_t *room = sending->session->window + sending->session->image_room.offset;

    while (size > 0) {
        size_t free = ROOM_BYTES - sending->held;
        size_t part = size < free ? size : free;

        memcpy(room + sending->held, bytes, part);
        sending->held += part;
        bytes += part;
        size -= part;
        if (sending->held == ROOM_BYTES && !send_part(sending)) {
            return false;
        }
    }
    return true;
}

static CUresult send_parts(struct gs_session *s, const struct gs_pick *pick)
{
    struct sending sending = {.session = s, .size = pick->bytes, .cu = CUDA_SUCCESS};
    bool all = gs_pick_each(pick, add, &sending) && (sending.held == 0 || send_part(&sending));

    return all || sending.cu != CUDA_SUCCESS ? sending.cu : CUDA_ERROR_INVALID_IMAGE;
}

/* ---- whole ------------------------------------------------------------------ */

static CUresult send_at(struct gs_session *s, const struct gs_pick *pick, uint64_t offset,
                        struct vgpu_args_cuModuleLoadDataEx *args,
                        struct vgpu_ret_cuModuleLoadDataEx *ret)
{
    CUresult cu = gs_pick_copy(pick, s->window + offset);

    args->image_offset = offset;
    return cu == CUDA_SUCCESS ? gs_call_cuModuleLoadDataEx(s, args, ret) : cu;
}

static CUresult send_borrowed(struct gs_session *s, const struct gs_pick *pick,
                              struct vgpu_args_cuModuleLoadDataEx *args,
                              struct vgpu_ret_cuModuleLoadDataEx *ret)
{
    uint64_t offset;
    CUresult cu = gs_hostmem_borrow(&s->host, pick->bytes, &offset);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = send_at(s, pick, offset, args, ret);
    gs_hostmem_return(s, offset, pick->bytes);
    return cu;
}

/* True with the lock: the room is there and nobody else has it. */
static bool take_room(struct gs_session *s)
{
    struct gs_image_room *room = &s->image_room;

    if (pthread_mutex_trylock(&room->lock) != 0) {
        return false;
    }
    if (room->offset == 0 &&
        gs_hostmem_borrow(&s->host, ROOM_BYTES, &room->offset) != CUDA_SUCCESS) {
        room->offset = 0;
        (void)pthread_mutex_unlock(&room->lock);
        return false;
    }
    return true;
}

CUresult gs_image_send(struct gs_session *s, const struct gs_pick *pick,
                       struct vgpu_args_cuModuleLoadDataEx *args,
                       struct vgpu_ret_cuModuleLoadDataEx *ret)
{
    CUresult cu;

    if (!take_room(s)) {
        return send_borrowed(s, pick, args, ret);
    }
    if (pick->bytes <= ROOM_BYTES) {
        cu = send_at(s, pick, s->image_room.offset, args, ret);
    } else {
        cu = send_parts(s, pick);
        args->in_parts = 1;
        if (cu == CUDA_SUCCESS) {
            cu = gs_call_cuModuleLoadDataEx(s, args, ret);
        }
    }
    (void)pthread_mutex_unlock(&s->image_room.lock);
    return cu;
}
