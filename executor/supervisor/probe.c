/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/probe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "common/log.h"
#include "executor/supervisor/spawn.h"
#include "executor/supervisor/supervisor.h"
#include "proto/frame_socket.h"

/* An owned copy, through the wire's form: frames live in an arena. */
static Vgpu__DeviceFacts *copy_facts(const Vgpu__DeviceFacts *facts)
{
    size_t len = vgpu__device_facts__get_packed_size(facts);
    uint8_t *bytes = malloc(len);
    Vgpu__DeviceFacts *copy = NULL;

    if (bytes != NULL) {
        (void)vgpu__device_facts__pack(facts, bytes);
        copy = vgpu__device_facts__unpack(NULL, len, bytes);
    }
    free(bytes);
    return copy;
}

static int wait_readable(int fd, uint64_t deadline_ns)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    uint64_t now = vgpu_clock_ns();
    int timeout = now >= deadline_ns ? 0 : (int)((deadline_ns - now) / VGPU_NS_PER_MS) + 1;
    int ready = poll(&entry, 1, timeout);

    if (ready < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    return ready == 0 ? -ETIMEDOUT : 0;
}

static int receive(struct vgpu_frame_socket *socket, Vgpu__Frame **frame)
{
    uint64_t deadline = vgpu_clock_ns() + EX_READY_NS;
    int rc;

    while ((rc = vgpu_frame_socket_next(socket, frame)) == 0) {
        rc = wait_readable(socket->fd, deadline);
        if (rc < 0) {
            return rc;
        }
        ssize_t got = vgpu_frame_socket_fill(socket, 0);

        if (got <= 0) {
            return got == 0 ? -ECONNRESET : (int)got;
        }
    }
    return rc < 0 ? rc : 0;
}

static int take_facts(const Vgpu__Frame *frame, struct ex_probe *probe)
{
    if (frame->kind_case != VGPU__FRAME__KIND_FACTS) {
        return -EPROTO;
    }
    probe->device_count = frame->facts->device_count;
    probe->result = frame->facts->result;
    if (frame->facts->facts != NULL) {
        probe->facts = copy_facts(frame->facts->facts);
        return probe->facts != NULL ? 0 : -ENOMEM;
    }
    return 0;
}

int ex_probe_run(const struct ex_options *options, struct ex_probe *probe)
{
    struct vgpu_frame_socket socket;
    struct ex_child child;
    Vgpu__Frame *frame = NULL;
    int status = 0;
    int rc = ex_spawn(options, EX_MODE_PROBE, &child);

    *probe = (struct ex_probe){.facts = NULL};
    if (rc < 0) {
        return rc;
    }
    vgpu_frame_socket_init(&socket, child.pipe);
    rc = receive(&socket, &frame);
    if (rc == 0) {
        rc = take_facts(frame, probe);
    }
    vgpu_frame_socket_fini(&socket);
    (void)kill(child.pid, SIGKILL);
    while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "probe said nothing gpu=%u error=%d status=%#x", options->gpu, -rc,
                 (unsigned int)status);
    }
    return rc;
}

void ex_probe_fini(struct ex_probe *probe)
{
    if (probe->facts != NULL) {
        vgpu__device_facts__free_unpacked(probe->facts, NULL);
        probe->facts = NULL;
    }
}
