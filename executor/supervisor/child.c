/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/child.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>

#include "common/fd.h"

void ex_child_make_room(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void ex_child_init(struct ex_child *child, int pipe)
{
    memset(child, 0, sizeof(*child));
    child->pidfd = -1;
    vgpu_frame_socket_init(&child->socket, pipe);
}

void ex_child_fini(struct ex_child *child)
{
    vgpu_frame_socket_fini(&child->socket);
    vgpu_fd_close(&child->pidfd);
}

int ex_child_identify(struct ex_child *child, pid_t pid)
{
    int pidfd = pidfd_open(pid, 0);

    if (pidfd < 0) {
        return -errno;
    }
    child->pid = pid;
    child->pidfd = pidfd;
    return 0;
}

bool ex_child_ended(const struct ex_child *child, int timeout_ms)
{
    struct pollfd entry = {.fd = child->pidfd, .events = POLLIN};

    if (child->pidfd < 0) {
        return true;
    }
    while (poll(&entry, 1, timeout_ms) < 0 && errno == EINTR) {
    }
    return entry.revents != 0;
}
