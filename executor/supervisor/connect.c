/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/connect.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/fd.h"

int ex_connect(const char *path, bool credentials)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int pass = credentials;
    int rc = 0;
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &pass, sizeof(pass)) < 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        rc = -errno;
    }
    if (rc == 0) {
        rc = vgpu_fd_set_nonblock(fd, false);
    }
    if (rc < 0) {
        vgpu_fd_close(&fd);
        return rc;
    }
    return fd;
}
