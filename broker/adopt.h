/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_ADOPT_H
#define BR_ADOPT_H

/*
 * Makes a channel of memory and doorbell that came from outside.  Whoever sent them may
 * have sent anything: a file that shrinks under its reader, huge pages that a hole does
 * not empty, a descriptor whose read waits for ever.  Each is refused here, before it is
 * mapped, read or watched.
 */

#include <stdint.h>
#include <sys/types.h>

#include "broker/channel.h"

/* What every eventfd of this kernel looks like to fstat(): they share one inode. */
struct br_eventfd_mark {
    dev_t device;
    ino_t inode;
};

/* Looks at an eventfd of our own.  0 or -errno. */
int br_adopt_init(struct br_eventfd_mark *mark);

/*
 * Takes both descriptors (negative: missing) and fills `channel`; `bytes` is what the memory must
 * have.  0; -EPROTO and *wrong says in static words what is not as it must be; or another -errno:
 * no memory or descriptors here.  On failure the channel is clear.
 */
int br_adopt(struct br_channel *channel, const struct br_eventfd_mark *mark, int memfd,
             int doorbell, uint64_t bytes, const char **wrong);

#endif
