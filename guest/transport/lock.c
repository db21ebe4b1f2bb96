/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "guest/transport/nap.h"

/* Behind every BAR and below the sizes that some file systems allow. */
#define CLAIMING 0x40000000

static struct flock byte(short type, off_t at)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
}

static int apply(int fd, int how, struct flock *lock)
{
    while (fcntl(fd, how, lock) != 0) {
        if (errno != EINTR) {
            return errno == EACCES ? -EAGAIN : -errno;
        }
    }
    return 0;
}

int gs_lock_take(int fd, uint32_t channel)
{
    struct flock lock = byte(F_WRLCK, channel);

    return apply(fd, F_SETLK, &lock);
}

void gs_lock_give(int fd, uint32_t channel)
{
    struct flock lock = byte(F_UNLCK, channel);

    (void)apply(fd, F_SETLK, &lock);
}

pid_t gs_lock_holder(int fd, uint32_t channel)
{
    struct flock lock = byte(F_WRLCK, channel);

    return apply(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

int gs_lock_claiming(int fd)
{
    struct flock lock = byte(F_WRLCK, CLAIMING + (off_t)getpid());
    struct gs_nap nap = gs_nap_start(20 * VGPU_NS_PER_S);
    int rc;

    while ((rc = apply(fd, F_OFD_SETLK, &lock)) == -EAGAIN && gs_nap(&nap)) {
    }
    return rc == -EAGAIN ? -EBUSY : rc;
}

void gs_lock_claimed(int fd)
{
    struct flock lock = byte(F_UNLCK, CLAIMING + (off_t)getpid());

    (void)apply(fd, F_OFD_SETLK, &lock);
}
