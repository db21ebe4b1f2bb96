/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/source.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "executor/supervisor/layers.h"
#include "executor/supervisor/spawn.h"

static int wait_for(pid_t pid)
{
    int status = EX_STATUS_UNKNOWN;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return EX_STATUS_UNKNOWN;
        }
    }
    return status;
}

static int fork_obtain(const struct ex_options *options, enum ex_mode mode, struct ex_child *child)
{
    struct ex_worker_layers own;
    pid_t pid = 0;
    int pipe = -1;
    int rc = ex_spawn(options, mode, &pid, &pipe);

    ex_child_init(child, pipe);
    if (rc == 0 && ex_layers_read(getpid(), &own) == 0) {
        child->filters = own.filters; /* a child begins with its parent's */
    }
    if (rc == 0) {
        /* Nobody but us reaps it, so the id is still its own. */
        rc = ex_child_identify(child, pid);
        if (rc < 0) {
            (void)kill(pid, SIGKILL);
            (void)wait_for(pid);
        }
    }
    if (rc < 0) {
        ex_child_fini(child);
        (void)snprintf(child->why, sizeof(child->why), "no process can be made: %s", strerror(-rc));
    }
    return rc;
}

/* Its pipe was made for it: who speaks there is the child, or whom the child let. */
static int fork_hear(const struct ex_options *options, struct ex_child *child,
                     const Vgpu__Frame *frame)
{
    (void)options;
    (void)child;
    (void)frame;
    return 1;
}

static int fork_kill(const struct ex_options *options, const struct ex_child *child)
{
    (void)options;
    /* Until it is reaped its process id is nobody else's. */
    return kill(child->pid, SIGKILL) < 0 ? -errno : 0;
}

static int fork_collect(const struct ex_child *child)
{
    return wait_for(child->pid);
}

const struct ex_source ex_source_fork = {
    .name = "fork",
    .obtain = fork_obtain,
    .hear = fork_hear,
    .kill = fork_kill,
    .collect = fork_collect,
};
