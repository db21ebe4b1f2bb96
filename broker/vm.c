/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/vm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/broker.h"
#include "broker/door.h"
#include "broker/seat.h"
#include "broker/vm_frame.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/log_id.h"

/* What a device may leave unread: an honest one has some hundred bytes under way. */
#define DEVICE_BUFFER 8192u
/* Frames of a device are some bytes each; so many are taken in one turn of the loop. */
#define DEVICE_READ 1024u
/* Lines that a machine can cause: misuse, and the life of its sessions. */
#define WARNING_LINES 10u
#define LIFE_LINES    100u
#define LIFE_LINE_NS  (VGPU_NS_PER_S / 10)

/* ---- timer ------------------------------------------------------------------ */

static void on_phase_timeout(uv_timer_t *timer)
{
    struct br_vm *vm = timer->data;

    /* A chardev without a device connects and says nothing, again and again. */
    if (vm->phase == BR_VM_GREETING) {
        vgpu_log(vm->silent ? VGPU_LOG_DEBUG : VGPU_LOG_WARNING,
                 "device says nothing %s pid=%d what=\"no DeviceHello in time\"", vm->who,
                 (int)vm->pid);
        vm->silent = true;
    }
    br_vm_end(vm, "time is up");
}

void br_vm_limit_phase(struct br_vm *vm)
{
    vm->scanning = false;
    (void)uv_timer_start(&vm->timer, on_phase_timeout, vm->broker->hello_timeout_ms, 0);
}

static void on_scan(uv_timer_t *timer)
{
    struct br_vm *vm = timer->data;

    for (uint32_t i = 0; i < vm->channels; i++) {
        struct br_seat *seat = vm->seats[i];

        if (seat != NULL && br_seat_holder_died(seat)) {
            vm->stats.deaths++;
            br_seat_let_go(seat, "its holder has ended");
        }
    }
    br_vm_watch(vm);
}

void br_vm_watch(struct br_vm *vm)
{
    bool wanted = false;

    for (uint32_t i = 0; vm->phase == BR_VM_UP && i < vm->channels; i++) {
        wanted = wanted || br_seat_phase(vm->seats[i]) == BR_SEAT_HELD;
    }
    if (wanted && !vm->scanning) {
        (void)uv_timer_start(&vm->timer, on_scan, BR_VM_SCAN_MS, BR_VM_SCAN_MS);
    } else if (!wanted && vm->scanning) {
        (void)uv_timer_stop(&vm->timer);
    }
    vm->scanning = wanted;
}

/* ---- the connection --------------------------------------------------------- */

int br_vm_send(struct br_vm *vm, const Vgpu__Frame *frame, const int *fds, unsigned int fd_count)
{
    struct br_broker *broker = vm->broker;
    ssize_t len = vgpu_frame_pack(frame, broker->tx, sizeof(broker->tx));
    int rc = len < 0 ? (int)len : 0;

    if (rc == 0) {
        rc = br_link_send(&vm->link, broker->tx, (size_t)len, fds, fd_count);
    }
    if (rc < 0) {
        br_vm_misuse(vm, "it does not read");
    }
    return rc;
}

void br_vm_send_free(struct br_vm *vm, uint32_t channel, uint32_t epoch)
{
    Vgpu__ChannelFree message = VGPU__CHANNEL_FREE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.channel = channel;
    message.epoch = epoch;
    frame.kind_case = VGPU__FRAME__KIND_CHANNEL_FREE;
    frame.channel_free = &message;
    (void)br_vm_send(vm, &frame, NULL, 0);
}

void br_vm_let_go_all(struct br_vm *vm, const char *why)
{
    for (uint32_t i = 0; i < VGPU_DEVICE_CHANNELS_MAX; i++) {
        if (vm->seats[i] != NULL) {
            br_seat_let_go(vm->seats[i], why);
        }
    }
    br_vm_watch(vm);
}

void br_vm_end(struct br_vm *vm, const char *why)
{
    if (vm->phase == BR_VM_ABSENT) {
        return;
    }
    if (vm->phase != BR_VM_GREETING && br_broker_passes(&vm->lines, vm->who)) {
        vgpu_log_id(VGPU_LOG_INFO, VGPU_LOG_ID_DEVICE_DISCONNECTED,
                    "device disconnected %s pid=%d why=\"%s\"", vm->who, (int)vm->pid, why);
    }
    vm->phase = BR_VM_ABSENT;
    br_control_tell_peer(&vm->broker->control, vm);
    br_link_close(&vm->link);
    (void)uv_timer_stop(&vm->timer);
    vm->scanning = false;
    for (uint32_t i = 0; i < VGPU_DEVICE_CHANNELS_MAX; i++) {
        if (vm->seats[i] != NULL) {
            br_seat_detach(vm->seats[i], why);
        }
    }
    /* Nobody is left whom it could serve; a machine that comes back brings its images again. */
    br_cache_forget(&vm->broker->cache, vm->tenant);
}

void br_vm_misuse(struct br_vm *vm, const char *what)
{
    if (vm->phase == BR_VM_ABSENT) {
        return;
    }
    vm->stats.misuses++;
    if (br_broker_passes(&vm->warnings, vm->who)) {
        vgpu_log_id(VGPU_LOG_WARNING, VGPU_LOG_ID_DEVICE_MISUSE,
                    "device broke the protocol %s pid=%d phase=%s what=\"%s\"", vm->who,
                    (int)vm->pid, br_vm_phase_name(vm->phase), what);
    }
    br_vm_end(vm, "misuse");
}

void br_vm_expel(struct br_vm *vm, const char *what)
{
    vm->stats.turned_away++;
    if (br_broker_passes(&vm->warnings, vm->who)) {
        vgpu_log(VGPU_LOG_WARNING, "device of another machine turned away %s pid=%d what=\"%s\"",
                 vm->who, (int)vm->pid, what);
    }
    br_vm_end(vm, "it is another machine's");
}

static int on_frame(struct br_link *link, const uint8_t *frame, size_t len)
{
    br_vm_frame(link->owner, frame, len);
    return 0;
}

static void on_end(struct br_link *link, int rc)
{
    struct br_vm *vm = link->owner;

    if (rc == -EPROTO) {
        br_vm_misuse(vm, "framing, or descriptors that belong to no frame");
    } else {
        br_vm_end(vm, rc == 0 ? "the connection ended" : "the connection failed");
    }
}

static const struct br_link_ops link_ops = {
    .on_frame = on_frame, .on_end = on_end, .rx_max = DEVICE_READ, .exact_fds = true};

void br_vm_turn_away(struct br_vm *vm, int fd, pid_t pid, uid_t uid, const char *why)
{
    vm->stats.turned_away++;
    if (br_broker_passes(&vm->warnings, vm->who)) {
        vgpu_log(VGPU_LOG_WARNING,
                 "device turned away %s pid=%d uid=%u why=\"%s\" connected_pid=%d", vm->who,
                 (int)pid, (unsigned int)uid, why, vm->phase == BR_VM_ABSENT ? 0 : (int)vm->pid);
    }
    vgpu_fd_close(&fd);
}

void br_vm_connect(struct br_vm *vm, int fd, pid_t pid, uid_t uid)
{
    if (vm->broker->stopping || vm->removed) {
        vgpu_fd_close(&fd);
        return;
    }
    if (vm->phase != BR_VM_ABSENT) {
        br_vm_turn_away(vm, fd, pid, uid, "the machine is connected already");
        return;
    }
    if (br_link_open(&vm->link, &vm->broker->pool, fd, DEVICE_BUFFER, &link_ops, vm) < 0) {
        if (br_broker_passes(&vm->warnings, vm->who)) {
            vgpu_log(VGPU_LOG_ERROR, "no memory for a connection %s", vm->who);
        }
        return;
    }
    vm->pid = pid;
    vm->uid = uid;
    vm->phase = BR_VM_GREETING;
    (void)snprintf(vm->identity, sizeof(vm->identity), "socket only");
    /* A chardev without a device connects again and again: told once (vm->silent). */
    if (!vm->silent && br_broker_passes(&vm->connects, vm->who)) {
        vgpu_log(VGPU_LOG_INFO, "[SOCKET] New connection %s pid=%d uid=%u", vm->who, (int)pid,
                 (unsigned int)uid);
    }
    br_vm_limit_phase(vm);
    br_control_tell_peer(&vm->broker->control, vm);
}

/* ---- life ------------------------------------------------------------------- */

int br_vm_set_policy(struct br_vm *vm, const struct br_policy *policy, char *why, size_t cap)
{
    int rc = br_share_set(&vm->share, policy, why, cap);

    if (rc == 0) {
        vm->share.known = true;
    }
    return rc;
}

struct br_vm *br_vm_new(struct br_broker *broker, const char *name)
{
    struct br_vm *vm = calloc(1, sizeof(*vm));

    if (vm == NULL) {
        return NULL;
    }
    vm->broker = broker;
    (void)snprintf(vm->who, sizeof(vm->who), "vm=%.*s", BR_VM_NAME_MAX, name);
    vm->tenant = br_tenant_of_vm(broker->vm_count++);
    vm->id = broker->vm_count;
    vm->link.fd = -1;
    br_share_init(&vm->share, broker, vm->who);
    vm->warnings = (struct vgpu_ratelimit)VGPU_RATELIMIT_INIT(WARNING_LINES, VGPU_NS_PER_S);
    vm->connects = vm->warnings;
    vm->lines = (struct vgpu_ratelimit)VGPU_RATELIMIT_INIT(LIFE_LINES, LIFE_LINE_NS);
    (void)uv_timer_init(broker->loop, &vm->timer);
    vm->timer.data = vm;
    return vm;
}

static void close_door(struct br_vm *vm)
{
    if (vm->door != NULL) {
        br_door_close(vm->door);
        vm->door = NULL;
    }
}

void br_vm_stop(struct br_vm *vm)
{
    br_vm_end(vm, "the broker stops");
    close_door(vm);
    if (!vm->closing) {
        vm->closing = true;
        uv_close((uv_handle_t *)&vm->timer, NULL);
    }
}

void br_vm_remove(struct br_vm *vm, const char *why)
{
    vm->removed = true;
    br_vm_end(vm, why);
    br_share_retire(&vm->share);
    close_door(vm);
    vgpu_log(VGPU_LOG_INFO, "machine removed %s why=\"%s\"", vm->who, why);
}

static void on_reaped(uv_handle_t *timer)
{
    struct br_vm *vm = timer->data;

    TAILQ_REMOVE(&vm->broker->dead_vms, vm, entry);
    br_vm_free(vm);
}

void br_vm_reap(struct br_vm *vm)
{
    if (vm->seat_count == 0 && !vm->closing) {
        vm->closing = true;
        uv_close((uv_handle_t *)&vm->timer, on_reaped);
    }
}

void br_vm_free(struct br_vm *vm)
{
    br_share_fini(&vm->share);
    free(vm);
}

/* ---- figures ---------------------------------------------------------------- */

/* Whether a version "MAJOR.MINOR.PATCH" is older than ours; what is none is not. */
static bool is_older(const char *version)
{
    unsigned int theirs[3];
    unsigned int ours[3];

    if (sscanf(version, "%u.%u.%u", &theirs[0], &theirs[1], &theirs[2]) != 3 ||
        sscanf(VGPU_VERSION, "%u.%u.%u", &ours[0], &ours[1], &ours[2]) != 3) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        if (theirs[i] != ours[i]) {
            return theirs[i] < ours[i];
        }
    }
    return false;
}

const char *br_vm_restart_needed(const struct br_vm *vm)
{
    bool device = vm->phase == BR_VM_UP && vm->revision < VGPU_DEVICE_REVISION;
    bool library = is_older(vm->share.library);

    if (device && library) {
        return "device, library";
    }
    if (device) {
        return "device";
    }
    return library ? "library" : "";
}

void br_vm_log_stats(const struct br_vm *vm)
{
    const struct br_vm_stats *stats = &vm->stats;
    unsigned int used = 0;

    for (uint32_t i = 0; i < VGPU_DEVICE_CHANNELS_MAX; i++) {
        used += vm->seats[i] != NULL;
    }
    vgpu_log(
        VGPU_LOG_INFO,
        "machine %s phase=%s channels=%u in_use=%u connections=%llu turned_away=%llu opens=%llu "
        "refused=%llu deaths=%llu resets=%llu beats=%llu misuses=%llu",
        vm->who, br_vm_phase_name(vm->phase), vm->phase == BR_VM_UP ? vm->channels : 0, used,
        (unsigned long long)stats->connections, (unsigned long long)stats->turned_away,
        (unsigned long long)stats->opens, (unsigned long long)stats->refused,
        (unsigned long long)stats->deaths, (unsigned long long)stats->resets,
        (unsigned long long)stats->beats, (unsigned long long)stats->misuses);
}

uint64_t br_vm_memory_bound(void)
{
    return sizeof(struct br_vm) + sizeof(uv_poll_t) + DEVICE_BUFFER + BR_LINK_RX_BYTES +
           VGPU_DEVICE_CHANNELS_MAX * sizeof(struct br_seat);
}
