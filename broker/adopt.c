/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/fd.h"

#define PAGE_BYTES   4096
#define SEALS_WANTED (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define SEALS_BAD    (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

/* glibc asks by newfstatat(), which takes paths too: the broker's filter has no place for it. */
static int look_at(int fd, struct stat *info)
{
    return (int)syscall(SYS_fstat, fd, info);
}

int br_adopt_init(struct br_eventfd_mark *mark)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct stat info;
    int rc;

    if (fd < 0) {
        return -errno;
    }
    rc = look_at(fd, &info) == 0 ? 0 : -errno;
    vgpu_fd_close(&fd);
    if (rc == 0) {
        *mark = (struct br_eventfd_mark){.device = info.st_dev, .inode = info.st_ino};
    }
    return rc;
}

static bool is_tmpfs_file(int fd, struct statfs *system, struct stat *info)
{
    return fstatfs(fd, system) == 0 && system->f_type == TMPFS_MAGIC && look_at(fd, info) == 0 &&
           S_ISREG(info->st_mode);
}

/* Only memfds can have these seals: a file of a mounted tmpfs is sealed against sealing alone. */
static const char *check_memory(int fd, uint64_t bytes)
{
    int seals = fcntl(fd, F_GET_SEALS);
    struct statfs system;
    struct stat info;

    if (!is_tmpfs_file(fd, &system, &info)) {
        return "the memory is no memfd";
    }
    if (system.f_bsize != PAGE_BYTES) {
        return "the memory's pages are not of 4 KiB";
    }
    if (info.st_size < 0 || (uint64_t)info.st_size != bytes) {
        return "the memory has another size than channel_bytes";
    }
    if (seals < 0 || (seals & SEALS_WANTED) != SEALS_WANTED) {
        return "the memory is not sealed against shrinking, growing and sealing";
    }
    if ((seals & SEALS_BAD) != 0 || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR) {
        return "the memory cannot be written";
    }
    return NULL;
}

static bool looks_like_eventfd(int fd, const struct br_eventfd_mark *mark)
{
    struct stat info;

    return look_at(fd, &info) == 0 && info.st_dev == mark->device && info.st_ino == mark->inode;
}

/* All kinds of anonymous inodes look alike; of those only an eventfd, and from Linux 6.10 on a
 * timerfd, answers this read, and only a timerfd knows its time. */
static const char *check_doorbell(const struct br_channel *channel,
                                  const struct br_eventfd_mark *mark)
{
    struct itimerspec left;
    int rc;

    if (!looks_like_eventfd(channel->doorbell, mark) ||
        timerfd_gettime(channel->doorbell, &left) == 0) {
        return "the doorbell is no eventfd";
    }
    rc = br_channel_answer_doorbell(channel);
    return rc == 0 || rc == -EAGAIN ? NULL : "the doorbell is no eventfd";
}

static const char *check(const struct br_channel *channel, const struct br_eventfd_mark *mark)
{
    const char *wrong = NULL;

    if (channel->memfd < 0 || channel->doorbell < 0) {
        return "wanted two descriptors, memory and doorbell";
    }
    wrong = check_memory(channel->memfd, channel->bytes);
    return wrong != NULL ? wrong : check_doorbell(channel, mark);
}

int br_adopt(struct br_channel *channel, const struct br_eventfd_mark *mark, int memfd,
             int doorbell, uint64_t bytes, const char **wrong)
{
    int rc;

    br_channel_clear(channel);
    channel->memfd = memfd;
    channel->doorbell = doorbell;
    channel->bytes = bytes;
    *wrong = check(channel, mark);
    rc = *wrong != NULL ? -EPROTO : br_channel_map(channel);
    if (rc == 0) {
        rc = br_channel_make_interrupt(channel);
    }
    if (rc < 0) {
        br_channel_fini(channel);
    }
    return rc;
}
