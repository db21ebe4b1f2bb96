/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/broker_link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "executor/supervisor/connect.h"

void ex_broker_link_init(struct ex_broker_link *link)
{
    vgpu_frame_socket_init(&link->socket, -1);
}

int ex_broker_link_connect(struct ex_broker_link *link, const char *path)
{
    int fd = ex_connect(path, false);

    if (fd < 0) {
        return fd;
    }
    vgpu_frame_socket_init(&link->socket, fd);
    return 0;
}

void ex_broker_link_close(struct ex_broker_link *link)
{
    vgpu_frame_socket_fini(&link->socket);
    ex_broker_link_init(link);
}

static int send_frame(struct ex_broker_link *link, const Vgpu__Frame *frame, const int *fds,
                      unsigned int fd_count)
{
    struct pollfd entry = {.fd = link->socket.fd, .events = POLLOUT};

    if (poll(&entry, 1, EX_BROKER_PATIENCE_MS) <= 0) {
        return -EAGAIN;
    }
    return vgpu_frame_socket_send(&link->socket, frame, fds, fd_count);
}

int ex_broker_link_register(struct ex_broker_link *link, Vgpu__DeviceFacts *facts,
                            uint64_t memory_quota)
{
    char version[] = VGPU_VERSION;
    Vgpu__Register message = VGPU__REGISTER__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.protocol = VGPU_PROTOCOL_VERSION;
    message.version = version;
    message.pid = (uint32_t)getpid();
    message.facts = facts;
    message.memory_quota = memory_quota;
    frame.kind_case = VGPU__FRAME__KIND_REGISTER;
    frame.register_ = &message;
    return send_frame(link, &frame, NULL, 0);
}

int ex_broker_link_ready(struct ex_broker_link *link, uint32_t worker, pid_t pid, int pipe,
                         const struct ex_worker_layers *layers, uint32_t landlock_abi)
{
    Vgpu__WorkerReady message = VGPU__WORKER_READY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.worker = worker;
    message.pid = (uint32_t)pid;
    message.no_new_privs = layers->no_new_privs;
    message.seccomp_mode = layers->seccomp_mode;
    message.landlock_abi = landlock_abi;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_READY;
    frame.worker_ready = &message;
    return send_frame(link, &frame, &pipe, 1);
}

int ex_broker_link_gone(struct ex_broker_link *link, uint32_t worker, int status)
{
    Vgpu__WorkerGone message = VGPU__WORKER_GONE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.worker = worker;
    message.status = status;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_GONE;
    frame.worker_gone = &message;
    return send_frame(link, &frame, NULL, 0);
}

int ex_broker_link_failed(struct ex_broker_link *link, const char *reason)
{
    char text[VGPU_TEXT_BYTES_MAX];
    Vgpu__WorkerFailed message;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    (void)snprintf(text, sizeof(text), "%s", reason);
    vgpu__worker_failed__init(&message);
    message.reason = text;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_FAILED;
    frame.worker_failed = &message;
    return send_frame(link, &frame, NULL, 0);
}

int ex_broker_link_leaving(struct ex_broker_link *link)
{
    Vgpu__Leaving message = VGPU__LEAVING__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    frame.kind_case = VGPU__FRAME__KIND_LEAVING;
    frame.leaving = &message;
    return send_frame(link, &frame, NULL, 0);
}
