/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_METRICS_ADDRESS_H
#define BR_METRICS_ADDRESS_H

/*
 * Where the metrics are served: "none", "127.0.0.1:PORT", "[::1]:PORT" or the absolute path of a
 * Unix socket.  Nothing that another host could reach.
 */

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct br_metrics_address {
    bool wanted; /* false: none */
    struct sockaddr_storage address;
    socklen_t len;
};

/* Reads the setting.  0 or -EINVAL. */
int br_metrics_address_parse(const char *text, struct br_metrics_address *address);

/* Room for an address as text: a path, escaped, or an address with its port. */
#define BR_METRICS_ADDRESS_TEXT 512u

/* What a socket is bound to, as the kernel says and the setting would: its path, or ADDRESS:PORT.
 */
void br_metrics_address_text(int fd, char text[BR_METRICS_ADDRESS_TEXT]);

/* A listening socket of that address, close-on-exec and non-blocking; a Unix socket has mode 0660,
 * and a stale one is replaced.  -errno. */
int br_metrics_address_listen(const struct br_metrics_address *address);

#endif
