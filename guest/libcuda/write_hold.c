/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/write_hold.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/libcuda/page_swap.h"

/* Newer than the headers that this builds with. */
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif

static int open_uffd(uint64_t features)
{
    struct uffdio_api api = {.api = UFFD_API, .features = features};
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
    }
    if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* What orders these accesses and the program's is the kernel, which ThreadSanitizer does not see;
 * whole pages of a heap hold what AddressSanitizer lets nobody read. */
#define UNSEEN __attribute__((no_sanitize("thread"), no_sanitize("address")))

/* A page that was never touched has nothing to protect yet. */
UNSEEN static void touch(uint64_t address, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i += GS_PAGE_BYTES) {
        (void)*(const volatile char *)(uintptr_t)(address + i);
    }
}

int gs_write_hold(uint64_t address, uint64_t bytes, bool shared)
{
    struct uffdio_register range = {.range = {address, bytes}, .mode = UFFDIO_REGISTER_MODE_WP};
    struct uffdio_writeprotect protect = {.range = {address, bytes},
                                          .mode = UFFDIO_WRITEPROTECT_MODE_WP};
    int fd =
        open_uffd(UFFD_FEATURE_PAGEFAULT_FLAG_WP | (shared ? UFFD_FEATURE_WP_HUGETLBFS_SHMEM : 0));

    if (fd < 0) {
        return -1;
    }
    if (ioctl(fd, UFFDIO_REGISTER, &range) != 0) {
        (void)close(fd);
        return -1;
    }
    touch(address, bytes);
    if (ioctl(fd, UFFDIO_WRITEPROTECT, &protect) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

void gs_write_release(int hold)
{
    if (hold >= 0) {
        (void)close(hold);
    }
}

UNSEEN void gs_write_hold_copy(void *to, const void *from, uint64_t bytes)
{
    volatile uint64_t *out = to; /* a loop, no call that is seen */
    const volatile uint64_t *in = from;

    for (uint64_t i = 0; i < bytes / sizeof(*out); i++) {
        out[i] = in[i];
    }
}
