/* SPDX-License-Identifier: Apache-2.0 */
#include "test/fuzz/machine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "proto/channel.h"
#include "proto/frame.h"
#include "proto/record.h"

#define CHANNEL_BYTES VGPU_CHANNEL_BYTES_MIN

static int make_memory(void)
{
    int fd = memfd_create("fuzz-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0 || ftruncate(fd, CHANNEL_BYTES) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        abort();
    }
    return fd;
}

void fuzz_machine_init(struct fuzz_machine *machine, struct br_vm *vm)
{
    *machine = (struct fuzz_machine){.vm = vm, .socket = -1};
    for (unsigned int i = 0; i < FUZZ_CHANNELS; i++) {
        machine->memfd[i] = make_memory();
        machine->doorbell[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        machine->base[i] = mmap(NULL, VGPU_CHANNEL_DATA_OFFSET, PROT_READ | PROT_WRITE, MAP_SHARED,
                                machine->memfd[i], 0);
        if (machine->base[i] == MAP_FAILED) {
            abort();
        }
    }
}

void fuzz_machine_fini(struct fuzz_machine *machine)
{
    vgpu_fd_close(&machine->socket);
    for (unsigned int i = 0; i < FUZZ_CHANNELS; i++) {
        (void)munmap(machine->base[i], VGPU_CHANNEL_DATA_OFFSET);
        vgpu_fd_close(&machine->memfd[i]);
        vgpu_fd_close(&machine->doorbell[i]);
    }
}

void fuzz_machine_listen(struct fuzz_machine *machine)
{
    uint8_t bytes[2048];
    int fds[VGPU_FD_MAX];
    size_t count;

    while (machine->socket >= 0 &&
           vgpu_fd_recv(machine->socket, bytes, sizeof(bytes), fds, VGPU_FD_MAX, &count) > 0) {
        vgpu_fd_close_many(fds, count);
    }
}

/* ---- the connection --------------------------------------------------------- */

static void say(struct fuzz_machine *machine, const uint8_t *bytes, size_t len, const int *fds,
                size_t nfds)
{
    if (machine->socket >= 0 && len > 0) {
        (void)vgpu_fd_send(machine->socket, bytes, len, fds, nfds);
    }
}

static void send_frame(struct fuzz_machine *machine, const Vgpu__Frame *frame, const int *fds,
                       size_t nfds)
{
    uint8_t bytes[512];
    ssize_t len = vgpu_frame_pack(frame, bytes, sizeof(bytes));

    if (len > 0) {
        say(machine, bytes, (size_t)len, fds, nfds);
    }
}

/* A second one is turned away: its end is dropped at once. */
static void connect_device(struct fuzz_machine *machine)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        abort();
    }
    br_vm_connect(machine->vm, ends[1], 1, 2);
    if (machine->vm->phase == BR_VM_GREETING && machine->socket < 0) {
        machine->socket = ends[0];
    } else {
        vgpu_fd_close(&ends[0]);
    }
}

static void hello(struct fuzz_machine *machine, uint8_t size)
{
    Vgpu__DeviceHello message = VGPU__DEVICE_HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    if (machine->socket < 0) {
        connect_device(machine);
    }
    message.revision = VGPU_DEVICE_REVISION ^ (size & 0x80u) << 10;
    message.protocol = VGPU_PROTOCOL_VERSION ^ (size & 0x40u);
    message.channels = FUZZ_CHANNELS + (size & 0x20u);
    message.channel_bytes = CHANNEL_BYTES << (size & 1);
    frame.kind_case = VGPU__FRAME__KIND_DEVICE_HELLO;
    frame.device_hello = &message;
    send_frame(machine, &frame, NULL, 0);
}

/* Descriptors: the channel's own in order or in disorder, another channel's, too few, too many. */
static void ask(struct fuzz_machine *machine, uint8_t size, uint8_t how)
{
    unsigned int i = size % FUZZ_CHANNELS;
    int memfd = machine->memfd[i];
    int bell = machine->doorbell[i];
    int other = machine->doorbell[(i + 1) % FUZZ_CHANNELS];
    const int sets[8][4] = {
        {memfd, bell},  {memfd, bell}, {memfd, other},       {bell, memfd},
        {memfd, memfd}, {bell, other}, {memfd, bell, other}, {memfd, bell, other, memfd}};
    static const size_t counts[8] = {2, 2, 2, 2, 2, 2, 3, 4};
    Vgpu__ChannelOpen message = VGPU__CHANNEL_OPEN__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.channel = (size & 0x80) != 0 ? size : i;
    message.epoch = ++machine->epoch[i];
    machine->head[i] = 0;
    frame.kind_case = VGPU__FRAME__KIND_CHANNEL_OPEN;
    frame.channel_open = &message;
    send_frame(machine, &frame, sets[how % 8], (how & 8) != 0 ? how % 3 : counts[how % 8]);
}

static void let_go(struct fuzz_machine *machine, uint8_t size)
{
    unsigned int i = size % FUZZ_CHANNELS;
    Vgpu__ChannelClose message = VGPU__CHANNEL_CLOSE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.channel = (size & 0x80) != 0 ? size : i;
    message.epoch = machine->epoch[i] - (size >> 4 & 1);
    frame.kind_case = VGPU__FRAME__KIND_CHANNEL_CLOSE;
    frame.channel_close = &message;
    send_frame(machine, &frame, NULL, 0);
}

static void event(struct fuzz_machine *machine, uint8_t size)
{
    Vgpu__DeviceReset reset = VGPU__DEVICE_RESET__INIT;
    Vgpu__DeviceGone gone = VGPU__DEVICE_GONE__INIT;
    Vgpu__Beat beat = VGPU__BEAT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    if (size % 4 == 0) {
        frame.kind_case = VGPU__FRAME__KIND_DEVICE_RESET;
        frame.device_reset = &reset;
    } else if (size % 4 == 1) {
        frame.kind_case = VGPU__FRAME__KIND_DEVICE_GONE;
        frame.device_gone = &gone;
    } else if (size % 4 == 2) {
        frame.kind_case = VGPU__FRAME__KIND_BEAT;
        frame.beat = &beat;
    } else {
        vgpu_fd_close(&machine->socket);
        return;
    }
    send_frame(machine, &frame, NULL, 0);
}

static void raw(struct fuzz_machine *machine, struct script *script, uint8_t size)
{
    size_t len = size;
    const uint8_t *bytes = script_take(script, &len);

    say(machine, bytes, len, machine->memfd, size % 3 == 0 ? size % 4 : 0);
}

/* ---- guests ----------------------------------------------------------------- */

static void ring(struct fuzz_machine *machine, unsigned int i)
{
    static const uint64_t one = 1;

    (void)!write(machine->doorbell[i], &one, sizeof(one));
}

/* Bytes anywhere in the words that broker and guest share. */
static void scribble(struct fuzz_machine *machine, struct script *script, uint8_t size)
{
    unsigned int i = size % FUZZ_CHANNELS;
    size_t at = VGPU_CHANNEL_STATE_OFFSET + 8u * script_next(script);
    size_t len = size / 8;
    const uint8_t *bytes = script_take(script, &len);

    at = at < VGPU_CHANNEL_STATE_OFFSET + sizeof(struct vgpu_channel_state)
             ? at
             : VGPU_CHANNEL_STATE_OFFSET;
    memcpy(machine->base[i] + at, bytes, len);
    ring(machine, i);
}

/* A record in the ring, with bytes of the script behind an honest header; none: Hello. */
static void record(struct fuzz_machine *machine, struct script *script, uint8_t size)
{
    static const uint8_t greeting[] = {4, 0, 0, 0, 0x1a, 2, 8, VGPU_PROTOCOL_VERSION};
    unsigned int i = size % FUZZ_CHANNELS;
    size_t len = size / 8;
    const uint8_t *body = script_take(script, &len);
    struct vgpu_record header = {.op = VGPU_OP_FRAME};
    uint8_t *to = machine->base[i] + VGPU_CHANNEL_SUBMIT_OFFSET;

    if (len == 0) {
        body = greeting;
        len = sizeof(greeting);
    }
    header.length = vgpu_record_length(len);
    if (machine->head[i] + header.length > VGPU_CHANNEL_SUBMIT_BYTES) {
        return;
    }
    memset(to + machine->head[i], 0, header.length);
    memcpy(to + machine->head[i], &header, sizeof(header));
    memcpy(to + machine->head[i] + sizeof(header), body, len);
    machine->head[i] += header.length;
    atomic_store(&vgpu_channel_state(machine->base[i])->submit.head, machine->head[i]);
    ring(machine, i);
}

void fuzz_machine_step(struct fuzz_machine *machine, struct script *script, uint8_t what,
                       uint8_t size)
{
    switch (what) {
    case 0:
        connect_device(machine);
        break;
    case 1:
        hello(machine, size);
        break;
    case 2:
        ask(machine, size, script_next(script));
        break;
    case 3:
        let_go(machine, size);
        break;
    case 4:
        event(machine, size);
        break;
    case 5:
        raw(machine, script, size);
        break;
    case 6:
        record(machine, script, size);
        break;
    default:
        scribble(machine, script, size);
        break;
    }
}
