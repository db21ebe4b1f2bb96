/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers that systemd starts.  A connection says nothing of who is behind it: SO_PEERCRED names
 * whoever made the listener.  So the kernel names the sender of each frame (SCM_CREDENTIALS), and
 *
 *   WorkerHere ──► pidfd of the sender ──► WorkerStart, nonce ──► Ready, nonce, same sender
 *
 * proves that the pidfd is the worker's: Ready was sent after the pidfd was opened, by a process of
 * that id, and the pidfd's process still has it.
 */
#include "executor/supervisor/source.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "executor/supervisor/connect.h"
#include "executor/supervisor/layers.h"
#include "executor/worker/environment.h"

static int refuse(struct ex_child *child, const char *why)
{
    (void)snprintf(child->why, sizeof(child->why), "%s", why);
    return -EPROTO;
}

/* ---- the connection --------------------------------------------------------------- */

/* Who made the listener: root, that is systemd, or ourselves where no systemd is. */
static int check_listener(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
        return -errno;
    }
    return peer.uid == 0 || peer.uid == geteuid() ? 0 : -EACCES;
}

static const char *advice(int rc)
{
    if (rc == -ENOENT || rc == -ECONNREFUSED) {
        return " (is vgpu-worker.socket started?)";
    }
    return rc == -EACCES ? " (it must be root's, and open to this account)" : "";
}

static int unit_obtain(const struct ex_options *options, enum ex_mode mode, struct ex_child *child)
{
    const char *path = options->settings.worker_socket;
    int fd = ex_connect(path, true);
    int rc = fd < 0 ? fd : check_listener(fd);

    ex_child_init(child, fd < 0 ? -1 : fd);
    child->probe = mode == EX_MODE_PROBE;
    if (rc == 0 && getrandom(&child->nonce, sizeof(child->nonce), 0) < 0) {
        rc = -errno;
    }
    if (rc < 0) {
        ex_child_fini(child);
        (void)snprintf(child->why, sizeof(child->why), "worker socket %s: %s%s", path,
                       strerror(-rc), advice(rc));
    }
    return rc;
}

/* ---- what it is told ---------------------------------------------------------------- */

static int send_start(const struct ex_options *options, struct ex_child *child)
{
    char *variables[VGPU_WORKER_VARIABLES_MAX];
    char driver[EX_PATH_MAX];
    uint8_t uuid[EX_UUID_BYTES];
    Vgpu__WorkerStart start;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    memcpy(driver, options->driver, sizeof(driver));
    memcpy(uuid, options->gpu.uuid, sizeof(uuid));
    vgpu__worker_start__init(&start);
    start.nonce = child->nonce;
    start.probe = child->probe;
    start.gpu = options->gpu.number;
    start.uuid.data = uuid;
    start.uuid.len = options->gpu.by_uuid ? sizeof(uuid) : 0;
    start.driver = driver;
    start.helpers = options->settings.helpers;
    start.log_level = (uint32_t)options->log_level;
    start.environment = variables;
    start.n_environment = ex_environment_travelling(environ, variables, VGPU_WORKER_VARIABLES_MAX);
    frame.kind_case = VGPU__FRAME__KIND_WORKER_START;
    frame.worker_start = &start;
    return vgpu_frame_socket_send(&child->socket, &frame, NULL, 0);
}

/* ---- who it is ------------------------------------------------------------------------ */

static int meet(const struct ex_options *options, struct ex_child *child, const Vgpu__Frame *frame)
{
    struct ex_worker_layers layers;

    if (frame->kind_case != VGPU__FRAME__KIND_WORKER_HERE) {
        return refuse(child, "the worker did not begin with WorkerHere");
    }
    if (frame->worker_here->protocol != VGPU_PROTOCOL_VERSION) {
        return refuse(child, "the worker is of another version than this supervisor");
    }
    if (ex_child_identify(child, child->socket.sender.pid) < 0) {
        return refuse(child, "the worker ended before it was known");
    }
    if (ex_layers_read(child->pid, &layers) < 0) {
        return refuse(child, "the worker's locks cannot be read (ProtectProc= hides processes?)");
    }
    child->filters = layers.filters;
    return send_start(options, child) < 0 ? refuse(child, "the worker went away") : 0;
}

static int prove(struct ex_child *child, const Vgpu__Ready *ready)
{
    const int off = 0;

    if (ex_child_ended(child, 0)) {
        return refuse(child, "the worker has ended, or another process spoke for it");
    }
    if (ready->nonce != child->nonce) {
        return refuse(child, "the worker's Ready has another nonce than its WorkerStart");
    }
    if (child->socket.sender.uid == 0) {
        return refuse(child, "the worker is root: vgpu-worker@.service must have a user");
    }
    /* Whoever gets the pipe next asks for no credentials. */
    if (setsockopt(child->socket.fd, SOL_SOCKET, SO_PASSCRED, &off, sizeof(off)) < 0) {
        return refuse(child, "credentials cannot be switched off");
    }
    return 1;
}

static int unit_hear(const struct ex_options *options, struct ex_child *child,
                     const Vgpu__Frame *frame)
{
    if (child->socket.sender.pid <= 0) {
        return refuse(child, "the kernel does not say who the worker is");
    }
    if (child->pidfd < 0) {
        return meet(options, child, frame);
    }
    if (child->socket.sender.pid != child->pid) {
        return refuse(child, "another process than the worker spoke on its pipe");
    }
    return frame->kind_case == VGPU__FRAME__KIND_READY ? prove(child, frame->ready) : 1;
}

/* ---- its end ---------------------------------------------------------------------------- */

static int ask_hostd(const char *path, const struct ex_child *child)
{
    Vgpu__KillWorker message = VGPU__KILL_WORKER__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    struct vgpu_frame_socket socket;
    int fd = ex_connect(path, false);

    if (fd < 0) {
        return fd;
    }
    vgpu_frame_socket_init(&socket, fd);
    message.pid = (uint32_t)child->pid;
    frame.kind_case = VGPU__FRAME__KIND_KILL_WORKER;
    frame.kill_worker = &message;
    int rc = vgpu_frame_socket_send(&socket, &frame, &child->pidfd, 1);

    vgpu_frame_socket_fini(&socket);
    return rc;
}

/* Another account's process is not ours to kill.  Its pipe ends in any case, and a worker that is
 * still itself ends with it. */
static int unit_kill(const struct ex_options *options, const struct ex_child *child)
{
    int rc = child->hearsay ? -EPERM : 0;

    if (rc == 0 && pidfd_send_signal(child->pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH) {
        rc = -errno;
    }
    return rc == -EPERM ? ask_hostd(options->settings.hostd_socket, child) : rc;
}

static int unit_collect(const struct ex_child *child)
{
    (void)child;
    return EX_STATUS_UNKNOWN;
}

const struct ex_source ex_source_unit = {
    .name = "unit",
    .obtain = unit_obtain,
    .hear = unit_hear,
    .kill = unit_kill,
    .collect = unit_collect,
};
