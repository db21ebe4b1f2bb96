/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

int hd_proc_open(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0U);

    return fd < 0 ? -errno : fd;
}

bool hd_proc_has_ended(int pidfd)
{
    struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

    return poll(&poll_fd, 1, 0) != 0;
}

ssize_t hd_proc_read(pid_t pid, const char *name, char *to, size_t cap)
{
    char path[64];
    size_t len = 0;
    ssize_t count = 1;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    VGPU_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    while (count > 0 && len + 1 < cap) {
        count = read(fd, to + len, cap - 1 - len);
        len += count > 0 ? (size_t)count : 0;
    }
    to[len] = '\0';
    return count < 0 ? -errno : (ssize_t)len;
}

int hd_proc_link(pid_t pid, const char *name, char *to, size_t cap)
{
    char path[64];
    ssize_t len;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    len = readlink(path, to, cap);
    if (len < 0) {
        return -errno;
    }
    if ((size_t)len >= cap) {
        return -ENAMETOOLONG;
    }
    to[len] = '\0';
    return 0;
}

/* "Pid:" of /proc/self/fdinfo: there for pidfds only, -1 when the process is reaped. */
pid_t hd_proc_of_pidfd(int pidfd)
{
    char name[32];
    char text[1024];
    const char *line;

    (void)snprintf(name, sizeof(name), "fdinfo/%d", pidfd);
    if (hd_proc_read(getpid(), name, text, sizeof(text)) < 0) {
        return -EBADF;
    }
    line = strstr(text, "\nPid:\t");
    if (line == NULL) {
        return -EBADF;
    }
    line += 6;
    return strspn(line, "0123456789") > 0 ? (pid_t)strtol(line, NULL, 10) : -ESRCH;
}

/* The next component of a path of /proc/PID/cgroup: its bytes and their number. */
static const char *next_component(const char *at, size_t *len)
{
    at += strspn(at, "/\n");
    *len = strcspn(at, "/\n");
    return *len > 0 ? at : NULL;
}

/* Turns "\x2d" into "-". */
static void unescape(char *text)
{
    char *to = text;

    for (const char *at = text; *at != '\0'; to++) {
        unsigned int byte;

        if (sscanf(at, "\\x%2x", &byte) == 1 && byte > 0x20 && byte < 0x7f) {
            *to = (char)byte;
            at += 4;
        } else {
            *to = *at++;
        }
    }
    *to = '\0';
}

/* NAME of "machine-qemu-N-NAME.scope". */
static bool read_scope(const char *at, size_t len, char *name, size_t cap)
{
    char scope[256];
    size_t digits;

    if (len >= sizeof(scope) || len < 6 || strncmp(at + len - 6, ".scope", 6) != 0) {
        return false;
    }
    memcpy(scope, at, len - 6);
    scope[len - 6] = '\0';
    unescape(scope);
    if (strncmp(scope, "machine-qemu-", 13) != 0) {
        return false;
    }
    digits = strspn(scope + 13, "0123456789");
    if (digits == 0 || scope[13 + digits] != '-' || strlen(scope + 14 + digits) >= cap) {
        return false;
    }
    (void)snprintf(name, cap, "%s", scope + 14 + digits);
    return name[0] != '\0';
}

bool hd_proc_scope(const char *cgroup, char *name, size_t cap)
{
    size_t len;

    for (const char *at = next_component(cgroup, &len); at != NULL;
         at = next_component(at + len, &len)) {
        if (read_scope(at, len, name, cap)) {
            return true;
        }
    }
    return false;
}

bool hd_proc_is_worker(const char *cgroup)
{
    static const char unit[] = "vgpu-worker@";
    size_t len;

    for (const char *at = next_component(cgroup, &len); at != NULL;
         at = next_component(at + len, &len)) {
        if (len > sizeof(unit) + 7 && strncmp(at, unit, sizeof(unit) - 1) == 0 &&
            strncmp(at + len - 8, ".service", 8) == 0) {
            return true;
        }
    }
    return false;
}
