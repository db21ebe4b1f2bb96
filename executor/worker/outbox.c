/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/outbox.h"

#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "executor/worker/exit_status.h"
#include "executor/worker/guest_order.h"

void ex_outbox_init(struct ex_outbox *outbox, struct vgpu_frame_socket *socket)
{
    (void)pthread_mutex_init(&outbox->lock, NULL);
    outbox->socket = socket;
    outbox->usage = NULL;
    outbox->usage_told = 0;
    outbox->used = 0;
}

void ex_outbox_watch(struct ex_outbox *outbox, const _Atomic uint64_t *usage)
{
    (void)pthread_mutex_lock(&outbox->lock);
    outbox->usage = usage;
    (void)pthread_mutex_unlock(&outbox->lock);
}

/* The lock is held. */
static void send_frame(struct ex_outbox *outbox, const Vgpu__Frame *frame)
{
    int rc;

    ex_guest_is_told(outbox->socket);
    rc = vgpu_frame_socket_send(outbox->socket, frame, NULL, 0);
    if (rc < 0) {
        vgpu_log(VGPU_LOG_INFO, "the pipe is gone frame=%s error=%d",
                 vgpu_frame_name(frame->kind_case), -rc);
        _exit(EX_EXIT_PEER);
    }
}

/* The lock is held.  Who has the answer of an allocation finds it counted. */
static void tell_usage(struct ex_outbox *outbox)
{
    Vgpu__Usage usage = VGPU__USAGE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint64_t now = outbox->usage != NULL ? atomic_load(outbox->usage) : outbox->usage_told;

    if (now == outbox->usage_told) {
        return;
    }
    outbox->usage_told = now;
    usage.memory_used = now;
    frame.kind_case = VGPU__FRAME__KIND_USAGE;
    frame.usage = &usage;
    send_frame(outbox, &frame);
}

/* The lock is held. */
static void send_batch(struct ex_outbox *outbox)
{
    Vgpu__Complete complete = VGPU__COMPLETE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    if (outbox->used == 0) {
        return;
    }
    tell_usage(outbox);
    complete.records.data = outbox->batch;
    complete.records.len = outbox->used;
    frame.kind_case = VGPU__FRAME__KIND_COMPLETE;
    frame.complete = &complete;
    outbox->used = 0;
    send_frame(outbox, &frame);
}

void ex_outbox_answer(struct ex_outbox *outbox, const struct vgpu_record *request, uint16_t flags,
                      const struct ex_reply *reply, bool flush)
{
    struct vgpu_answer answer = {.result = (int32_t)reply->cu};
    struct vgpu_record record = {
        .op = request->op,
        .length = vgpu_record_length(sizeof(answer) + reply->len),
        .sequence = request->sequence,
        .lane = request->lane,
        .flags = flags,
    };

    (void)pthread_mutex_lock(&outbox->lock);
    if (record.length > sizeof(outbox->batch) - outbox->used) {
        send_batch(outbox);
    }
    uint8_t *at = outbox->batch + outbox->used;

    /* Padding must not show what an earlier batch held. */
    memset(at + record.length - VGPU_RECORD_ALIGN, 0, VGPU_RECORD_ALIGN);
    memcpy(at, &record, sizeof(record));
    memcpy(at + sizeof(record), &answer, sizeof(answer));
    memcpy(at + sizeof(record) + sizeof(answer), reply->body, reply->len);
    outbox->used += record.length;
    if (flush) {
        send_batch(outbox);
    }
    (void)pthread_mutex_unlock(&outbox->lock);
}

void ex_outbox_upcall(struct ex_outbox *outbox, uint32_t op, const uint8_t *body, size_t len)
{
    struct vgpu_record record = {.op = op, .length = vgpu_record_length(len)};

    (void)pthread_mutex_lock(&outbox->lock);
    if (record.length > sizeof(outbox->batch) - outbox->used) {
        send_batch(outbox);
    }
    uint8_t *at = outbox->batch + outbox->used;

    memset(at + record.length - VGPU_RECORD_ALIGN, 0, VGPU_RECORD_ALIGN);
    memcpy(at, &record, sizeof(record));
    memcpy(at + sizeof(record), body, len);
    outbox->used += record.length;
    send_batch(outbox);
    (void)pthread_mutex_unlock(&outbox->lock);
}

void ex_outbox_flush(struct ex_outbox *outbox)
{
    (void)pthread_mutex_lock(&outbox->lock);
    send_batch(outbox);
    (void)pthread_mutex_unlock(&outbox->lock);
}

void ex_outbox_send(struct ex_outbox *outbox, const Vgpu__Frame *frame)
{
    (void)pthread_mutex_lock(&outbox->lock);
    send_batch(outbox);
    send_frame(outbox, frame);
    (void)pthread_mutex_unlock(&outbox->lock);
}

void ex_outbox_last(struct ex_outbox *outbox, const Vgpu__Frame *frame, int status)
{
    (void)pthread_mutex_lock(&outbox->lock);
    send_batch(outbox);
    send_frame(outbox, frame);
    _exit(status);
}
