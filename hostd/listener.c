/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"

#define BACKLOG 128

/* The path, or "/proc/self/fd/N/name", which leads into the folder that is held, whatever was
 * renamed since. */
static int make_address(int dir, const char *name, const char *path, struct sockaddr_un *address)
{
    int len;

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    len = path != NULL ? snprintf(address->sun_path, sizeof(address->sun_path), "%s", path)
                       : snprintf(address->sun_path, sizeof(address->sun_path),
                                  "/proc/self/fd/%d/%s", dir, name);
    return len < 0 || (size_t)len >= sizeof(address->sun_path) ? -ENAMETOOLONG : 0;
}

/* True when a process listens on the socket. */
static bool has_listener(const struct sockaddr_un *address)
{
    VGPU_CLEANUP_FD int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    return probe >= 0 && (connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
                          errno != ECONNREFUSED);
}

/* Something has the name: 0 when it was a dead socket and is removed. */
static int clear_stale(int dir, const char *name, const struct sockaddr_un *address, char *why,
                       size_t cap)
{
    struct stat info;

    if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    if (!S_ISSOCK(info.st_mode)) {
        (void)snprintf(why, cap, "%s: there is something that is no socket; move it away", name);
        return -EEXIST;
    }
    if (has_listener(address)) {
        (void)snprintf(why, cap, "%s: another process listens there; end it", name);
        return -EADDRINUSE;
    }
    return unlinkat(dir, name, 0) == 0 ? 0 : -errno;
}

/* Mode and, until it is given away, owner are right when the file appears. */
static int bind_file(int fd, const struct sockaddr_un *address, uint32_t mode)
{
    mode_t before = umask(0777 & ~(mode_t)mode);
    int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : -errno;

    (void)umask(before);
    return rc;
}

/* Gives the file away by a descriptor of it: the name may mean another file by now. */
static int give(int dir, const char *name, const struct hd_listener_access *access,
                struct stat *made)
{
    VGPU_CLEANUP_FD int file = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (file < 0 || fstat(file, made) != 0) {
        return -errno;
    }
    if (!S_ISSOCK(made->st_mode) || made->st_uid != geteuid() || made->st_nlink != 1) {
        return -EPERM;
    }
    if ((access->uid != (uid_t)-1 || access->gid != (gid_t)-1) &&
        fchownat(file, "", access->uid, access->gid, AT_EMPTY_PATH) != 0) {
        return -errno;
    }
    return 0;
}

static int bind_at(int fd, int dir, const char *name, const char *path,
                   const struct hd_listener_access *access, struct stat *made, char *why,
                   size_t cap)
{
    struct sockaddr_un address;
    int rc = make_address(dir, name, path, &address);

    if (rc == 0) {
        rc = bind_file(fd, &address, access->mode);
    }
    if (rc == -EADDRINUSE) {
        rc = clear_stale(dir, name, &address, why, cap);
        rc = rc == 0 ? bind_file(fd, &address, access->mode) : rc;
    }
    if (rc == 0) {
        rc = give(dir, name, access, made);
    }
    return rc == 0 && listen(fd, BACKLOG) != 0 ? -errno : rc;
}

int hd_listener_open_at(int dir, const char *name, const char *path,
                        const struct hd_listener_access *access, struct stat *made, char *why,
                        size_t cap)
{
    VGPU_CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = fd < 0 ? -errno : 0;

    why[0] = '\0';
    if (rc == 0) {
        rc = bind_at(fd, dir, name, path, access, made, why, cap);
    }
    if (rc < 0 && why[0] == '\0') {
        (void)snprintf(why, cap, "%s: %s", name, strerror(-rc));
    }
    return rc < 0 ? rc : vgpu_steal_fd(&fd);
}

int hd_listener_folder(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    char folder[128];
    int dir;

    if (slash == NULL || (size_t)(slash - path) >= sizeof(folder)) {
        return -EINVAL;
    }
    (void)snprintf(folder, sizeof(folder), "%.*s/", (int)(slash - path), path);
    *name = slash + 1;
    dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return dir < 0 ? -errno : dir;
}

int hd_listener_open(const char *path, const struct hd_listener_access *access, char *why,
                     size_t cap)
{
    const char *name;
    struct stat made;
    VGPU_CLEANUP_FD int dir = hd_listener_folder(path, &name);
    char part[300];
    int rc;

    if (dir < 0) {
        (void)snprintf(why, cap, "%s: %s; make its folder", path, strerror(-dir));
        return dir;
    }
    rc = hd_listener_open_at(dir, name, path, access, &made, part, sizeof(part));
    if (rc < 0) {
        (void)snprintf(why, cap, "%s: %s", path, part);
    }
    return rc;
}
