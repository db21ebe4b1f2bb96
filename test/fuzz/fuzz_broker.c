/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A whole broker against hostile peers.  The input is a script of steps: one byte says
 * what, the next how much, then bytes of the step:
 *
 *   guest socket ──► session ◄── rings, written at will
 *   supervisor   ──► gpu         raw bytes, or frames of a kind with bytes of the script
 *   worker       ──► session
 *   machine      ──► vm ──► session ◄── rings (machine.h); steps with bit 4
 *   client       ──► control, machines that come and go (client.h); steps with bit 5
 *
 * Bit 7 of a step makes the broker run afterwards.
 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/broker.h"
#include "common/fd.h"
#include "common/log.h"
#include "proto/frame_socket.h"
#include "test/fuzz/client.h"
#include "test/fuzz/machine.h"
#include "test/fuzz/script.h"

#define PUMP_TURNS 4
#define STEPS_MAX  512

struct stage {
    uv_loop_t loop;
    struct br_broker *broker;
    struct vgpu_frame_socket guest;
    int supervisor;
    int worker;
    int doorbell;
    int interrupt;
    uint8_t *base;
    size_t bytes;
    uint64_t head;
    struct fuzz_machine machine;
    struct fuzz_client client;
    uint8_t out[4096];
};

static void pump(struct stage *stage)
{
    for (int i = 0; i < PUMP_TURNS; i++) {
        (void)uv_run(&stage->loop, UV_RUN_NOWAIT);
    }
}

static void say(int fd, const uint8_t *bytes, size_t len, const int *fds, size_t nfds)
{
    if (fd >= 0 && len > 0) {
        (void)vgpu_fd_send(fd, bytes, len, fds, nfds);
    }
}

/* What has come for a peer is read and forgotten, so that its socket does not fill up. */
static void listen_to(int fd)
{
    uint8_t bytes[2048];
    int fds[VGPU_FD_MAX];
    size_t count;

    while (fd >= 0 && vgpu_fd_recv(fd, bytes, sizeof(bytes), fds, VGPU_FD_MAX, &count) > 0) {
        vgpu_fd_close_many(fds, count);
    }
}

static int connected(int *theirs)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        abort();
    }
    *theirs = ends[1];
    return ends[0];
}

static void take_channel(struct stage *stage)
{
    Vgpu__Frame *frame;
    int memfd;

    if (vgpu_frame_socket_receive(&stage->guest, &frame) != 0 ||
        frame->kind_case != VGPU__FRAME__KIND_GRANT) {
        abort();
    }
    stage->bytes = frame->grant->channel_bytes;
    memfd = vgpu_frame_socket_take_fd(&stage->guest);
    stage->doorbell = vgpu_frame_socket_take_fd(&stage->guest);
    stage->interrupt = vgpu_frame_socket_take_fd(&stage->guest);
    stage->base =
        mmap(NULL, VGPU_CHANNEL_DATA_OFFSET, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    if (stage->base == MAP_FAILED) {
        abort();
    }
    vgpu_fd_close(&memfd);
}

/* Packs a frame of ours and sends it. */
static void send_frame(struct stage *stage, int fd, const Vgpu__Frame *frame, const int *fds,
                       size_t nfds)
{
    ssize_t len = vgpu_frame_pack(frame, stage->out, sizeof(stage->out));

    if (len > 0) {
        say(fd, stage->out, (size_t)len, fds, nfds);
    }
}

static void register_gpu(struct stage *stage, uint8_t uuid)
{
    Vgpu__DeviceFacts facts = VGPU__DEVICE_FACTS__INIT;
    Vgpu__Register reg = VGPU__REGISTER__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint8_t bytes[16];
    int theirs;

    vgpu_fd_close(&stage->supervisor);
    stage->supervisor = connected(&theirs);
    br_broker_add_supervisor(stage->broker, theirs);
    memset(bytes, uuid, sizeof(bytes));
    facts.uuid = (ProtobufCBinaryData){.len = 16, .data = bytes};
    reg.protocol = VGPU_PROTOCOL_VERSION;
    reg.facts = &facts;
    frame.kind_case = VGPU__FRAME__KIND_REGISTER;
    frame.register_ = &reg;
    send_frame(stage, stage->supervisor, &frame, NULL, 0);
}

static void announce_worker(struct stage *stage, uint8_t id)
{
    Vgpu__WorkerReady ready = VGPU__WORKER_READY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    int theirs;

    vgpu_fd_close(&stage->worker);
    stage->worker = connected(&theirs);
    ready.worker = id;
    ready.no_new_privs = true;
    ready.seccomp_mode = 2;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_READY;
    frame.worker_ready = &ready;
    send_frame(stage, stage->supervisor, &frame, &theirs, 1);
    vgpu_fd_close(&theirs);
}

static void worker_gone(struct stage *stage, uint8_t id)
{
    Vgpu__WorkerGone gone = VGPU__WORKER_GONE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    gone.worker = id;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_GONE;
    frame.worker_gone = &gone;
    send_frame(stage, stage->supervisor, &frame, NULL, 0);
}

/* A frame of any kind whose message is bytes of the script. */
static void raw_frame(struct stage *stage, int fd, struct script *script, size_t len)
{
    uint8_t kind = script_next(script);
    const uint8_t *body = script_take(script, &len);
    uint32_t size = (uint32_t)(3 + len);

    len = len < 127 ? len : 127;
    size = (uint32_t)(3 + len);
    memcpy(stage->out, &size, 4);
    stage->out[4] = (uint8_t)(kind << 3 | 2 | (kind > 15 ? 0x80 : 0));
    stage->out[5] = (uint8_t)(kind >> 4 & 0x7f);
    stage->out[6] = (uint8_t)len;
    memcpy(stage->out + 7, body, len);
    say(fd, stage->out, 7 + len, NULL, 0);
}

/* Bytes into the submission ring at our head, published or not. */
static void ring_bytes(struct stage *stage, const uint8_t *bytes, size_t len)
{
    struct vgpu_channel_state *state = vgpu_channel_state(stage->base);

    for (size_t i = 0; i < len; i++) {
        stage->base[VGPU_CHANNEL_SUBMIT_OFFSET + (stage->head + i) % VGPU_CHANNEL_SUBMIT_BYTES] =
            bytes[i];
    }
    stage->head += len;
    atomic_store(&state->submit.head, stage->head);
}

/* A record with an honest header. */
static void ring_record(struct stage *stage, struct script *script, uint32_t op, size_t len)
{
    const uint8_t *body = script_take(script, &len);
    struct vgpu_record record = {.op = op, .length = vgpu_record_length(len)};

    memset(stage->out, 0, record.length);
    memcpy(stage->out, &record, sizeof(record));
    memcpy(stage->out + sizeof(record), body, len);
    ring_bytes(stage, stage->out, record.length);
}

static void hello(struct stage *stage)
{
    static const uint8_t body[] = {4, 0, 0, 0, 0x1a, 2, 8, VGPU_PROTOCOL_VERSION};
    struct script fixed = {body, sizeof(body)};

    ring_record(stage, &fixed, VGPU_OP_FRAME, sizeof(body));
}

static void open_device(struct stage *stage)
{
    static const uint8_t body[] = {2, 0, 0, 0, 0x2a, 0, 0, 0};
    struct script fixed = {body, sizeof(body)};

    ring_record(stage, &fixed, VGPU_OP_FRAME, 6);
}

static void set_word(struct stage *stage, struct script *script, uint8_t which)
{
    uint64_t value = 0;
    size_t len = 8;
    const uint8_t *bytes = script_take(script, &len);
    struct vgpu_channel_state *state = vgpu_channel_state(stage->base);

    memcpy(&value, bytes, len);
    if (which % 4 == 0) {
        atomic_store(&state->submit.head, value);
    } else if (which % 4 == 1) {
        atomic_store(&state->complete.tail, value);
    } else if (which % 4 == 2) {
        atomic_store(&state->complete.parked, (uint32_t)value);
    } else {
        atomic_store(&state->submit.starved, (uint32_t)value);
    }
}

/* Reads everything from the completion ring at once. */
static void catch_up(struct stage *stage)
{
    struct vgpu_channel_state *state = vgpu_channel_state(stage->base);

    atomic_store(&state->complete.tail, atomic_load(&state->complete.head));
}

static void guest_step(struct stage *stage, struct script *script, uint8_t what, uint8_t size)
{
    size_t len = size;
    const uint8_t *bytes;
    static const uint64_t one = 1;

    switch (what) {
    case 0:
        bytes = script_take(script, &len);
        ring_bytes(stage, bytes, len);
        break;
    case 1:
        ring_record(stage, script, VGPU_OP_FRAME, len);
        break;
    case 2:
        ring_record(stage, script, 0x20000u + size, len);
        break;
    case 3:
        hello(stage);
        break;
    case 4:
        open_device(stage);
        break;
    case 5:
        set_word(stage, script, size);
        break;
    case 6:
        bytes = script_take(script, &len);
        say(stage->guest.fd, bytes, len, NULL, 0);
        break;
    default:
        catch_up(stage);
        break;
    }
    (void)!write(stage->doorbell, &one, sizeof(one));
}

static void host_step(struct stage *stage, struct script *script, uint8_t what, uint8_t size)
{
    size_t len = size;
    const uint8_t *bytes;

    switch (what) {
    case 0:
        register_gpu(stage, size);
        break;
    case 1:
        announce_worker(stage, size % 8);
        break;
    case 2:
        worker_gone(stage, size % 8);
        break;
    case 3:
        raw_frame(stage, stage->supervisor, script, len);
        break;
    case 4:
        bytes = script_take(script, &len);
        say(stage->supervisor, bytes, len, NULL, 0);
        break;
    case 5:
        raw_frame(stage, stage->worker, script, len);
        break;
    case 6:
        bytes = script_take(script, &len);
        say(stage->worker, bytes, len, &stage->doorbell, size % 2);
        break;
    default:
        vgpu_fd_close(size % 2 == 0 ? &stage->worker : &stage->supervisor);
        break;
    }
}

static void run(struct stage *stage, struct script *script)
{
    for (int steps = 0; steps < STEPS_MAX && script->left > 0; steps++) {
        uint8_t step = script_next(script);
        uint8_t size = script_next(script);

        if ((step & 0x20) != 0) {
            fuzz_client_step(&stage->client, script, step & 7, size);
        } else if ((step & 0x10) != 0) {
            fuzz_machine_step(&stage->machine, script, step & 7, size);
        } else if ((step & 8) == 0) {
            guest_step(stage, script, step & 7, size);
        } else {
            host_step(stage, script, step & 7, size);
        }
        if ((step & 0x80) != 0) {
            pump(stage);
            listen_to(stage->supervisor);
            listen_to(stage->worker);
            fuzz_machine_listen(&stage->machine);
            fuzz_client_listen(&stage->client);
        }
    }
    pump(stage);
}

static void start(struct stage *stage)
{
    static const struct br_settings settings = {.channel_mib = 16,
                                                .sessions_max = 3,
                                                .session_buffer_kib = 128,
                                                .hello_timeout_ms = 600000,
                                                .cache_mib = 2,
                                                .cache_vm_mib = 1,
                                                .cache_entries = 3,
                                                .cache_vm_entries = 2};
    int theirs;

    vgpu_log_set_level(VGPU_LOG_ERROR);
    if (uv_loop_init(&stage->loop) != 0) {
        abort();
    }
    stage->broker = br_broker_new(&stage->loop, &settings);
    stage->supervisor = -1;
    stage->worker = -1;
    vgpu_frame_socket_init(&stage->guest, connected(&theirs));
    br_broker_add_guest(stage->broker, theirs);
    take_channel(stage);
    fuzz_machine_init(&stage->machine, br_broker_add_vm(stage->broker, "fuzz"));
    fuzz_client_init(&stage->client, stage->broker);
}

static void stop(struct stage *stage)
{
    br_broker_stop(stage->broker);
    if (uv_run(&stage->loop, UV_RUN_DEFAULT) != 0 || stage->broker->session_count != 0) {
        abort();
    }
    br_broker_free(stage->broker);
    if (uv_loop_close(&stage->loop) != 0) {
        abort();
    }
    fuzz_machine_fini(&stage->machine);
    fuzz_client_fini(&stage->client);
    vgpu_frame_socket_fini(&stage->guest);
    vgpu_fd_close(&stage->supervisor);
    vgpu_fd_close(&stage->worker);
    vgpu_fd_close(&stage->doorbell);
    vgpu_fd_close(&stage->interrupt);
    (void)munmap(stage->base, VGPU_CHANNEL_DATA_OFFSET);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stage stage;
    struct script script = {data, size};

    memset(&stage, 0, sizeof(stage));
    start(&stage);
    run(&stage, &script);
    stop(&stage);
    return 0;
}
