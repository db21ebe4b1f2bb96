/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_SOURCE_H
#define EX_SUPERVISOR_SOURCE_H

/*
 * How a supervisor obtains the processes that run the driver.  There are two ways, and the
 * settings choose (worker_socket):
 *
 *   fork   this binary again, a child of the supervisor, its pipe a socketpair
 *   unit   a connection to the socket of vgpu-worker.socket; systemd starts vgpu-worker@.service
 *          with that connection as its pipe: another account, a cgroup, limits of its own
 *
 * A worker is hostile from its first byte, whoever started it.  One thread.
 */

#include "executor/options.h"
#include "executor/supervisor/child.h"

struct ex_source {
    const char *name;

    /* Asks for a worker or a probe (mode) of options->gpu.  0 and *child, to be released with
     * ex_child_fini(); -errno and the reason in child->why, then it holds nothing. */
    int (*obtain)(const struct ex_options *options, enum ex_mode mode, struct ex_child *child);

    /* A frame of the child came, filled last.  1: it is the caller's to judge, and the process of
     * child->pidfd sent it; 0: it was between source and child; -EPROTO: the child is to be given
     * up, child->why says why. */
    int (*hear)(const struct ex_options *options, struct ex_child *child, const Vgpu__Frame *frame);

    /* Has the child, whose pidfd is known, killed; returns before it has ended and may be asked
     * again.  0, or -errno when nobody could be asked. */
    int (*kill)(const struct ex_options *options, const struct ex_child *child);

    /* The child has ended: wait's status, or EX_STATUS_UNKNOWN where only systemd is told it. */
    int (*collect)(const struct ex_child *child);
};

/* WorkerGone's status of a process that is not a child of ours. */
#define EX_STATUS_UNKNOWN (-1)

extern const struct ex_source ex_source_fork;
extern const struct ex_source ex_source_unit;

/* The way that the settings choose. */
const struct ex_source *ex_source_of(const struct ex_options *options);

#endif
