/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/link.h"

#include <errno.h>
#include <string.h>

#include "guest/libcuda/session.h"
#include "guest/libcuda/stream.h"
#include "guest/libcuda/thread.h"

/* Most records are small: those are put together on the stack. */
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
            CUresult cu = gs_link_wait(link, has_room, link);

            if (cu != CUDA_SUCCESS) {
                return cu;
            }
        }
    }
    if (rc != 0) {
        gs_link_break(link, CUDA_ERROR_LAUNCH_FAILED);
        return CUDA_ERROR_LAUNCH_FAILED;
    }
    if (vgpu_ring_wants_wake(&link->submit)) {
        (void)gs_channel_ring(&link->channel);
    }
    return CUDA_SUCCESS;
}

/* Takes the lock that makes the order of the process.  Nothing that an operation of a stream must
 * wait for comes up between that and its record. */
static CUresult lock_order(struct gs_link *link, const struct gs_tally *tally)
{
    (void)pthread_mutex_lock(&link->submit_lock);
    while (tally->stream != NULL &&
           gs_deferred_bars(&tally->stream->session->deferred, tally->stream, tally->small_copy)) {
        CUresult cu;

        (void)pthread_mutex_unlock(&link->submit_lock);
        cu = gs_deferred_clear(&tally->stream->session->deferred, tally->stream, tally->small_copy);
        if (cu != CUDA_SUCCESS) {
            return cu;
        }
        (void)pthread_mutex_lock(&link->submit_lock);
    }
    return CUDA_SUCCESS;
}

/* Finishes the header in `record` under that lock. */
static CUresult submit(struct gs_link *link, uint8_t *record, struct vgpu_record *header,
                       struct gs_answer *answer, struct gs_tally *tally)
{
    CUresult cu = gs_link_error(link);

    if (cu == CUDA_SUCCESS && !gs_link_is_there(link)) {
        cu = CUDA_ERROR_LAUNCH_FAILED;
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = lock_order(link, tally);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    header->sequence = ++link->sequence;
    if (answer != NULL) {
        (void)pthread_mutex_lock(&link->read_lock);
        answer->sequence = header->sequence;
        link->answers[header->lane] = answer;
        (void)pthread_mutex_unlock(&link->read_lock);
    }
    memcpy(record, header, sizeof(*header));
    cu = put_bytes(link, record, header->length);
    if (tally->stream != NULL && !tally->later && cu == CUDA_SUCCESS) {
        gs_stream_count(tally);
    }
    (void)pthread_mutex_unlock(&link->submit_lock);
    return cu;
}

/* What is sent meanwhile, to make up for something, is not the stream's. */
static CUresult submit_counted(struct gs_link *link, struct gs_thread *thread, uint8_t *record,
                               struct vgpu_record *header, struct gs_answer *answer)
{
    struct gs_tally tally = thread->tally;
    CUresult cu;

    thread->tally.stream = NULL;
    thread->tally.later = false;
    cu = submit(link, record, header, answer, &tally);
    thread->tally.number = tally.number;
    return cu;
}

static void forget_answer(struct gs_link *link, uint32_t lane)
{
    (void)pthread_mutex_lock(&link->read_lock);
    link->answers[lane] = NULL;
    (void)pthread_mutex_unlock(&link->read_lock);
}

CUresult gs_link_put(struct gs_link *link, struct gs_thread *thread, uint32_t op,
                     const uint8_t *body, size_t len, struct gs_answer *answer)
{
    GS_UNINITIALIZED _Alignas(8) uint8_t small[SMALL_BYTES];
    struct vgpu_record header = {.op = op,
                                 .length = vgpu_record_length(len),
                                 .lane = (uint16_t)thread->lane,
                                 .flags = answer != NULL ? VGPU_RECORD_ANSWER : 0};
    uint8_t *record = small;
    CUresult cu;

    if (len > VGPU_RECORD_BYTES_MAX - sizeof(header)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (header.length > sizeof(small)) {
        record = gs_thread_buffer(thread, GS_BUFFER_RECORD);
        if (record == NULL) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
    }
    memset(record + header.length - VGPU_RECORD_ALIGN, 0, VGPU_RECORD_ALIGN);
    if (len > 0) {
        memcpy(record + sizeof(header), body, len);
    }
    cu = submit_counted(link, thread, record, &header, answer);
    if (cu != CUDA_SUCCESS && answer != NULL) {
        forget_answer(link, thread->lane);
    }
    return cu;
}

static bool is_answered(void *arg)
{
    struct gs_answer *answer = arg;

    return atomic_load_explicit(&answer->done, memory_order_acquire);
}

CUresult gs_link_await(struct gs_link *link, struct gs_thread *thread, struct gs_answer *answer)
{
    CUresult cu = gs_link_wait(link, is_answered, answer);

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
