/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/link.h"

#include <errno.h>
#include <string.h>

#include "guest/libcuda/session.h"
#include "guest/libcuda/stream.h"
#include "guest/libcuda/thread.h"

/* Records up to here that do not go into the ring in one piece are put together on the stack. */
#define SMALL_BYTES 512u

/* The broker takes the flag back when it has made room. */
static bool has_room(void *arg)
{
    struct gs_link *link = arg;

    return atomic_load_explicit(&link->submit.words->starved, memory_order_acquire) == 0;
}

static CUresult put_bytes(struct gs_link *link, const uint8_t *record, size_t len)
{
    int rc;

    while ((rc = vgpu_ring_put(&link->submit, record, len)) == -EAGAIN) {
        if (vgpu_ring_starve(&link->submit, len)) {
            CUresult cu = gs_link_wait(link, has_room, link, GS_SPIN);

            if (cu != CUDA_SUCCESS) {
                return cu;
            }
        }
    }
    if (rc != 0) {
        gs_link_break(link, CUDA_ERROR_LAUNCH_FAILED);
        return CUDA_ERROR_LAUNCH_FAILED;
    }
    return CUDA_SUCCESS;
}

static inline void write_record(uint8_t *record, const struct vgpu_record *header,
                                const struct gs_outgoing *out)
{
    /* Field by field: what was just written in parts is not read back as a whole. */
    struct vgpu_record *to = (struct vgpu_record *)(void *)record;

    memset(record + header->length - VGPU_RECORD_ALIGN, 0, VGPU_RECORD_ALIGN);
    to->op = header->op;
    to->length = header->length;
    to->sequence = header->sequence;
    to->lane = header->lane;
    to->flags = header->flags;
    if (out->len > 0) {
        out->write(record + sizeof(*to), out->len, out->from);
    }
}

/* At the ring's end, or when the ring is not known to have room. */
static __attribute__((noinline)) CUresult put_slowly(struct gs_link *link, struct gs_thread *thread,
                                                     struct vgpu_record header,
                                                     const struct gs_outgoing *out)
{
    GS_UNINITIALIZED _Alignas(8) uint8_t small[SMALL_BYTES];
    uint8_t *record = small;

    if (header.length > sizeof(small)) {
        record = gs_thread_buffer(thread, GS_BUFFER_RECORD);
        if (record == NULL) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
    }
    write_record(record, &header, out);
    return put_bytes(link, record, header.length);
}

static inline CUresult put(struct gs_link *link, struct gs_thread *thread,
                           const struct vgpu_record *header, const struct gs_outgoing *out)
{
    uint8_t *record = vgpu_ring_room(&link->submit, header->length);

    if (__builtin_expect(record != NULL, 1)) {
        write_record(record, header, out);
        vgpu_ring_publish(&link->submit, header->length);
    } else {
        CUresult cu = put_slowly(link, thread, *header, out);

        if (cu != CUDA_SUCCESS) {
            return cu;
        }
    }
    if (vgpu_ring_wants_wake(&link->submit)) {
        (void)gs_channel_ring(&link->channel);
    }
    return CUDA_SUCCESS;
}

/* With the lock, which is let go meanwhile: makes up for what is owed before the operation. */
static __attribute__((noinline)) CUresult
clear_debts(struct gs_link *link, const struct gs_stream *stream, bool small_copy)
{
    struct gs_deferred *deferred = &stream->session->deferred;
    CUresult cu = CUDA_SUCCESS;

    while (cu == CUDA_SUCCESS && gs_deferred_bars(deferred, stream, small_copy)) {
        gs_lock_give(&link->submit_lock);
        cu = gs_deferred_clear(deferred, stream, small_copy);
        gs_lock_take(&link->submit_lock);
    }
    return cu;
}

static __attribute__((noinline)) void file_answer(struct gs_link *link, uint32_t lane,
                                                  uint32_t sequence, struct gs_answer *answer)
{
    (void)pthread_mutex_lock(&link->read_lock);
    answer->sequence = sequence;
    link->answers[lane] = answer;
    (void)pthread_mutex_unlock(&link->read_lock);
}

static void forget_answer(struct gs_link *link, uint32_t lane)
{
    (void)pthread_mutex_lock(&link->read_lock);
    link->answers[lane] = NULL;
    (void)pthread_mutex_unlock(&link->read_lock);
}

/* Under the lock that makes the order of the process.  Nothing that an operation of a stream must
 * wait for comes up between the look for debts and its record. */
static inline CUresult submit(struct gs_link *link, struct gs_thread *thread,
                              const struct gs_outgoing *out)
{
    struct vgpu_record header = {.op = out->op,
                                 .length = vgpu_record_length(out->len),
                                 .lane = (uint16_t)thread->lane,
                                 .flags = out->answer != NULL ? VGPU_RECORD_ANSWER : 0};
    struct gs_stream *stream = thread->tally.stream;
    uint32_t count = thread->tally.count;
    bool small_copy = thread->tally.small_copy;
    bool later = thread->tally.later;
    CUresult cu = CUDA_SUCCESS;

    if (stream != NULL) {
        /* What is sent meanwhile, to make up for something, is not the stream's. */
        thread->tally.stream = NULL;
        thread->tally.later = false;
        if (gs_deferred_owes(&stream->session->deferred)) {
            cu = clear_debts(link, stream, small_copy);
        }
    }
    if (__builtin_expect(cu != CUDA_SUCCESS, 0)) {
        return cu;
    }
    header.sequence = ++link->sequence;
    if (out->answer != NULL) {
        file_answer(link, header.lane, header.sequence, out->answer);
    }
    cu = put(link, thread, &header, out);
    if (stream != NULL && !later && cu == CUDA_SUCCESS) {
        thread->tally.number = gs_stream_count(stream, count, small_copy);
    }
    return cu;
}

/* An error, when nothing can be sent any more. */
static inline CUresult look(struct gs_link *link)
{
    CUresult cu = gs_link_error(link);

    return cu == CUDA_SUCCESS && !gs_link_is_there(link) ? CUDA_ERROR_LAUNCH_FAILED : cu;
}

static __attribute__((noinline)) CUresult give_up(struct gs_link *link, struct gs_thread *thread,
                                                  const struct gs_outgoing *out, CUresult cu)
{
    thread->tally.stream = NULL;
    thread->tally.later = false;
    if (out->answer != NULL) {
        forget_answer(link, thread->lane);
    }
    return cu;
}

CUresult gs_link_write(struct gs_link *link, struct gs_thread *thread,
                       const struct gs_outgoing *out)
{
    CUresult cu = look(link);

    if (__builtin_expect(out->len > VGPU_RECORD_BYTES_MAX - VGPU_RECORD_HEADER_BYTES, 0)) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (__builtin_expect(cu == CUDA_SUCCESS, 1)) {
        gs_lock_take(&link->submit_lock);
        cu = submit(link, thread, out);
        gs_lock_give(&link->submit_lock);
    }
    return __builtin_expect(cu == CUDA_SUCCESS, 1) ? cu : give_up(link, thread, out, cu);
}

static void write_bytes(uint8_t *body, size_t len, const void *from)
{
    memcpy(body, from, len);
}

CUresult gs_link_put(struct gs_link *link, struct gs_thread *thread, uint32_t op,
                     const uint8_t *body, size_t len, struct gs_answer *answer)
{
    const struct gs_outgoing out = {
        .op = op, .len = len, .write = write_bytes, .from = body, .answer = answer};

    return gs_link_write(link, thread, &out);
}

static bool is_answered(void *arg)
{
    struct gs_answer *answer = arg;

    return atomic_load_explicit(&answer->done, memory_order_acquire);
}

CUresult gs_link_await(struct gs_link *link, struct gs_thread *thread, struct gs_answer *answer)
{
    CUresult cu = gs_link_wait(link, is_answered, answer, GS_SPIN);

    if (cu != CUDA_SUCCESS) {
        /* Who reads the ring now must not write to a frame that is gone. */
        forget_answer(link, thread->lane);
        return cu;
    }
    return answer->unknown ? CUDA_ERROR_NOT_SUPPORTED : (CUresult)answer->result;
}

CUresult gs_link_frame(struct gs_link *link, struct gs_thread *thread, const Vgpu__Frame *frame)
{
    uint8_t bytes[1024];
    ssize_t len = vgpu_frame_pack(frame, bytes, sizeof(bytes));

    if (len < 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return gs_link_put(link, thread, VGPU_OP_FRAME, bytes, (size_t)len, NULL);
}
