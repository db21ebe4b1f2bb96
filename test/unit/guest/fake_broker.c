/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/guest/fake_broker.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "proto/channel.h"
#include "proto/frame_socket.h"
#include "test/unit/guest/fake_device.h"

#define BYTES      VGPU_CHANNEL_BYTES_MIN
#define ATTRIBUTES 80

static void need(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        abort();
    }
}

static void make_channel(struct fake_channel *channel)
{
    struct vgpu_channel_header header = {VGPU_CHANNEL_MAGIC, VGPU_PROTOCOL_VERSION, BYTES, 7};

    channel->memory_fd = memfd_create("fake", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    need(channel->memory_fd >= 0 && ftruncate(channel->memory_fd, BYTES) == 0, "memfd");
    if (!channel->broker->bad_seals) {
        need(fcntl(channel->memory_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0,
             "seals");
    }
    channel->base = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, channel->memory_fd, 0);
    need(channel->base != MAP_FAILED, "mmap");
    memcpy(channel->base, &header, sizeof(header));
    channel->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    channel->interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static void send_frame(int socket, const Vgpu__Frame *frame, const int *fds, size_t count)
{
    uint8_t bytes[2048];
    ssize_t len = vgpu_frame_pack(frame, bytes, sizeof(bytes));

    need(len > 0, "pack");
    (void)vgpu_fd_send(socket, bytes, (size_t)len, fds, count);
}

static void send_grant(struct fake_channel *channel)
{
    int fds[3] = {channel->memory_fd, channel->doorbell, channel->interrupt};
    Vgpu__Grant grant = VGPU__GRANT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    grant.channel_bytes = channel->broker->bad_size ? BYTES * 2 : BYTES;
    grant.protocol = VGPU_PROTOCOL_VERSION + channel->broker->bad_protocol;
    frame.kind_case = VGPU__FRAME__KIND_GRANT;
    frame.grant = &grant;
    send_frame(channel->socket, &frame, fds, 3);
}

static void send_refuse(struct fake_channel *channel)
{
    Vgpu__Refuse refuse = VGPU__REFUSE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char reason[] = "test";

    refuse.result = channel->broker->refuse;
    refuse.reason = reason;
    frame.kind_case = VGPU__FRAME__KIND_REFUSE;
    frame.refuse = &refuse;
    send_frame(channel->socket, &frame, NULL, 0);
}

void fake_channel_interrupt(struct fake_channel *channel)
{
    uint64_t one = 1;

    (void)!write(channel->interrupt, &one, sizeof(one));
}

void fake_channel_fail(struct fake_channel *channel, uint32_t cu)
{
    atomic_store(&vgpu_channel_state(channel->base)->error, cu);
    fake_channel_interrupt(channel);
}

void fake_channel_hang_up(struct fake_channel *channel)
{
    if (channel->adopted) {
        atomic_store(&channel->broker->device->link, false);
        return;
    }
    (void)shutdown(channel->socket, SHUT_RDWR);
}

struct rings {
    struct vgpu_ring submit;
    struct vgpu_ring complete;
};

static void put(struct fake_channel *channel, struct rings *rings, uint32_t op, uint32_t sequence,
                uint32_t lane, const uint8_t *body, size_t len)
{
    _Alignas(8) static __thread uint8_t bytes[VGPU_RECORD_BYTES_MAX + 64];
    struct vgpu_record record = {
        .op = op, .length = vgpu_record_length(len), .sequence = sequence, .lane = (uint16_t)lane};

    memset(bytes, 0, record.length);
    memcpy(bytes, &record, sizeof(record));
    memcpy(bytes + sizeof(record), body, len);
    while (vgpu_ring_put(&rings->complete, bytes, record.length) != 0) {
        (void)usleep(100);
    }
    if (vgpu_ring_wants_wake(&rings->complete)) {
        fake_channel_interrupt(channel);
    }
}

void fake_channel_inject(struct fake_channel *channel, const void *bytes, size_t len)
{
    struct vgpu_ring ring;

    vgpu_channel_complete_ring(&ring, channel->base);
    ring.mine = atomic_load(&ring.words->head);
    ring.theirs = atomic_load(&ring.words->tail);
    need(vgpu_ring_put(&ring, bytes, len) == 0, "inject");
    fake_channel_interrupt(channel);
}

static void answer_frame(struct fake_channel *channel, struct rings *rings,
                         const Vgpu__Frame *frame)
{
    uint8_t bytes[2048];
    ssize_t len = vgpu_frame_pack(frame, bytes, sizeof(bytes));

    need(len > 0, "pack");
    put(channel, rings, VGPU_OP_FRAME, 0, 0, bytes, (size_t)len);
}

static void refuse_in_ring(struct fake_channel *channel, struct rings *rings, int32_t cu)
{
    Vgpu__Refuse refuse = VGPU__REFUSE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    refuse.result = cu;
    frame.kind_case = VGPU__FRAME__KIND_REFUSE;
    frame.refuse = &refuse;
    answer_frame(channel, rings, &frame);
}

static void welcome(struct fake_channel *channel, struct rings *rings)
{
    uint32_t count = channel->broker->devices != 0 ? channel->broker->devices : 1;
    Vgpu__DeviceFacts facts[4];
    Vgpu__DeviceFacts *list[4];
    Vgpu__Welcome hello = VGPU__WELCOME__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    int32_t attributes[ATTRIBUTES];
    uint8_t valid[ATTRIBUTES / 8];
    uint8_t uuid[4][16];
    char name[] = "Fake GPU";
    char bus[4][24];
    char release[32];

    for (int i = 0; i < ATTRIBUTES; i++) {
        attributes[i] = i <= 7 ? 1024 : i;
    }
    memset(valid, 0xff, sizeof(valid));
    valid[0] = 0xfe;
    for (uint32_t i = 0; i < count; i++) {
        vgpu__device_facts__init(&facts[i]);
        memset(uuid[i], (int)i + 1, 16);
        (void)snprintf(bus[i], sizeof(bus[i]), "0000:%02x:00.0",
                       (channel->broker->reversed ? count - i : i + 1) & 0xff);
        facts[i].name = name;
        facts[i].pci_bus_id = bus[i];
        if (channel->broker->release != NULL) {
            (void)snprintf(release, sizeof(release), "%s", channel->broker->release);
            facts[i].driver_release = release;
        }
        facts[i].uuid = (ProtobufCBinaryData){16, uuid[i]};
        facts[i].total_memory = 1 << 20;
        facts[i].n_attributes = ATTRIBUTES;
        facts[i].attributes = attributes;
        facts[i].attribute_valid = (ProtobufCBinaryData){sizeof(valid), valid};
        facts[i].stream_priority_greatest = -5;
        list[i] = &facts[i];
    }
    hello.driver_version = 12040;
    hello.n_devices = count;
    hello.devices = list;
    frame.kind_case = VGPU__FRAME__KIND_WELCOME;
    frame.welcome = &hello;
    answer_frame(channel, rings, &frame);
}

static void opened(struct fake_channel *channel, struct rings *rings, uint32_t ordinal)
{
    Vgpu__Opened open = VGPU__OPENED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    atomic_fetch_add(&channel->broker->opens, 1);
    if (atomic_load(&channel->broker->refuse_open) != 0) {
        refuse_in_ring(channel, rings, atomic_load(&channel->broker->refuse_open));
        return;
    }
    open.ordinal = ordinal;
    open.worker_pid = 4711;
    frame.kind_case = VGPU__FRAME__KIND_OPENED;
    frame.opened = &open;
    answer_frame(channel, rings, &frame);
}

/* 2 KiB and more are held of each device, the rest is free. */
static void survey(struct fake_channel *channel, struct rings *rings)
{
    uint32_t count = channel->broker->devices != 0 ? channel->broker->devices : 1;
    uint32_t processes = channel->broker->processes;
    Vgpu__Surveyed surveyed = VGPU__SURVEYED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint64_t used[4];
    uint64_t left[4];
    uint32_t process[16];
    uint32_t ordinal[16] = {0};
    uint64_t held[16];

    for (uint32_t i = 0; i < count; i++) {
        used[i] = (i + 2) << 10;
        left[i] = (1 << 20) - used[i];
    }
    for (uint32_t i = 0; i < processes && i < 16; i++) {
        process[i] = 100 + i;
        held[i] = (i + 1) << 10;
    }
    surveyed.used = used;
    surveyed.n_used = count;
    surveyed.free = left;
    surveyed.n_free = channel->broker->bad_survey ? count - 1 : count;
    surveyed.process = process;
    surveyed.ordinal = ordinal;
    surveyed.process_used = held;
    surveyed.n_process = surveyed.n_ordinal = surveyed.n_process_used = processes;
    frame.kind_case = VGPU__FRAME__KIND_SURVEYED;
    frame.surveyed = &surveyed;
    atomic_fetch_add(&channel->broker->surveys, 1);
    answer_frame(channel, rings, &frame);
}

static void take_frame(struct fake_channel *channel, struct rings *rings, const uint8_t *body)
{
    struct vgpu_arena arena = {0};
    Vgpu__Closed closed = VGPU__CLOSED__INIT;
    Vgpu__Frame reply = VGPU__FRAME__INIT;
    Vgpu__Frame *frame;
    uint32_t len;

    memcpy(&len, body, sizeof(len));
    need(vgpu_frame_unpack(&arena, body + 4, len, &frame) == 0, "frame");
    if (frame->kind_case == VGPU__FRAME__KIND_HELLO) {
        if (channel->broker->refuse_hello != 0) {
            refuse_in_ring(channel, rings, channel->broker->refuse_hello);
        } else {
            welcome(channel, rings);
        }
    } else if (frame->kind_case == VGPU__FRAME__KIND_OPEN) {
        opened(channel, rings, frame->open->ordinal);
    } else if (frame->kind_case == VGPU__FRAME__KIND_SURVEY) {
        survey(channel, rings);
    } else if (frame->kind_case == VGPU__FRAME__KIND_CLOSE) {
        atomic_fetch_add(&channel->broker->closes, 1);
        reply.kind_case = VGPU__FRAME__KIND_CLOSED;
        reply.closed = &closed;
        answer_frame(channel, rings, &reply);
    }
    vgpu_arena_fini(&arena);
}

static void take_call(struct fake_channel *channel, struct rings *rings,
                      const struct vgpu_record *record, const uint8_t *body)
{
    static __thread uint8_t reply[VGPU_RECORD_BYTES_MAX - 16];
    struct vgpu_answer head = {.result = 0};
    size_t len;

    atomic_fetch_add(&channel->records, 1);
    atomic_store(&channel->broker->last_op, record->op);
    len = fake_worker_answer(channel, record, body, record->length - sizeof(*record),
                             reply + sizeof(head), sizeof(reply) - sizeof(head), &head.result);
    if ((record->flags & VGPU_RECORD_ANSWER) != 0) {
        memcpy(reply, &head, sizeof(head));
        put(channel, rings, record->op, record->sequence, record->lane, reply, sizeof(head) + len);
    }
}

static void take_all(struct fake_channel *channel, struct rings *rings)
{
    static __thread uint8_t bytes[VGPU_RECORD_BYTES_MAX];
    struct vgpu_record record;
    ssize_t len;

    while (!atomic_load(&channel->broker->hold)) {
        ssize_t got = vgpu_ring_peek(&rings->submit, bytes, sizeof(bytes));

        len = got > 0 ? vgpu_record_peek(bytes, (size_t)got, &record) : got;
        if (len <= 0) {
            break;
        }
        if (record.op == VGPU_OP_FRAME) {
            take_frame(channel, rings, bytes + sizeof(record));
        } else {
            take_call(channel, rings, &record, bytes + sizeof(record));
        }
        if (vgpu_ring_consume(&rings->submit, (size_t)len)) {
            fake_channel_interrupt(channel);
        }
    }
}

static void *serve_channel(void *arg)
{
    struct fake_channel *channel = arg;
    struct pollfd fds[2] = {{.fd = channel->doorbell, .events = POLLIN},
                            {.fd = channel->socket, .events = POLLIN | POLLRDHUP}};
    struct rings rings;
    uint64_t count;

    vgpu_channel_submit_ring(&rings.submit, channel->base);
    vgpu_channel_complete_ring(&rings.complete, channel->base);
    while (!atomic_load(&channel->broker->stop) && !atomic_load(&channel->stop)) {
        take_all(channel, &rings);
        if (!vgpu_ring_park(&rings.submit) && !atomic_load(&channel->broker->hold)) {
            continue;
        }
        /* The timeout only matters when a test holds the rings back. */
        (void)poll(fds, fds[1].fd >= 0 ? 2 : 1, 5);
        (void)!read(channel->doorbell, &count, sizeof(count));
        if (fds[1].revents != 0) {
            fds[1].fd = -1;
        }
        vgpu_ring_unpark(&rings.submit);
    }
    return NULL;
}

static struct fake_channel *next_channel(struct fake_broker *broker, int socket)
{
    uint32_t number = atomic_load(&broker->count);
    struct fake_channel *channel = &broker->channels[number];

    need(number < FAKE_CHANNELS, "channels");
    channel->broker = broker;
    channel->number = number;
    channel->socket = socket;
    return channel;
}

static void start_service(struct fake_channel *channel)
{
    struct fake_broker *broker = channel->broker;

    /* Whoever is answered there finds it counted. */
    atomic_store(&broker->count, channel->number + 1);
    need(pthread_create(&broker->threads[channel->number], NULL, serve_channel, channel) == 0,
         "thread");
}

void fake_broker_settle(struct fake_broker *broker)
{
    (void)atomic_load(&broker->count);
}

uint32_t fake_broker_adopt(struct fake_broker *broker, uint8_t *base)
{
    struct fake_channel *channel = next_channel(broker, -1);

    channel->adopted = true;
    channel->memory_fd = -1;
    channel->base = base;
    channel->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    channel->interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    start_service(channel);
    return channel->number;
}

void fake_channel_ring(struct fake_channel *channel)
{
    uint64_t one = 1;

    (void)!write(channel->doorbell, &one, sizeof(one));
}

bool fake_channel_interrupted(struct fake_channel *channel)
{
    uint64_t count;

    return read(channel->interrupt, &count, sizeof(count)) > 0;
}

void fake_channel_end(struct fake_channel *channel)
{
    atomic_store(&channel->stop, true);
    fake_channel_ring(channel);
    (void)pthread_join(channel->broker->threads[channel->number], NULL);
    channel->broker->threads[channel->number] = 0;
}

static void accept_one(struct fake_broker *broker, int socket)
{
    struct fake_channel *channel = next_channel(broker, socket);

    if (broker->refuse != 0) {
        send_refuse(channel);
        (void)close(socket);
        return;
    }
    make_channel(channel);
    send_grant(channel);
    start_service(channel);
}

static void *serve(void *arg)
{
    struct fake_broker *broker = arg;
    int socket;

    while ((socket = accept4(broker->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        accept_one(broker, socket);
    }
    return NULL;
}

static bool start_device(struct fake_broker *broker)
{
    const char *transport = getenv("VGPU_TEST_TRANSPORT");

    if (transport == NULL || strcmp(transport, "device") != 0) {
        return false;
    }
    broker->device = fake_device_new();
    broker->device->with_uio = getenv("VGPU_TEST_INTERRUPTS") != NULL;
    broker->device->broker = broker;
    fake_device_start(broker->device);
    return true;
}

void fake_broker_start(struct fake_broker *broker)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;

    if (start_device(broker)) {
        return;
    }
    (void)snprintf(broker->folder, sizeof(broker->folder), "/tmp/vgpu-guest-XXXXXX");
    need(mkdtemp(broker->folder) != NULL, "mkdtemp");
    (void)snprintf(broker->path, sizeof(broker->path), "%s/broker.sock", broker->folder);
    memcpy(address.sun_path, broker->path, strlen(broker->path));
    broker->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(bind(broker->listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
             listen(broker->listener, 8) == 0,
         "listen");
    (void)setenv("VGPU_SOCKET", broker->path, 1);
    (void)setenv("VGPU_LOG", "off", 1);
    need(pthread_create(&thread, NULL, serve, broker) == 0, "thread");
    broker->thread = thread;
}

static void close_channel(struct fake_channel *channel)
{
    if (!channel->adopted) {
        (void)close(channel->socket);
        (void)munmap(channel->base, BYTES);
        (void)close(channel->memory_fd);
    }
    (void)close(channel->doorbell);
    (void)close(channel->interrupt);
}

/* The link goes down, and no channel is served any more. */
static void stop_device(struct fake_broker *broker)
{
    struct fake_device *device = broker->device;

    atomic_store(&device->link, false);
    for (uint32_t i = 0; i < device->channels; i++) {
        while (fake_device_state(device, i) == VGPU_CHANNEL_READY ||
               fake_device_state(device, i) == VGPU_CHANNEL_OPENING) {
            (void)usleep(100);
        }
    }
    fake_device_halt(device);
    for (uint32_t i = 0; i < atomic_load(&broker->count); i++) {
        if (broker->threads[i] != 0) {
            fake_channel_end(&broker->channels[i]);
        }
        close_channel(&broker->channels[i]);
    }
    fake_device_free(device);
    broker->device = NULL;
}

void fake_broker_stop(struct fake_broker *broker)
{
    if (broker->device != NULL) {
        stop_device(broker);
        return;
    }
    atomic_store(&broker->stop, true);
    (void)shutdown(broker->listener, SHUT_RDWR);
    (void)pthread_join(broker->thread, NULL);
    (void)close(broker->listener);
    for (uint32_t i = 0; i < atomic_load(&broker->count); i++) {
        (void)pthread_join(broker->threads[i], NULL);
        close_channel(&broker->channels[i]);
    }
    (void)unlink(broker->path);
    (void)rmdir(broker->folder);
}

void fake_child_check(bool holds, const char *text, const char *file, int line)
{
    if (!holds) {
        (void)fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
        _exit(1);
    }
}

void fake_run_in_child(void (*fn)(void))
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        (void)alarm(50);
        fn();
        fake_device_sweep();
        _exit(0);
    }
    need(child > 0 && waitpid(child, &status, 0) == child, "fork");
    if (status != 0) {
        (void)fprintf(stderr, "the child ended with status %#x\n", (unsigned int)status);
        abort();
    }
}
