/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/proc.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

/* Longest name that systemd-machined takes. */
#define SCOPE_MAX 64

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

/* "qemu-N-NAME": where NAME begins, or NULL. */
static const char *name_in(const char *scope)
{
    size_t digits = strncmp(scope, "qemu-", 5) == 0 ? strspn(scope + 5, "0123456789") : 0;

    return digits > 0 && scope[5 + digits] == '-' ? scope + 6 + digits : NULL;
}

/* Takes the end off the text.  False when it has another one. */
static bool cut_end(char *text, const char *end)
{
    size_t len = strlen(text);
    size_t end_len = strlen(end);

    if (len < end_len || strcmp(text + len - end_len, end) != 0) {
        return false;
    }
    text[len - end_len] = '\0';
    return true;
}

/* One component of the path: the group's name, when libvirt made it. */
static bool read_scope(const char *at, size_t len, char *name, size_t cap)
{
    char text[256];
    const char *scope = text;

    if (len >= sizeof(text)) {
        return false;
    }
    memcpy(text, at, len);
    text[len] = '\0';
    if (cut_end(text, ".scope")) {
        unescape(text);
        if (strncmp(text, "machine-", 8) != 0) {
            return false;
        }
        scope += 8;
    } else if (!cut_end(text, ".libvirt-qemu")) {
        return false;
    }
    if (name_in(scope) == NULL || *name_in(scope) == '\0' || strlen(scope) >= cap) {
        return false;
    }
    (void)snprintf(name, cap, "%s", scope);
    return true;
}

/* Below it the groups are another's to make: an account's, a container's. */
static bool is_handed_over(const char *at, size_t len)
{
    return (len == 10 && memcmp(at, "user.slice", 10) == 0) ||
           (len > 8 && memcmp(at + len - 8, ".service", 8) == 0) ||
           (len > 6 && memcmp(at + len - 6, ".scope", 6) == 0);
}

bool hd_proc_scope(const char *cgroup, char *name, size_t cap)
{
    bool below = false;
    const char *before = cgroup;
    size_t len;

    for (const char *at = next_component(cgroup, &len); at != NULL;
         at = next_component(at + len, &len)) {
        below = below && memchr(before, '\n', (size_t)(at - before)) == NULL;
        if (!below && read_scope(at, len, name, cap)) {
            return true;
        }
        below = below || is_handed_over(at, len);
        before = at;
    }
    return false;
}

/* What libvirt makes of a machine's name: letters, digits, and '-' and '.' that stand alone and not
 * at an end; the whole has no more than SCOPE_MAX bytes. */
static void make_scope(char scope[SCOPE_MAX + 1], size_t head, const char *machine)
{
    size_t len = head;
    bool skip = true;

    for (; *machine != '\0' && len < SCOPE_MAX; machine++) {
        bool mark = *machine == '.' || *machine == '-';

        if (mark ? !skip : isalnum((unsigned char)*machine) != 0) {
            scope[len++] = *machine;
            skip = mark;
        }
    }
    while (len > 0 && (scope[len - 1] == '-' || scope[len - 1] == '.')) {
        len--;
    }
    scope[len] = '\0';
}

bool hd_proc_scope_fits(const char *scope, const char *machine)
{
    const char *name = name_in(scope);
    char made[SCOPE_MAX + 1];

    if (name == NULL || (size_t)(name - scope) > SCOPE_MAX) {
        return false;
    }
    memcpy(made, scope, (size_t)(name - scope));
    make_scope(made, (size_t)(name - scope), machine);
    return strcmp(made, scope) == 0;
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
