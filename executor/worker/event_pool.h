/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_EVENT_POOL_H
#define EX_WORKER_EVENT_POOL_H

/* The worker's own events, without timing, kept for reuse.  The dispatcher's alone. */

#include "ex_driver_table.h"

#define EX_EVENT_POOL_MAX 256u

struct ex_event_pool {
    const struct ex_driver *driver; /* borrowed */
    unsigned int count;
    CUevent events[EX_EVENT_POOL_MAX];
};

/* An event that nothing waits for; give it back with ex_event_pool_put(). */
CUresult ex_event_pool_get(struct ex_event_pool *pool, CUevent *event);

/* Gives one back that was got. */
void ex_event_pool_put(struct ex_event_pool *pool, CUevent event);

#endif
