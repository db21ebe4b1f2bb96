/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/control_rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/admission.h"
#include "broker/broker.h"
#include "broker/control_client.h"
#include "broker/seat.h"
#include "common/clock.h"
#include "proto/control.h"

/* Any row fits: its texts have bounds. */
#define ROW_BYTES_MAX 2048u
/* Names of pools and uuids of GPUs in one text. */
#define POOLS_TEXT 1024
/* A supervisor pauses 30 s at most before it tries again. */
#define RIVAL_MS 60000u

static bool has_room(const struct br_control_piece *piece)
{
    return piece->room - piece->len >= ROW_BYTES_MAX;
}

void br_control_pack(struct br_control_piece *piece, const Vgpu__Frame *frame)
{
    ssize_t len = vgpu_frame_pack(frame, piece->bytes + piece->len, piece->room - piece->len);

    piece->len += len > 0 ? (size_t)len : 0;
}

/* protobuf-c takes pointers to bytes that it does not write. */
static char *text(const char *bytes)
{
    char *writable;

    memcpy(&writable, &bytes, sizeof(writable));
    return writable;
}

static uint64_t processed(const struct br_stats *stats)
{
    return stats->records[BR_CLASS_ONE_WAY] + stats->records[BR_CLASS_ROUND_TRIP] +
           stats->records[BR_CLASS_UNKNOWN];
}

/* Milliseconds since `then`, a time of uv_now(); -1 when there was none. */
static int64_t idle_ms(const struct br_broker *broker, uint64_t then)
{
    return then == 0 ? -1 : (int64_t)(uv_now(broker->loop) - then);
}

/* ---- broker ----------------------------------------------------------------- */

static uint32_t count_gpus(const struct br_broker *broker)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < broker->slot_count; i++) {
        count += broker->slots[i].gpu != NULL;
    }
    return count;
}

static bool fill_broker(struct br_control_ask *ask, struct br_control_piece *piece)
{
    const struct br_broker *broker = piece->broker;
    Vgpu__BrokerRow row = VGPU__BROKER_ROW__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    struct br_stats total;

    (void)ask;
    br_broker_total(broker, &total);
    row.version = text(VGPU_VERSION);
    row.pid = (uint32_t)getpid();
    row.uptime_ms = uv_now(broker->loop) - broker->start_ms;
    row.sandbox = text(broker->sandbox);
    row.sessions = broker->session_count;
    row.sessions_max = broker->sessions_max;
    br_broker_count_vms(broker, &row.vms, &row.vms_connected);
    row.gpus = count_gpus(broker);
    row.processed = processed(&total);
    row.unknown = total.records[BR_CLASS_UNKNOWN];
    row.bytes_in = total.submit_bytes;
    row.bytes_out = total.complete_bytes;
    row.misuses = total.misuses;
    row.hostd_pid = broker->control.host != NULL ? (uint32_t)broker->control.host->pid : 0;
    row.lines_dropped = vgpu_log_dropped();
    frame.kind_case = VGPU__FRAME__KIND_BROKER_ROW;
    frame.broker_row = &row;
    br_control_pack(piece, &frame);
    return true;
}

/* ---- machines --------------------------------------------------------------- */

static const char *vm_state(enum br_vm_phase phase)
{
    static const char *const names[BR_VM_PHASES] = {"absent", "connecting", "connected", "leaving"};

    return names[phase];
}

static void fill_policy(Vgpu__VmRow *row, const struct br_share *share)
{
    const struct br_policy *policy = &share->policy;

    row->uuid = text(policy->uuid);
    row->pool = text(share->pool->name);
    row->priority = policy->priority;
    row->sessions_max = policy->sessions_max;
    row->memory_quota = policy->memory_quota;
    row->calls_per_s = policy->calls_per_s;
    row->calls_burst = policy->calls_burst;
    row->bytes_per_s = policy->bytes_per_s;
    row->bytes_burst = policy->bytes_burst;
    row->starts_own = policy->starts_own;
    row->starts_per_s = policy->starts_per_s;
    row->starts_burst = policy->starts_burst;
}

static void fill_figures(Vgpu__VmRow *row, const struct br_share *share)
{
    const struct br_share_stats *stats = &share->stats;

    row->sessions = share->sessions;
    row->processed = stats->processed;
    row->doorbells = stats->doorbells;
    row->bytes_in = stats->bytes_in;
    row->bytes_out = stats->bytes_out;
    row->bytes_moved = stats->moved;
    row->unknown = stats->unknown;
    row->misuses = stats->misuses;
    row->throttled = stats->throttled;
    row->starts_delayed = stats->starts_delayed;
    row->refused = stats->refused + stats->memory_refused;
    row->doorbell_idle_ms = idle_ms(share->broker, stats->last_doorbell_ms);
    row->call_idle_ms = idle_ms(share->broker, stats->last_call_ms);
}

static uint64_t memory_used(const struct br_vm *vm)
{
    uint64_t used = 0;

    for (uint32_t i = 0; i < VGPU_DEVICE_CHANNELS_MAX; i++) {
        const struct br_session *session =
            vm->seats[i] != NULL ? vm->seats[i]->holder.session : NULL;

        used += session != NULL ? br_session_memory(session) : 0;
    }
    return used;
}

static void pack_vm(struct br_control_piece *piece, const struct br_vm *vm)
{
    Vgpu__VmRow row = VGPU__VM_ROW__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    bool there = vm->phase != BR_VM_ABSENT;

    row.name = text(br_vm_name(vm));
    row.source = text(vm->from_hostd ? "hostd" : "config");
    row.socket = text(vm->socket);
    row.state = text(vm_state(vm->phase));
    row.pid = there ? (uint32_t)vm->pid : 0;
    row.uid = there ? vm->uid : 0;
    row.identity = text(there ? vm->identity : "");
    row.device_revision = vm->revision;
    row.qemu = text(vm->qemu);
    row.library = text(vm->share.library);
    row.restart_needed = text(br_vm_restart_needed(vm));
    fill_policy(&row, &vm->share);
    fill_figures(&row, &vm->share);
    row.memory_used = memory_used(vm);
    row.misuses += vm->stats.misuses;
    row.beat_us = br_beat_ns(vm) < 0 ? -1 : br_beat_ns(vm) / (int64_t)VGPU_NS_PER_US;
    frame.kind_case = VGPU__FRAME__KIND_VM_ROW;
    frame.vm_row = &row;
    br_control_pack(piece, &frame);
}

static bool fill_vms(struct br_control_ask *ask, struct br_control_piece *piece)
{
    const struct br_vm *vm;

    TAILQ_FOREACH(vm, &piece->broker->vms, entry)
    {
        if (vm->id <= ask->cursor || (ask->vm[0] != '\0' && strcmp(ask->vm, br_vm_name(vm)) != 0)) {
            continue;
        }
        if (!has_room(piece)) {
            return false;
        }
        pack_vm(piece, vm);
        ask->cursor = vm->id;
    }
    return true;
}

/* ---- GPUs ------------------------------------------------------------------- */

/* The names of the pools that have the GPU, with ", " between. */
static void list_pools(const struct br_broker *broker, const uint8_t *uuid, char *out, size_t cap)
{
    size_t len = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < broker->pools.count && len < cap; i++) {
        const struct br_pool *pool = broker->pools.list[i];

        if (br_pool_has(pool, uuid)) {
            len += (size_t)snprintf(out + len, cap - len, "%s%s", len > 0 ? ", " : "", pool->name);
        }
    }
}

/* What only a supervisor that is there knows. */
static void fill_supervisor(Vgpu__GpuRow *row, const struct br_gpu *gpu)
{
    const struct br_worker *worker;

    row->supervisor_pid = gpu->pid;
    row->workers = gpu->worker_count;
    row->spares_wanted = gpu->broker->spares;
    TAILQ_FOREACH(worker, &gpu->workers, entry)
    {
        if (worker->session != NULL) {
            row->sessions++;
            row->memory_used += br_session_memory(worker->session);
        } else if (!worker->killed) {
            row->spares++;
        }
    }
}

/* A second supervisor that still tries, which it does every half minute at least. */
static uint32_t rival(const struct br_broker *broker, const struct br_slot *slot)
{
    return uv_now(broker->loop) - slot->rival_ms <= RIVAL_MS ? slot->rival : 0;
}

static void pack_gpu(struct br_control_piece *piece, uint32_t index)
{
    const struct br_slot *slot = &piece->broker->slots[index];
    Vgpu__GpuRow row = VGPU__GPU_ROW__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char uuid[BR_UUID_TEXT];
    char pools[POOLS_TEXT];

    br_uuid_text(slot->uuid, uuid);
    list_pools(piece->broker, slot->uuid, pools, sizeof(pools));
    row.slot = index;
    row.uuid = uuid;
    row.pools = pools;
    row.name = text(slot->name);
    row.bus = text(slot->bus);
    row.state = text(br_gpu_state(piece->broker, index));
    row.memory_total = slot->memory_total;
    row.memory_committed = slot->gpu != NULL ? br_admission_committed(piece->broker, index) : 0;
    row.sandbox = text(slot->sandbox);
    row.driver = text(slot->driver);
    row.cuda_version = slot->cuda_version;
    row.supervisor = text(slot->supervisor);
    row.workers_started = slot->workers_started;
    row.workers_crashed = slot->workers_crashed;
    row.processed = slot->processed;
    row.trouble = text(slot->trouble);
    row.rival_pid = rival(piece->broker, slot);
    if (slot->gpu != NULL) {
        fill_supervisor(&row, slot->gpu);
    }
    frame.kind_case = VGPU__FRAME__KIND_GPU_ROW;
    frame.gpu_row = &row;
    br_control_pack(piece, &frame);
}

static bool fill_gpus(struct br_control_ask *ask, struct br_control_piece *piece)
{
    for (; ask->cursor < piece->broker->slot_count; ask->cursor++) {
        if (!has_room(piece)) {
            return false;
        }
        pack_gpu(piece, (uint32_t)ask->cursor);
    }
    return true;
}

/* ---- pools ------------------------------------------------------------------ */

static uint32_t count_sessions(const struct br_broker *broker, const struct br_pool *pool)
{
    const struct br_share *share;
    uint32_t count = 0;

    TAILQ_FOREACH(share, &broker->shares, entry)
    {
        count += share->pool == pool ? share->sessions : 0;
    }
    return count;
}

static uint32_t count_machines(const struct br_broker *broker, const struct br_pool *pool)
{
    const struct br_vm *vm;
    uint32_t count = 0;

    TAILQ_FOREACH(vm, &broker->vms, entry)
    {
        count += vm->share.pool == pool;
    }
    return count;
}

static void pack_pool(struct br_control_piece *piece, const struct br_pool *pool)
{
    Vgpu__PoolRow row = VGPU__POOL_ROW__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char gpus[POOLS_TEXT];

    br_pool_text(pool, gpus, sizeof(gpus));
    row.name = text(pool->name);
    row.gpus = gpus;
    row.vms = count_machines(piece->broker, pool);
    row.sessions = count_sessions(piece->broker, pool);
    row.processed = pool->processed;
    row.source = text(br_pool_source_text(pool));
    frame.kind_case = VGPU__FRAME__KIND_POOL_ROW;
    frame.pool_row = &row;
    br_control_pack(piece, &frame);
}

static bool fill_pools(struct br_control_ask *ask, struct br_control_piece *piece)
{
    for (uint32_t i = 0; i < piece->broker->pools.count; i++) {
        const struct br_pool *pool = piece->broker->pools.list[i];

        if (pool->id <= ask->cursor) {
            continue;
        }
        if (!has_room(piece)) {
            return false;
        }
        pack_pool(piece, pool);
        ask->cursor = pool->id;
    }
    return true;
}

/* ---- sessions --------------------------------------------------------------- */

static void pack_session(struct br_control_piece *piece, const struct br_session *session)
{
    const struct br_broker *broker = piece->broker;
    const struct br_share *share = session->holder->share;
    const struct br_worker *worker = session->worker;
    Vgpu__SessionRow row = VGPU__SESSION_ROW__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    row.id = session->id;
    row.vm = text(br_share_name(share));
    row.process = session->process;
    row.program = text(session->program);
    row.library = text(session->library);
    row.phase = text(br_phase_name(session->phase));
    row.gpu = br_session_slot(session);
    row.worker_pid = worker != NULL ? worker->pid : 0;
    row.memory_used = br_session_memory(session);
    row.processed = processed(&session->stats);
    row.bytes_in = session->stats.submit_bytes;
    row.bytes_out = session->stats.complete_bytes;
    row.age_ms = uv_now(broker->loop) - session->born_ms;
    row.idle_ms =
        uv_now(broker->loop) - (session->call_ms != 0 ? session->call_ms : session->born_ms);
    row.queued = session->phase == BR_DEAD ? 0 : vgpu_ring_fill(&session->channel.submit);
    row.throttled = session->stats.throttled;
    frame.kind_case = VGPU__FRAME__KIND_SESSION_ROW;
    frame.session_row = &row;
    br_control_pack(piece, &frame);
}

static bool is_wanted(const struct br_control_ask *ask, const struct br_session *session)
{
    return session->id > ask->cursor &&
           (ask->vm[0] == '\0' || strcmp(ask->vm, br_share_name(session->holder->share)) == 0);
}

static bool fill_sessions(struct br_control_ask *ask, struct br_control_piece *piece)
{
    const struct br_session *session;

    TAILQ_FOREACH(session, &piece->broker->sessions, entry)
    {
        if (!is_wanted(ask, session)) {
            continue;
        }
        if (!has_room(piece)) {
            return false;
        }
        pack_session(piece, session);
        ask->cursor = session->id;
    }
    return true;
}

/* ---- questions -------------------------------------------------------------- */

static const struct {
    uint32_t what;
    bool (*fill)(struct br_control_ask *ask, struct br_control_piece *piece);
} kinds[] = {
    {VGPU_CTL_BROKER, fill_broker}, {VGPU_CTL_VMS, fill_vms},           {VGPU_CTL_GPUS, fill_gpus},
    {VGPU_CTL_POOLS, fill_pools},   {VGPU_CTL_SESSIONS, fill_sessions},
};

int br_control_rows_check(const struct br_broker *broker, struct br_control_ask *ask)
{
    bool known = ask->what == VGPU_CTL_TRACE;
    char name[sizeof(ask->vm) * 2];

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        known = known || kinds[i].what == ask->what;
    }
    if (!known) {
        ask->error = EOPNOTSUPP;
        (void)snprintf(ask->text, sizeof(ask->text), "vgpu-broker does not answer question %u",
                       ask->what);
        return -1;
    }
    if (ask->vm[0] != '\0' && br_broker_find_vm(broker, ask->vm) == NULL) {
        ask->error = ENOENT;
        (void)snprintf(ask->text, sizeof(ask->text),
                       "no machine \"%s\" here; `vgpuctl vms` lists them",
                       vgpu_log_escape(name, sizeof(name), ask->vm, strlen(ask->vm)));
        return -1;
    }
    return 0;
}

bool br_control_rows(struct br_control_ask *ask, struct br_control_piece *piece)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].what == ask->what) {
            return kinds[i].fill(ask, piece);
        }
    }
    return true;
}
