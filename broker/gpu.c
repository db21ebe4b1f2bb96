/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/gpu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/admission.h"
#include "broker/broker.h"
#include "broker/handle.h"
#include "common/fd.h"
#include "common/log_id.h"
#include "common/text.h"

/* What a supervisor may leave unread: control frames are some bytes each. */
#define SUPERVISOR_BUFFER 65536u
/* Processes that a supervisor is told of, which only those that were taken over are. */
#define ORPHANS_MAX 64u

void br_gpu_send(struct br_gpu *gpu, const Vgpu__Frame *frame)
{
    struct br_broker *broker = gpu->broker;
    ssize_t len = vgpu_frame_pack(frame, broker->tx, sizeof(broker->tx));
    int rc = len < 0 ? (int)len : 0;

    if (rc == 0 && br_link_is_open(&gpu->link)) {
        rc = br_link_send(&gpu->link, broker->tx, (size_t)len, NULL, 0);
    }
    if (rc < 0) {
        br_gpu_end(gpu, "it does not read");
    }
}

/* How many sessions wait: the whole number, so that one that gave up is no longer asked for. */
static void send_worker_wanted(struct br_gpu *gpu)
{
    Vgpu__WorkerWanted wanted = VGPU__WORKER_WANTED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    wanted.count = gpu->waiting_count;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_WANTED;
    frame.worker_wanted = &wanted;
    br_gpu_send(gpu, &frame);
}

static void send_worker_taken(struct br_gpu *gpu, const struct br_worker *worker)
{
    Vgpu__WorkerTaken taken = VGPU__WORKER_TAKEN__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    taken.worker = worker->id;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_TAKEN;
    frame.worker_taken = &taken;
    br_gpu_send(gpu, &frame);
}

/* ---- the supervisor's frames ------------------------------------------------ */

/* Texts and arrays within the protocol's limits, so that a Welcome can be made of them. */
static bool facts_are_good(const Vgpu__DeviceFacts *facts)
{
    return facts != NULL && strlen(facts->name) <= VGPU_TEXT_BYTES_MAX &&
           strlen(facts->pci_bus_id) <= VGPU_TEXT_BYTES_MAX &&
           strlen(facts->driver_release) <= VGPU_TEXT_BYTES_MAX && facts->uuid.len == 16 &&
           facts->n_attributes <= VGPU_ATTRIBUTES_MAX &&
           facts->attribute_valid.len <= VGPU_ATTRIBUTES_MAX / 8;
}

/* A copy of its own, through the wire's form: the frame lives in the arena. */
static Vgpu__DeviceFacts *copy_facts(struct br_broker *broker, const Vgpu__DeviceFacts *facts)
{
    size_t len = vgpu__device_facts__get_packed_size(facts);

    if (len > sizeof(broker->tx)) {
        return NULL;
    }
    (void)vgpu__device_facts__pack(facts, broker->tx);
    return vgpu__device_facts__unpack(NULL, len, broker->tx);
}

/* The slot that this GPU had before, or a new one; -ENOSPC; -EEXIST when it is registered. */
static int find_slot(struct br_broker *broker, const uint8_t *uuid)
{
    static const uint8_t anonymous[16];

    for (uint32_t i = 0; i < broker->slot_count; i++) {
        struct br_slot *slot = &broker->slots[i];

        if (memcmp(slot->uuid, uuid, 16) == 0 && memcmp(uuid, anonymous, 16) != 0) {
            return slot->gpu == NULL ? (int)i : -EEXIST;
        }
    }
    if (broker->slot_count == VGPU_DEVICES_MAX) {
        return -ENOSPC;
    }
    memcpy(broker->slots[broker->slot_count].uuid, uuid, 16);
    return (int)broker->slot_count++;
}

/* Of an earlier supervisor of the slot, whose pipes have not ended. */
static size_t list_orphans(const struct br_gpu *gpu, uint32_t pids[ORPHANS_MAX])
{
    const struct br_worker *worker;
    size_t count = 0;

    TAILQ_FOREACH(worker, &gpu->broker->orphans, entry)
    {
        if (worker->slot == gpu->slot && count < ORPHANS_MAX) {
            pids[count++] = worker->pid;
        }
    }
    return count;
}

static void send_registered(struct br_gpu *gpu)
{
    Vgpu__Registered registered = VGPU__REGISTERED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint32_t orphans[ORPHANS_MAX];

    registered.gpu = gpu->slot;
    registered.spares = gpu->broker->spares;
    registered.drain_ms = gpu->broker->drain_ms;
    registered.orphans = orphans;
    registered.n_orphans = list_orphans(gpu, orphans);
    frame.kind_case = VGPU__FRAME__KIND_REGISTERED;
    frame.registered = &registered;
    br_gpu_send(gpu, &frame);
}

/* What is known of the GPU also while its supervisor is gone. */
static void note_facts(struct br_slot *slot, const Vgpu__Register *reg)
{
    const Vgpu__DeviceFacts *facts = reg->facts;

    vgpu_text_copy(slot->name, sizeof(slot->name), facts->name);
    vgpu_text_copy(slot->bus, sizeof(slot->bus), facts->pci_bus_id);
    vgpu_text_copy(slot->driver, sizeof(slot->driver), facts->driver_release);
    vgpu_text_copy(slot->supervisor, sizeof(slot->supervisor), reg->version);
    slot->trouble[0] = '\0';
    slot->memory_total = facts->total_memory;
    slot->cuda_version = facts->driver_version;
}

/* Says why to the supervisor too, which tries again: its log is where somebody looks. */
static const char *refuse(struct br_gpu *gpu, const Vgpu__Register *reg, const char *why)
{
    Vgpu__Refuse refuse = VGPU__REFUSE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char text[VGPU_TEXT_BYTES_MAX];

    (void)snprintf(text, sizeof(text), "%s", why);
    refuse.result = CUDA_ERROR_DEVICE_UNAVAILABLE;
    refuse.reason = text;
    frame.kind_case = VGPU__FRAME__KIND_REFUSE;
    frame.refuse = &refuse;
    if (br_broker_may_log(gpu->broker)) {
        vgpu_log(VGPU_LOG_WARNING, "supervisor refused pid=%u why=\"%s\"", reg->pid, text);
    }
    br_gpu_send(gpu, &frame);
    return "refused";
}

/* A second supervisor for a GPU waits until the first is gone, which may never be. */
static const char *refuse_rival(struct br_gpu *gpu, const Vgpu__Register *reg)
{
    struct br_broker *broker = gpu->broker;
    char uuid[BR_UUID_TEXT];
    char why[160] = "";

    br_uuid_text(reg->facts->uuid.data, uuid);
    for (uint32_t i = 0; i < broker->slot_count; i++) {
        struct br_slot *slot = &broker->slots[i];

        if (slot->gpu != NULL && memcmp(slot->uuid, reg->facts->uuid.data, BR_UUID_BYTES) == 0) {
            slot->rival = reg->pid;
            slot->rival_ms = uv_now(broker->loop);
            (void)snprintf(why, sizeof(why),
                           "%s is served by process %u already: end one of the two; systemctl "
                           "status 'vgpu-executor@*' shows them",
                           uuid, slot->gpu->pid);
        }
    }
    return refuse(gpu, reg, why);
}

static const char *on_register(struct br_gpu *gpu, const Vgpu__Register *reg)
{
    struct br_broker *broker = gpu->broker;
    char name[VGPU_TEXT_BYTES_MAX];
    int slot;

    if (gpu->registered || !facts_are_good(reg->facts)) {
        return "bad register";
    }
    if (reg->protocol != VGPU_PROTOCOL_VERSION) {
        return refuse(gpu, reg,
                      "it speaks another protocol than this broker: install the same version of "
                      "both and restart them");
    }
    slot = find_slot(broker, reg->facts->uuid.data);
    if (slot < 0) {
        return slot == -EEXIST ? refuse_rival(gpu, reg)
                               : refuse(gpu, reg,
                                        "the broker has seen 16 GPUs already: restart vgpu-broker "
                                        "when GPUs were exchanged");
    }
    reg->facts->base.n_unknown_fields = 0;
    gpu->memory_quota = reg->memory_quota;
    gpu->facts = copy_facts(broker, reg->facts);
    if (gpu->facts == NULL) {
        return "no memory";
    }
    gpu->registered = true;
    br_timer_end(&gpu->timer);
    gpu->slot = (uint32_t)slot;
    gpu->pid = reg->pid;
    broker->slots[slot].gpu = gpu;
    broker->slots[slot].rival = 0;
    broker->slots[slot].drained = br_gpu_is_drained(broker, broker->slots[slot].uuid);
    note_facts(&broker->slots[slot], reg);
    vgpu_log(VGPU_LOG_INFO, "gpu registered gpu=%u name=%s pid=%u", gpu->slot,
             vgpu_log_escape(name, sizeof(name), gpu->facts->name, strlen(gpu->facts->name)),
             reg->pid);
    br_admission_registered(broker, gpu->slot);
    send_registered(gpu);
    br_broker_set_starting(broker, false);
    return NULL;
}

static struct br_worker *find_worker(struct br_gpu *gpu, uint32_t id)
{
    struct br_worker *worker;

    TAILQ_FOREACH(worker, &gpu->workers, entry)
    {
        if (worker->id == id) {
            return worker;
        }
    }
    return NULL;
}

static uint32_t count_spares(const struct br_gpu *gpu)
{
    const struct br_worker *worker;
    uint32_t count = 0;

    TAILQ_FOREACH(worker, &gpu->workers, entry)
    {
        count += worker->session == NULL && !worker->killed;
    }
    return count;
}

/* Gives a new spare to the open that waits longest.  One that was made for a session that has
 * given up meanwhile ends: its context takes memory of the card. */
static void serve(struct br_gpu *gpu, struct br_worker *worker)
{
    struct br_session *session = TAILQ_FIRST(&gpu->waiting);

    if (session != NULL) {
        /* In this order the supervisor never believes that one more is missing. */
        br_gpu_forget(session);
        send_worker_taken(gpu, worker);
        br_session_give_worker(session, worker);
    } else if (count_spares(gpu) > gpu->broker->spares) {
        vgpu_log(VGPU_LOG_DEBUG, "one spare too many gpu=%u worker=%u", gpu->slot, worker->id);
        br_worker_kill(worker);
    }
}

static void note_worker(struct br_slot *slot, const Vgpu__WorkerReady *ready)
{
    (void)snprintf(slot->sandbox, sizeof(slot->sandbox), "%s%s",
                   ready->seccomp_mode == 2 ? "seccomp" : "none",
                   ready->landlock_abi > 0 ? ", landlock" : "");
}

/* A worker says Ready when driver, context and self-test were good and it is locked. */
static void tell_proven(struct br_gpu *gpu)
{
    char name[VGPU_TEXT_BYTES_MAX];
    char driver[64];

    if (gpu->proven) {
        return;
    }
    gpu->proven = true;
    vgpu_log_id(VGPU_LOG_INFO, VGPU_LOG_ID_CUDA_INITIALIZED,
                "CUDA initialized gpu=%u name=%s driver=%s cuda=%u.%u memory_mib=%llu", gpu->slot,
                vgpu_log_escape(name, sizeof(name), gpu->facts->name, strlen(gpu->facts->name)),
                vgpu_log_escape(driver, sizeof(driver), gpu->facts->driver_release,
                                strlen(gpu->facts->driver_release)),
                gpu->facts->driver_version / 1000, gpu->facts->driver_version % 1000 / 10,
                (unsigned long long)(gpu->facts->total_memory >> 20));
}

static const char *on_worker_ready(struct br_gpu *gpu, const Vgpu__WorkerReady *ready)
{
    int fd = br_link_take_fd(&gpu->link);
    int rc;

    if (fd < 0 || find_worker(gpu, ready->worker) != NULL ||
        gpu->worker_count > gpu->broker->sessions_max + 1024) {
        vgpu_fd_close(&fd);
        return "bad worker_ready";
    }
    rc = br_worker_new(gpu, ready, fd);
    if (rc < 0) {
        return rc == -EPERM ? "a worker that is not locked" : "no memory for a worker";
    }
    note_worker(&gpu->broker->slots[gpu->slot], ready);
    gpu->broker->slots[gpu->slot].trouble[0] = '\0';
    tell_proven(gpu);
    vgpu_log(VGPU_LOG_DEBUG, "worker ready gpu=%u worker=%u pid=%u landlock=%u", gpu->slot,
             ready->worker, ready->pid, ready->landlock_abi);
    gpu->broker->slots[gpu->slot].workers_started++;
    serve(gpu, find_worker(gpu, ready->worker));
    return NULL;
}

/* Its pipe may still hold what it said last, Fatal perhaps: read at the end of the turn. */
static const char *on_worker_gone(struct br_gpu *gpu, const Vgpu__WorkerGone *gone)
{
    struct br_worker *worker = find_worker(gpu, gone->worker);

    if (worker == NULL) {
        return "worker_gone of an unknown worker";
    }
    vgpu_log_id(worker->killed ? VGPU_LOG_DEBUG : VGPU_LOG_INFO,
                worker->killed ? NULL : VGPU_LOG_ID_WORKER_CRASHED,
                "worker gone gpu=%u worker=%u pid=%u status=%d", gpu->slot, worker->id, worker->pid,
                gone->status);
    if (!worker->killed) {
        br_worker_crashed(worker);
    }
    worker->gone = true;
    TAILQ_REMOVE(&gpu->workers, worker, entry);
    gpu->worker_count--;
    TAILQ_INSERT_TAIL(&gpu->broker->gone_workers, worker, entry);
    return NULL;
}

void br_gpu_refuse_waiting(struct br_gpu *gpu, int32_t cu, const char *reason)
{
    struct br_session *session;

    while ((session = TAILQ_FIRST(&gpu->waiting)) != NULL) {
        br_gpu_forget(session);
        br_session_refuse_open(session, cu, reason);
    }
}

static const char *on_worker_failed(struct br_gpu *gpu, const Vgpu__WorkerFailed *failed)
{
    struct br_slot *slot = &gpu->broker->slots[gpu->slot];
    char reason[VGPU_TEXT_BYTES_MAX];

    vgpu_text_copy(slot->trouble, sizeof(slot->trouble), failed->reason);
    if (br_broker_may_log(gpu->broker)) {
        vgpu_log(VGPU_LOG_WARNING, "no worker can be made gpu=%u reason=%s", gpu->slot,
                 vgpu_log_escape(reason, sizeof(reason), failed->reason, strlen(failed->reason)));
    }
    br_gpu_refuse_waiting(gpu, CUDA_ERROR_DEVICE_UNAVAILABLE, "no worker can be made now");
    return NULL;
}

static struct br_worker *find_spare(struct br_gpu *gpu)
{
    struct br_worker *worker;

    TAILQ_FOREACH(worker, &gpu->workers, entry)
    {
        if (worker->session == NULL && !worker->killed) {
            return worker;
        }
    }
    return NULL;
}

/* Its sessions go on; nobody new comes, so nobody needs its spares. */
static const char *on_leaving(struct br_gpu *gpu)
{
    struct br_worker *spare;

    if (gpu->leaving) {
        return "leaving twice";
    }
    gpu->leaving = true;
    vgpu_log(VGPU_LOG_INFO, "supervisor stops, its sessions go on gpu=%u sessions=%u", gpu->slot,
             br_gpu_sessions(gpu->broker, gpu->slot));
    br_gpu_refuse_waiting(gpu, CUDA_ERROR_DEVICE_UNAVAILABLE, "the GPU's supervisor stops");
    while (!gpu->ended && (spare = find_spare(gpu)) != NULL) {
        br_worker_kill(spare);
    }
    return NULL;
}

/* Returns NULL, or what is wrong with the supervisor. */
static const char *dispatch(struct br_gpu *gpu, const Vgpu__Frame *frame)
{
    if (frame->kind_case == VGPU__FRAME__KIND_REGISTER) {
        return on_register(gpu, frame->register_);
    }
    if (!gpu->registered) {
        return "not registered";
    }
    if (frame->kind_case == VGPU__FRAME__KIND_WORKER_READY) {
        return on_worker_ready(gpu, frame->worker_ready);
    }
    if (frame->kind_case == VGPU__FRAME__KIND_WORKER_GONE) {
        return on_worker_gone(gpu, frame->worker_gone);
    }
    if (frame->kind_case == VGPU__FRAME__KIND_WORKER_FAILED) {
        return on_worker_failed(gpu, frame->worker_failed);
    }
    if (frame->kind_case == VGPU__FRAME__KIND_LEAVING) {
        return on_leaving(gpu);
    }
    return "a frame that no supervisor sends";
}

static int on_frame(struct br_link *link, const uint8_t *bytes, size_t len)
{
    struct br_gpu *gpu = link->owner;
    const char *wrong = "undecodable frame";
    Vgpu__Frame *frame;

    if (vgpu_frame_unpack(&gpu->broker->arena, bytes, len, &frame) == 0) {
        wrong = dispatch(gpu, frame);
    }
    if (wrong != NULL) {
        br_gpu_end(gpu, wrong);
    }
    return 0;
}

static void on_end(struct br_link *link, int rc)
{
    br_gpu_end(link->owner, rc < 0 ? "framing" : "it ended");
}

static const struct br_link_ops ops = {.on_frame = on_frame, .on_end = on_end};

/* ---- life ------------------------------------------------------------------- */

static void on_silence(uv_timer_t *timer)
{
    br_gpu_end(timer->data, "no Register in time");
}

/* Who connects takes a place, so it has to say for which GPU. */
static int start_timer(struct br_gpu *gpu)
{
    gpu->timer = br_timer_new(gpu->broker->loop, gpu);
    if (gpu->timer == NULL) {
        return -ENOMEM;
    }
    (void)uv_timer_start(gpu->timer, on_silence, gpu->broker->hello_timeout_ms, 0);
    return 0;
}

int br_gpu_new(struct br_broker *broker, int fd)
{
    struct br_gpu *gpu = calloc(1, sizeof(*gpu));
    int rc;

    if (gpu == NULL) {
        vgpu_fd_close(&fd);
        return -ENOMEM;
    }
    gpu->broker = broker;
    TAILQ_INIT(&gpu->workers);
    TAILQ_INIT(&gpu->waiting);
    rc = br_link_open(&gpu->link, &broker->pool, fd, SUPERVISOR_BUFFER, &ops, gpu);
    if (rc < 0) {
        free(gpu);
        return rc;
    }
    rc = start_timer(gpu);
    if (rc < 0) {
        br_gpu_free(gpu);
        return rc;
    }
    TAILQ_INSERT_TAIL(&broker->gpus, gpu, entry);
    return 0;
}

void br_gpu_end(struct br_gpu *gpu, const char *why)
{
    struct br_broker *broker = gpu->broker;
    struct br_worker *worker;

    if (gpu->ended) {
        return;
    }
    gpu->ended = true;
    if (!broker->stopping && (gpu->registered || br_broker_may_log(broker))) {
        vgpu_log_id(VGPU_LOG_WARNING, VGPU_LOG_ID_SUPERVISOR_GONE, "supervisor gone gpu=%d why=%s",
                    gpu->registered ? (int)gpu->slot : -1, why);
    }
    br_link_close(&gpu->link);
    br_timer_end(&gpu->timer);
    if (gpu->registered) {
        broker->slots[gpu->slot].gpu = NULL;
    }
    /* The parent-death signal ends its workers; their pipes will tell. */
    while ((worker = TAILQ_FIRST(&gpu->workers)) != NULL) {
        TAILQ_REMOVE(&gpu->workers, worker, entry);
        TAILQ_INSERT_TAIL(&broker->gone_workers, worker, entry);
    }
    br_gpu_refuse_waiting(gpu, CUDA_ERROR_SYSTEM_NOT_READY, "the GPU's supervisor is gone");
    TAILQ_REMOVE(&broker->gpus, gpu, entry);
    TAILQ_INSERT_TAIL(&broker->dead_gpus, gpu, entry);
}

void br_gpu_open(struct br_gpu *gpu, struct br_session *session)
{
    struct br_worker *worker = find_spare(gpu);

    if (worker != NULL) {
        send_worker_taken(gpu, worker);
        br_session_give_worker(session, worker);
        return;
    }
    session->waits_for = gpu;
    TAILQ_INSERT_TAIL(&gpu->waiting, session, wait_entry);
    gpu->waiting_count++;
    send_worker_wanted(gpu);
}

void br_gpu_forget(struct br_session *session)
{
    struct br_gpu *gpu = session->waits_for;

    if (gpu != NULL) {
        TAILQ_REMOVE(&gpu->waiting, session, wait_entry);
        session->waits_for = NULL;
        gpu->waiting_count--;
        send_worker_wanted(gpu);
    }
}

void br_gpu_free(struct br_gpu *gpu)
{
    br_link_close(&gpu->link);
    if (gpu->facts != NULL) {
        vgpu__device_facts__free_unpacked(gpu->facts, NULL);
    }
    free(gpu);
}
