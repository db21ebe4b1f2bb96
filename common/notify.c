/* SPDX-License-Identifier: Apache-2.0 */
#include "common/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"

static int manager_fd = -1;
static uint64_t watchdog_ns;

static int connect_manager(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(name);
    int fd;
    int rc = 0;

    if (len >= sizeof(address.sun_path) || (name[0] != '/' && name[0] != '@')) {
        return -EINVAL;
    }
    memcpy(address.sun_path, name, len);
    if (name[0] == '@') {
        address.sun_path[0] = '\0'; /* the abstract namespace, where the length counts */
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    len += offsetof(struct sockaddr_un, sun_path);
    if (connect(fd, (const struct sockaddr *)&address, (socklen_t)len) != 0) {
        rc = -errno;
        vgpu_fd_close(&fd);
        return rc;
    }
    manager_fd = fd;
    return 0;
}

/* The interval is for one process, whose children inherit the variables all the same. */
static uint64_t read_watchdog(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");

    if (usec == NULL || (pid != NULL && strtol(pid, NULL, 10) != getpid())) {
        return 0;
    }
    return strtoull(usec, NULL, 10) * VGPU_NS_PER_US / 2;
}

int vgpu_notify_init(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    int rc;

    vgpu_fd_close(&manager_fd);
    watchdog_ns = name != NULL ? read_watchdog() : 0;
    rc = name != NULL ? connect_manager(name) : 0;
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    return rc;
}

void vgpu_notify(const char *state)
{
    if (manager_fd >= 0) {
        (void)send(manager_fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

uint64_t vgpu_notify_watchdog_ns(void)
{
    return watchdog_ns;
}
