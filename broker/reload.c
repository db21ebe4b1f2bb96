/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/reload.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/broker.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/notify.h"

_Static_assert(sizeof(struct br_reload_verdict) <= PIPE_BUF, "an answer is written whole");

/* Keys of section [broker]; all others are fixed while the broker runs. */
static const char *const live_keys[] = {"log_level", "sessions_max", "channel_mib",
                                        "hello_timeout_ms", "spin_us"};

static bool is_live(const struct vgpu_config_key *key)
{
    for (size_t i = 0; i < sizeof(live_keys) / sizeof(live_keys[0]); i++) {
        if (strcmp(key->section, "broker") == 0 && strcmp(key->key, live_keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- the reader --------------------------------------------------------------- */

static bool same_machines(const struct br_roster *a, const struct br_roster *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++) {
        same = strcmp(a->entries[i].name, b->entries[i].name) == 0 &&
               strcmp(a->entries[i].path, b->entries[i].path) == 0;
    }
    return same;
}

static bool same_pools(const struct br_pools *a, const struct br_pools *b)
{
    bool same = a->count == b->count;

    for (uint32_t i = 0; same && i < a->count; i++) {
        const struct br_pool *x = a->list[i];
        const struct br_pool *y = b->list[i];

        same = strcmp(x->name, y->name) == 0 && x->gpus.all == y->gpus.all &&
               x->gpus.count == y->gpus.count &&
               memcmp(x->gpus.uuid, y->gpus.uuid, x->gpus.count * sizeof(x->gpus.uuid[0])) == 0;
    }
    return same;
}

static void refuse(struct br_reload_verdict *verdict, const char *section, const char *key)
{
    verdict->good = false;
    (void)snprintf(
        verdict->reason, sizeof(verdict->reason),
        "%s%s%s cannot change while the broker runs: restart vgpu-broker, or put the old "
        "value back",
        section, *key != '\0' ? "." : "", key);
}

void br_reload_judge(const struct br_options *old, const struct br_options *fresh,
                     struct br_reload_verdict *verdict)
{
    static const uint32_t levels[] = {VGPU_LOG_ERROR, VGPU_LOG_WARNING, VGPU_LOG_INFO,
                                      VGPU_LOG_DEBUG};
    const struct br_settings *settings = &fresh->settings;

    *verdict = (struct br_reload_verdict){.good = true,
                                          .live = {.log_level = levels[settings->log_level],
                                                   .sessions_max = settings->sessions_max,
                                                   .channel_mib = settings->channel_mib,
                                                   .hello_timeout_ms = settings->hello_timeout_ms,
                                                   .spin_ns = br_broker_spin_ns(settings)}};
    for (size_t i = 0; verdict->good && i < br_config_key_count; i++) {
        const struct vgpu_config_key *key = &br_config_keys[i];

        if (!is_live(key) && !vgpu_config_same(key, &old->settings, settings)) {
            refuse(verdict, key->section, key->key);
        }
    }
    if (verdict->good && !same_machines(&old->roster, &fresh->roster)) {
        refuse(verdict, "section [vms]", "");
    }
    if (verdict->good && !same_pools(&old->settings.pools, &settings->pools)) {
        refuse(verdict, "section [pools]", "");
    }
}

/* What the parser wrote, without the program's name and the end of the line. */
static void take_complaint(struct br_reload_verdict *verdict, const char *text)
{
    static const char name[] = "vgpu-broker: ";

    if (strncmp(text, name, sizeof(name) - 1) == 0) {
        text += sizeof(name) - 1;
    }
    *verdict = (struct br_reload_verdict){.good = false};
    (void)snprintf(verdict->reason, sizeof(verdict->reason), "%.*s", (int)strcspn(text, "\n"),
                   *text != '\0' ? text : "no memory");
}

static void read_again(const struct br_options *old, int argc, char **argv,
                       struct br_reload_verdict *verdict)
{
    struct br_options fresh = {.daemon = {.ready_fd = -1}};
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    int rc = to == NULL ? -ENOMEM : br_options_parse(&fresh, argc, argv, to, to);

    if (to != NULL) {
        (void)fclose(to);
    }
    if (rc == 0) {
        br_reload_judge(old, &fresh, verdict);
    } else {
        take_complaint(verdict, text != NULL ? text : "");
    }
    br_options_fini(&fresh);
    free(text);
}

/* Descriptors 3 and 4 are the two pipes; nothing else of the broker stays open. */
static void keep_pipes(int ask, int answer)
{
    int high_ask = fcntl(ask, F_DUPFD, 16);
    int high_answer = fcntl(answer, F_DUPFD, 16);

    if (high_ask < 0 || high_answer < 0 || dup2(high_ask, 3) < 0 || dup2(high_answer, 4) < 0) {
        _exit(1);
    }
    (void)close_range(5, ~0u, 0);
}

__attribute__((noreturn)) static void reader_main(const struct br_options *old, int argc,
                                                  char **argv, int ask, int answer)
{
    struct br_reload_verdict verdict;
    char byte;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_NAME, "vgpu-reader");
    keep_pipes(ask, answer);
    while (read(3, &byte, 1) == 1) {
        read_again(old, argc, argv, &verdict);
        if (write(4, &verdict, sizeof(verdict)) != (ssize_t)sizeof(verdict)) {
            break;
        }
    }
    _exit(0);
}

int br_reload_fork(struct br_reload *reload, const struct br_options *options, int argc,
                   char **argv)
{
    int ask[2] = {-1, -1};
    int answer[2] = {-1, -1};
    int rc = pipe2(ask, O_CLOEXEC) == 0 && pipe2(answer, O_CLOEXEC) == 0 ? 0 : -errno;
    pid_t pid = rc == 0 ? fork() : -1;

    if (pid == 0) {
        reader_main(options, argc, argv, ask[0], answer[1]);
    }
    if (rc == 0 && pid < 0) {
        rc = -errno;
    }
    vgpu_fd_close(&ask[0]);
    vgpu_fd_close(&answer[1]);
    if (rc < 0) {
        vgpu_fd_close(&ask[1]);
        vgpu_fd_close(&answer[0]);
    }
    *reload = (struct br_reload){.reader = rc == 0 ? pid : 0, .ask = ask[1], .answer = answer[0]};
    return rc;
}

/* ---- the broker ----------------------------------------------------------------- */

static void apply(struct br_broker *broker, const struct br_live *live)
{
    vgpu_log_set_level((enum vgpu_log_level)live->log_level);
    broker->sessions_max = live->sessions_max;
    broker->channel_bytes = (uint64_t)live->channel_mib << 20;
    broker->hello_timeout_ms = live->hello_timeout_ms;
    broker->spin_ns = live->spin_ns;
}

static void take(struct br_reload *reload, const struct br_reload_verdict *verdict)
{
    const struct br_live *live = &verdict->live;

    if (!verdict->good) {
        vgpu_log(VGPU_LOG_ERROR, "configuration not taken, nothing has changed reason=\"%s\"",
                 verdict->reason);
        return;
    }
    apply(reload->broker, live);
    vgpu_log(VGPU_LOG_NOTICE,
             "configuration taken sessions_max=%u channel_mib=%u hello_timeout_ms=%u spin_us=%llu",
             live->sessions_max, live->channel_mib, live->hello_timeout_ms,
             (unsigned long long)(live->spin_ns / VGPU_NS_PER_US));
}

static void on_answer(uv_poll_t *poll, int status, int events)
{
    struct br_reload *reload = poll->data;
    struct br_reload_verdict verdict;
    ssize_t got = read(reload->answer, &verdict, sizeof(verdict));

    (void)status;
    (void)events;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got != (ssize_t)sizeof(verdict)) {
        (void)uv_poll_stop(poll);
        vgpu_fd_close(&reload->ask);
        vgpu_log(VGPU_LOG_ERROR, "the reader of the configuration has ended: no reload until "
                                 "vgpu-broker is started again");
    } else {
        take(reload, &verdict);
    }
    if (reload->asked) {
        reload->asked = false;
        vgpu_notify("READY=1");
    }
}

int br_reload_start(struct br_reload *reload, uv_loop_t *loop, struct br_broker *broker)
{
    int rc = uv_poll_init(loop, &reload->poll, reload->answer);

    reload->broker = broker;
    reload->poll.data = reload;
    return rc < 0 ? rc : uv_poll_start(&reload->poll, UV_READABLE, on_answer);
}

void br_reload_now(struct br_reload *reload)
{
    static const char byte = 'r';

    if (reload->ask < 0) {
        vgpu_log(VGPU_LOG_ERROR, "configuration not taken reason=\"its reader has ended\"");
        return;
    }
    vgpu_notify("RELOADING=1");
    reload->asked = true;
    if (write(reload->ask, &byte, 1) != 1) {
        reload->asked = false;
        vgpu_log(VGPU_LOG_ERROR, "configuration not taken error=\"%s\"", strerror(errno));
        vgpu_notify("READY=1");
    }
}

void br_reload_stop(struct br_reload *reload)
{
    uv_close((uv_handle_t *)&reload->poll, NULL);
}

void br_reload_fini(struct br_reload *reload)
{
    vgpu_fd_close(&reload->ask);
    vgpu_fd_close(&reload->answer);
    if (reload->reader > 0) {
        (void)waitpid(reload->reader, NULL, 0);
        reload->reader = 0;
    }
}
