/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/probe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/log.h"
#include "executor/supervisor/source.h"

/* A probe that has spoken ends by itself; one that has not ended after this is killed. */
#define END_MS 500
/* What is still there after so many attempts is said once. */
#define END_TRIES 6

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

static uint64_t ready_ns(const struct ex_options *options)
{
    return options->settings.ready_timeout_ms * VGPU_NS_PER_MS;
}

/* Until it speaks, the time is over, or stop_fd says that nobody wants to know any more. */
static int wait_readable(int fd, int stop_fd, uint64_t deadline_ns)
{
    struct pollfd entries[] = {{.fd = fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
    uint64_t now = vgpu_clock_ns();
    int timeout = now >= deadline_ns ? 0 : (int)((deadline_ns - now) / VGPU_NS_PER_MS) + 1;
    int ready = poll(entries, 2, timeout);

    if (ready < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    if (entries[1].revents != 0) {
        return -ECANCELED;
    }
    return ready == 0 ? -ETIMEDOUT : 0;
}

/* The next frame that is the child's own. */
static int receive(const struct ex_options *options, int stop_fd, const struct ex_source *source,
                   struct ex_child *child, Vgpu__Frame **frame)
{
    uint64_t deadline = vgpu_clock_ns() + ready_ns(options);
    ssize_t got;
    int rc;

    for (;;) {
        rc = vgpu_frame_socket_next(&child->socket, frame);
        if (rc > 0) {
            rc = source->hear(options, child, *frame);
        }
        if (rc != 0) {
            return rc < 0 ? rc : 0;
        }
        rc = wait_readable(child->socket.fd, stop_fd, deadline);
        if (rc < 0) {
            return rc;
        }
        got = vgpu_frame_socket_fill(&child->socket, MSG_DONTWAIT);
        if (got <= 0 && got != -EAGAIN) {
            return got == 0 ? -ECONNRESET : (int)got;
        }
    }
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

static bool is_readable(int fd)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};

    return poll(&entry, 1, 0) > 0;
}

/* It has said all that it has to say, or never will.  Its status.  Whoever is asked to stop leaves
 * one that does not end behind: it ends with its supervisor. */
static int end_child(const struct ex_options *options, int stop_fd, const struct ex_source *source,
                     struct ex_child *child)
{
    unsigned int asked = 0;
    int status = EX_STATUS_UNKNOWN;

    vgpu_frame_socket_fini(&child->socket);
    while (!ex_child_ended(child, END_MS) && (asked == 0 || !is_readable(stop_fd))) {
        int rc = source->kill(options, child);

        if (++asked == END_TRIES) {
            vgpu_log(VGPU_LOG_ERROR, "a probe does not end gpu=%s pid=%d error=%d",
                     options->gpu.text, (int)child->pid, -rc);
        }
    }
    if (child->pidfd >= 0 && ex_child_ended(child, 0)) {
        status = source->collect(child);
    }
    ex_child_fini(child);
    return status;
}

int ex_probe_run(const struct ex_options *options, int stop_fd, struct ex_probe *probe)
{
    const struct ex_source *source = ex_source_of(options);
    struct ex_child child;
    Vgpu__Frame *frame = NULL;
    int rc = source->obtain(options, EX_MODE_PROBE, &child);

    *probe = (struct ex_probe){.facts = NULL};
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "no probe gpu=%s reason=\"%s\"", options->gpu.text, child.why);
        return rc;
    }
    rc = receive(options, stop_fd, source, &child, &frame);
    if (rc == 0) {
        rc = take_facts(frame, probe);
    } else if (child.pidfd >= 0) {
        (void)source->kill(options, &child);
    }
    int status = end_child(options, stop_fd, source, &child);

    if (rc < 0 && rc != -ECANCELED) {
        vgpu_log(VGPU_LOG_ERROR, "probe said nothing gpu=%s error=%d status=%#x reason=\"%s\"",
                 options->gpu.text, -rc, (unsigned int)status, child.why);
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
