/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/fd.h"

#define MAPPED_BYTES VGPU_CHANNEL_DATA_OFFSET

void br_channel_clear(struct br_channel *channel)
{
    *channel =
        (struct br_channel){.memfd = -1, .doorbell = -1, .interrupt = -1, .interrupt_guest = -1};
}

int br_channel_map(struct br_channel *channel)
{
    void *base = mmap(NULL, MAPPED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, channel->memfd, 0);

    if (base == MAP_FAILED) {
        return -errno;
    }
    channel->base = base;
    return 0;
}

int br_channel_make_interrupt(struct br_channel *channel)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return -errno;
    }
    channel->interrupt_guest = ends[0];
    channel->interrupt = ends[1];
    /* A page holds 512 rings that nobody took; the default would be 64 KiB. */
    (void)fcntl(channel->interrupt, F_SETPIPE_SZ, 4096);
    return 0;
}

static int make_memory(struct br_channel *channel)
{
    channel->memfd = memfd_create("vgpu-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (channel->memfd < 0 || ftruncate(channel->memfd, (off_t)channel->bytes) != 0 ||
        fcntl(channel->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        return -errno;
    }
    return br_channel_map(channel);
}

int br_channel_make(struct br_channel *channel, uint64_t bytes)
{
    int rc;

    br_channel_clear(channel);
    channel->bytes = bytes;
    rc = make_memory(channel);
    if (rc == 0) {
        channel->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        rc = channel->doorbell < 0 ? -errno : br_channel_make_interrupt(channel);
    }
    if (rc < 0) {
        br_channel_fini(channel);
    }
    return rc;
}

void br_channel_begin(struct br_channel *channel, uint64_t session)
{
    struct vgpu_channel_header *header = channel->base;

    *header = (struct vgpu_channel_header){.magic = VGPU_CHANNEL_MAGIC,
                                           .version = VGPU_PROTOCOL_VERSION,
                                           .size = channel->bytes,
                                           .session = session};
    memset(vgpu_channel_state(channel->base), 0, sizeof(struct vgpu_channel_state));
    vgpu_channel_submit_ring(&channel->submit, channel->base);
    vgpu_channel_complete_ring(&channel->complete, channel->base);
}

void br_channel_fini(struct br_channel *channel)
{
    if (channel->base != NULL) {
        (void)munmap(channel->base, MAPPED_BYTES);
        channel->base = NULL;
    }
    vgpu_fd_close(&channel->memfd);
    vgpu_fd_close(&channel->doorbell);
    vgpu_fd_close(&channel->interrupt);
    vgpu_fd_close(&channel->interrupt_guest);
}

void br_channel_interrupt(const struct br_channel *channel)
{
    static const uint64_t one = 1;
    ssize_t put = write(channel->interrupt, &one, sizeof(one));

    /* EAGAIN: rings are waiting already.  EPIPE: nobody can read them. */
    (void)put;
}

int br_channel_answer_doorbell(const struct br_channel *channel)
{
    uint64_t rings;
    struct iovec part = {.iov_base = &rings, .iov_len = sizeof(rings)};

    return preadv2(channel->doorbell, &part, 1, -1, RWF_NOWAIT) < 0 ? -errno : 0;
}

void br_channel_fail(const struct br_channel *channel, uint32_t result)
{
    uint32_t none = 0;

    if (channel->base != NULL) {
        (void)atomic_compare_exchange_strong(&vgpu_channel_state(channel->base)->error, &none,
                                             result);
        br_channel_interrupt(channel);
    }
}
