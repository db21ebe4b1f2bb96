/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/reach.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUPS_MAX 256

const char *ct_reach_name(enum ct_server server)
{
    return server == CT_SERVER_BROKER ? "vgpu-broker" : "vgpu-hostd";
}

static const char *my_name(void)
{
    const struct passwd *me = getpwuid(geteuid());

    return me != NULL ? me->pw_name : "NAME";
}

/* Whether the account database has this account in the group, whatever this process has. */
static bool am_listed(const char *group)
{
    const struct passwd *me = getpwuid(geteuid());
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;
    const struct group *wanted;

    if (me == NULL || getgrouplist(me->pw_name, me->pw_gid, groups, &count) < 0) {
        return false;
    }
    wanted = getgrnam(group);
    for (int i = 0; wanted != NULL && i < count; i++) {
        if (groups[i] == wanted->gr_gid) {
            return true;
        }
    }
    return false;
}

const char *ct_reach_group(char *out, size_t cap, const char *group)
{
    if (am_listed(group)) {
        (void)snprintf(out, cap,
                       "your login is older than your membership in the group %s: log in again",
                       group);
    } else {
        (void)snprintf(out, cap,
                       "you are not in the group %s: usermod -aG %s %s, then log in again", group,
                       group, my_name());
    }
    return out;
}

void ct_reach_explain(enum ct_server server, const char *path, int rc, struct ct_error *error)
{
    enum ct_status status = server == CT_SERVER_BROKER ? CT_NO_BROKER : CT_NO_HOSTD;
    const char *name = ct_reach_name(server);
    char cure[256];

    switch (-rc) {
    case EACCES:
    case EPERM:
        ct_error_set(error, status, "%s: may not open %s: %s", name, path,
                     ct_reach_group(cure, sizeof(cure), CT_GROUP));
        break;
    case ETIMEDOUT:
        ct_error_set(error, status,
                     "%s accepts on %s and says nothing for %d s: systemctl status %s; if it is "
                     "stuck: systemctl restart %s",
                     name, path, CT_PATIENCE_MS / 1000, name, name);
        break;
    case EPROTO:
        ct_error_set(error, status,
                     "%s on %s speaks another protocol than this vgpuctl " VGPU_VERSION
                     ": install the same release of both, then systemctl restart %s",
                     name, path, name);
        break;
    case EPROTOTYPE:
        ct_error_set(error, status,
                     "who answers on %s is not %s: name the right socket, or end who took it: "
                     "ss -xlp | grep %s",
                     path, name, path);
        break;
    case ECONNRESET:
    case EPIPE:
        ct_error_set(error, status,
                     "%s closed the connection on %s: it ended, or is of another release; see "
                     "journalctl -u %s",
                     name, path, name);
        break;
    default:
        ct_error_set(error, status, "%s does not answer on %s: %s; start it: systemctl start %s",
                     name, path, strerror(-rc), name);
    }
}
