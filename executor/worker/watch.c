/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/watch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "executor/worker/exit_status.h"
#include "executor/worker/pipe.h"

/* The dispatcher sees the end of the pipe too, and may have something left to say. */
#define GRACE_NS 200000000L

static int supervisor = -1;

static bool pipe_ended(void)
{
    struct pollfd entry = {.fd = EX_PIPE_FD, .events = POLLRDHUP};

    return poll(&entry, 1, 0) != 0;
}

int ex_watch_open(void)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (getsockopt(EX_PIPE_FD, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
        return -errno;
    }
    /* 0: it is in a process namespace that is not ours. */
    if (peer.pid <= 0) {
        return -ESRCH;
    }
    supervisor = pidfd_open(peer.pid, 0);
    if (supervisor < 0) {
        return -errno;
    }
    /* It holds the pipe until Ready: while that is open, the id is still its own. */
    return pipe_ended() ? -ESRCH : 0;
}

static void *watch_main(void *arg)
{
    const struct timespec grace = {.tv_nsec = GRACE_NS};
    struct pollfd entries[] = {
        {.fd = supervisor, .events = POLLIN},
        {.fd = EX_PIPE_FD, .events = POLLRDHUP},
    };

    (void)arg;
    while (poll(entries, 2, -1) < 0) {
    }
    if (entries[0].revents == 0) {
        (void)nanosleep(&grace, NULL);
    } else {
        vgpu_log(VGPU_LOG_NOTICE, "the supervisor has ended, so does this worker");
    }
    _exit(EX_EXIT_PEER);
}

int ex_watch_start(void)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, watch_main, NULL);

    if (rc == 0) {
        (void)pthread_detach(thread);
    }
    return -rc;
}
