/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/activation.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "executor/worker/order.h"
#include "executor/worker/pipe.h"
#include "proto/frame_socket.h"

/* A supervisor that is there answers at once. */
#define START_NS (10000 * VGPU_NS_PER_MS)

static bool variable_is(const char *name, long value)
{
    const char *text = getenv(name);
    char *end;

    if (text == NULL || *text == '\0') {
        return false;
    }
    long number = strtol(text, &end, 10);

    return *end == '\0' && number == value;
}

static int option_of(int name, int *value)
{
    socklen_t len = sizeof(*value);

    return getsockopt(EX_PIPE_FD, SOL_SOCKET, name, value, &len) < 0 ? -errno : 0;
}

/* Where sd_listen_fds() begins is where a worker has its pipe. */
static int check_pipe(const char **what)
{
    int domain = 0;
    int type = 0;
    int listening = 1;

    *what = "LISTEN_PID or LISTEN_FDS is not this process and 1 (systemd starts it, Accept=yes)";
    if (!variable_is("LISTEN_PID", (long)getpid()) || !variable_is("LISTEN_FDS", 1)) {
        return -EINVAL;
    }
    *what = "descriptor 3 is no connected AF_UNIX stream socket (Accept=yes is needed)";
    if (option_of(SO_DOMAIN, &domain) < 0 || option_of(SO_TYPE, &type) < 0 ||
        option_of(SO_ACCEPTCONN, &listening) < 0 || domain != AF_UNIX || type != SOCK_STREAM ||
        listening != 0) {
        return -ENOTSOCK;
    }
    *what = "descriptor 3 cannot be prepared";
    int rc = vgpu_fd_set_nonblock(EX_PIPE_FD, false);

    return rc < 0 ? rc : vgpu_fd_set_cloexec(EX_PIPE_FD, true);
}

static int say_here(struct vgpu_frame_socket *socket)
{
    char version[] = VGPU_VERSION;
    Vgpu__WorkerHere here;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    vgpu__worker_here__init(&here);
    here.protocol = VGPU_PROTOCOL_VERSION;
    here.version = version;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_HERE;
    frame.worker_here = &here;
    return vgpu_frame_socket_send(socket, &frame, NULL, 0);
}

static void say_fatal(struct vgpu_frame_socket *socket, char *why)
{
    Vgpu__Fatal fatal;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    vgpu__fatal__init(&fatal);
    fatal.result = 304; /* CUDA_ERROR_OPERATING_SYSTEM: nothing of the driver is here yet */
    fatal.reason = why;
    frame.kind_case = VGPU__FRAME__KIND_FATAL;
    frame.fatal = &fatal;
    (void)vgpu_frame_socket_send(socket, &frame, NULL, 0);
}

/* The first frame, in time. */
static int hear(struct vgpu_frame_socket *socket, Vgpu__Frame **frame)
{
    uint64_t until = vgpu_clock_ns() + START_NS;
    int rc;

    while ((rc = vgpu_frame_socket_next(socket, frame)) == 0) {
        struct pollfd entry = {.fd = socket->fd, .events = POLLIN};
        uint64_t now = vgpu_clock_ns();

        if (now >= until) {
            return -ETIMEDOUT;
        }
        (void)poll(&entry, 1, (int)((until - now) / VGPU_NS_PER_MS) + 1);
        ssize_t got = vgpu_frame_socket_fill(socket, MSG_DONTWAIT);

        if (got == 0) {
            return -ECONNRESET;
        }
        if (got < 0 && got != -EAGAIN) {
            return (int)got;
        }
    }
    return rc < 0 ? rc : 0;
}

static int converse(struct vgpu_frame_socket *socket, struct ex_options *options, char *why,
                    size_t why_cap)
{
    Vgpu__Frame *frame = NULL;
    int rc = say_here(socket);

    if (rc == 0) {
        rc = hear(socket, &frame);
    }
    if (rc < 0) {
        (void)snprintf(why, why_cap, "no WorkerStart came");
        return rc;
    }
    if (frame->kind_case != VGPU__FRAME__KIND_WORKER_START) {
        (void)snprintf(why, why_cap, "another frame than WorkerStart came");
        return -EPROTO;
    }
    options->nonce = frame->worker_start->nonce;
    rc = ex_order_take(frame->worker_start, options, why, why_cap);
    if (rc == 0 && (socket->reader.start != socket->reader.end || socket->fd_count > 0)) {
        (void)snprintf(why, why_cap, "more than WorkerStart came");
        rc = -EPROTO;
    }
    if (rc < 0) {
        say_fatal(socket, why);
    }
    return rc;
}

int ex_activation_take(struct ex_options *options)
{
    struct vgpu_frame_socket socket;
    char why[VGPU_TEXT_BYTES_MAX] = "";
    const char *what = NULL;
    int rc = check_pipe(&what);

    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "worker cannot start: %s error=%d", what, -rc);
        return rc;
    }
    vgpu_frame_socket_init(&socket, EX_PIPE_FD);
    rc = converse(&socket, options, why, sizeof(why));
    /* The pipe stays: it is the worker's life. */
    socket.fd = -1;
    vgpu_frame_socket_fini(&socket);
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "worker cannot start: %s error=%d", why, -rc);
    }
    return rc;
}
