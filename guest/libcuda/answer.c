/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/link.h"

#include <string.h>

#include "vgpu_ops.h"

/* Control frames keep their length prefix: a record's length is rounded up. */
static bool take_frame(struct gs_link *link, const uint8_t *body, size_t len)
{
    Vgpu__Frame *frame;
    uint32_t size;

    if (len < sizeof(size)) {
        return false;
    }
    memcpy(&size, body, sizeof(size));
    if (size == 0 || size > len - sizeof(size) ||
        vgpu_frame_unpack(&link->arena, body + sizeof(size), size, &frame) != 0) {
        return false;
    }
    link->on_frame(link->owner, frame);
    return true;
}

static bool take_answer(struct gs_link *link, const struct vgpu_record *record, const uint8_t *body,
                        size_t len)
{
    struct gs_answer *answer = NULL;
    struct vgpu_answer head;

    if (record->lane < VGPU_LANES_MAX) {
        answer = link->answers[record->lane];
    }
    if (answer == NULL || answer->sequence != record->sequence || len < sizeof(head)) {
        return false;
    }
    memcpy(&head, body, sizeof(head));
    len -= sizeof(head);
    if (len > answer->cap) {
        return false;
    }
    memcpy(answer->bytes, body + sizeof(head), len);
    answer->length = len;
    answer->result = head.result;
    answer->unknown = (record->flags & VGPU_RECORD_UNKNOWN) != 0;
    link->answers[record->lane] = NULL;
    atomic_store_explicit(&answer->done, true, memory_order_release);
    return true;
}

static bool take_record(struct gs_link *link, const struct vgpu_record *record, const uint8_t *body)
{
    size_t len = record->length - sizeof(*record);

    if (record->op == VGPU_OP_FRAME) {
        return take_frame(link, body, len);
    }
    if (record->op == VGPU_OP_vgpuHostCall) {
        return link->on_upcall != NULL && link->on_upcall(link->owner, record->op, body, len);
    }
    return take_answer(link, record, body, len);
}

/* Every whole record of the first `count` bytes of the inbox; false: the broker is broken. */
static bool take_records(struct gs_link *link, size_t count, size_t *taken)
{
    struct vgpu_record record;
    ssize_t len = 1;

    for (*taken = 0; *taken < count && len > 0; *taken += (size_t)len) {
        len = vgpu_record_peek(link->inbox + *taken, count - *taken, &record);
        if (len > 0 && !take_record(link, &record, link->inbox + *taken + sizeof(record))) {
            return false;
        }
        if (len <= 0) {
            break;
        }
    }
    return len >= 0;
}

bool gs_link_read(struct gs_link *link)
{
    size_t taken = 0;
    ssize_t count = 0;
    bool sound = true;

    if (pthread_mutex_trylock(&link->read_lock) != 0) {
        return false;
    }
    if (vgpu_ring_ready(&link->complete)) {
        count = vgpu_ring_peek(&link->complete, link->inbox, VGPU_CHANNEL_COMPLETE_BYTES);
        sound = count >= 0 && take_records(link, (size_t)count, &taken);
        if (sound && taken > 0 && vgpu_ring_consume(&link->complete, taken)) {
            (void)gs_channel_ring(&link->channel);
        }
    }
    (void)pthread_mutex_unlock(&link->read_lock);
    if (!sound) {
        gs_link_break(link, CUDA_ERROR_LAUNCH_FAILED);
    }
    return taken > 0;
}
