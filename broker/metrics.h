/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_METRICS_H
#define BR_METRICS_H

/*
 * Prometheus reads the figures here: GET /metrics, text format 0.0.4 (docs/metrics.md).
 * libmicrohttpd without threads, on the broker's loop.
 *
 *   loop ──uv_poll──► epoll of libmicrohttpd ──► connections (at most 16, 10 s each)
 *                                                 └─► one text, made at most once a second
 *   loop ──uv_idle─► a part of the text a turn, about 0.2 ms of work; who asked waits for it
 *
 * A reader that does not read, or many of them, costs a bounded memory and no waiting: what a
 * socket does not take stays until it does or the time is up, and further connections wait in the
 * queue of the socket.
 */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "broker/metrics_table.h"

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;
struct br_broker;

/* Readers at once; more wait in the queue of the socket. */
#define BR_METRICS_READERS 16u
/* So long a text is made in a turn of the loop, or one metric, whichever is more. */
#define BR_METRICS_TURN_NS UINT64_C(200000)

/* Starts zeroed. */
struct br_metrics {
    struct br_broker *broker;
    struct MHD_Daemon *daemon; /* NULL: none are served */
    struct MHD_Response *text; /* the last one made */
    uint64_t text_ns;
    bool making; /* the next one */
    struct br_text next;
    struct br_scrape scrape;
    uv_idle_t work; /* while it is made */
    struct MHD_Connection *waiting[BR_METRICS_READERS];
    unsigned int waiting_count;
    uv_poll_t poll;
    uv_timer_t timer; /* the connections' timeouts */
};

/* Serves on a listening, non-blocking socket, which it takes, also on failure.  0 or -errno. */
int br_metrics_open(struct br_metrics *metrics, struct br_broker *broker, uv_loop_t *loop, int fd);

/* Closes connections and socket.  One that was never opened is accepted. */
void br_metrics_close(struct br_metrics *metrics);

#endif
