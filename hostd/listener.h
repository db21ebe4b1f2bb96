/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_LISTENER_H
#define HD_LISTENER_H

/*
 * Listening Unix sockets with owner, group and mode from their first moment on, made in a
 * folder that may belong to somebody hostile: the folder is held by a descriptor, no link is
 * followed in it, and what lies there is replaced only if it is a socket where nobody listens.
 */

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct hd_listener_access {
    uint32_t mode; /* permission bits */
    uid_t uid;     /* (uid_t)-1: as made */
    gid_t gid;     /* (gid_t)-1: as made */
};

/* Makes the socket `name` in the folder behind `dir` (borrowed) and listens.  Returns its
 * descriptor, or -errno with a line in `why`; *made says which file it is.  `path`: the socket is
 * bound by it, so that ss(8) shows it; NULL: the folder may be changed by others meanwhile. */
int hd_listener_open_at(int dir, const char *name, const char *path,
                        const struct hd_listener_access *access, struct stat *made, char *why,
                        size_t cap);

/* The same for an absolute path in a folder that nobody else can write. */
int hd_listener_open(const char *path, const struct hd_listener_access *access, char *why,
                     size_t cap);

/* The folder of a path, as a descriptor, and the name in it.  -errno when there is none. */
int hd_listener_folder(const char *path, const char **name);

#endif
