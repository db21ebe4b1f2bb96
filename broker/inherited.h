/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_INHERITED_H
#define BR_INHERITED_H

/*
 * Listening sockets that the service manager made and passed on (sd_listen_fds(3)), by their
 * names: broker, executor, control, tmp (guests too), metrics.  All of them are AF_UNIX streams,
 * metrics may be TCP.  Who may connect is decided by the manager: by owner and mode of the files.
 */

#include <stddef.h>

#define BR_INHERITED_MAX 8

struct br_inherited {
    struct {
        const char *name; /* static */
        int fd;           /* -1: taken */
    } entries[BR_INHERITED_MAX];
    size_t count;
};

/*
 * Reads what was passed, and removes the variables that say so: 0, with count 0 where nothing was.
 * An unknown or repeated name and a descriptor of another type are -EINVAL, logged with name and
 * number; then nothing is owned.
 */
int br_inherited_read(struct br_inherited *inherited);

/* The descriptor of that name, which the caller owns from now on; -1: none was passed. */
int br_inherited_take(struct br_inherited *inherited, const char *name);

/* Closes what nobody took, with a warning for each. */
void br_inherited_close(struct br_inherited *inherited);

#endif
