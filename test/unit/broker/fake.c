/* SPDX-License-Identifier: Apache-2.0 */
#include "fake.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"

#define PUMP_TURNS 12

void fake_settings(struct br_settings *settings)
{
    *settings = (struct br_settings){.channel_mib = 16,
                                     .sessions_max = 4,
                                     .session_buffer_kib = 128,
                                     .hello_timeout_ms = 600000,
                                     .spares = 1,
                                     .context_mib = 1};
}

void fake_start(struct fake *fake)
{
    assert_int_equal(uv_loop_init(&fake->loop), 0);
    fake->broker = br_broker_new(&fake->loop, &fake->settings);
    assert_non_null(fake->broker);
}

void fake_init(struct fake *fake)
{
    fake_settings(&fake->settings);
    fake_start(fake);
}

void fake_fini(struct fake *fake)
{
    br_broker_stop(fake->broker);
    assert_int_equal(uv_run(&fake->loop, UV_RUN_DEFAULT), 0);
    assert_true(TAILQ_EMPTY(&fake->broker->sessions));
    assert_int_equal(fake->broker->session_count, 0);
    br_broker_free(fake->broker);
    assert_int_equal(uv_loop_close(&fake->loop), 0);
}

void fake_pump(struct fake *fake)
{
    for (int i = 0; i < PUMP_TURNS; i++) {
        (void)uv_run(&fake->loop, UV_RUN_NOWAIT);
    }
}

void fake_rest(struct fake *fake)
{
    while (fake->broker->activity.running) {
        (void)uv_run(&fake->loop, UV_RUN_ONCE);
    }
}

int fake_pair(int *theirs)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(vgpu_fd_set_nonblock(ends[1], true), 0);
    *theirs = ends[1];
    return ends[0];
}

/* ---- any peer --------------------------------------------------------------- */

/* The next frame that is there, or NULL. */
static Vgpu__Frame *next_frame(struct vgpu_frame_socket *socket)
{
    Vgpu__Frame *frame;
    int rc;

    while ((rc = vgpu_frame_socket_next(socket, &frame)) == 0) {
        if (vgpu_frame_socket_fill(socket, MSG_DONTWAIT) <= 0) {
            return NULL;
        }
    }
    assert_int_equal(rc, 1);
    return frame;
}

/* Comes once a second, where calls are made: between any two others. */
static bool is_periodic(const Vgpu__Frame *frame)
{
    return frame->kind_case == VGPU__FRAME__KIND_TOOK ||
           (frame->kind_case == VGPU__FRAME__KIND_BEAT &&
            (frame->beat->number & VGPU_BEAT_OF_BROKER) != 0);
}

Vgpu__Frame *fake_next(struct fake_peer *peer)
{
    return next_frame(&peer->socket);
}

Vgpu__Frame *fake_expect(struct fake_peer *peer, Vgpu__Frame__KindCase kind)
{
    Vgpu__Frame *frame = next_frame(&peer->socket);

    while (frame != NULL && frame->kind_case != kind && is_periodic(frame)) {
        frame = next_frame(&peer->socket);
    }
    assert_non_null(frame);
    assert_string_equal(vgpu_frame_name(frame->kind_case), vgpu_frame_name(kind));
    return frame;
}

void fake_expect_none(struct fake_peer *peer)
{
    Vgpu__Frame *frame;

    while ((frame = next_frame(&peer->socket)) != NULL) {
        assert_true(is_periodic(frame));
    }
}

bool fake_is_shut(struct vgpu_frame_socket *socket)
{
    struct pollfd wait = {.fd = socket->fd, .events = POLLRDHUP};

    return poll(&wait, 1, 0) == 1 && (wait.revents & (POLLRDHUP | POLLHUP)) != 0;
}

void fake_send(struct fake_peer *peer, const Vgpu__Frame *frame)
{
    int rc = vgpu_frame_socket_send(&peer->socket, frame, NULL, 0);

    assert_true(rc == 0 || rc == -EPIPE);
}

void fake_peer_close(struct fake_peer *peer)
{
    vgpu_frame_socket_fini(&peer->socket);
}

/* ---- guest ------------------------------------------------------------------ */

void fake_guest_open(struct fake *fake, struct fake_guest *guest)
{
    int theirs;
    Vgpu__Frame *frame;

    memset(guest, 0, sizeof(*guest));
    vgpu_frame_socket_init(&guest->socket, fake_pair(&theirs));
    br_broker_add_guest(fake->broker, theirs);
    frame = next_frame(&guest->socket);
    assert_non_null(frame);
    assert_int_equal(frame->kind_case, VGPU__FRAME__KIND_GRANT);
    guest->bytes = frame->grant->channel_bytes;
    guest->memfd = vgpu_frame_socket_take_fd(&guest->socket);
    guest->doorbell = vgpu_frame_socket_take_fd(&guest->socket);
    guest->interrupt = vgpu_frame_socket_take_fd(&guest->socket);
    assert_true(guest->interrupt >= 0);
    guest->base = mmap(NULL, guest->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, guest->memfd, 0);
    assert_true(guest->base != MAP_FAILED);
    vgpu_channel_submit_ring(&guest->submit, guest->base);
    vgpu_channel_complete_ring(&guest->complete, guest->base);
}

void fake_guest_close(struct fake_guest *guest)
{
    if (guest->base == NULL) {
        return;
    }
    munmap(guest->base, guest->bytes);
    guest->base = NULL;
    vgpu_fd_close(&guest->memfd);
    vgpu_fd_close(&guest->doorbell);
    vgpu_fd_close(&guest->interrupt);
    vgpu_frame_socket_fini(&guest->socket);
    vgpu_arena_fini(&guest->arena);
}

bool fake_guest_put(struct fake_guest *guest, const void *bytes, size_t len)
{
    int rc = vgpu_ring_put(&guest->submit, bytes, len);

    if (rc == 0 && vgpu_ring_wants_wake(&guest->submit)) {
        assert_int_equal(eventfd_write(guest->doorbell, 1), 0);
    }
    assert_true(rc == 0 || rc == -EAGAIN);
    return rc == 0;
}

static bool put_record(struct fake_guest *guest, uint32_t op, const void *body, size_t len)
{
    static uint8_t bytes[VGPU_RECORD_BYTES_MAX];
    struct vgpu_record record = {
        .op = op, .length = vgpu_record_length(len), .sequence = ++guest->sequence, .lane = 3};

    memset(bytes, 0, record.length);
    memcpy(bytes, &record, sizeof(record));
    if (body != NULL) {
        memcpy(bytes + sizeof(record), body, len);
    }
    return fake_guest_put(guest, bytes, record.length);
}

bool fake_guest_call(struct fake_guest *guest, uint32_t op, size_t body)
{
    return put_record(guest, op, NULL, body);
}

void fake_guest_frame(struct fake_guest *guest, const Vgpu__Frame *frame)
{
    uint8_t bytes[1024];
    ssize_t len = vgpu_frame_pack(frame, bytes, sizeof(bytes));

    assert_true(len > 0);
    assert_true(put_record(guest, VGPU_OP_FRAME, bytes, (size_t)len));
}

void fake_guest_hello(struct fake_guest *guest)
{
    Vgpu__Hello hello = VGPU__HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    hello.protocol = VGPU_PROTOCOL_VERSION;
    hello.pid = 1;
    frame.kind_case = VGPU__FRAME__KIND_HELLO;
    frame.hello = &hello;
    fake_guest_frame(guest, &frame);
}

void fake_guest_ask(struct fake_guest *guest, Vgpu__Frame__KindCase kind)
{
    Vgpu__Open open = VGPU__OPEN__INIT;
    Vgpu__Close close = VGPU__CLOSE__INIT;
    Vgpu__Survey survey = VGPU__SURVEY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    frame.kind_case = kind;
    if (kind == VGPU__FRAME__KIND_OPEN) {
        frame.open = &open;
    } else if (kind == VGPU__FRAME__KIND_SURVEY) {
        frame.survey = &survey;
    } else {
        frame.close = &close;
    }
    fake_guest_frame(guest, &frame);
}

bool fake_guest_next(struct fake_guest *guest)
{
    ssize_t got = vgpu_ring_peek(&guest->complete, guest->body, sizeof(guest->body));
    ssize_t len;

    assert_true(got >= 0);
    if (got == 0) {
        return false;
    }
    len = vgpu_record_peek(guest->body, (size_t)got, &guest->record);
    assert_true(len > 0);
    if (vgpu_ring_consume(&guest->complete, (size_t)len)) {
        assert_int_equal(eventfd_write(guest->doorbell, 1), 0);
    }
    memmove(guest->body, guest->body + VGPU_RECORD_HEADER_BYTES,
            (size_t)len - VGPU_RECORD_HEADER_BYTES);
    return true;
}

Vgpu__Frame *fake_guest_expect(struct fake_guest *guest, Vgpu__Frame__KindCase kind)
{
    Vgpu__Frame *frame;
    uint32_t size;

    assert_true(fake_guest_next(guest));
    assert_int_equal(guest->record.op, VGPU_OP_FRAME);
    assert_int_equal(guest->record.lane, 3);
    memcpy(&size, guest->body, sizeof(size));
    assert_int_equal(vgpu_frame_unpack(&guest->arena, guest->body + 4, size, &frame), 0);
    assert_string_equal(vgpu_frame_name(frame->kind_case), vgpu_frame_name(kind));
    return frame;
}

uint32_t fake_guest_error(struct fake_guest *guest)
{
    return vgpu_channel_state(guest->base)->error;
}

bool fake_guest_interrupted(struct fake_guest *guest)
{
    struct pollfd wait = {.fd = guest->interrupt, .events = POLLIN};
    uint64_t count;

    return poll(&wait, 1, 0) == 1 && (wait.revents & POLLIN) != 0 &&
           read(guest->interrupt, &count, sizeof(count)) == sizeof(count);
}

/* ---- supervisor and worker -------------------------------------------------- */

void fake_gpu_open(struct fake *fake, struct fake_peer *gpu, uint8_t uuid)
{
    Vgpu__DeviceFacts facts = VGPU__DEVICE_FACTS__INIT;
    Vgpu__Register reg = VGPU__REGISTER__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint8_t bytes[16];
    char name[] = "Fake GPU";
    int32_t attributes[] = {1, -2, 3};
    int theirs;

    vgpu_frame_socket_init(&gpu->socket, fake_pair(&theirs));
    br_broker_add_supervisor(fake->broker, theirs);
    memset(bytes, uuid, sizeof(bytes));
    facts.name = name;
    facts.uuid = (ProtobufCBinaryData){.len = 16, .data = bytes};
    facts.n_attributes = 3;
    facts.attributes = attributes;
    facts.driver_version = 13000u + uuid;
    reg.protocol = VGPU_PROTOCOL_VERSION;
    reg.facts = &facts;
    frame.kind_case = VGPU__FRAME__KIND_REGISTER;
    frame.register_ = &reg;
    fake_send(gpu, &frame);
    fake_pump(fake);
}

void fake_worker_ready(struct fake *fake, struct fake_peer *gpu, struct fake_peer *worker,
                       uint32_t id)
{
    Vgpu__WorkerReady ready = VGPU__WORKER_READY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    int theirs;

    vgpu_frame_socket_init(&worker->socket, fake_pair(&theirs));
    worker->id = id;
    ready.worker = id;
    ready.pid = 1000 + id;
    ready.no_new_privs = true;
    ready.seccomp_mode = 2;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_READY;
    frame.worker_ready = &ready;
    assert_int_equal(vgpu_frame_socket_send(&gpu->socket, &frame, &theirs, 1), 0);
    vgpu_fd_close(&theirs);
    fake_pump(fake);
}

void fake_worker_gone(struct fake_peer *gpu, uint32_t id)
{
    Vgpu__WorkerGone gone = VGPU__WORKER_GONE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    gone.worker = id;
    gone.status = 9;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_GONE;
    frame.worker_gone = &gone;
    fake_send(gpu, &frame);
}

void fake_attached(struct fake_peer *worker, int32_t result)
{
    Vgpu__Attached attached = VGPU__ATTACHED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    attached.result = result;
    frame.kind_case = VGPU__FRAME__KIND_ATTACHED;
    frame.attached = &attached;
    fake_send(worker, &frame);
}

void fake_complete(struct fake_peer *worker, const void *records, size_t len)
{
    Vgpu__Complete complete = VGPU__COMPLETE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    complete.records.len = len;
    memcpy(&complete.records.data, &records, sizeof(records));
    frame.kind_case = VGPU__FRAME__KIND_COMPLETE;
    frame.complete = &complete;
    fake_send(worker, &frame);
}

void fake_wake(struct fake_peer *worker)
{
    Vgpu__Wake wake = VGPU__WAKE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    frame.kind_case = VGPU__FRAME__KIND_WAKE;
    frame.wake = &wake;
    fake_send(worker, &frame);
}

void fake_fatal(struct fake_peer *worker, int32_t result)
{
    Vgpu__Fatal fatal = VGPU__FATAL__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    fatal.result = result;
    frame.kind_case = VGPU__FRAME__KIND_FATAL;
    frame.fatal = &fatal;
    fake_send(worker, &frame);
}

size_t fake_answer(uint8_t *out, uint32_t sequence, size_t body)
{
    struct vgpu_record record = {.op = FAKE_OP,
                                 .length = vgpu_record_length(sizeof(struct vgpu_answer) + body),
                                 .sequence = sequence};

    memset(out, 0, record.length);
    memcpy(out, &record, sizeof(record));
    return record.length;
}

void fake_open_session(struct fake *fake, struct fake_peer *gpu, struct fake_peer *worker,
                       struct fake_guest *guest)
{
    fake_gpu_open(fake, gpu, 1);
    (void)fake_expect(gpu, VGPU__FRAME__KIND_REGISTERED);
    fake_worker_ready(fake, gpu, worker, 1);
    fake_guest_open(fake, guest);
    fake_guest_hello(guest);
    fake_pump(fake);
    (void)fake_guest_expect(guest, VGPU__FRAME__KIND_WELCOME);
    fake_guest_ask(guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(fake);
    (void)fake_expect(gpu, VGPU__FRAME__KIND_WORKER_TAKEN);
    (void)fake_expect(worker, VGPU__FRAME__KIND_ATTACH);
    {
        int memfd = vgpu_frame_socket_take_fd(&worker->socket);

        assert_true(memfd >= 0);
        vgpu_fd_close(&memfd);
    }
    fake_attached(worker, 0);
    fake_pump(fake);
    (void)fake_guest_expect(guest, VGPU__FRAME__KIND_OPENED);
}

size_t fake_rss_anon_kib(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[128];
    size_t kib = 0;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            kib = strtoul(line + 8, NULL, 10);
        }
    }
    fclose(file);
    return kib;
}
