/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_WATCH_H
#define HD_WATCH_H

/*
 * Folders where a toolstack makes a root-N for the QEMU of each domain N (Xen), which QEMU
 * then lives in and cannot leave: it reaches the broker by root-N/tmp/vgpu-mediator.sock.
 *
 * What lies in root-N is QEMU's and so hostile.  It is reached by descriptors only, no link is
 * followed on the way, and the socket goes to who owns root-N/tmp.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "hostd/listener.h"
#include "hostd/machine.h"
#include "proto/limits.h"

#define HD_WATCH_ROOTS_MAX 8
/* Longest path of such a folder: with root-N and what follows it is one of a socket. */
#define HD_ROOT_MAX     68
#define HD_WATCH_SOCKET "vgpu-mediator.sock"

struct hd_hostd;

/* Room for the name of a place's machine. */
#define HD_PLACE_NAME 16

/* A root-N that is there, with its tmp. */
struct hd_place {
    uint32_t domain;               /* N */
    char folder[HD_ROOT_MAX + 17]; /* root-N, as a path */
    char socket[HD_PATH_MAX + 1];  /* in its tmp */
    char uuid[HD_UUID_LEN + 1];    /* of the domain, as Xen has it; empty: not known (yet) */
    int dir;                       /* its tmp, owned */
    bool seen;                     /* at the last look */
};

struct hd_root {
    char path[HD_ROOT_MAX + 1];
    int watch; /* of inotify; -1: the folder is not there */
};

/* Starts zeroed. */
struct hd_watch {
    struct hd_hostd *hostd;
    struct hd_root roots[HD_WATCH_ROOTS_MAX];
    size_t root_count;
    int inotify;
    sd_event_source *source;
    sd_event_source *later; /* a root-N whose tmp is not there yet is looked for again */
    unsigned int tries;     /* so often since something happened */
    struct hd_place places[VGPU_VMS_MAX];
    size_t place_count;
    bool xen_is_slow; /* at this look */
};

/* Watches the folders that the settings name; may be called again with other ones.  0 or -errno. */
int hd_watch_start(struct hd_watch *watch, struct hd_hostd *hostd);

/* Looks at everything now. */
void hd_watch_look(struct hd_watch *watch);

/* Where the path of a socket leads: -EXDEV when it is not in a watched folder; -ENOENT when its
 * place is not there; 0 and the folder in *dir (a copy, the caller's), with the owner in
 * `access` unless that names one. */
int hd_watch_folder(const struct hd_watch *watch, const char *path,
                    struct hd_listener_access *access, int *dir);

/* The place of this machine: that of the newest domain with its uuid, or its name is xen-N.  NULL:
 * none. */
const struct hd_place *hd_watch_machine(const struct hd_watch *watch, const struct hd_machine *row);

/* The place with this socket, or NULL. */
const struct hd_place *hd_watch_place(const struct hd_watch *watch, const char *socket);

/* "xen-N". */
void hd_place_name(const struct hd_place *place, char name[HD_PLACE_NAME]);

/* Watches no more; the sockets stay. */
void hd_watch_stop(struct hd_watch *watch);

#endif
