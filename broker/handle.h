/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_HANDLE_H
#define BR_HANDLE_H

/*
 * Handles of libuv that their owner may not outlive: allocated by themselves, and freed by the loop
 * after they are closed.  The broker's thread.
 */

#include <stdlib.h>
#include <uv.h>

/* For uv_close(): frees a handle that was allocated. */
static inline void br_handle_free(uv_handle_t *handle)
{
    free(handle);
}

/* A timer that does not run, whose `data` is the owner's; ended by br_timer_end().  NULL: no
 * memory. */
static inline uv_timer_t *br_timer_new(uv_loop_t *loop, void *owner)
{
    uv_timer_t *timer = calloc(1, sizeof(*timer));

    if (timer != NULL) {
        (void)uv_timer_init(loop, timer);
        timer->data = owner;
    }
    return timer;
}

/* Ends *timer, which becomes NULL; nothing where it is. */
static inline void br_timer_end(uv_timer_t **timer)
{
    if (*timer != NULL) {
        uv_close((uv_handle_t *)*timer, br_handle_free);
        *timer = NULL;
    }
}

#endif
