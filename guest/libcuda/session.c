/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/session.h"

#include <string.h>

#include "guest/libcuda/console.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/stream.h"
#include "guest/libcuda/thread.h"

CUresult gs_session_error(struct gs_session *s)
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

struct gs_session *gs_session_of(uint64_t handle, enum vgpu_handle_kind kind)
{
    struct gs_device *device;
    struct gs_session *s;

    if (vgpu_handle_kind_of(handle) != kind) {
        return NULL;
    }
    device = gs_device_find((CUdevice)((handle >> 28) & 0xf));
    s = device != NULL ? atomic_load(&device->session) : NULL;
    return s != NULL && s->streams != NULL ? s : NULL;
}

static CUresult exchange(struct gs_session *s, struct gs_thread *thread, uint32_t op,
                         const uint8_t *body, size_t len, struct gs_answer *answer)
{
    CUresult cu = gs_link_put(&s->link, thread, op, body, len, answer);

    gs_bump(&thread->round_trip);
    if (cu == CUDA_SUCCESS) {
        cu = gs_link_await(&s->link, thread, answer);
    }
    return cu;
}

CUresult gs_session_call(struct gs_session *s, uint32_t op, const uint8_t *body, size_t len,
                         uint8_t *ret, size_t ret_cap, size_t *ret_len)
{
    struct gs_thread *thread = gs_thread_get();
    struct gs_answer answer = {.bytes = ret, .cap = ret_cap};
    CUresult cu;

    *ret_len = 0;
    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = gs_deferred_pay(s, &s->deferred);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = exchange(s, thread, op, body, len, &answer);
    *ret_len = answer.length;
    return cu;
}

/* An operation of a stream that the worker may refuse counts once it has not; until then nobody
 * takes the stream for one that has only copies. */
static CUresult send_asked(struct gs_session *s, struct gs_thread *thread, uint32_t op,
                           const uint8_t *body, size_t len)
{
    struct gs_tally tally = thread->tally;
    uint8_t none[8];
    struct gs_answer answer = {.bytes = none, .cap = sizeof(none)};
    CUresult cu;

    thread->tally.later = tally.stream != NULL;
    (void)atomic_fetch_add(&s->deferred.asking, 1);
    cu = exchange(s, thread, op, body, len, &answer);
    if (cu == CUDA_SUCCESS && tally.stream != NULL) {
        (void)pthread_mutex_lock(&s->link.submit_lock);
        gs_stream_count(&tally);
        (void)pthread_mutex_unlock(&s->link.submit_lock);
        thread->tally.number = tally.number;
    }
    (void)atomic_fetch_sub(&s->deferred.asking, 1);
    return cu;
}

CUresult gs_session_send(struct gs_session *s, uint32_t op, const uint8_t *body, size_t len)
{
    struct gs_thread *thread = gs_thread_get();

    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (__builtin_expect(thread->ask, 0)) {
        thread->ask = false;
        return send_asked(s, thread, op, body, len);
    }
    gs_bump(&thread->one_way);
    return gs_link_put(&s->link, thread, op, body, len, NULL);
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
