/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/control_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/control_host.h"
#include "broker/control_rows.h"
#include "common/fd.h"
#include "common/text.h"
#include "proto/control.h"

/* Frames of a client are some bytes each; so many are taken in one turn of the loop. */
#define CLIENT_READ 4096u

/* ---- end -------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void leave_busy(struct br_control_client *client)
{
    if (client->is_busy) {
        client->is_busy = false;
        TAILQ_REMOVE(&client->control->busy, client, busy_entry);
    }
}

void br_control_client_end(struct br_control_client *client, const char *why)
{
    struct br_control *control = client->control;

    if (client->phase == BR_CONTROL_ENDED) {
        return;
    }
    vgpu_log(client->phase == BR_CONTROL_HOST && !control->broker->stopping ? VGPU_LOG_WARNING
                                                                            : VGPU_LOG_DEBUG,
             "control client gone pid=%d role=%s program=%s why=\"%s\"", (int)client->pid,
             br_control_phase_name(client->phase), client->program, why);
    client->phase = BR_CONTROL_ENDED;
    if (control->host == client) {
        control->host = NULL;
    }
    leave_busy(client);
    br_trace_stop(client);
    TAILQ_REMOVE(&control->clients, client, entry);
    control->count--;
    br_link_close(&client->link);
    uv_close((uv_handle_t *)&client->timer, on_closed);
}

static void misuse(struct br_control_client *client, const char *what)
{
    if (client->phase == BR_CONTROL_ENDED) {
        return;
    }
    if (br_control_may_log(client->control)) {
        vgpu_log(VGPU_LOG_WARNING,
                 "control client broke the protocol pid=%d uid=%u role=%s what=\"%s\"",
                 (int)client->pid, (unsigned int)client->uid, br_control_phase_name(client->phase),
                 what);
    }
    br_control_client_end(client, "misuse");
}

static void on_timeout(uv_timer_t *timer)
{
    struct br_control_client *client = timer->data;

    if (br_control_may_log(client->control)) {
        vgpu_log(VGPU_LOG_WARNING, "control client timed out pid=%d uid=%u role=%s why=\"%s\"",
                 (int)client->pid, (unsigned int)client->uid, br_control_phase_name(client->phase),
                 client->phase == BR_CONTROL_GREETING ? "no CtlHello" : "it does not read");
    }
    br_control_client_end(client, "time is up");
}

/* ---- sending ---------------------------------------------------------------- */

/* Something can be sent as soon as there is room. */
static bool has_more(const struct br_control_client *client)
{
    return client->trace != NULL ? br_trace_has_rows(client->trace) : client->ask.what != 0;
}

/* Reads on only when the answer is out and read; asks for the next piece when there is room. */
static void settle(struct br_control_client *client)
{
    bool unread = client->link.out != NULL;
    bool wanted = has_more(client) && !unread;

    if (client->phase == BR_CONTROL_ENDED) {
        return;
    }
    if (unread && !uv_is_active((uv_handle_t *)&client->timer)) {
        (void)uv_timer_start(&client->timer, on_timeout, client->control->stall_ms, 0);
    } else if (!unread && client->phase != BR_CONTROL_GREETING) {
        (void)uv_timer_stop(&client->timer);
    }
    if (wanted && !client->is_busy) {
        client->is_busy = true;
        TAILQ_INSERT_TAIL(&client->control->busy, client, busy_entry);
    } else if (!wanted) {
        leave_busy(client);
    }
    if (client->trace == NULL && (client->ask.what != 0 || unread)) {
        br_link_pause(&client->link);
    }
}

void br_control_client_wake(struct br_control_client *client)
{
    settle(client);
}

static int send_bytes(struct br_control_client *client, const uint8_t *bytes, size_t len)
{
    int rc = br_link_send(&client->link, bytes, len, NULL, 0);

    if (rc < 0) {
        br_control_client_end(client, "it does not read");
        return rc;
    }
    settle(client);
    return 0;
}

int br_control_client_send(struct br_control_client *client, const Vgpu__Frame *frame)
{
    struct br_broker *broker = client->control->broker;
    ssize_t len = vgpu_frame_pack(frame, broker->tx, sizeof(broker->tx));

    if (len < 0) {
        return (int)len;
    }
    return send_bytes(client, broker->tx, (size_t)len);
}

void br_control_client_reply(struct br_control_client *client, uint32_t id, int error,
                             const char *text)
{
    Vgpu__CtlEnd end = VGPU__CTL_END__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char copy[VGPU_TEXT_BYTES_MAX];

    vgpu_text_copy(copy, sizeof(copy), text);
    end.id = id;
    end.error = (uint32_t)error;
    end.text = copy;
    frame.kind_case = VGPU__FRAME__KIND_CTL_END;
    frame.ctl_end = &end;
    (void)br_control_client_send(client, &frame);
}

void br_control_client_turn(struct br_control_client *client)
{
    struct br_control *control = client->control;
    struct br_control_ask *ask = &client->ask;
    struct br_control_piece piece = {
        .bytes = control->piece, .room = sizeof(control->piece), .broker = control->broker};
    uint32_t id = ask->id;

    leave_busy(client);
    if (client->trace != NULL) {
        br_trace_rows(client->trace, &piece);
        (void)send_bytes(client, piece.bytes, piece.len);
        return;
    }
    ask->ended = br_control_rows(ask, &piece);
    if (ask->ended) {
        ask->what = 0;
    }
    if (piece.len > 0 && send_bytes(client, piece.bytes, piece.len) < 0) {
        return;
    }
    if (!ask->ended) {
        settle(client);
        return;
    }
    br_control_client_reply(client, id, ask->error, ask->text);
    if (client->phase != BR_CONTROL_ENDED && client->link.out == NULL) {
        br_link_resume(&client->link);
    }
}

/* ---- frames ----------------------------------------------------------------- */

static const char *check_hello(const struct br_control_client *client, const Vgpu__CtlHello *hello)
{
    if (hello->protocol != VGPU_PROTOCOL_VERSION) {
        return "another protocol version";
    }
    if (hello->role > VGPU_CTL_HOST || strlen(hello->program) > VGPU_TEXT_BYTES_MAX ||
        strlen(hello->version) > VGPU_TEXT_BYTES_MAX) {
        return "ctl_hello's fields";
    }
    if (hello->role == VGPU_CTL_HOST && client->uid != 0 && client->uid != client->control->uid) {
        return "another account than root or the broker's in role 1";
    }
    return NULL;
}

static void welcome(struct br_control_client *client)
{
    Vgpu__CtlWelcome message = VGPU__CTL_WELCOME__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char program[] = "vgpu-broker";
    char version[] = VGPU_VERSION;

    message.protocol = VGPU_PROTOCOL_VERSION;
    message.program = program;
    message.version = version;
    message.pid = (uint32_t)getpid();
    frame.kind_case = VGPU__FRAME__KIND_CTL_WELCOME;
    frame.ctl_welcome = &message;
    (void)br_control_client_send(client, &frame);
}

/* A new vgpu-hostd takes the place of one that hangs. */
static void become_host(struct br_control_client *client)
{
    struct br_control *control = client->control;
    struct br_vm *vm;

    if (control->host != NULL) {
        br_control_client_end(control->host, "another vgpu-hostd came");
    }
    control->host = client;
    vgpu_log(VGPU_LOG_INFO, "vgpu-hostd connected pid=%d program=%s", (int)client->pid,
             client->program);
    TAILQ_FOREACH(vm, &control->broker->vms, entry)
    {
        if (vm->phase != BR_VM_ABSENT) {
            br_control_tell_peer(control, vm);
        }
    }
}

static void on_hello(struct br_control_client *client, const Vgpu__CtlHello *hello)
{
    const char *wrong = check_hello(client, hello);

    if (wrong != NULL) {
        misuse(client, wrong);
        return;
    }
    (void)uv_timer_stop(&client->timer);
    (void)vgpu_log_escape(client->program, sizeof(client->program), hello->program,
                          strlen(hello->program));
    client->phase = hello->role == VGPU_CTL_HOST ? BR_CONTROL_HOST : BR_CONTROL_TOOL;
    welcome(client);
    if (client->phase == BR_CONTROL_HOST) {
        become_host(client);
    }
}

static void on_ask(struct br_control_client *client, const Vgpu__CtlAsk *message)
{
    struct br_control_ask *ask = &client->ask;

    if (strlen(message->vm) > BR_VM_NAME_MAX) {
        br_control_client_reply(client, message->id, ENOENT, "no machine has so long a name");
        return;
    }
    *ask = (struct br_control_ask){.id = message->id, .what = message->what};
    (void)snprintf(ask->vm, sizeof(ask->vm), "%s", message->vm);
    if (br_control_rows_check(client->control->broker, ask) < 0) {
        ask->what = 0;
        br_control_client_reply(client, ask->id, ask->error, ask->text);
        return;
    }
    if (ask->what == VGPU_CTL_TRACE && br_trace_start(client) < 0) {
        ask->what = 0;
        br_control_client_reply(client, ask->id, ENOMEM, "the broker has no memory for a trace");
        return;
    }
    settle(client);
}

static int on_frame(struct br_link *link, const uint8_t *bytes, size_t len)
{
    struct br_control_client *client = link->owner;
    Vgpu__Frame *frame;

    if (vgpu_frame_unpack(&client->control->broker->arena, bytes, len, &frame) < 0) {
        misuse(client, "undecodable frame");
    } else if (client->trace != NULL) {
        misuse(client, "a frame behind a trace");
    } else if (br_control_phase_frame(client->phase, frame->kind_case) != BR_TAKE) {
        misuse(client, vgpu_frame_name(frame->kind_case));
    } else if (frame->kind_case == VGPU__FRAME__KIND_CTL_HELLO) {
        on_hello(client, frame->ctl_hello);
    } else if (frame->kind_case == VGPU__FRAME__KIND_CTL_ASK) {
        on_ask(client, frame->ctl_ask);
    } else {
        br_control_host_frame(client, frame);
    }
    return 0;
}

static void on_drained(struct br_link *link)
{
    struct br_control_client *client = link->owner;

    settle(client);
    if (client->ask.what == 0) {
        br_link_resume(link);
    }
}

static void on_end(struct br_link *link, int rc)
{
    if (rc == -EPROTO) {
        misuse(link->owner, "framing, or descriptors that belong to no frame");
    } else {
        br_control_client_end(link->owner, rc == 0 ? "it left" : "the connection failed");
    }
}

static const struct br_link_ops ops = {.on_frame = on_frame,
                                       .on_drained = on_drained,
                                       .on_end = on_end,
                                       .rx_max = CLIENT_READ,
                                       .exact_fds = true};

int br_control_client_new(struct br_control *control, int fd, pid_t pid, uid_t uid)
{
    struct br_control_client *client = calloc(1, sizeof(*client));
    int rc;

    if (client == NULL) {
        vgpu_fd_close(&fd);
        return -ENOMEM;
    }
    client->control = control;
    client->pid = pid;
    client->uid = uid;
    rc = br_link_open(&client->link, &control->broker->pool, fd, BR_CONTROL_BUFFER, &ops, client);
    if (rc < 0) {
        free(client);
        return rc;
    }
    (void)uv_timer_init(control->broker->loop, &client->timer);
    client->timer.data = client;
    (void)uv_timer_start(&client->timer, on_timeout, control->broker->hello_timeout_ms, 0);
    TAILQ_INSERT_TAIL(&control->clients, client, entry);
    control->count++;
    return 0;
}
