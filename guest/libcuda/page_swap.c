/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/page_swap.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/libcuda/log.h"
#include "guest/transport/transport.h"

/* Newer than the headers that this builds with. */
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif

static void *at(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

/* ---- what may be exchanged ---- */

static bool is_private(const char *line)
{
    char access[5] = "";
    unsigned long inode = 1;
    int name = 0;

    if (sscanf(line, "%*x-%*x %4s %*x %*x:%*x %lu %n", access, &inode, &name) < 2 || name == 0) {
        return false;
    }
    line += name;
    return strcmp(access, "rw-p") == 0 && inode == 0 &&
           (*line == '\n' || *line == '\0' || strncmp(line, "[heap]", 6) == 0 ||
            strncmp(line, "[anon:", 6) == 0);
}

bool gs_page_swap_is_possible(uint64_t address, uint64_t bytes)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    uint64_t end = address + bytes;
    unsigned long from;
    unsigned long to;
    char line[512];
    bool possible = true;

    if (maps == NULL) {
        return false;
    }
    /* Lines ascend; a long name's rest begins with no range. */
    while (possible && address < end && fgets(line, sizeof(line), maps) != NULL) {
        if (sscanf(line, "%lx-%lx", &from, &to) != 2 || to <= address) {
            continue;
        }
        possible = from <= address && is_private(line);
        address = to;
    }
    (void)fclose(maps);
    return possible && address >= end;
}

/* ---- holding writes back ---- */

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

/* A page that was never touched has nothing to protect yet. */
static void touch(uint64_t address, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i += GS_PAGE_BYTES) {
        (void)*(const volatile char *)at(address + i);
    }
}

/* From here on writes to the range wait until the descriptor is closed.  -1: they cannot be held
 * back. */
static int hold_writes(uint64_t address, uint64_t bytes, uint64_t features)
{
    struct uffdio_register range = {.range = {address, bytes}, .mode = UFFDIO_REGISTER_MODE_WP};
    struct uffdio_writeprotect protect = {.range = {address, bytes},
                                          .mode = UFFDIO_WRITEPROTECT_MODE_WP};
    int fd = open_uffd(features | UFFD_FEATURE_PAGEFAULT_FLAG_WP);

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

static void let_writes_go(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

static bool is_alone(void)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned int count = 0;
    const struct dirent *entry;

    if (tasks == NULL) {
        return false;
    }
    while ((entry = readdir(tasks)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(tasks);
    return count == 1;
}

/* ---- the exchange ---- */

static void say_why(void)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&said)) {
        gs_log("cuMemHostRegister needs userfaultfd in a program of several threads: allow that "
               "system call, or allocate with cuMemHostAlloc");
    }
}

CUresult gs_page_swap_in(struct gs_channel *channel, uint64_t address, uint64_t bytes,
                         uint64_t offset)
{
    void *pages = gs_channel_map(channel, NULL, offset, bytes);
    CUresult cu = CUDA_SUCCESS;
    int held;

    if (pages == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    held = hold_writes(address, bytes, 0);
    if (held < 0 && !is_alone()) {
        say_why();
        cu = CUDA_ERROR_NOT_SUPPORTED;
    }
    if (cu == CUDA_SUCCESS) {
        memcpy(pages, at(address), bytes);
        if (!gs_channel_move(channel, pages, at(address))) {
            cu = CUDA_ERROR_OUT_OF_MEMORY;
        }
    }
    if (cu != CUDA_SUCCESS) {
        gs_channel_unmap(channel, pages);
    }
    let_writes_go(held);
    return cu;
}

static bool put_back(struct gs_channel *channel, uint64_t address, uint64_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED) {
        return false;
    }
    memcpy(pages, at(address), bytes);
    if (mremap(pages, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, at(address)) == MAP_FAILED) {
        (void)munmap(pages, bytes);
        return false;
    }
    gs_channel_forget(channel, at(address));
    return true;
}

bool gs_page_swap_out(struct gs_channel *channel, uint64_t address, uint64_t bytes, bool shared)
{
    int held = hold_writes(address, bytes, UFFD_FEATURE_WP_HUGETLBFS_SHMEM);
    bool back = false;

    /* A thread that writes to what is being given up would race with the call itself. */
    if (held >= 0 || !shared || is_alone()) {
        back = put_back(channel, address, bytes);
    }
    let_writes_go(held);
    return back;
}
