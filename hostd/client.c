/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/client.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "hostd/hostd.h"
#include "hostd/kill.h"
#include "hostd/link.h"
#include "hostd/rows.h"
#include "proto/control.h"

struct hd_client {
    struct hd_link link; /* first: on_frame() gets it */
    struct hd_hostd *hostd;
    uint64_t number;
    uid_t uid;
    pid_t pid;
    bool greeted;
    sd_event_source *patience; /* for its first frame */
    const char *broke;         /* the rule that it broke, or NULL */
};

static int break_rule(struct hd_client *client, const char *rule)
{
    client->broke = rule;
    return -EPROTO;
}

static int take_hello(struct hd_client *client, const Vgpu__CtlHello *hello)
{
    Vgpu__CtlWelcome welcome = VGPU__CTL_WELCOME__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char program[] = "vgpu-hostd";
    char version[] = VGPU_VERSION;

    if (client->greeted) {
        return break_rule(client, "a second CtlHello");
    }
    if (hello->protocol != VGPU_PROTOCOL_VERSION) {
        return break_rule(client, "another protocol");
    }
    if (hello->role != VGPU_CTL_TOOL) {
        return break_rule(client, "a role that is not a tool's");
    }
    client->greeted = true;
    client->patience = sd_event_source_disable_unref(client->patience);
    welcome.protocol = VGPU_PROTOCOL_VERSION;
    welcome.program = program;
    welcome.version = version;
    welcome.pid = (uint32_t)getpid();
    frame.kind_case = VGPU__FRAME__KIND_CTL_WELCOME;
    frame.ctl_welcome = &welcome;
    hd_link_send(&client->link, &frame, -1);
    return 0;
}

static int take_ask(struct hd_client *client, const Vgpu__CtlAsk *ask)
{
    char why[HD_WHY_MAX] = "";
    int rc = hd_rows_send(client->hostd, &client->link, ask, why, sizeof(why));

    hd_client_answer(client, ask->id, -rc, why);
    return 0;
}

/* Answers come in the order of the questions: until this one's, no other is taken. */
static int take_change(struct hd_client *client, const Vgpu__Frame *frame)
{
    hd_link_pause(&client->link, true);
    hd_changes_ask(client->hostd, client->number, client->uid, frame);
    return 0;
}

static void log_kill(const struct hd_client *client, uint32_t pid, const char *why)
{
    if (why[0] == '\0') {
        vgpu_log(VGPU_LOG_INFO, "worker killed pid=%u by uid=%u", pid, client->uid);
    } else if (hd_server_may_log(&client->hostd->server)) {
        vgpu_log(VGPU_LOG_ERROR, "worker not killed pid=%u by uid=%u reason=\"%s\"", pid,
                 client->uid, why);
    }
}

/* A supervisor's only frame.  There is no answer: it sees the end of the worker. */
static int take_kill(struct hd_client *client, const Vgpu__KillWorker *kill_worker)
{
    VGPU_CLEANUP_FD int pidfd = vgpu_frame_socket_take_fd(&client->link.socket);
    uid_t executor = client->hostd->options.executor_uid;
    char why[HD_WHY_MAX] = "";

    if (client->uid != 0 && (executor == (uid_t)-1 || client->uid != executor)) {
        (void)snprintf(why, sizeof(why), "the account may not (hostd.executor_user)");
    } else if (pidfd < 0 || kill_worker->pid == 0 || kill_worker->pid > INT_MAX) {
        (void)snprintf(why, sizeof(why), "no pidfd, or no number of a process");
    } else {
        (void)hd_kill_worker(pidfd, (pid_t)kill_worker->pid, why, sizeof(why));
    }
    log_kill(client, kill_worker->pid, why);
    return -ECONNRESET;
}

static int on_frame(struct hd_link *link, const Vgpu__Frame *frame)
{
    struct hd_client *client = (struct hd_client *)link;

    if (frame->kind_case == VGPU__FRAME__KIND_CTL_HELLO) {
        return take_hello(client, frame->ctl_hello);
    }
    if (frame->kind_case == VGPU__FRAME__KIND_KILL_WORKER && !client->greeted) {
        return take_kill(client, frame->kill_worker);
    }
    if (!client->greeted) {
        return break_rule(client, "a first frame that is not CtlHello");
    }
    switch ((int)frame->kind_case) {
    case VGPU__FRAME__KIND_CTL_ASK:
        return take_ask(client, frame->ctl_ask);
    case VGPU__FRAME__KIND_VM_CHANGE:
    case VGPU__FRAME__KIND_POOL_CHANGE:
    case VGPU__FRAME__KIND_GPU_CHANGE:
        return take_change(client, frame);
    default:
        return break_rule(client, vgpu_frame_name(frame->kind_case));
    }
}

static void on_end(struct hd_link *link, int rc)
{
    struct hd_client *client = (struct hd_client *)link;

    if (rc < 0 && rc != -ECONNRESET && rc != -EPIPE && hd_server_may_log(&client->hostd->server)) {
        vgpu_log(VGPU_LOG_WARNING, "client dropped uid=%u pid=%d error=\"%s\" what=\"%s\"",
                 client->uid, client->pid, strerror(-rc),
                 client->broke != NULL ? client->broke
                 : rc == -ENOBUFS      ? "it does not read"
                                       : "");
    }
    hd_server_drop(&client->hostd->server, client);
}

static int on_silence(sd_event_source *source, uint64_t now_us, void *userdata)
{
    struct hd_client *client = userdata;

    (void)source;
    (void)now_us;
    client->broke = "it says nothing";
    on_end(&client->link, -ETIMEDOUT);
    return 0;
}

struct hd_client *hd_client_new(struct hd_hostd *hostd, uint64_t number, int fd, uid_t uid,
                                pid_t pid)
{
    struct hd_client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        vgpu_fd_close(&fd);
        return NULL;
    }
    client->hostd = hostd;
    client->number = number;
    client->uid = uid;
    client->pid = pid;
    client->link.on_frame = on_frame;
    client->link.on_end = on_end;
    if (hd_link_init(&client->link, hostd->event, fd) < 0) {
        free(client);
        return NULL;
    }
    /* A tool says CtlHello, a supervisor KillWorker, as soon as it is connected. */
    if (sd_event_add_time_relative(hostd->event, &client->patience, CLOCK_MONOTONIC,
                                   hostd->options.settings.hello_timeout_ms * UINT64_C(1000), 0,
                                   on_silence, client) < 0) {
        hd_client_free(client);
        return NULL;
    }
    return client;
}

uint64_t hd_client_number(const struct hd_client *client)
{
    return client->number;
}

void hd_client_answer(struct hd_client *client, uint32_t id, int error, const char *text)
{
    Vgpu__CtlEnd end = VGPU__CTL_END__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char copy[HD_WHY_MAX];

    /* It may quote what was asked for. */
    vgpu_text_copy(copy, sizeof(copy), text);
    end.id = id;
    end.error = (uint32_t)error;
    end.text = copy;
    frame.kind_case = VGPU__FRAME__KIND_CTL_END;
    frame.ctl_end = &end;
    hd_link_send(&client->link, &frame, -1);
    hd_link_pause(&client->link, false);
}

void hd_client_free(struct hd_client *client)
{
    client->patience = sd_event_source_disable_unref(client->patience);
    hd_link_fini(&client->link);
    free(client);
}
