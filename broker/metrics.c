/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <time.h>

#include "broker/metrics_table.h"
#include "common/clock.h"
#include "common/fd.h"

#define CONNECTION_BYTES  16384u
#define CONNECTION_S      10u
#define TEXT_MAX_AGE_NS   VGPU_NS_PER_S
#define CONTENT_TYPE_TEXT "text/plain; version=0.0.4; charset=utf-8"

static void run(struct br_metrics *metrics);

/* ---- answers ---------------------------------------------------------------- */

static struct MHD_Response *make(const char *bytes, size_t len, enum MHD_ResponseMemoryMode mode)
{
    /* The library takes the buffer as writable and does not write it. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, (void *)(uintptr_t)bytes, mode);

    if (response != NULL) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, CONTENT_TYPE_TEXT);
    }
    return response;
}

/* Connections that still send an older text keep it alive. */
static void drop_text(struct br_metrics *metrics)
{
    if (metrics->text != NULL) {
        MHD_destroy_response(metrics->text);
        metrics->text = NULL;
    }
}

static bool is_fresh(const struct br_metrics *metrics)
{
    return metrics->text != NULL && vgpu_clock_ns() - metrics->text_ns < TEXT_MAX_AGE_NS;
}

static void resume_all(struct br_metrics *metrics)
{
    for (unsigned int i = 0; i < metrics->waiting_count; i++) {
        MHD_resume_connection(metrics->waiting[i]);
    }
    metrics->waiting_count = 0;
}

/* The text is whole, or there is no memory for it: then there is none. */
static void finish(struct br_metrics *metrics)
{
    metrics->making = false;
    (void)uv_idle_stop(&metrics->work);
    drop_text(metrics);
    if (!metrics->next.failed) {
        metrics->text = make(metrics->next.bytes, metrics->next.len, MHD_RESPMEM_MUST_FREE);
        metrics->text_ns = vgpu_clock_ns();
    }
    if (metrics->text == NULL) {
        br_text_free(&metrics->next);
    }
    metrics->next = (struct br_text){0};
    resume_all(metrics);
}

/* The loop does not sleep meanwhile, and everyone else has a turn in between. */
static void on_work(uv_idle_t *work)
{
    struct br_metrics *metrics = work->data;
    uint64_t until = vgpu_clock_ns() + BR_METRICS_TURN_NS;
    bool more;

    do {
        more = br_metrics_step(&metrics->scrape);
    } while (more && vgpu_clock_ns() < until);
    if (!more) {
        finish(metrics);
        run(metrics);
    }
}

/* Whoever asks for a text that is not there yet is asked again when it is. */
static void wait_for_text(struct br_metrics *metrics, struct MHD_Connection *connection)
{
    if (!metrics->making) {
        metrics->making = true;
        br_metrics_begin(&metrics->scrape, metrics->broker, &metrics->next);
        (void)uv_idle_start(&metrics->work, on_work);
    }
    MHD_suspend_connection(connection);
    metrics->waiting[metrics->waiting_count++] = connection;
}

static enum MHD_Result send_words(struct MHD_Connection *connection, unsigned int status,
                                  const char *words)
{
    struct MHD_Response *response = make(words, strlen(words), MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_NO;

    if (response != NULL) {
        result = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
    }
    return result;
}

static enum MHD_Result on_request(void *owner, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **state)
{
    struct br_metrics *metrics = owner;
    bool has_waited = *state != NULL;

    (void)version;
    (void)upload;
    (void)upload_len;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return send_words(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET /metrics\n");
    }
    if (strcmp(url, "/metrics") != 0) {
        return send_words(connection, MHD_HTTP_NOT_FOUND, "the metrics are at /metrics\n");
    }
    if (!has_waited && !is_fresh(metrics) && metrics->waiting_count < BR_METRICS_READERS) {
        *state = metrics;
        wait_for_text(metrics, connection);
        return MHD_YES;
    }
    if (metrics->text == NULL) {
        return send_words(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory\n");
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, metrics->text);
}

/* ---- the loop --------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer);

static unsigned int count_readers(const struct br_metrics *metrics)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(metrics->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

    return info != NULL ? info->num_connections : 0;
}

/* With all places taken the library stops listening, and begins again only at the start of a run:
 * so one in which somebody has left is followed by another. */
static void run(struct br_metrics *metrics)
{
    MHD_UNSIGNED_LONG_LONG ms;
    unsigned int before;

    do {
        before = count_readers(metrics);
        (void)MHD_run(metrics->daemon);
    } while (count_readers(metrics) < before);
    if (MHD_get_timeout(metrics->daemon, &ms) == MHD_YES) {
        (void)uv_timer_start(&metrics->timer, on_timer, ms > 0 ? ms : 1, 0);
    } else {
        (void)uv_timer_stop(&metrics->timer);
    }
}

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

/* ---- life ------------------------------------------------------------------- */

static struct MHD_Daemon *start_daemon(struct br_metrics *metrics, int fd)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
                            metrics, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                            BR_METRICS_READERS, MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_S,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                            MHD_OPTION_END);
}

static int watch(struct br_metrics *metrics, uv_loop_t *loop)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(metrics->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int rc = info == NULL ? -ENOTSUP : uv_poll_init(loop, &metrics->poll, info->epoll_fd);

    if (rc < 0) {
        return rc;
    }
    (void)uv_timer_init(loop, &metrics->timer);
    (void)uv_idle_init(loop, &metrics->work);
    metrics->work.data = metrics;
    metrics->poll.data = metrics;
    metrics->timer.data = metrics;
    return uv_poll_start(&metrics->poll, UV_READABLE, on_poll);
}

int br_metrics_open(struct br_metrics *metrics, struct br_broker *broker, uv_loop_t *loop, int fd)
{
    int rc;

    /* Now, because a date in an answer would have the time zone's file opened behind the lock. */
    tzset();
    metrics->broker = broker;
    metrics->daemon = start_daemon(metrics, fd);
    if (metrics->daemon == NULL) {
        vgpu_fd_close(&fd);
        return -ENOMEM;
    }
    rc = watch(metrics, loop);
    if (rc < 0) {
        MHD_stop_daemon(metrics->daemon);
        metrics->daemon = NULL;
    }
    return rc;
}

void br_metrics_close(struct br_metrics *metrics)
{
    if (metrics->daemon == NULL) {
        return;
    }
    uv_close((uv_handle_t *)&metrics->poll, NULL);
    uv_close((uv_handle_t *)&metrics->timer, NULL);
    uv_close((uv_handle_t *)&metrics->work, NULL);
    resume_all(metrics); /* the library takes none that is suspended */
    drop_text(metrics);
    br_text_free(&metrics->next);
    MHD_stop_daemon(metrics->daemon);
    metrics->daemon = NULL;
}
