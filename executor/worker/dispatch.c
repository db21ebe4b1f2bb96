/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/dispatch.h"

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "executor/worker/crash.h"
#include "executor/worker/error.h"
#include "executor/worker/session.h"

static bool wants_answer(const struct ex_op *op, const struct vgpu_record *record)
{
    return op->info->class == VGPU_OP_ROUND_TRIP || (record->flags & VGPU_RECORD_ANSWER) != 0;
}

/* Helpers hold no lock of their own; operations of the dispatcher run as there. */
static int run_once(struct ex_session *x, const struct ex_op *op, const struct vgpu_record *record,
                    const uint8_t *body, size_t len, struct ex_reply *reply)
{
    int rc;

    reply->len = 0;
    ex_crash_operation = op->info;
    if (op->info->blocking) {
        rc = op->run(x, record, body, len, reply);
    } else {
        (void)pthread_mutex_lock(&x->objects);
        rc = op->run(x, record, body, len, reply);
        (void)pthread_mutex_unlock(&x->objects);
    }
    ex_crash_operation = NULL;
    return rc;
}

static int run_helper(struct ex_session *x, const struct ex_op *op,
                      const struct vgpu_record *record, const uint8_t *body, size_t len,
                      struct ex_reply *reply)
{
    int rc;

    ex_room_begin();
    rc = run_once(x, op, record, body, len, reply);
    while (ex_room_is_wanted() && ex_room_ask(x)) {
        rc = run_once(x, op, record, body, len, reply);
        ex_room_done(x);
    }
    return rc;
}

static void finish(struct ex_session *x, const struct ex_op *op, const struct vgpu_record *record,
                   struct ex_reply *reply, int rc, bool flush)
{
    if (rc == -EPROTO) {
        ex_session_broken(x, op->info->name);
    }
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "results do not fit operation=%s error=%d", op->info->name, -rc);
        reply->cu = CUDA_ERROR_OUT_OF_MEMORY;
        reply->len = 0;
    }
    if (ex_error_is_sticky(reply->cu)) {
        /* Before the answer: whoever has it must not find a later call succeed. */
        ex_session_poison(x, reply->cu);
    }
    if (x->memory != NULL) {
        ex_room_settle(x);
    }
    if (wants_answer(op, record)) {
        ex_outbox_answer(x->outbox, record, 0, reply, flush);
    } else if (reply->cu != CUDA_SUCCESS && !ex_error_is_sticky(reply->cu)) {
        /* The guest's checks let through what native would have refused at the call. */
        vgpu_log(VGPU_LOG_ERROR, "one-way operation refused operation=%s result=%d", op->info->name,
                 (int)reply->cu);
        ex_session_fatal(x, reply->cu, op->info->name);
    }
    if (ex_error_is_sticky(reply->cu)) {
        ex_session_fatal(x, reply->cu, op->info->name);
    }
}

static struct ex_reply reply_in(uint8_t *room)
{
    return (struct ex_reply){
        .body = room,
        .cap = VGPU_RECORD_BYTES_MAX - VGPU_RECORD_HEADER_BYTES - sizeof(struct vgpu_answer),
    };
}

void ex_dispatch_help(struct ex_session *x, const struct ex_op *op,
                      const struct vgpu_record *record, const uint8_t *body, size_t len,
                      uint8_t *room)
{
    struct ex_reply reply = reply_in(room);
    int rc = run_helper(x, op, record, body, len, &reply);

    finish(x, op, record, &reply, rc, true);
}

/* A guest that makes operations up fills no log. */
static bool is_news(struct ex_session *x, uint32_t op)
{
    for (uint32_t i = 0; i < x->unknown_count; i++) {
        if (x->unknown_logged[i] == op) {
            return false;
        }
    }
    if (x->unknown_count == EX_UNKNOWN_LOGGED) {
        return false;
    }
    x->unknown_logged[x->unknown_count++] = op;
    return true;
}

static void answer_unknown(struct ex_session *x, const struct vgpu_record *record)
{
    uint8_t none[1] = {0};
    struct ex_reply reply = {.cu = CUDA_ERROR_NOT_SUPPORTED, .body = none, .cap = 0, .len = 0};

    if (is_news(x, record->op)) {
        vgpu_log(VGPU_LOG_NOTICE, "operation not known operation=%#x", record->op);
    }
    if ((record->flags & VGPU_RECORD_ANSWER) != 0) {
        ex_outbox_answer(x->outbox, record, VGPU_RECORD_UNKNOWN, &reply, false);
    } else {
        /* Nobody waits: the guest would go on as if it had been done. */
        ex_session_fatal(x, CUDA_ERROR_LAUNCH_FAILED, "unknown one-way operation");
    }
}

static void queue(struct ex_session *x, const struct ex_op *op, const struct vgpu_record *record,
                  const uint8_t *body, size_t len)
{
    int rc;

    rc = ex_helpers_queue(x->helpers, x, op, record, body, len);
    if (rc < 0) {
        ex_session_broken(x, rc == -ENOBUFS ? "too many blocking calls" : "no memory");
    }
}

static void dispatch_one(struct ex_session *x, const struct vgpu_record *record,
                         const uint8_t *body, size_t len)
{
    static uint8_t room[VGPU_RECORD_BYTES_MAX]; /* the dispatcher's */
    const struct ex_op *op = ex_ops_find(record->op);

    if (op == NULL) {
        answer_unknown(x, record);
        return;
    }
    if (!op->info->blocking) {
        struct ex_reply reply = reply_in(room);
        int rc;

        ex_room_begin();
        rc = run_once(x, op, record, body, len, &reply);
        if (!ex_room_is_wanted()) {
            finish(x, op, record, &reply, rc, false);
            return;
        }
    }
    queue(x, op, record, body, len);
}

void ex_dispatch_batch(struct ex_session *x, const uint8_t *records, size_t len)
{
    size_t at = 0;

    while (at < len) {
        struct vgpu_record record;
        ssize_t size = vgpu_record_peek(records + at, len - at, &record);

        if (size <= 0 || (size_t)size > len - at) {
            ex_session_broken(x, "records that do not frame");
        }
        dispatch_one(x, &record, records + at + sizeof(record), (size_t)size - sizeof(record));
        at += (size_t)size;
    }
    ex_outbox_flush(x->outbox);
}
