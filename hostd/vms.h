/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_VMS_H
#define HD_VMS_H

/*
 * The machines that the broker shall serve: those of the registry, and those whose place a
 * toolstack has made (hostd/watch.h).  Each with its socket and what the broker says of it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "hostd/change.h"
#include "hostd/vm_socket.h"

/* Those of the registry and as many places. */
#define HD_VMS_MAX (2 * (size_t)VGPU_VMS_MAX)

struct hd_hostd;

struct hd_vm {
    struct hd_machine row;
    bool found; /* by a place; the registry does not name it */
    struct hd_vm_socket socket;
    bool served;              /* the broker has it */
    uint32_t asked;           /* id of the VmSet that the broker has not answered yet, or 0 */
    char trouble[HD_WHY_MAX]; /* why not; empty: no trouble */
};

/* Starts zeroed. */
struct hd_vms {
    struct hd_vm *list[HD_VMS_MAX];
    size_t count;
    struct hd_vm_socket fresh; /* of the change under way */
};

/* The machine of this name, valid until it goes, or NULL. */
struct hd_vm *hd_vms_find(const struct hd_vms *vms, const char *name);

/* The machine whose socket has this path, or NULL. */
struct hd_vm *hd_vms_find_socket(const struct hd_vms *vms, const char *path);

/* Adds a machine without a socket, or changes the row of that name.  NULL without room. */
struct hd_vm *hd_vms_put(struct hd_vms *vms, const struct hd_machine *row, bool found);

/* Removes a machine, its socket and its socket's file. */
void hd_vms_drop(struct hd_vms *vms, struct hd_vm *vm);

/* Where the machine's socket is to be.  0; -ENAMETOOLONG with a line in `why`. */
int hd_vms_path(const struct hd_hostd *hostd, const struct hd_machine *row,
                char path[HD_PATH_MAX + 1], char *why, size_t cap);

/* Makes the socket of a machine.  0; -ENOENT when its place is not there (`why` is empty: it is
 * waited for), or another -errno with a line in `why`. */
int hd_vms_open_socket(struct hd_hostd *hostd, const struct hd_machine *row,
                       struct hd_vm_socket *vm_socket, char *why, size_t cap);

/* Gives the machine's socket the owner, group and mode of the settings, if it stands where they
 * count: not in a place of a toolstack. */
void hd_vms_set_access(struct hd_hostd *hostd, const struct hd_vm *vm);

/* Looks after sockets whose file was removed, and after those that could not be made: makes them
 * and hands them to the broker. */
void hd_vms_heal(struct hd_hostd *hostd);

/* The machine has trouble (or none: ""): kept for its row, and logged when it is new. */
void hd_vm_set_trouble(struct hd_vm *vm, const char *text);

/* What RegistryRow says of it. */
const char *hd_vm_state(const struct hd_hostd *hostd, const struct hd_vm *vm);

/* A change, towards the broker: opens what it needs and sends the command.  1: told, the answer
 * will come; 0: there is nothing to tell, `why` may have a note; or -errno with a line in `why`. */
int hd_vms_tell(struct hd_hostd *hostd, const struct hd_change *change, char *why, size_t cap);

/* The change is kept, or is taken back. */
void hd_vms_keep(struct hd_hostd *hostd, const struct hd_change *change, bool told);
void hd_vms_take_back(struct hd_hostd *hostd);

/* Closes everything; the files stay, because the broker goes on. */
void hd_vms_fini(struct hd_vms *vms);

#endif
