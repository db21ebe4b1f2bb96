/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/transport.h"

#include <sys/mman.h>

#include "common/fd.h"

int gs_channel_open(struct gs_channel *channel, const char *where, int32_t *refused)
{
    return gs_transport_socket.open(channel, where, refused);
}

void gs_channel_close(struct gs_channel *channel)
{
    if (channel->transport != NULL) {
        channel->transport->close(channel);
        channel->transport = NULL;
    }
}

int gs_channel_ring(struct gs_channel *channel)
{
    return channel->transport->ring(channel);
}

int gs_channel_wait(struct gs_channel *channel, int64_t timeout_ns)
{
    return channel->transport->wait(channel, timeout_ns);
}

void *gs_channel_map(const struct gs_channel *channel, void *at, uint64_t offset, uint64_t bytes)
{
    int flags = MAP_SHARED | (at != NULL ? MAP_FIXED : 0);
    void *memory = mmap(at, bytes, PROT_READ | PROT_WRITE, flags, channel->memory_fd,
                        (off_t)(channel->memory_offset + offset));

    if (memory == MAP_FAILED) {
        return NULL;
    }
    /* A child that wrote here would speak with the parent's voice. */
    (void)madvise(memory, bytes, MADV_DONTFORK);
    return memory;
}
