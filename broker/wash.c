/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/wash.h"

#include <errno.h>
#include <fcntl.h>

#include "broker/broker.h"
#include "common/clock.h"
#include "common/fd.h"

void br_wash_start(struct br_broker *broker, struct br_wash *wash)
{
    wash->done = 0;
    TAILQ_INSERT_TAIL(&broker->washes, wash, entry);
}

void br_wash_cancel(struct br_broker *broker, struct br_wash *wash)
{
    TAILQ_REMOVE(&broker->washes, wash, entry);
    vgpu_fd_close(&wash->memfd);
}

static int punch(struct br_wash *wash)
{
    uint64_t left = wash->bytes - wash->done;
    uint64_t piece = left < BR_WASH_PIECE ? left : BR_WASH_PIECE;

    if (fallocate(wash->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)wash->done,
                  (off_t)piece) != 0) {
        return errno == EINTR ? 0 : -errno;
    }
    wash->done += piece;
    return 0;
}

void br_wash_turn(struct br_broker *broker)
{
    uint64_t until = TAILQ_EMPTY(&broker->washes) ? 0 : vgpu_clock_ns() + BR_WASH_TURN_NS;
    struct br_wash *wash;

    while ((wash = TAILQ_FIRST(&broker->washes)) != NULL && vgpu_clock_ns() < until) {
        int rc = punch(wash);

        TAILQ_REMOVE(&broker->washes, wash, entry);
        TAILQ_INSERT_TAIL(&broker->washes, wash, entry);
        if (rc < 0 || wash->done == wash->bytes) {
            br_wash_cancel(broker, wash);
            wash->on_done(wash, rc);
        }
    }
}
