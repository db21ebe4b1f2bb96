/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_ROSTER_H
#define BR_ROSTER_H

/* The virtual machines of the configuration: section [vms] and the option --vm. */

#include <stdbool.h>
#include <stddef.h>

#define BR_ROSTER_MAX 256
/* Longest name of a machine, [A-Za-z0-9._-], and longest path of a socket. */
#define BR_VM_NAME_MAX 64
#define BR_VM_PATH_MAX 107

struct br_roster_entry {
    char *name;
    char *path; /* of the machine's socket, absolute */
};

/* Whether a machine may be called so. */
bool br_roster_name_is_good(const char *name);

/* Starts zeroed. */
struct br_roster {
    struct br_roster_entry *entries;
    size_t count;
};

/* Adds a machine, copying both texts.  NULL, or what is wrong (static text). */
const char *br_roster_add(struct br_roster *roster, const char *name, const char *path);

/* Adds one from "NAME=PATH".  NULL, or what is wrong (static text). */
const char *br_roster_add_pair(struct br_roster *roster, const char *pair);

/* The machine whose socket has this path, or NULL. */
const char *br_roster_find_path(const struct br_roster *roster, const char *path);

/* Frees the entries; the struct may be used again. */
void br_roster_fini(struct br_roster *roster);

#endif
