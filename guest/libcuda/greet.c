/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/session.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest/libcuda/address.h"
#include "guest/libcuda/log.h"
#include "guest/libcuda/object.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/thread.h"

static void on_frame(void *owner, const Vgpu__Frame *frame)
{
    struct gs_session *s = owner;

    if (frame->kind_case == VGPU__FRAME__KIND_WELCOME) {
        gs_process_welcome(frame->welcome);
        atomic_store_explicit(&s->welcomed, true, memory_order_release);
    } else if (frame->kind_case == VGPU__FRAME__KIND_OPENED) {
        atomic_store(&s->worker_pid, frame->opened->worker_pid);
        atomic_store(&s->cache, frame->opened->cache != 0);
        atomic_store_explicit(&s->opened, true, memory_order_release);
    } else if (frame->kind_case == VGPU__FRAME__KIND_CLOSED) {
        atomic_store_explicit(&s->closed, true, memory_order_release);
    } else if (frame->kind_case == VGPU__FRAME__KIND_REFUSE) {
        int32_t cu = frame->refuse->result;

        atomic_store_explicit(&s->refused, cu != 0 ? cu : CUDA_ERROR_SYSTEM_NOT_READY,
                              memory_order_release);
    }
}

static bool on_upcall(void *owner, uint32_t op, const uint8_t *body, size_t len)
{
    return gs_host_call_asked(owner, op, body, len);
}

static bool is_refused(struct gs_session *s)
{
    return atomic_load_explicit(&s->refused, memory_order_acquire) != 0;
}

static bool welcome_came(void *arg)
{
    struct gs_session *s = arg;

    return atomic_load_explicit(&s->welcomed, memory_order_acquire) || is_refused(s);
}

static bool open_settled(void *arg)
{
    struct gs_session *s = arg;

    return atomic_load_explicit(&s->opened, memory_order_acquire) || is_refused(s);
}

static bool close_settled(void *arg)
{
    struct gs_session *s = arg;

    return atomic_load_explicit(&s->closed, memory_order_acquire);
}

static CUresult say_hello(struct gs_session *s)
{
    struct gs_thread *thread = gs_thread_get();
    Vgpu__Hello hello = VGPU__HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char version[] = VGPU_VERSION;
    CUresult cu;

    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    hello.protocol = VGPU_PROTOCOL_VERSION;
    hello.pid = (uint32_t)getpid();
    hello.program = gs_process_program();
    hello.version = version;
    hello.candidate = (uint32_t)gs_address_candidate();
    frame.kind_case = VGPU__FRAME__KIND_HELLO;
    frame.hello = &hello;
    cu = gs_link_frame(&s->link, thread, &frame);
    if (cu == CUDA_SUCCESS) {
        cu = gs_link_wait(&s->link, welcome_came, s, GS_SLEEP);
    }
    return cu == CUDA_SUCCESS && is_refused(s) ? (CUresult)atomic_load(&s->refused) : cu;
}

/* Why there is no channel, as a program that knows no vgpu can understand it. */
static CUresult connect_result(int rc, const struct gs_obstacle *obstacle)
{
    if (obstacle->kind == GS_OBSTACLE_REFUSED && obstacle->result != 0) {
        return (CUresult)obstacle->result;
    }
    if (obstacle->kind == GS_OBSTACLE_ABSENT) {
        return CUDA_ERROR_NO_DEVICE;
    }
    if (obstacle->kind == GS_OBSTACLE_FULL) {
        return CUDA_ERROR_DEVICE_UNAVAILABLE;
    }
    return rc == -ENOMEM ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_ERROR_SYSTEM_NOT_READY;
}

CUresult gs_session_connect(struct gs_session *s)
{
    struct gs_obstacle obstacle;
    CUresult cu;
    int rc;

    if (gs_address_candidate() < 0) {
        gs_log("no address range is free for the GPU's memory");
        return CUDA_ERROR_OPERATING_SYSTEM;
    }
    s->link.on_frame = on_frame;
    s->link.on_upcall = on_upcall;
    s->link.owner = s;
    atomic_store(&s->welcomed, false);
    atomic_store(&s->refused, 0);
    rc = gs_link_open(&s->link, NULL, &obstacle);
    if (rc != 0) {
        gs_log("%s", obstacle.text);
        return connect_result(rc, &obstacle);
    }
    cu = say_hello(s);
    if (cu != CUDA_SUCCESS) {
        gs_link_close(&s->link);
        return cu;
    }
    s->state = GS_SESSION_GREETED;
    return CUDA_SUCCESS;
}

static CUresult map_window(struct gs_session *s)
{
    uint64_t base = gs_address_window(s->ordinal);

    if (s->window != NULL) {
        return CUDA_SUCCESS;
    }
    if (base == 0) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    s->window = gs_channel_map(&s->link.channel, (void *)(uintptr_t)base, 0, s->link.channel.bytes);
    return s->window != NULL ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static CUresult ask_for_worker(struct gs_session *s)
{
    struct gs_thread *thread = gs_thread_get();
    struct gs_device *device = gs_device_find((CUdevice)s->index);
    Vgpu__Open open = VGPU__OPEN__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    CUresult cu;

    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    atomic_store(&s->opened, false);
    atomic_store(&s->refused, 0);
    open.ordinal = s->ordinal;
    if (device != NULL) {
        open.uuid.data = device->facts.uuid;
        open.uuid.len = sizeof(device->facts.uuid);
    }
    frame.kind_case = VGPU__FRAME__KIND_OPEN;
    frame.open = &open;
    cu = gs_link_frame(&s->link, thread, &frame);
    if (cu == CUDA_SUCCESS) {
        cu = gs_link_wait(&s->link, open_settled, s, GS_SLEEP);
    }
    return cu == CUDA_SUCCESS && is_refused(s) ? (CUresult)atomic_load(&s->refused) : cu;
}

CUresult gs_session_open_worker(struct gs_session *s)
{
    CUresult cu = gs_link_error(&s->link);

    if (cu == CUDA_SUCCESS && s->state == GS_SESSION_CLOSING) {
        cu = gs_link_wait(&s->link, close_settled, s, GS_SLEEP);
        s->state = cu == CUDA_SUCCESS ? GS_SESSION_GREETED : s->state;
    }
    if (cu == CUDA_SUCCESS) {
        cu = map_window(s);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_objects_make(s);
    }
    if (cu == CUDA_SUCCESS) {
        gs_host_calls_open(s);
        cu = ask_for_worker(s);
    }
    if (cu != CUDA_SUCCESS) {
        gs_objects_drop(s);
        return cu;
    }
    s->state = GS_SESSION_OPEN;
    return CUDA_SUCCESS;
}

void gs_session_close_worker(struct gs_session *s)
{
    struct gs_thread *thread = gs_thread_get();
    Vgpu__Close close = VGPU__CLOSE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    if (s->state != GS_SESSION_OPEN) {
        return;
    }
    atomic_store(&s->closed, false);
    gs_host_calls_close(s);
    frame.kind_case = VGPU__FRAME__KIND_CLOSE;
    frame.close = &close;
    if (thread != NULL && gs_link_error(&s->link) == CUDA_SUCCESS) {
        (void)gs_link_frame(&s->link, thread, &frame);
    }
    s->state = GS_SESSION_CLOSING;
    gs_objects_drop(s);
}
