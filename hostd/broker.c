/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/broker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "hostd/hostd.h"
#include "proto/control.h"

#define PAUSE_MIN_US  UINT64_C(50000)
#define PAUSE_MAX_US  UINT64_C(5000000)
#define ANSWER_MAX_US UINT64_C(10000000)

static void set_timer(struct hd_broker *broker, uint64_t in_us)
{
    (void)sd_event_source_set_time_relative(broker->timer, in_us);
    (void)sd_event_source_set_enabled(broker->timer, SD_EVENT_ONESHOT);
}

/* ---- answers that are due ----------------------------------------------------- */

uint32_t hd_broker_expect(struct hd_broker *broker, enum hd_pending_kind kind, const char *name)
{
    struct hd_pending *pending;

    broker->next_id++;
    if (broker->pending_count == HD_PENDING_MAX) {
        /* The timer finds that nothing was answered in time. */
        return broker->next_id;
    }
    pending = &broker->pending[(broker->first + broker->pending_count++) % HD_PENDING_MAX];
    *pending = (struct hd_pending){.id = broker->next_id, .kind = kind};
    (void)snprintf(pending->name, sizeof(pending->name), "%s", name);
    if (broker->pending_count == 1) {
        set_timer(broker, ANSWER_MAX_US);
    }
    return broker->next_id;
}

/* ---- what the broker has ------------------------------------------------------ */

/* A text of the broker that fits, or "". */
static void copy_text(char *to, size_t cap, const char *from)
{
    (void)snprintf(to, cap, "%s", strlen(from) < cap ? from : "");
}

static void take_vm_row(struct hd_broker *broker, const Vgpu__VmRow *row)
{
    struct hd_machine *m;

    if (strcmp(row->source, "hostd") != 0 || broker->reported_count == VGPU_VMS_MAX) {
        return;
    }
    m = &broker->reported[broker->reported_count++].row;
    *m = (struct hd_machine){.priority = row->priority,
                             .sessions_max = row->sessions_max,
                             .memory_quota = row->memory_quota,
                             .calls_per_s = row->calls_per_s,
                             .calls_burst = row->calls_burst,
                             .bytes_per_s = row->bytes_per_s,
                             .bytes_burst = row->bytes_burst,
                             .starts_own = row->starts_own};
    if (row->starts_own) {
        m->starts_per_s = row->starts_per_s;
        m->starts_burst = row->starts_burst;
    }
    copy_text(m->name, sizeof(m->name), row->name);
    copy_text(m->uuid, sizeof(m->uuid), row->uuid);
    copy_text(m->pool, sizeof(m->pool), row->pool);
    copy_text(m->socket, sizeof(m->socket), row->socket);
}

static const struct hd_machine *reported(const struct hd_broker *broker, const char *name)
{
    for (size_t i = 0; i < broker->reported_count; i++) {
        if (strcmp(broker->reported[i].row.name, name) == 0) {
            return &broker->reported[i].row;
        }
    }
    return NULL;
}

/* ---- telling ------------------------------------------------------------------ */

/* The socket of a machine, made, kept or taken over.  True when the broker needs its descriptor. */
static bool ready_socket(struct hd_hostd *hostd, struct hd_vm *vm, char *why, size_t cap)
{
    const struct hd_machine *had = reported(&hostd->broker, vm->row.name);
    char path[HD_PATH_MAX + 1];
    int dir = -1;
    struct hd_listener_access access = {.uid = (uid_t)-1, .gid = (gid_t)-1};

    if (hd_vm_socket_is_open(&vm->socket) && vm->socket.listener >= 0 &&
        hd_vm_socket_is_there(&vm->socket)) {
        return had == NULL || strcmp(had->socket, vm->socket.path) != 0;
    }
    hd_vm_socket_close(&vm->socket);
    if (had != NULL && hd_vms_path(hostd, &vm->row, path, why, cap) == 0 &&
        strcmp(path, had->socket) == 0) {
        int rc = hd_watch_folder(&hostd->watch, path, &access, &dir);

        if ((rc == 0 || rc == -EXDEV) && hd_vm_socket_adopt(&vm->socket, path, dir) == 0) {
            hd_vms_set_access(hostd, vm);
            return false;
        }
    }
    return hd_vms_open_socket(hostd, &vm->row, &vm->socket, why, cap) == 0;
}

static void tell_vm(struct hd_hostd *hostd, struct hd_vm *vm)
{
    char why[HD_WHY_MAX] = "";
    bool hand_over = ready_socket(hostd, vm, why, sizeof(why));

    vm->served = false;
    hd_vm_set_trouble(vm, why);
    if (hd_vm_socket_is_open(&vm->socket)) {
        vm->asked = hd_broker_set_vm(&hostd->broker, &vm->row, &vm->socket, hand_over, false);
    } else if (reported(&hostd->broker, vm->row.name) != NULL && why[0] != '\0') {
        /* It has sessions perhaps: better without a file than gone. */
        struct hd_vm_socket as_it_is;

        hd_vm_socket_init(&as_it_is);
        copy_text(as_it_is.path, sizeof(as_it_is.path),
                  reported(&hostd->broker, vm->row.name)->socket);
        vm->asked = hd_broker_set_vm(&hostd->broker, &vm->row, &as_it_is, false, false);
    }
}

static void tell_all(struct hd_hostd *hostd)
{
    struct hd_broker *broker = &hostd->broker;

    broker->state = HD_BROKER_TELLING;
    hd_hostd_recover(hostd);
    hd_broker_begin(broker);
    for (size_t i = 0; i < hostd->table.pool_count; i++) {
        hd_broker_set_pool(broker, &hostd->table.pools[i], false);
    }
    for (size_t i = 0; i < hostd->vms.count; i++) {
        tell_vm(hostd, hostd->vms.list[i]);
    }
    for (size_t i = 0; i < hostd->table.gpu_count; i++) {
        hd_broker_drain(broker, &hostd->table.gpus[i], false);
    }
    hd_broker_commit(broker);
}

/* ---- answers ------------------------------------------------------------------ */

/* Only the answer to the last VmSet counts; the place may have gone since. */
static void told_vm(struct hd_hostd *hostd, const struct hd_pending *pending,
                    const Vgpu__CtlEnd *end)
{
    struct hd_vm *vm = hd_vms_find(&hostd->vms, pending->name);

    if (vm != NULL && vm->asked == pending->id) {
        vm->asked = 0;
        vm->served = end->error == 0;
        hd_vm_set_trouble(vm, end->error == 0 ? "" : end->text);
    }
}

static void go_up(struct hd_broker *broker, const Vgpu__CtlEnd *end)
{
    if (end->error != 0) {
        hd_hostd_error(broker->hostd, "the broker refused what there is: %.300s", end->text);
    }
    broker->state = HD_BROKER_UP;
    broker->pause_us = PAUSE_MIN_US;
    vgpu_log(VGPU_LOG_INFO, "broker knows machines=%zu pools=%zu", broker->hostd->vms.count,
             broker->hostd->table.pool_count);
    hd_changes_go_on(broker->hostd);
}

static void answered(struct hd_broker *broker, const struct hd_pending *pending,
                     const Vgpu__CtlEnd *end)
{
    switch (pending->kind) {
    case HD_PENDING_VMS:
    case HD_PENDING_POOLS:
        break;
    case HD_PENDING_GPUS:
        tell_all(broker->hostd);
        break;
    case HD_PENDING_VM:
        told_vm(broker->hostd, pending, end);
        break;
    case HD_PENDING_OTHER:
        if (end->error != 0) {
            hd_hostd_error(broker->hostd, "the broker refused %s: %.300s", pending->name,
                           end->text);
        }
        break;
    case HD_PENDING_GONE:
        break;
    case HD_PENDING_COMMIT:
        go_up(broker, end);
        break;
    case HD_PENDING_CHANGE:
        hd_changes_told(broker->hostd, (int)end->error, end->text);
        break;
    }
}

static void take_end(struct hd_broker *broker, const Vgpu__CtlEnd *end)
{
    struct hd_pending pending = broker->pending[broker->first];

    if (broker->pending_count == 0 || pending.id != end->id) {
        return;
    }
    broker->first = (broker->first + 1) % HD_PENDING_MAX;
    broker->pending_count--;
    if (broker->pending_count > 0) {
        set_timer(broker, ANSWER_MAX_US);
    } else {
        (void)sd_event_source_set_enabled(broker->timer, SD_EVENT_OFF);
    }
    answered(broker, &pending, end);
}

static void take_welcome(struct hd_broker *broker, const Vgpu__CtlWelcome *welcome)
{
    char escaped[80];

    vgpu_log(VGPU_LOG_INFO, "broker found pid=%u version=%s", welcome->pid,
             vgpu_log_escape(escaped, sizeof(escaped), welcome->version, strlen(welcome->version)));
    broker->said_down = false;
    broker->state = HD_BROKER_ASKING;
    broker->reported_count = 0;
    hd_broker_ask(broker, VGPU_CTL_VMS, HD_PENDING_VMS);
    hd_broker_ask(broker, VGPU_CTL_POOLS, HD_PENDING_POOLS);
    hd_broker_ask(broker, VGPU_CTL_GPUS, HD_PENDING_GPUS);
}

static int on_frame(struct hd_link *link, const Vgpu__Frame *frame)
{
    struct hd_broker *broker =
        (struct hd_broker *)(void *)((char *)link - offsetof(struct hd_broker, link));

    if (broker->state == HD_BROKER_GREETING) {
        if (frame->kind_case != VGPU__FRAME__KIND_CTL_WELCOME) {
            return -EPROTO;
        }
        take_welcome(broker, frame->ctl_welcome);
        return 0;
    }
    switch ((int)frame->kind_case) {
    case VGPU__FRAME__KIND_CTL_END:
        take_end(broker, frame->ctl_end);
        return 0;
    case VGPU__FRAME__KIND_VM_ROW:
        take_vm_row(broker, frame->vm_row);
        return 0;
    case VGPU__FRAME__KIND_POOL_ROW:
        hd_hostd_recover_pool(broker->hostd, frame->pool_row);
        return 0;
    case VGPU__FRAME__KIND_GPU_ROW:
        hd_hostd_recover_gpu(broker->hostd, frame->gpu_row);
        return 0;
    case VGPU__FRAME__KIND_VM_PEER:
        hd_hostd_peer(broker->hostd, frame->vm_peer);
        return 0;
    default:
        return -EPROTO;
    }
}

/* ---- coming and going --------------------------------------------------------- */

static void go_down(struct hd_broker *broker, const char *why)
{
    bool change = broker->hostd->changes.under_way;

    broker->state = HD_BROKER_DOWN;
    broker->pending_count = 0;
    for (size_t i = 0; i < broker->hostd->vms.count; i++) {
        broker->hostd->vms.list[i]->served = false;
        broker->hostd->vms.list[i]->asked = 0;
    }
    if (!broker->said_down) {
        broker->said_down = true;
        vgpu_log(VGPU_LOG_WARNING, "broker is not there socket=%s error=\"%s\"",
                 broker->hostd->options.settings.control_socket, why);
    }
    set_timer(broker, broker->pause_us);
    broker->pause_us = broker->pause_us * 2 < PAUSE_MAX_US ? broker->pause_us * 2 : PAUSE_MAX_US;
    if (change) {
        hd_changes_told(broker->hostd, EAGAIN,
                        "the broker ended before it answered; nothing was changed, ask again");
    }
    hd_changes_go_on(broker->hostd);
}

static void on_end(struct hd_link *link, int rc)
{
    struct hd_broker *broker =
        (struct hd_broker *)(void *)((char *)link - offsetof(struct hd_broker, link));

    hd_link_fini(link);
    go_down(broker, rc < 0 ? strerror(-rc) : "it closed the connection");
}

static int connect_to(const char *path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int rc;

    if (fd < 0) {
        return -errno;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        rc = -errno;
        vgpu_fd_close(&fd);
        return rc;
    }
    return fd;
}

static int try_once(struct hd_broker *broker)
{
    Vgpu__CtlHello hello = VGPU__CTL_HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char program[] = "vgpu-hostd";
    char version[] = VGPU_VERSION;
    int fd = connect_to(broker->hostd->options.settings.control_socket);
    int rc;

    if (fd < 0) {
        return fd;
    }
    broker->link.on_frame = on_frame;
    broker->link.on_end = on_end;
    rc = hd_link_init(&broker->link, broker->hostd->event, fd);
    if (rc < 0) {
        return rc;
    }
    hello.protocol = VGPU_PROTOCOL_VERSION;
    hello.role = VGPU_CTL_HOST;
    hello.program = program;
    hello.version = version;
    frame.kind_case = VGPU__FRAME__KIND_CTL_HELLO;
    frame.ctl_hello = &hello;
    broker->state = HD_BROKER_GREETING;
    hd_link_send(&broker->link, &frame, -1);
    set_timer(broker, ANSWER_MAX_US);
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t now_us, void *userdata)
{
    struct hd_broker *broker = userdata;
    int rc;

    (void)source;
    (void)now_us;
    if (broker->state != HD_BROKER_DOWN) {
        hd_link_fini(&broker->link);
        go_down(broker, "it does not answer");
        return 0;
    }
    rc = try_once(broker);
    if (rc < 0) {
        go_down(broker, strerror(-rc));
    }
    return 0;
}

void hd_broker_again(struct hd_broker *broker)
{
    if (broker->state != HD_BROKER_DOWN) {
        /* The timer finds that the time is up. */
        set_timer(broker, 0);
    }
}

int hd_broker_start(struct hd_broker *broker, struct hd_hostd *hostd)
{
    int rc;

    broker->hostd = hostd;
    broker->pause_us = PAUSE_MIN_US;
    broker->reported = calloc(VGPU_VMS_MAX, sizeof(*broker->reported));
    if (broker->reported == NULL) {
        return -ENOMEM;
    }
    rc = sd_event_add_time_relative(hostd->event, &broker->timer, CLOCK_MONOTONIC, 0, 0, on_timer,
                                    broker);
    return rc < 0 ? rc : 0;
}

void hd_broker_stop(struct hd_broker *broker)
{
    if (broker->state != HD_BROKER_DOWN) {
        hd_link_fini(&broker->link);
        broker->state = HD_BROKER_DOWN;
    }
    broker->timer = sd_event_source_disable_unref(broker->timer);
    free(broker->reported);
    broker->reported = NULL;
}
