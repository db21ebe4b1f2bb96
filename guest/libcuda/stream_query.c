/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/stream.h"

#include "common/clock.h"
#include "gs_calls.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/session.h"

/* No device has done what was sent so short a time ago: launch and its end take 9 µs natively. */
#define RECENT_NS (4 * VGPU_NS_PER_US)

struct load {
    uint64_t own;   /* operations sent to the stream's index */
    uint64_t total; /* and to all whose work the stream waits for, or may wait for */
};

/* The legacy stream stands behind others' work too; which of it, the worker knows. */
static struct load load_of(struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    uint32_t index = vgpu_handle_index_of(stream->wire);
    uint32_t high = stream->wire == 0 ? atomic_load(&s->settled.high) : 0;
    struct load load = {.own = atomic_load_explicit(&s->sent[index], memory_order_acquire)};

    load.total = load.own;
    for (uint32_t i = 1; i < high; i++) {
        load.total += atomic_load_explicit(&s->sent[i], memory_order_acquire);
    }
    return load;
}

static bool is_known(struct gs_stream *stream, const struct load *load)
{
    struct gs_session *s = stream->session;
    uint32_t index = vgpu_handle_index_of(stream->wire);

    if (stream->wire == 0) {
        return gs_settled_all(s);
    }
    return atomic_load_explicit(&s->settled.done[index], memory_order_acquire) >= load->own;
}

static void learn(struct gs_stream *stream, uint64_t own)
{
    atomic_store(&stream->synced, own);
    gs_settled_up_to(stream->session, vgpu_handle_index_of(stream->wire), own);
    gs_console_seen_done(stream->session);
}

/* Under the lock: has the beacon show when what was sent so far is done. */
static void expect(struct gs_stream *stream, const struct load *load, uint64_t news)
{
    struct gs_stream_asked *asked = &stream->asked;
    struct vgpu_args_vgpuFence args = {.stream = stream->wire};

    asked->news = news;
    if (asked->covers >= load->total || !gs_beacon_take(stream->session, &asked->beacon)) {
        return;
    }
    args.lane = asked->beacon.slot;
    args.value = asked->beacon.last + 1;
    if (gs_send_vgpuFence(stream->session, &args) == CUDA_SUCCESS) {
        asked->beacon.last = args.value;
        asked->covers = load->total;
        asked->own = load->own;
        gs_patience_reset(&asked->patience);
    }
}

/* Under the lock. */
static CUresult ask(struct gs_stream *stream, const struct load *load, uint64_t news)
{
    struct vgpu_args_cuStreamQuery args = {.stream = stream->wire};
    struct vgpu_ret_cuStreamQuery ret;
    CUresult cu = gs_call_cuStreamQuery(stream->session, &args, &ret);

    if (cu == CUDA_SUCCESS) {
        learn(stream, load->own);
    } else if (cu == CUDA_ERROR_NOT_READY) {
        atomic_store(&stream->asked.before, true);
        expect(stream, load, news);
    }
    return cu;
}

static bool sent_just_now(const struct gs_stream *stream)
{
    return atomic_load(&stream->asked.before) &&
           vgpu_clock_ns() - atomic_load(&stream->asked.sent_ns) < RECENT_NS;
}

static CUresult query(struct gs_stream *stream, const struct load *load)
{
    struct gs_stream_asked *asked = &stream->asked;
    uint64_t news = gs_settled_news(stream->session, vgpu_handle_index_of(stream->wire));

    if (asked->covers >= load->total) {
        if (gs_beacon_shows(stream->session, asked->beacon.slot, asked->beacon.last)) {
            learn(stream, asked->own);
            return CUDA_SUCCESS;
        }
        if (asked->news == news && !gs_patience_is_over(&asked->patience)) {
            return CUDA_ERROR_NOT_READY;
        }
    } else if (sent_just_now(stream)) {
        expect(stream, load, news);
        return CUDA_ERROR_NOT_READY;
    }
    return ask(stream, load, news);
}

CUresult gs_stream_query(struct gs_stream *stream)
{
    struct gs_session *s = stream->session;
    struct load load = load_of(stream);
    CUresult cu = gs_deferred_pay(s, &s->deferred); /* it was "waited" for: it is ready */

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (is_known(stream, &load)) {
        return CUDA_SUCCESS;
    }
    (void)pthread_mutex_lock(&stream->lock);
    cu = query(stream, &load);
    (void)pthread_mutex_unlock(&stream->lock);
    /* Memory that is gone shows everything. */
    return cu == CUDA_SUCCESS ? gs_session_error(stream->session) : cu;
}
