/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/session.h"

#include <string.h>

#include "guest/libcuda/console.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/stream.h"
#include "guest/libcuda/thread.h"

_Atomic uint32_t gs_sticky;

CUresult gs_session_end(struct gs_session *s)
{
    CUresult cu = gs_process_sticky();

    if (__builtin_expect(cu != CUDA_SUCCESS, 0)) {
        return cu;
    }
    cu = gs_link_error(&s->link);
    if (__builtin_expect(cu != CUDA_SUCCESS, 0)) {
        gs_console_drain(&s->link);
        gs_process_set_sticky(cu);
    }
    return cu;
}

static CUresult exchange(struct gs_session *s, struct gs_thread *thread,
                         const struct gs_outgoing *out)
{
    CUresult cu = gs_link_write(&s->link, thread, out);

    gs_bump(&thread->round_trip);
    if (cu == CUDA_SUCCESS) {
        cu = gs_link_await(&s->link, thread, out->answer);
    }
    return cu;
}

static void write_bytes(uint8_t *body, size_t len, const void *from)
{
    memcpy(body, from, len);
}

CUresult gs_session_call(struct gs_session *s, uint32_t op, const uint8_t *body, size_t len,
                         uint8_t *ret, size_t ret_cap, size_t *ret_len)
{
    struct gs_thread *thread = gs_thread_get();
    struct gs_answer answer = {.bytes = ret, .cap = ret_cap};
    const struct gs_outgoing out = {
        .op = op, .len = len, .write = write_bytes, .from = body, .answer = &answer};
    CUresult cu;

    *ret_len = 0;
    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = gs_deferred_pay(s, &s->deferred);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = exchange(s, thread, &out);
    *ret_len = answer.length;
    return cu;
}

/* An operation of a stream that the worker may refuse counts once it has not; until then nobody
 * takes the stream for one that has only copies. */
static CUresult send_asked(struct gs_session *s, struct gs_thread *thread, struct gs_outgoing out)
{
    struct gs_stream *stream = thread->tally.stream;
    uint32_t count = thread->tally.count;
    bool small_copy = thread->tally.small_copy;
    uint8_t none[8];
    struct gs_answer answer = {.bytes = none, .cap = sizeof(none)};
    CUresult cu;

    thread->tally.later = stream != NULL;
    (void)atomic_fetch_add(&s->deferred.asking, 1);
    out.answer = &answer;
    cu = exchange(s, thread, &out);
    if (cu == CUDA_SUCCESS && stream != NULL) {
        gs_lock_take(&s->link.submit_lock);
        thread->tally.number = gs_stream_count(stream, count, small_copy);
        gs_lock_give(&s->link.submit_lock);
    }
    (void)atomic_fetch_sub(&s->deferred.asking, 1);
    return cu;
}

CUresult gs_session_write(struct gs_session *s, uint32_t op, size_t len, gs_write *write,
                          const void *from)
{
    const struct gs_outgoing out = {.op = op, .len = len, .write = write, .from = from};
    struct gs_thread *thread = gs_thread_get();

    if (__builtin_expect(thread == NULL, 0)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (__builtin_expect(thread->ask, 0)) {
        thread->ask = false;
        return send_asked(s, thread, out);
    }
    gs_bump(&thread->one_way);
    return gs_link_write(&s->link, thread, &out);
}

CUresult gs_session_send(struct gs_session *s, uint32_t op, const uint8_t *body, size_t len)
{
    return gs_session_write(s, op, len, write_bytes, body);
}

uint8_t *gs_session_scratch(struct gs_session *s)
{
    (void)s;
    return gs_thread_buffer(gs_thread_get(), GS_BUFFER_SCRATCH);
}

void gs_session_ask(void)
{
    gs_thread_get()->ask = true;
}
