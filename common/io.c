/* SPDX-License-Identifier: Apache-2.0 */
#include "common/io.h"

#include <errno.h>
#include <unistd.h>

ssize_t vgpu_read_full(int fd, void *buf, size_t len)
{
    char *to = buf;
    size_t done = 0;

    while (done < len) {
        ssize_t got = read(fd, to + done, len - done);

        if (got == 0) {
            break;
        }
        if (got > 0) {
            done += (size_t)got;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return (ssize_t)done;
}

int vgpu_write_full(int fd, const void *buf, size_t len)
{
    const char *from = buf;
    size_t done = 0;

    while (done < len) {
        ssize_t put = write(fd, from + done, len - done);

        if (put >= 0) {
            done += (size_t)put;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}
