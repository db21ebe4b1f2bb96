/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "ctl/escape.h"
#include "ctl/reach.h"

static int connect_to(const char *path, int *socket_fd)
{
    VGPU_CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = CT_PATIENCE_MS / 1000};

    if (strlen(path) >= sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    /* Bounds connect() where the queue is full, and sends where nobody reads. */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    }
    *socket_fd = vgpu_steal_fd(&fd);
    return 0;
}

static int fail(struct ct_client *client, int rc, struct ct_error *error)
{
    ct_reach_explain(client->server, client->path, rc, error);
    return rc;
}

/* 0 when something can be read. */
static int wait_readable(const struct ct_client *client, uint64_t start_ns)
{
    struct pollfd poll_fd = {.fd = client->socket.fd, .events = POLLIN};
    int left_ms = -1;
    int rc;

    if (client->patience_ms >= 0) {
        uint64_t passed_ms = (vgpu_clock_ns() - start_ns) / VGPU_NS_PER_MS;

        left_ms = passed_ms < (uint64_t)client->patience_ms
                      ? (int)((uint64_t)client->patience_ms - passed_ms)
                      : 0;
    }
    rc = poll(&poll_fd, 1, left_ms);
    if (rc < 0) {
        return -errno;
    }
    return rc == 0 ? -ETIMEDOUT : 0;
}

static int receive(struct ct_client *client, Vgpu__Frame **frame)
{
    uint64_t start_ns = vgpu_clock_ns();

    for (;;) {
        int rc = vgpu_frame_socket_next(&client->socket, frame);
        ssize_t got;

        if (rc != 0) {
            return rc < 0 ? rc : 0;
        }
        rc = wait_readable(client, start_ns);
        if (rc == -EINTR && client->patience_ms >= 0) {
            continue; /* a terminal that changes its size; what waits is bounded */
        }
        if (rc < 0) {
            return rc;
        }
        got = vgpu_frame_socket_fill(&client->socket, MSG_DONTWAIT);
        if (got == 0) {
            return -ECONNRESET;
        }
        if (got < 0 && got != -EAGAIN) {
            return (int)got;
        }
    }
}

static int greet(struct ct_client *client)
{
    Vgpu__CtlHello hello = VGPU__CTL_HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char program[] = "vgpuctl";
    char version[] = VGPU_VERSION;
    Vgpu__Frame *answer;
    int rc;

    hello.protocol = VGPU_PROTOCOL_VERSION;
    hello.role = VGPU_CTL_TOOL;
    hello.program = program;
    hello.version = version;
    frame.kind_case = VGPU__FRAME__KIND_CTL_HELLO;
    frame.ctl_hello = &hello;
    rc = vgpu_frame_socket_send(&client->socket, &frame, NULL, 0);
    if (rc == 0) {
        rc = receive(client, &answer);
    }
    if (rc < 0) {
        return rc;
    }
    if (answer->kind_case != VGPU__FRAME__KIND_CTL_WELCOME ||
        answer->ctl_welcome->protocol != VGPU_PROTOCOL_VERSION) {
        return -EPROTO;
    }
    if (strcmp(answer->ctl_welcome->program, ct_reach_name(client->server)) != 0) {
        return -EPROTOTYPE;
    }
    (void)ct_escape(client->version, sizeof(client->version), answer->ctl_welcome->version);
    client->pid = answer->ctl_welcome->pid;
    return 0;
}

int ct_client_open(struct ct_client *client, enum ct_server server, const char *path,
                   struct ct_error *error)
{
    int fd = -1;
    int rc;

    *client = (struct ct_client){.server = server, .path = path, .patience_ms = CT_PATIENCE_MS};
    rc = connect_to(path, &fd);
    if (rc < 0) {
        return fail(client, rc, error);
    }
    vgpu_frame_socket_init(&client->socket, fd);
    rc = greet(client);
    if (rc < 0) {
        vgpu_frame_socket_fini(&client->socket);
        return fail(client, rc, error);
    }
    return 0;
}

void ct_client_close(struct ct_client *client)
{
    vgpu_frame_socket_fini(&client->socket);
}

uint32_t ct_client_new_id(struct ct_client *client)
{
    return ++client->id;
}

static int send_frame(struct ct_client *client, const Vgpu__Frame *frame, struct ct_error *error)
{
    int rc = vgpu_frame_socket_send(&client->socket, frame, NULL, 0);

    return rc < 0 ? fail(client, rc == -EAGAIN ? -ETIMEDOUT : rc, error) : 0;
}

int ct_client_ask(struct ct_client *client, enum vgpu_ctl_what what, const char *vm,
                  struct ct_error *error)
{
    Vgpu__CtlAsk ask = VGPU__CTL_ASK__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char name[VGPU_TEXT_BYTES_MAX];

    (void)snprintf(name, sizeof(name), "%s", vm);
    ask.id = ct_client_new_id(client);
    ask.what = what;
    ask.vm = name;
    frame.kind_case = VGPU__FRAME__KIND_CTL_ASK;
    frame.ctl_ask = &ask;
    return send_frame(client, &frame, error);
}

static int take_end(struct ct_client *client, const Vgpu__CtlEnd *end, struct ct_error *error)
{
    char text[CT_ERROR_TEXT - 64];

    if (end->id != client->id) {
        return fail(client, -EPROTO, error);
    }
    client->refusal = end->error;
    if (end->error == 0) {
        return 0;
    }
    (void)ct_escape(text, sizeof(text), end->text[0] != '\0' ? end->text : "refused");
    ct_error_set(error, CT_FAILED, "%s", text);
    return -EREMOTEIO;
}

int ct_client_next(struct ct_client *client, Vgpu__Frame **frame, struct ct_error *error)
{
    int rc = receive(client, frame);

    if (rc < 0) {
        return fail(client, rc, error);
    }
    if ((*frame)->kind_case == VGPU__FRAME__KIND_CTL_END) {
        return take_end(client, (*frame)->ctl_end, error);
    }
    return 1;
}

int ct_client_change(struct ct_client *client, const Vgpu__Frame *frame, struct ct_error *error)
{
    Vgpu__Frame *answer;
    int rc = send_frame(client, frame, error);

    if (rc == 0) {
        rc = ct_client_next(client, &answer, error);
    }
    return rc > 0 ? fail(client, -EPROTO, error) : rc;
}
