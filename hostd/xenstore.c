/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/xenstore.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "common/cleanup.h"
#include "common/io.h"
#include "hostd/uuid.h"

/* xen/include/public/io/xs_wire.h */
#define XS_READ 2u

struct header {
    uint32_t type;
    uint32_t request;
    uint32_t transaction;
    uint32_t len;
};

static int connect_to(const char *path)
{
    VGPU_CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_usec = 100000};

    if (strlen(path) >= sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return -errno;
    }
    return vgpu_steal_fd(&fd);
}

/* Reads one node as text.  0 or -errno. */
static int read_node(int fd, const char *node, char *text, size_t cap)
{
    struct header header = {.type = XS_READ, .len = (uint32_t)strlen(node) + 1};
    ssize_t got;

    if (send(fd, &header, sizeof(header), MSG_NOSIGNAL) != (ssize_t)sizeof(header) ||
        send(fd, node, header.len, MSG_NOSIGNAL) != (ssize_t)header.len) {
        return errno != 0 ? -errno : -EIO;
    }
    got = vgpu_read_full(fd, &header, sizeof(header));
    if (got == (ssize_t)sizeof(header) && (header.type != XS_READ || header.len >= cap)) {
        return -ENOENT;
    }
    if (got == (ssize_t)sizeof(header)) {
        got = vgpu_read_full(fd, text, header.len);
    }
    if (got < 0) {
        return (int)got;
    }
    if (header.type != XS_READ || (size_t)got != header.len) {
        return -EIO;
    }
    text[got] = '\0';
    return 0;
}

int hd_xenstore_uuid(const char *path, uint32_t domain, char uuid[static HD_UUID_LEN + 1])
{
    static const char folder[] = "/vm/";
    VGPU_CLEANUP_FD int fd = connect_to(path);
    char node[48];
    char text[64] = "";
    int rc;

    (void)snprintf(node, sizeof(node), "/local/domain/%u/vm", domain);
    rc = fd < 0 ? fd : read_node(fd, node, text, sizeof(text));
    if (rc < 0) {
        return rc;
    }
    /* What follows the uuid is of no interest. */
    if (strncmp(text, folder, sizeof(folder) - 1) != 0 ||
        strlen(text) < sizeof(folder) - 1 + HD_UUID_LEN) {
        return -EINVAL;
    }
    for (size_t i = 0; i < HD_UUID_LEN; i++) {
        uuid[i] = (char)tolower((unsigned char)text[sizeof(folder) - 1 + i]);
    }
    uuid[HD_UUID_LEN] = '\0';
    if (!hd_uuid_is_text(uuid)) {
        uuid[0] = '\0';
        return -EINVAL;
    }
    return 0;
}
