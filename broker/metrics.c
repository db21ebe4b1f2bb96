/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <time.h>

#include "broker/metrics_table.h"
#include "common/clock.h"
#include "common/fd.h"

#define CONNECTIONS       16u
#define CONNECTION_BYTES  16384u
#define CONNECTION_S      10u
#define TEXT_MAX_AGE_NS   VGPU_NS_PER_S
#define CONTENT_TYPE_TEXT "text/plain; version=0.0.4; charset=utf-8"

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

/* The text of this second; NULL: no memory. */
static struct MHD_Response *current_text(struct br_metrics *metrics)
{
    uint64_t now = vgpu_clock_ns();
    struct br_text text = {0};

    if (metrics->text != NULL && now - metrics->text_ns < TEXT_MAX_AGE_NS) {
        return metrics->text;
    }
    drop_text(metrics);
    br_metrics_render(metrics->broker, &text);
    if (!text.failed) {
        metrics->text = make(text.bytes, text.len, MHD_RESPMEM_MUST_FREE);
        metrics->text_ns = now;
    }
    if (metrics->text == NULL) {
        br_text_free(&text);
    }
    return metrics->text;
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
    struct MHD_Response *text;

    (void)version;
    (void)upload;
    (void)upload_len;
    (void)state;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return send_words(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET /metrics\n");
    }
    if (strcmp(url, "/metrics") != 0) {
        return send_words(connection, MHD_HTTP_NOT_FOUND, "the metrics are at /metrics\n");
    }
    text = current_text(metrics);
    if (text == NULL) {
        return send_words(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory\n");
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, text);
}

/* ---- the loop --------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer);

static void run(struct br_metrics *metrics)
{
    MHD_UNSIGNED_LONG_LONG ms;

    (void)MHD_run(metrics->daemon);
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
    return MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, metrics, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_END);
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
    drop_text(metrics);
    MHD_stop_daemon(metrics->daemon);
    metrics->daemon = NULL;
}
