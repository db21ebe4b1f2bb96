/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/gate.h"
#include "broker/guest.h"
#include "broker/pace.h"
#include "broker/ringio.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/log_id.h"

/* Lines that peers cause: this many at once, then one a second. */
#define MISUSE_LINES    20u
#define CONNECT_LINES   100u
#define CONNECT_LINE_NS (VGPU_NS_PER_S / 10)
/* "auto": with fewer CPUs a spinning broker takes them from guest and worker. */
#define SPIN_CPUS_MIN  4
#define SPIN_US_FEW    50u
#define SPIN_CPUS_MANY 8
#define SPIN_US_MANY   500u
/* With those that have not registered a GPU yet. */
#define SUPERVISORS_MAX (2 * VGPU_DEVICES_MAX)

/* ---- the turn of the loop --------------------------------------------------- */

static void free_dead(struct br_broker *broker)
{
    struct br_session *session;
    struct br_worker *worker;
    struct br_gpu *gpu;
    struct br_vm *vm;

    while ((worker = TAILQ_FIRST(&broker->gone_workers)) != NULL) {
        br_worker_settle(worker);
    }
    while ((worker = TAILQ_FIRST(&broker->dead_workers)) != NULL) {
        TAILQ_REMOVE(&broker->dead_workers, worker, entry);
        br_worker_free(worker);
    }
    while ((session = TAILQ_FIRST(&broker->dead_sessions)) != NULL) {
        TAILQ_REMOVE(&broker->dead_sessions, session, entry);
        br_session_free(session);
    }
    while ((gpu = TAILQ_FIRST(&broker->dead_gpus)) != NULL) {
        TAILQ_REMOVE(&broker->dead_gpus, gpu, entry);
        br_gpu_free(gpu);
    }
    TAILQ_FOREACH(vm, &broker->dead_vms, entry)
    {
        br_vm_reap(vm);
    }
}

/* The loop must not sleep while a ring is to be looked at, a memory washed or freed, a tool
 * answered, or a peer's frames are left, and must else. */
static void on_spin(uv_idle_t *idle)
{
    (void)idle;
}

static void sync_spin(struct br_broker *broker)
{
    bool wanted = !TAILQ_EMPTY(&broker->hot) || !TAILQ_EMPTY(&broker->washes) ||
                  !TAILQ_EMPTY(&broker->cache.doomed) || br_control_is_busy(&broker->control) ||
                  br_link_pool_is_busy(&broker->pool);

    if (wanted == broker->spinning) {
        return;
    }
    broker->spinning = wanted;
    if (wanted) {
        (void)uv_idle_start(&broker->spin, on_spin);
    } else {
        (void)uv_idle_stop(&broker->spin);
    }
}

static void before_poll(uv_prepare_t *prepare)
{
    struct br_broker *broker = prepare->data;

    free_dead(broker);
    sync_spin(broker);
}

/* One turn for every hot session; those that stay hot queue up behind the others. */
static void after_poll(uv_check_t *check)
{
    struct br_broker *broker = check->data;
    struct br_session *session;

    broker->turn++;
    br_link_pool_turn(&broker->pool);
    while ((session = TAILQ_FIRST(&broker->hot)) != NULL && session->turn != broker->turn) {
        session->turn = broker->turn;
        br_ringio_turn(session);
    }
    free_dead(broker);
    br_wash_turn(broker);
    br_control_turn(&broker->control);
    (void)br_cache_turn(&broker->cache);
    sync_spin(broker);
}

/* ---- life ------------------------------------------------------------------- */

uint64_t br_broker_spin_ns(const struct br_settings *settings)
{
    uint32_t spin_us = settings->spin_us;

    if (spin_us == VGPU_CONFIG_AUTO) {
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);

        spin_us = cpus >= SPIN_CPUS_MANY ? SPIN_US_MANY : cpus >= SPIN_CPUS_MIN ? SPIN_US_FEW : 0;
    }
    return spin_us * VGPU_NS_PER_US;
}

static void init_lists(struct br_broker *broker)
{
    TAILQ_INIT(&broker->sessions);
    TAILQ_INIT(&broker->hot);
    TAILQ_INIT(&broker->quiet);
    TAILQ_INIT(&broker->vms);
    TAILQ_INIT(&broker->shares);
    TAILQ_INIT(&broker->dead_vms);
    TAILQ_INIT(&broker->washes);
    TAILQ_INIT(&broker->gpus);
    TAILQ_INIT(&broker->dead_sessions);
    TAILQ_INIT(&broker->dead_gpus);
    TAILQ_INIT(&broker->dead_workers);
    TAILQ_INIT(&broker->gone_workers);
    TAILQ_INIT(&broker->orphans);
}

/* Hooks keep no loop alive: sockets do. */
static void start_hooks(struct br_broker *broker)
{
    broker->before.data = broker;
    broker->after.data = broker;
    br_bell_init_timer(broker);
    br_gate_init(broker);
    br_pace_init(broker);
    br_activity_init(broker);
    (void)uv_idle_init(broker->loop, &broker->spin);
    (void)uv_prepare_init(broker->loop, &broker->before);
    (void)uv_check_init(broker->loop, &broker->after);
    (void)uv_prepare_start(&broker->before, before_poll);
    (void)uv_check_start(&broker->after, after_poll);
    uv_unref((uv_handle_t *)&broker->before);
    uv_unref((uv_handle_t *)&broker->after);
}

/* Pools A and B with every GPU, unless the configuration says otherwise. */
static int start_policy(struct br_broker *broker, const struct br_settings *settings)
{
    const char *name = settings->default_pool != NULL ? settings->default_pool : "A";
    const struct br_gpu_set all = {.all = true};

    broker->context_bytes = (uint64_t)settings->context_mib << 20;
    broker->refuse_unknown = settings->unknown_vms == BR_UNKNOWN_REFUSE;
    if (br_pool_set_own(&broker->pools, "A", &all, BR_POOL_DEFAULT) != NULL ||
        br_pool_set_own(&broker->pools, "B", &all, BR_POOL_DEFAULT) != NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < settings->pools.count; i++) {
        const struct br_pool *from = settings->pools.list[i];

        if (br_pool_set_own(&broker->pools, from->name, &from->gpus, BR_POOL_CONFIG) != NULL) {
            return -ENOMEM;
        }
    }
    broker->default_pool = br_pool_find(&broker->pools, name);
    br_options_policy(settings, &broker->default_policy);
    if (broker->default_pool == NULL) {
        return -ENOENT;
    }
    br_share_init(&broker->local, broker, "guest=local");
    return 0;
}

struct br_broker *br_broker_new(uv_loop_t *loop, const struct br_settings *settings)
{
    struct br_broker *broker = calloc(1, sizeof(*broker));

    if (broker == NULL || br_adopt_init(&broker->eventfd_mark) < 0) {
        free(broker);
        return NULL;
    }
    /* A guest may close its end of the interrupt at any time. */
    (void)signal(SIGPIPE, SIG_IGN);
    broker->loop = loop;
    br_link_pool_init(&broker->pool, loop);
    broker->channel_bytes = (uint64_t)settings->channel_mib << 20;
    broker->sessions_max = settings->sessions_max;
    broker->drain_ms = settings->drain_ms;
    broker->session_buffer = (size_t)settings->session_buffer_kib << 10;
    broker->spin_ns = br_broker_spin_ns(settings);
    broker->hello_timeout_ms = settings->hello_timeout_ms;
    broker->spares = settings->spares;
    broker->misuse_limit.interval_ns = VGPU_NS_PER_S;
    broker->misuse_limit.burst = MISUSE_LINES;
    broker->vm_access = (struct br_vm_access){.gid = (gid_t)-1, .any_user = true};
    broker->sandbox = "none";
    broker->start_ms = uv_now(loop);
    broker->connect_limit.interval_ns = CONNECT_LINE_NS;
    broker->connect_limit.burst = CONNECT_LINES;
    br_cache_init(&broker->cache, settings);
    br_control_init(&broker->control, broker);
    init_lists(broker);
    start_hooks(broker);
    if (start_policy(broker, settings) < 0) {
        br_pools_fini(&broker->pools);
        return NULL; /* what it started goes with the process, which ends */
    }
    return broker;
}

void br_broker_stop(struct br_broker *broker)
{
    struct br_session *session = TAILQ_FIRST(&broker->sessions);
    struct br_worker *worker;
    struct br_vm *vm;
    struct br_gpu *gpu;

    broker->stopping = true;
    while (session != NULL) {
        struct br_session *next = TAILQ_NEXT(session, entry);

        br_session_close(session, "the broker stops");
        session = next;
    }
    br_control_stop(&broker->control);
    TAILQ_FOREACH(vm, &broker->vms, entry)
    {
        br_vm_stop(vm);
    }
    while ((gpu = TAILQ_FIRST(&broker->gpus)) != NULL) {
        br_gpu_end(gpu, "the broker stops");
    }
    free_dead(broker);
    while ((worker = TAILQ_FIRST(&broker->orphans)) != NULL) {
        br_worker_abandon(worker);
    }
    free_dead(broker);
    TAILQ_FOREACH(vm, &broker->dead_vms, entry)
    {
        br_vm_stop(vm);
    }
    br_activity_close(broker);
    uv_close((uv_handle_t *)&broker->quiet_timer, NULL);
    br_gate_fini(broker);
    br_pace_fini(broker);
    uv_close((uv_handle_t *)&broker->spin, NULL);
    uv_close((uv_handle_t *)&broker->before, NULL);
    uv_close((uv_handle_t *)&broker->after, NULL);
}

void br_broker_free(struct br_broker *broker)
{
    struct br_vm *vm;

    if (broker == NULL) {
        return;
    }
    while ((vm = TAILQ_FIRST(&broker->vms)) != NULL) {
        TAILQ_REMOVE(&broker->vms, vm, entry);
        br_vm_free(vm);
    }
    while ((vm = TAILQ_FIRST(&broker->dead_vms)) != NULL) {
        TAILQ_REMOVE(&broker->dead_vms, vm, entry);
        br_vm_free(vm);
    }
    br_share_fini(&broker->local);
    br_pools_fini(&broker->pools);
    br_cache_fini(&broker->cache);
    vgpu_arena_fini(&broker->arena);
    free(broker);
}

/* ---- peers ------------------------------------------------------------------ */

struct br_vm *br_broker_add_vm(struct br_broker *broker, const char *name)
{
    struct br_vm *vm = br_vm_new(broker, name);

    if (vm != NULL) {
        TAILQ_INSERT_TAIL(&broker->vms, vm, entry);
    }
    return vm;
}

struct br_vm *br_broker_find_vm(const struct br_broker *broker, const char *name)
{
    struct br_vm *vm;

    TAILQ_FOREACH(vm, &broker->vms, entry)
    {
        if (strcmp(br_vm_name(vm), name) == 0) {
            return vm;
        }
    }
    return NULL;
}

void br_broker_remove_vm(struct br_broker *broker, struct br_vm *vm, const char *why)
{
    br_vm_remove(vm, why);
    TAILQ_REMOVE(&broker->vms, vm, entry);
    TAILQ_INSERT_TAIL(&broker->dead_vms, vm, entry);
}

void br_broker_count_vms(const struct br_broker *broker, uint32_t *all, uint32_t *connected)
{
    const struct br_vm *vm;

    *all = 0;
    *connected = 0;
    TAILQ_FOREACH(vm, &broker->vms, entry)
    {
        *all += 1;
        *connected += vm->phase == BR_VM_UP;
    }
}

int32_t br_broker_refusal(int rc, const char **reason)
{
    if (rc == -ESHUTDOWN) {
        *reason = "the broker stops";
        return CUDA_ERROR_SYSTEM_NOT_READY;
    }
    if (rc == -EUSERS) {
        *reason = "too many sessions";
    } else if (rc == -EDQUOT) {
        *reason = "the machine has all the sessions that it may have";
    } else if (rc == -EACCES) {
        *reason = "the registry does not know this machine";
    } else {
        *reason = "no channel can be made";
    }
    return CUDA_ERROR_DEVICE_UNAVAILABLE;
}

/* Sends a Refuse frame on a guest's socket, as far as that can be done at once. */
static void refuse(struct br_broker *broker, int fd, int32_t cu, const char *reason)
{
    Vgpu__Refuse refuse = VGPU__REFUSE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char text[VGPU_TEXT_BYTES_MAX];
    ssize_t len;

    (void)snprintf(text, sizeof(text), "%s", reason);
    refuse.result = cu;
    refuse.reason = text;
    frame.kind_case = VGPU__FRAME__KIND_REFUSE;
    frame.refuse = &refuse;
    len = vgpu_frame_pack(&frame, broker->tx, sizeof(broker->tx));
    if (len > 0) {
        /* A fresh socket takes it whole; a guest that is gone needs no answer. */
        (void)vgpu_fd_send(fd, broker->tx, (size_t)len, NULL, 0);
    }
}

void br_broker_add_guest(struct br_broker *broker, int fd)
{
    int rc = br_share_admits(&broker->local);
    const char *reason;
    int32_t cu;

    if (rc == 0) {
        /* A copy, because the socket must outlive the attempt for the refusal. */
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

        rc = copy < 0 ? -errno : br_guest_new(broker, copy);
    }
    if (rc < 0) {
        cu = br_broker_refusal(rc, &reason);
        broker->local.stats.refused++;
        if (br_broker_may_log(broker)) {
            vgpu_log(VGPU_LOG_WARNING, "guest refused reason=\"%s\" sessions=%u error=%d", reason,
                     broker->session_count, -rc);
        }
        refuse(broker, fd, cu, reason);
    }
    vgpu_fd_close(&fd);
}

void br_broker_add_supervisor(struct br_broker *broker, int fd)
{
    const struct br_gpu *gpu;
    uint32_t count = 0;
    int rc;

    TAILQ_FOREACH(gpu, &broker->gpus, entry)
    {
        count++;
    }
    if (broker->stopping || count >= SUPERVISORS_MAX) {
        rc = broker->stopping ? -ESHUTDOWN : -EUSERS;
        vgpu_fd_close(&fd);
    } else {
        rc = br_gpu_new(broker, fd);
    }
    if (rc < 0 && br_broker_may_log(broker)) {
        vgpu_log(VGPU_LOG_WARNING, "supervisor refused error=%d", -rc);
    }
}

void br_broker_set_starting(struct br_broker *broker, bool starting)
{
    struct br_session *session = TAILQ_FIRST(&broker->sessions);

    broker->starting = starting;
    while (!starting && session != NULL) {
        struct br_session *next = TAILQ_NEXT(session, entry);

        br_session_welcome_waiting(session);
        session = next;
    }
}

/* ---- figures ---------------------------------------------------------------- */

bool br_broker_passes(struct vgpu_ratelimit *limit, const char *who)
{
    uint64_t suppressed;
    bool may = vgpu_ratelimit_pass(limit, vgpu_clock_ns(), &suppressed);

    if (may && suppressed > 0) {
        vgpu_log_id(VGPU_LOG_WARNING, VGPU_LOG_ID_LINES_DROPPED, "%llu lines were not logged %s",
                    (unsigned long long)suppressed, who);
    }
    return may;
}

bool br_broker_may_log(struct br_broker *broker)
{
    return br_broker_passes(&broker->misuse_limit, "of=everyone");
}

void br_broker_log_stats(const struct br_broker *broker)
{
    const struct br_session *session;
    const struct br_vm *vm;
    char line[240];

    TAILQ_FOREACH(session, &broker->sessions, entry)
    {
        (void)snprintf(line, sizeof(line), "session session=%llu %s phase=%s",
                       (unsigned long long)session->id, session->holder->who,
                       br_phase_name(session->phase));
        br_stats_log(line, &session->stats);
    }
    TAILQ_FOREACH(vm, &broker->vms, entry)
    {
        br_vm_log_stats(vm);
    }
    br_cache_log_stats(&broker->cache);
    (void)snprintf(line, sizeof(line), "total sessions=%u ended=%llu", broker->session_count,
                   (unsigned long long)broker->total.sessions);
    br_stats_log(line, &broker->total);
}

void br_broker_total(const struct br_broker *broker, struct br_stats *total)
{
    const struct br_session *session;

    *total = broker->total;
    TAILQ_FOREACH(session, &broker->sessions, entry)
    {
        br_stats_add(total, &session->stats);
    }
}

uint64_t br_broker_memory_bound(const struct br_broker *broker)
{
    uint64_t session = sizeof(struct br_session) + sizeof(struct br_worker) + sizeof(uv_timer_t) +
                       3 * sizeof(uv_poll_t) + 2 * sizeof(struct br_session *) +
                       2 * (uint64_t)broker->session_buffer + 2 * (uint64_t)BR_LINK_RX_BYTES;
    uint64_t vms = 0;
    const struct br_vm *vm;

    TAILQ_FOREACH(vm, &broker->vms, entry)
    {
        vms++;
    }
    return sizeof(*broker) + VGPU_FRAME_ARENA_BYTES + broker->sessions_max * session +
           vms * br_vm_memory_bound() + br_cache_memory_bound(&broker->cache) +
           br_control_memory_bound();
}
