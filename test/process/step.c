/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libvgpu-step.so, loaded into one process with LD_PRELOAD: counts the messages that
 * it sends and receives and lets a test stop it behind any one of them, so that a
 * kill lands at the same place every time.
 *
 * Everything is found and mapped in the constructor, before a sandbox is locked;
 * afterwards only read and write on a descriptor that is open are used.
 */
#include "test/process/step.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* The functions behind ours; the prototypes of <unistd.h> carry fortification, so spelled out. */
static struct {
    ssize_t (*read)(int, void *, size_t);
    ssize_t (*write)(int, const void *, size_t);
    ssize_t (*readv)(int, const struct iovec *, int);
    ssize_t (*preadv2)(int, const struct iovec *, int, off_t, int);
    ssize_t (*writev)(int, const struct iovec *, int);
    ssize_t (*send)(int, const void *, size_t, int);
    ssize_t (*recv)(int, void *, size_t, int);
    ssize_t (*sendmsg)(int, const struct msghdr *, int);
    ssize_t (*recvmsg)(int, struct msghdr *, int);
    int (*eventfd_read)(int, eventfd_t *);
    int (*eventfd_write)(int, eventfd_t);
    int (*accept4)(int, struct sockaddr *, socklen_t *, int);
} next;

static struct step_page *page;
static int step_fd = -1;

static void find(void *field, const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);

    memcpy(field, &symbol, sizeof(symbol));
}

static void find_all(void)
{
    if (next.accept4) {
        return;
    }
    find(&next.read, "read");
    find(&next.write, "write");
    find(&next.readv, "readv");
    find(&next.preadv2, "preadv2");
    find(&next.writev, "writev");
    find(&next.send, "send");
    find(&next.recv, "recv");
    find(&next.sendmsg, "sendmsg");
    find(&next.recvmsg, "recvmsg");
    find(&next.eventfd_read, "eventfd_read");
    find(&next.eventfd_write, "eventfd_write");
    find(&next.accept4, "accept4");
}

/* Children must not see the library, nor its descriptors. */
static int take_fd(const char *name)
{
    const char *text = getenv(name);
    int fd = text ? (int)strtol(text, NULL, 10) : -1;

    unsetenv(name);
    if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC)) {
        fd = -1;
    }
    return fd;
}

__attribute__((constructor)) static void start(void)
{
    int memory = take_fd("VGPU_STEP_PAGE");
    void *at = MAP_FAILED;

    find_all();
    step_fd = take_fd("VGPU_STEP_FD");
    unsetenv("LD_PRELOAD");
    if (memory >= 0) {
        at = mmap(NULL, STEP_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
        close(memory);
    }
    if (at != MAP_FAILED && step_fd >= 0) {
        page = at;
        atomic_store(&page->pid, (uint32_t)getpid());
    }
}

static int muted(int fd)
{
    const volatile uint8_t *flags = (const volatile uint8_t *)page + STEP_MUTED_OFFSET;

    return fd <= STDERR_FILENO || fd == step_fd || (uint32_t)fd >= STEP_FDS_MAX || flags[fd];
}

/* The test answers with a byte; the end of its socket is an answer as well. */
static void stand_still(void)
{
    char byte = 's';

    if (next.write(step_fd, &byte, 1) == 1) {
        while (next.read(step_fd, &byte, 1) < 0 && errno == EINTR) {
        }
    }
}

static void step(int fd, ssize_t moved)
{
    _Atomic uint32_t *seen;
    int saved = errno;

    if (moved <= 0 || !page || !atomic_load(&page->armed) || muted(fd)) {
        return;
    }
    seen = (_Atomic uint32_t *)((char *)page + STEP_SEEN_OFFSET) + fd;
    atomic_fetch_add(seen, 1);
    if (atomic_fetch_add(&page->count, 1) == atomic_load(&page->target)) {
        stand_still();
    }
    errno = saved;
}

static ssize_t stepped(int fd, ssize_t moved)
{
    step(fd, moved);
    return moved;
}

EXPORT ssize_t read(int fd, void *buffer, size_t size)
{
    find_all();
    return stepped(fd, next.read(fd, buffer, size));
}

EXPORT ssize_t write(int fd, const void *buffer, size_t size)
{
    find_all();
    return stepped(fd, next.write(fd, buffer, size));
}

EXPORT ssize_t readv(int fd, const struct iovec *parts, int count)
{
    find_all();
    return stepped(fd, next.readv(fd, parts, count));
}

EXPORT ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    find_all();
    return stepped(fd, next.preadv2(fd, parts, count, offset, flags));
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
    find_all();
    return stepped(fd, next.writev(fd, parts, count));
}

EXPORT ssize_t send(int fd, const void *buffer, size_t size, int flags)
{
    find_all();
    return stepped(fd, next.send(fd, buffer, size, flags));
}

EXPORT ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    find_all();
    return stepped(fd, next.recv(fd, buffer, size, flags));
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    find_all();
    return stepped(fd, next.sendmsg(fd, message, flags));
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    find_all();
    return stepped(fd, next.recvmsg(fd, message, flags));
}

EXPORT int eventfd_read(int fd, eventfd_t *value)
{
    int rc;

    find_all();
    rc = next.eventfd_read(fd, value);
    step(fd, rc == 0);
    return rc;
}

EXPORT int eventfd_write(int fd, eventfd_t value)
{
    int rc;

    find_all();
    rc = next.eventfd_write(fd, value);
    step(fd, rc == 0);
    return rc;
}

/* A new connection counts as a message. */
EXPORT int accept4(int fd, struct sockaddr *peer, socklen_t *size, int flags)
{
    int made;

    find_all();
    made = next.accept4(fd, peer, size, flags);
    step(fd, made >= 0);
    return made;
}

/* What fortified callers call instead. */
EXPORT ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
EXPORT ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room)
{
    if (size > room) {
        abort();
    }
    return read(fd, buffer, size);
}

EXPORT ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
EXPORT ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags)
{
    if (size > room) {
        abort();
    }
    return recv(fd, buffer, size, flags);
}
