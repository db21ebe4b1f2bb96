/* SPDX-License-Identifier: Apache-2.0 */
#include "test/fuzz/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "proto/control.h"
#include "proto/frame.h"

/* Names of machines that come and go, and one that is the configuration's. */
#define NAMES 4u

void fuzz_client_init(struct fuzz_client *client, struct br_broker *broker)
{
    struct sockaddr_un unnamed = {.sun_family = AF_UNIX};

    *client = (struct fuzz_client){.broker = broker, .socket = -1};
    /* Bound to a name that the kernel chooses. */
    client->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(client->listener, (const struct sockaddr *)&unnamed, sizeof(sa_family_t)) != 0 ||
        listen(client->listener, 4) != 0) {
        abort();
    }
}

void fuzz_client_fini(struct fuzz_client *client)
{
    vgpu_fd_close(&client->socket);
    vgpu_fd_close(&client->listener);
}

void fuzz_client_listen(struct fuzz_client *client)
{
    uint8_t bytes[2048];
    int fds[VGPU_FD_MAX];
    size_t count;

    while (client->socket >= 0 && !client->deaf &&
           vgpu_fd_recv(client->socket, bytes, sizeof(bytes), fds, VGPU_FD_MAX, &count) > 0) {
        vgpu_fd_close_many(fds, count);
    }
}

static void say(const struct fuzz_client *client, const uint8_t *bytes, size_t len, const int *fds,
                size_t nfds)
{
    if (client->socket >= 0 && len > 0) {
        (void)vgpu_fd_send(client->socket, bytes, len, fds, nfds);
    }
}

static void send_frame(const struct fuzz_client *client, const Vgpu__Frame *frame, const int *fds,
                       size_t nfds)
{
    uint8_t bytes[1024];
    ssize_t len = vgpu_frame_pack(frame, bytes, sizeof(bytes));

    if (len > 0) {
        say(client, bytes, (size_t)len, fds, nfds);
    }
}

static void name_machine(char *name, size_t cap, uint8_t size)
{
    if (size % NAMES == 0) {
        (void)snprintf(name, cap, "fuzz");
    } else {
        (void)snprintf(name, cap, "vm%u", size % NAMES);
    }
}

/* Bits of `size`: role, whether the hello is left out, a small socket, another account. */
static void connect_client(struct fuzz_client *client, uint8_t size)
{
    Vgpu__CtlHello hello = VGPU__CTL_HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    int bytes = 2048;
    int ends[2];

    vgpu_fd_close(&client->socket);
    client->deaf = false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        abort();
    }
    if ((size & 4) != 0) {
        (void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    }
    client->socket = ends[0];
    br_control_connect(&client->broker->control, ends[1], 1, (size & 8) != 0 ? 4711 : geteuid());
    hello.protocol = VGPU_PROTOCOL_VERSION;
    hello.role = size & 1;
    frame.kind_case = VGPU__FRAME__KIND_CTL_HELLO;
    frame.ctl_hello = &hello;
    if ((size & 2) == 0) {
        send_frame(client, &frame, NULL, 0);
    }
}

static void ask(const struct fuzz_client *client, uint8_t size)
{
    Vgpu__CtlAsk message = VGPU__CTL_ASK__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char name[16] = "";

    if (size >= 128) {
        name_machine(name, sizeof(name), size / 16);
    }
    message.id = size;
    message.what = size % 16;
    message.vm = name;
    frame.kind_case = VGPU__FRAME__KIND_CTL_ASK;
    frame.ctl_ask = &message;
    send_frame(client, &frame, NULL, 0);
}

/* Bits of `size` above the name: a listener is announced, a descriptor sent, one that listens. */
static void set_machine(const struct fuzz_client *client, struct script *script, uint8_t size)
{
    Vgpu__VmSet set = VGPU__VM_SET__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    int fd = (size & 16) != 0 ? client->listener : client->socket;
    char name[16];
    char pool[8] = "";

    name_machine(name, sizeof(name), size);
    if ((size & 32) != 0) {
        (void)snprintf(pool, sizeof(pool), "pool");
    }
    set.name = name;
    set.pool = pool;
    set.listener = (size & 4) != 0;
    set.sessions_max = script_next(script);
    set.memory_quota = (uint64_t)script_next(script) << 28;
    set.calls_per_s = script_next(script);
    frame.kind_case = VGPU__FRAME__KIND_VM_SET;
    frame.vm_set = &set;
    send_frame(client, &frame, &fd, (size & 8) != 0 && fd >= 0 ? 1 : 0);
}

static void remove_machine(const struct fuzz_client *client, uint8_t size)
{
    Vgpu__VmRemove message = VGPU__VM_REMOVE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char name[16];

    name_machine(name, sizeof(name), size);
    message.name = name;
    frame.kind_case = VGPU__FRAME__KIND_VM_REMOVE;
    frame.vm_remove = &message;
    send_frame(client, &frame, NULL, 0);
}

static void identify(const struct fuzz_client *client, uint8_t size)
{
    Vgpu__VmIdentity message = VGPU__VM_IDENTITY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char name[16];

    name_machine(name, sizeof(name), size);
    message.name = name;
    message.pid = 1;
    message.verdict = size / 4 % 4;
    frame.kind_case = VGPU__FRAME__KIND_VM_IDENTITY;
    frame.vm_identity = &message;
    send_frame(client, &frame, NULL, 0);
}

static void set_pool(const struct fuzz_client *client, uint8_t size)
{
    Vgpu__PoolSet message = VGPU__POOL_SET__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint8_t uuid[16];
    ProtobufCBinaryData list = {.len = sizeof(uuid), .data = uuid};
    char name[] = "pool";

    memset(uuid, size, sizeof(uuid));
    message.name = name;
    message.n_uuid = (size & 1) != 0;
    message.uuid = &list;
    frame.kind_case = VGPU__FRAME__KIND_POOL_SET;
    frame.pool_set = &message;
    send_frame(client, &frame, NULL, 0);
}

/* Begin, commit, a pool, an identity; by the low bits. */
static void command(const struct fuzz_client *client, uint8_t size)
{
    Vgpu__HostBegin begin = VGPU__HOST_BEGIN__INIT;
    Vgpu__HostCommit commit = VGPU__HOST_COMMIT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    if (size % 4 == 2) {
        set_pool(client, size / 4);
        return;
    }
    if (size % 4 == 3) {
        identify(client, size / 4);
        return;
    }
    if (size % 4 == 0) {
        frame.kind_case = VGPU__FRAME__KIND_HOST_BEGIN;
        frame.host_begin = &begin;
    } else {
        frame.kind_case = VGPU__FRAME__KIND_HOST_COMMIT;
        frame.host_commit = &commit;
    }
    send_frame(client, &frame, NULL, 0);
}

/* A frame of any kind whose message is bytes of the script. */
static void raw_frame(const struct fuzz_client *client, struct script *script, size_t len)
{
    uint8_t kind = script_next(script);
    const uint8_t *body;
    uint8_t bytes[160];

    len = len < 127 ? len : 127;
    body = script_take(script, &len);
    memset(bytes, 0, sizeof(bytes));
    bytes[0] = (uint8_t)(3 + len);
    bytes[4] = (uint8_t)(kind << 3 | 2 | 0x80);
    bytes[5] = (uint8_t)(kind >> 4 & 0x7f);
    bytes[6] = (uint8_t)len;
    memcpy(bytes + 7, body, len);
    say(client, bytes, 7 + len, NULL, 0);
}

void fuzz_client_step(struct fuzz_client *client, struct script *script, uint8_t what, uint8_t size)
{
    size_t len = size;
    const uint8_t *bytes;

    switch (what) {
    case 0:
        connect_client(client, size);
        break;
    case 1:
        ask(client, size);
        break;
    case 2:
        raw_frame(client, script, len);
        break;
    case 3:
        bytes = script_take(script, &len);
        say(client, bytes, len, &client->listener, size % 2);
        break;
    case 4:
        set_machine(client, script, size);
        break;
    case 5:
        remove_machine(client, size);
        break;
    case 6:
        command(client, size);
        break;
    default:
        client->deaf = size % 2 == 0;
        if (size % 4 == 3) {
            vgpu_fd_close(&client->socket);
        }
        break;
    }
}
