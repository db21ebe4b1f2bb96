/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/vm_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"

void hd_vm_socket_init(struct hd_vm_socket *vm_socket)
{
    *vm_socket = (struct hd_vm_socket){.dir = -1, .listener = -1};
}

static const char *file_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

/* Holds the folder; `dir` is it already, or -1. */
static int hold(struct hd_vm_socket *vm_socket, const char *path, int dir)
{
    const char *name;

    hd_vm_socket_init(vm_socket);
    vm_socket->dir = dir >= 0 ? dir : hd_listener_folder(path, &name);
    return vm_socket->dir < 0 ? vm_socket->dir : 0;
}

static void keep(struct hd_vm_socket *vm_socket, const char *path, const struct stat *info)
{
    (void)snprintf(vm_socket->path, sizeof(vm_socket->path), "%s", path);
    vm_socket->dev = info->st_dev;
    vm_socket->ino = info->st_ino;
}

int hd_vm_socket_open(struct hd_vm_socket *vm_socket, const char *path, int dir,
                      const struct hd_listener_access *access, char *why, size_t cap)
{
    struct stat made;
    char part[300];
    int rc = hold(vm_socket, path, dir);

    if (rc < 0) {
        (void)snprintf(why, cap, "%s: %s; make its folder", path, strerror(-rc));
        return rc;
    }
    vm_socket->listener = hd_listener_open_at(vm_socket->dir, file_of(path), dir >= 0 ? NULL : path,
                                              access, &made, part, sizeof(part));
    if (vm_socket->listener < 0) {
        rc = vm_socket->listener;
        (void)snprintf(why, cap, "%s: %s", path, part);
        hd_vm_socket_close(vm_socket);
        return rc;
    }
    keep(vm_socket, path, &made);
    return 0;
}

int hd_vm_socket_adopt(struct hd_vm_socket *vm_socket, const char *path, int dir)
{
    struct stat info;
    int rc = hold(vm_socket, path, dir);

    if (rc == 0 && fstatat(vm_socket->dir, file_of(path), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        rc = -errno;
    }
    if (rc == 0 && !S_ISSOCK(info.st_mode)) {
        rc = -ENOTSOCK;
    }
    if (rc < 0) {
        hd_vm_socket_close(vm_socket);
        return rc;
    }
    keep(vm_socket, path, &info);
    return 0;
}

bool hd_vm_socket_is_there(const struct hd_vm_socket *vm_socket)
{
    struct stat info;

    return hd_vm_socket_is_open(vm_socket) &&
           fstatat(vm_socket->dir, file_of(vm_socket->path), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISSOCK(info.st_mode) && info.st_dev == vm_socket->dev && info.st_ino == vm_socket->ino;
}

/* By a descriptor of the file: the name may mean another file by now. */
static int change_file(int file, const struct hd_listener_access *want, const struct stat *has)
{
    char path[64];

    if ((has->st_uid != want->uid || has->st_gid != want->gid) &&
        fchownat(file, "", want->uid, want->gid, AT_EMPTY_PATH) != 0) {
        return -errno;
    }
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    return chmod(path, want->mode) == 0 ? 1 : -errno;
}

int hd_vm_socket_set_access(const struct hd_vm_socket *vm_socket,
                            const struct hd_listener_access *access)
{
    struct hd_listener_access want = *access;
    VGPU_CLEANUP_FD int file =
        openat(vm_socket->dir, file_of(vm_socket->path), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat has;

    want.uid = want.uid == (uid_t)-1 ? geteuid() : want.uid;
    want.gid = want.gid == (gid_t)-1 ? getegid() : want.gid;
    if (file < 0 || fstat(file, &has) != 0) {
        return -errno;
    }
    if (!S_ISSOCK(has.st_mode) || has.st_dev != vm_socket->dev || has.st_ino != vm_socket->ino) {
        return -ESTALE;
    }
    if (has.st_uid == want.uid && has.st_gid == want.gid && (has.st_mode & 07777) == want.mode) {
        return 0;
    }
    return change_file(file, &want, &has);
}

void hd_vm_socket_remove(struct hd_vm_socket *vm_socket)
{
    if (hd_vm_socket_is_there(vm_socket)) {
        (void)unlinkat(vm_socket->dir, file_of(vm_socket->path), 0);
    }
    hd_vm_socket_close(vm_socket);
}

void hd_vm_socket_close(struct hd_vm_socket *vm_socket)
{
    vgpu_fd_close(&vm_socket->dir);
    vgpu_fd_close(&vm_socket->listener);
    hd_vm_socket_init(vm_socket);
}
