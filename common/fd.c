/* SPDX-License-Identifier: Apache-2.0 */
#include "common/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* Room for descriptors, aligned as a control message must be. */
union fd_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * VGPU_FD_MAX)];
};

void vgpu_fd_close(int *fd)
{
    int saved = errno;

    if (*fd >= 0) {
        /* On Linux the descriptor is gone even after EINTR: never close twice. */
        (void)close(*fd);
        *fd = -1;
    }
    errno = saved;
}

void vgpu_fd_close_many(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        vgpu_fd_close(&fds[i]);
    }
}

static int change_flag(int fd, int get, int set, int flag, bool on)
{
    int flags = fcntl(fd, get);

    if (flags < 0) {
        return -errno;
    }
    flags = on ? flags | flag : flags & ~flag;
    return fcntl(fd, set, flags) < 0 ? -errno : 0;
}

int vgpu_fd_set_cloexec(int fd, bool on)
{
    return change_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int vgpu_fd_set_nonblock(int fd, bool on)
{
    return change_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

ssize_t vgpu_fd_send(int sock, const void *bytes, size_t len, const int *fds, size_t nfds)
{
    struct iovec part = {.iov_len = len};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
    union fd_control control;
    ssize_t sent;

    if (len == 0 || nfds > VGPU_FD_MAX) {
        return -EINVAL;
    }
    /* sendmsg() takes a pointer to non-const bytes that it does not write. */
    memcpy(&part.iov_base, &bytes, sizeof(part.iov_base));
    if (nfds > 0) {
        struct cmsghdr *head;

        memset(&control, 0, sizeof(control));
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
        head = CMSG_FIRSTHDR(&msg);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
        memcpy(CMSG_DATA(head), fds, sizeof(int) * nfds);
    }
    do {
        sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

/* Appends the descriptors of every SCM_RIGHTS part to held; returns their number. */
static size_t collect_fds(struct msghdr *msg, int held[VGPU_FD_MAX])
{
    size_t count = 0;

    for (struct cmsghdr *head = CMSG_FIRSTHDR(msg); head != NULL; head = CMSG_NXTHDR(msg, head)) {
        size_t here;

        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        /* The kernel's control buffer holds no more than VGPU_FD_MAX in all. */
        here = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (here > VGPU_FD_MAX - count) {
            here = VGPU_FD_MAX - count;
        }
        memcpy(held + count, CMSG_DATA(head), here * sizeof(int));
        count += here;
    }
    return count;
}

ssize_t vgpu_fd_recv(int sock, void *bytes, size_t cap, int *fds, size_t fds_cap, size_t *nfds)
{
    struct iovec part = {.iov_base = bytes, .iov_len = cap};
    union fd_control control;
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
    int held[VGPU_FD_MAX];
    size_t count;
    ssize_t got;

    *nfds = 0;
    if (cap == 0 || fds_cap > VGPU_FD_MAX) {
        return -EINVAL;
    }
    do {
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof(control.bytes);
        got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return -errno;
    }
    count = collect_fds(&msg, held);
    if ((msg.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0 || count > fds_cap) {
        vgpu_fd_close_many(held, count);
        return -EPROTO;
    }
    if (got == 0) {
        vgpu_fd_close_many(held, count);
        return 0;
    }
    if (count > 0) {
        memcpy(fds, held, count * sizeof(int));
    }
    *nfds = count;
    return got;
}

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a;
    int y = *(const int *)b;

    return (x > y) - (x < y);
}

/* keep is sorted.  -ENOSYS or -EPERM where the call is not to be had. */
static int close_by_range(const int *keep, size_t count)
{
    unsigned int from = 0;

    for (size_t i = 0; i <= count; i++) {
        unsigned int to = i < count ? (unsigned int)keep[i] : UINT_MAX;

        if (i < count && to < from) {
            continue;
        }
        if (i == count || to > from) {
            unsigned int last = i == count ? UINT_MAX : to - 1;

            if (syscall(SYS_close_range, from, last, 0U) != 0) {
                return -errno;
            }
        }
        from = to + 1;
    }
    return 0;
}

static bool contains(const int *keep, size_t count, int fd)
{
    for (size_t i = 0; i < count; i++) {
        if (keep[i] == fd) {
            return true;
        }
    }
    return false;
}

/* The entry's number, or -1 for "." and "..". */
static int fd_of_entry(const struct dirent *entry)
{
    char *end;
    long value = strtol(entry->d_name, &end, 10);

    return end == entry->d_name || *end != '\0' || value < 0 || value > INT_MAX ? -1 : (int)value;
}

static int close_by_listing(const int *keep, size_t count)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;

    if (dir == NULL) {
        return -errno;
    }
    while ((entry = readdir(dir)) != NULL) {
        int fd = fd_of_entry(entry);

        if (fd >= 0 && fd != dirfd(dir) && !contains(keep, count, fd)) {
            vgpu_fd_close(&fd);
        }
    }
    (void)closedir(dir);
    return 0;
}

int vgpu_fd_close_all_except(const int *keep, size_t count)
{
    int sorted[VGPU_FD_MAX];
    size_t kept = 0;
    int rc;

    if (count > VGPU_FD_MAX) {
        return -EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        if (keep[i] >= 0) {
            sorted[kept++] = keep[i];
        }
    }
    qsort(sorted, kept, sizeof(int), compare_ints);
    rc = close_by_range(sorted, kept);
    if (rc == -ENOSYS || rc == -EPERM) {
        rc = close_by_listing(sorted, kept);
    }
    return rc;
}

int vgpu_fd_parse(const char *text, int *fd)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end != '\0' || value < 0 || value > 1 << 20) {
        return -EINVAL;
    }
    *fd = (int)value;
    return 0;
}
