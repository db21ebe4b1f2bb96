/* SPDX-License-Identifier: Apache-2.0 */
#include "common/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <unistd.h>

int vgpu_account_uid(const char *name, uid_t *uid)
{
    const struct passwd *account;

    errno = 0;
    account = getpwnam(name);
    if (account == NULL) {
        return errno != 0 ? -errno : -ENOENT;
    }
    *uid = account->pw_uid;
    return 0;
}

int vgpu_account_gid(const char *name, gid_t *gid)
{
    const struct group *group;

    errno = 0;
    group = getgrnam(name);
    if (group == NULL) {
        return errno != 0 ? -errno : -ENOENT;
    }
    *gid = group->gr_gid;
    return 0;
}

bool vgpu_account_may_give(gid_t gid)
{
    return geteuid() == 0 || group_member(gid) != 0;
}
