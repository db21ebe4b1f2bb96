/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/selftest.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "broker/channel.h"
#include "proto/limits.h"

static int ring_both(const struct br_channel *channel)
{
    uint64_t one = 1;
    int rc;

    if (br_channel_answer_doorbell(channel) != -EAGAIN) {
        return -EIO; /* it was rung before anybody did */
    }
    if (write(channel->doorbell, &one, sizeof(one)) != (ssize_t)sizeof(one)) {
        return -errno;
    }
    rc = br_channel_answer_doorbell(channel);
    if (rc < 0) {
        return rc;
    }
    br_channel_interrupt(channel);
    return read(channel->interrupt_guest, &one, sizeof(one)) == (ssize_t)sizeof(one) ? 0 : -EIO;
}

int br_selftest(void)
{
    struct br_channel channel;
    int rc = br_channel_make(&channel, VGPU_CHANNEL_BYTES_MIN);

    if (rc < 0) {
        return rc;
    }
    br_channel_begin(&channel, 0);
    rc = ring_both(&channel);
    br_channel_fini(&channel);
    return rc;
}
