/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/session.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "executor/worker/console.h"
#include "executor/worker/dispatch.h"
#include "executor/worker/error.h"
#include "executor/worker/guest_order.h"
#include "executor/worker/pause.h"
#include "executor/worker/reservation.h"

int ex_session_init(struct ex_session *x, const struct ex_driver *driver, CUdevice device,
                    struct ex_outbox *outbox, struct ex_helpers *helpers)
{
    x->driver = driver;
    x->outbox = outbox;
    x->helpers = helpers;
    x->device = device;
    x->event_pool.driver = driver;
    x->legacy.index = EX_LEGACY_INDEX;
    ex_host_calls_init(&x->host_calls);
    ex_charges_init(&x->charges);
    ex_cache_init(&x->cache);
    ex_incoming_init(&x->incoming);
    ex_room_init(&x->room);
    (void)pthread_mutex_init(&x->objects, NULL);
    x->streams = vgpu_handles_new(VGPU_HANDLE_STREAM, VGPU_STREAMS_MAX);
    x->events = vgpu_handles_new(VGPU_HANDLE_EVENT, VGPU_EVENTS_MAX);
    x->modules = vgpu_handles_new(VGPU_HANDLE_MODULE, VGPU_MODULES_MAX);
    x->functions = vgpu_handles_new(VGPU_HANDLE_FUNCTION, VGPU_FUNCTIONS_MAX);
    x->graphs = vgpu_handles_new(VGPU_HANDLE_GRAPH_EXEC, VGPU_GRAPH_EXECS_MAX);
    x->links = vgpu_handles_new(VGPU_HANDLE_LINK, VGPU_LINKS_MAX);
    if (x->streams == NULL || x->events == NULL || x->modules == NULL || x->functions == NULL ||
        x->graphs == NULL || x->links == NULL) {
        return -ENOMEM;
    }
    return 0;
}

static CUresult attach(struct ex_session *x, const Vgpu__Attach *message, int memfd)
{
    struct ex_place place;
    CUresult cu;

    x->id = message->session;
    x->cache.on = message->cache;
    x->linger_ns = message->spin_us * VGPU_NS_PER_US;
    if (memfd < 0 || !ex_reservation_settle(message->candidate, message->ordinal, &place) ||
        message->channel_bytes > place.window_bytes) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = ex_window_map(&x->window, x->driver, memfd, place.window, message->channel_bytes);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    ex_streams_attach(x);
    ex_console_attach(x->window.base);
    ex_host_calls_attach(x->window.base);
    x->memory =
        ex_memory_new(x->driver, x->device, place.arena, place.arena_bytes, message->memory_quota);
    if (ex_arrays_init(&x->arrays) == 0 && x->memory != NULL) {
        x->vmm = ex_vmm_new(x->driver, x->device, x->memory, &place);
    }
    if (x->vmm == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (message->ledger) {
        ex_memory_keep_ledger(x->memory);
    }
    ex_outbox_watch(x->outbox, ex_memory_used(x->memory));
    return CUDA_SUCCESS;
}

static void handle_attach(struct ex_session *x, struct vgpu_frame_socket *socket,
                          const Vgpu__Attach *message)
{
    VGPU_CLEANUP_FD int memfd = vgpu_frame_socket_take_fd(socket);
    Vgpu__Attached attached = VGPU__ATTACHED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    if (x->memory != NULL) {
        ex_session_broken(x, "a second Attach");
    }
    CUresult cu = attach(x, message, memfd);

    vgpu_log(cu == CUDA_SUCCESS ? VGPU_LOG_INFO : VGPU_LOG_ERROR,
             "attached session=%" PRIu64 " candidate=%u ordinal=%u result=%d", x->id,
             message->candidate, message->ordinal, (int)cu);
    attached.result = (int32_t)cu;
    frame.kind_case = VGPU__FRAME__KIND_ATTACHED;
    frame.attached = &attached;
    ex_outbox_send(x->outbox, &frame);
    if (cu != CUDA_SUCCESS) {
        ex_session_broken(x, "Attach cannot be done");
    }
}

static void handle_frame(struct ex_session *x, struct vgpu_frame_socket *socket,
                         const Vgpu__Frame *frame)
{
    if (frame->kind_case == VGPU__FRAME__KIND_ATTACH) {
        handle_attach(x, socket, frame->attach);
        return;
    }
    if (frame->kind_case == VGPU__FRAME__KIND_CACHE_ANSWER) {
        ex_cache_answer(x, frame->cache_answer, socket);
        return;
    }
    if (frame->kind_case == VGPU__FRAME__KIND_MEMORY_GRANT && x->memory != NULL) {
        ex_room_answer(x, frame->memory_grant);
        return;
    }
    if (frame->kind_case == VGPU__FRAME__KIND_MEMORY_RECALL && x->memory != NULL) {
        ex_room_recall(x, frame->memory_recall);
        return;
    }
    if (frame->kind_case != VGPU__FRAME__KIND_SUBMIT || x->memory == NULL) {
        ex_session_broken(x, vgpu_frame_name(frame->kind_case));
    }
    ex_dispatch_batch(x, frame->submit->records.data, frame->submit->records.len);
}

/* Everything that can be read without waiting.  0 at the end of the pipe, else 1. */
static int handle_input(struct ex_session *x, struct vgpu_frame_socket *socket, bool *any)
{
    ssize_t got = vgpu_frame_socket_fill(socket, MSG_DONTWAIT);
    Vgpu__Frame *frame = NULL;
    int rc;

    if (got == -EAGAIN || got == -EINTR) {
        return 1;
    }
    if (got <= 0) {
        return 0;
    }
    *any = true;
    ex_guest_has_asked(socket);
    while ((rc = vgpu_frame_socket_next(socket, &frame)) > 0) {
        handle_frame(x, socket, frame);
    }
    if (rc < 0) {
        ex_session_broken(x, "a frame that does not decode");
    }
    return 1;
}

static bool poll_driver(struct ex_session *x)
{
    Vgpu__Wake wake = VGPU__WAKE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    bool passed = ex_streams_poll(x);

    passed |= ex_fences_poll(x);
    if (passed) {
        frame.kind_case = VGPU__FRAME__KIND_WAKE;
        frame.wake = &wake;
        ex_outbox_send(x->outbox, &frame);
    }
    return passed;
}

int ex_session_serve(struct ex_session *x, struct vgpu_frame_socket *socket)
{
    struct ex_pause pause;

    ex_pause_init(&pause);
    for (;;) {
        bool any = false;

        if (handle_input(x, socket, &any) == 0) {
            return 0;
        }
        if (x->memory != NULL && ex_fences_pending(x)) {
            any |= poll_driver(x);
        }
        int rc = ex_pause_wait(&pause, socket->fd, any, ex_fences_pending(x), x->linger_ns);

        if (rc < 0) {
            return rc;
        }
    }
}
