/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/credentials.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <unistd.h>

#include "common/log.h"

int ex_credentials_drop(const char *user)
{
    const struct passwd *account;

    if (user[0] == '\0' || geteuid() != 0) {
        return 0;
    }
    errno = 0;
    account = getpwnam(user);
    if (account == NULL) {
        vgpu_log(VGPU_LOG_ERROR, "no such account user=%s", user);
        return errno != 0 ? -errno : -ENOENT;
    }
    if (setgroups(0, NULL) < 0 ||
        setresgid(account->pw_gid, account->pw_gid, account->pw_gid) < 0 ||
        setresuid(account->pw_uid, account->pw_uid, account->pw_uid) < 0) {
        return -errno;
    }
    if (account->pw_uid != 0 && setuid(0) == 0) {
        return -EPERM;
    }
    return 0;
}
