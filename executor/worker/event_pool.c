/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/event_pool.h"

CUresult ex_event_pool_get(struct ex_event_pool *pool, CUevent *event)
{
    if (pool->count > 0) {
        *event = pool->events[--pool->count];
        return CUDA_SUCCESS;
    }
    return pool->driver->cuEventCreate(event, CU_EVENT_DISABLE_TIMING);
}

void ex_event_pool_put(struct ex_event_pool *pool, CUevent event)
{
    if (pool->count < EX_EVENT_POOL_MAX) {
        pool->events[pool->count++] = event;
        return;
    }
    (void)pool->driver->cuEventDestroy(event);
}
