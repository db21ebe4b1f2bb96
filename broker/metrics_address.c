/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/metrics_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/listener.h"
#include "common/fd.h"
#include "common/log.h"

#define BACKLOG     16
#define SOCKET_MODE 0660

/* 1 to 65535, digits only. */
static int parse_port(const char *text, in_port_t *port)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value == 0 || value > 65535) {
        return -EINVAL;
    }
    *port = htons((uint16_t)value);
    return 0;
}

static int parse_path(const char *text, struct br_metrics_address *address)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&address->address;

    if (strlen(text) >= sizeof(un->sun_path)) {
        return -EINVAL;
    }
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, text, strlen(text) + 1);
    address->len = sizeof(*un);
    return 0;
}

int br_metrics_address_parse(const char *text, struct br_metrics_address *address)
{
    static const char four[] = "127.0.0.1:";
    static const char six[] = "[::1]:";
    struct sockaddr_in *in = (struct sockaddr_in *)&address->address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->address;

    memset(address, 0, sizeof(*address));
    if (strcmp(text, "none") == 0) {
        return 0;
    }
    address->wanted = true;
    if (text[0] == '/') {
        return parse_path(text, address);
    }
    if (strncmp(text, four, sizeof(four) - 1) == 0) {
        in->sin_family = AF_INET;
        in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address->len = sizeof(*in);
        return parse_port(text + sizeof(four) - 1, &in->sin_port);
    }
    if (strncmp(text, six, sizeof(six) - 1) == 0) {
        in6->sin6_family = AF_INET6;
        in6->sin6_addr = in6addr_loopback;
        address->len = sizeof(*in6);
        return parse_port(text + sizeof(six) - 1, &in6->sin6_port);
    }
    return -EINVAL;
}

static void text_of_tcp(const struct sockaddr_storage *address, char *text, size_t cap)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
    char host[INET6_ADDRSTRLEN] = "";

    if (address->ss_family == AF_INET) {
        (void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        (void)snprintf(text, cap, "%s:%u", host, ntohs(in->sin_port));
    } else {
        (void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        (void)snprintf(text, cap, "[%s]:%u", host, ntohs(in6->sin6_port));
    }
}

void br_metrics_address_text(int fd, char text[BR_METRICS_ADDRESS_TEXT])
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address;
    socklen_t len = sizeof(address);

    (void)snprintf(text, BR_METRICS_ADDRESS_TEXT, "metrics");
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        return;
    }
    if (address.ss_family == AF_UNIX) {
        (void)vgpu_log_escape(text, BR_METRICS_ADDRESS_TEXT, un->sun_path,
                              strnlen(un->sun_path, sizeof(un->sun_path)));
    } else if (address.ss_family == AF_INET || address.ss_family == AF_INET6) {
        text_of_tcp(&address, text, BR_METRICS_ADDRESS_TEXT);
    }
}

static int bind_tcp(int fd, const struct br_metrics_address *address)
{
    int one = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(fd, (const struct sockaddr *)&address->address, address->len) != 0 ||
        listen(fd, BACKLOG) != 0) {
        return -errno;
    }
    return 0;
}

int br_metrics_address_listen(const struct br_metrics_address *address)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->address;
    int family = address->address.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc;

    if (fd < 0) {
        return -errno;
    }
    rc = family == AF_UNIX ? br_listener_bind(fd, un->sun_path, SOCKET_MODE, (gid_t)-1)
                           : bind_tcp(fd, address);
    if (rc < 0) {
        vgpu_fd_close(&fd);
        return rc;
    }
    return fd;
}
