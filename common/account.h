/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_ACCOUNT_H
#define VGPU_COMMON_ACCOUNT_H

/* Accounts and groups by name. */

#include <stdbool.h>
#include <sys/types.h>

/* The uid of an account.  0; -ENOENT when there is none; or another -errno. */
int vgpu_account_uid(const char *name, uid_t *uid);

/* The gid of a group.  As above. */
int vgpu_account_gid(const char *name, gid_t *gid);

/* Whether this process may make `gid` the group of its files: as root, or as a member. */
bool vgpu_account_may_give(gid_t gid);

#endif
