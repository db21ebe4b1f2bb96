/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_ACCOUNT_H
#define BR_ACCOUNT_H

/* Accounts and groups by name; asked before the broker locks itself. */

#include <stdbool.h>
#include <sys/types.h>

/* The uid of an account.  0; -ENOENT when there is none; or another -errno. */
int br_account_uid(const char *name, uid_t *uid);

/* The gid of a group.  As above. */
int br_account_gid(const char *name, gid_t *gid);

/* Whether this process may make `gid` the group of its files: as root, or as a member. */
bool br_account_may_give(gid_t gid);

#endif
