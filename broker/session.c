/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/broker.h"
#include "broker/gate.h"
#include "broker/handle.h"
#include "broker/pace.h"
#include "broker/ringio.h"
#include "broker/survey.h"
#include "common/fd.h"
#include "common/log_id.h"
#include "common/text.h"
#include "proto/address.h"

/* Log lines that the control frames of one session may cause: an honest one needs two or three. */
#define NOTES_MAX 16u

/* ---- handles ---------------------------------------------------------------- */

static void set_timer(struct br_session *session, uint32_t timeout_ms, uv_timer_cb fn)
{
    /* A started or fresh timer with a callback cannot fail to start. */
    (void)uv_timer_start(session->timer, fn, timeout_ms, 0);
}

static int open_handles(struct br_session *session)
{
    session->timer = br_timer_new(session->broker->loop, session);
    return session->timer == NULL ? -ENOMEM : br_bell_open(session);
}

static void close_handles(struct br_session *session)
{
    br_timer_end(&session->timer);
    br_bell_close(session);
}

/* ---- end -------------------------------------------------------------------- */

static void release_if_done(struct br_session *session)
{
    struct br_broker *broker = session->broker;

    if (session->released || session->phase != BR_DEAD || session->worker != NULL ||
        session->holder->holds) {
        return;
    }
    session->released = true;
    TAILQ_REMOVE(&broker->sessions, session, entry);
    TAILQ_INSERT_TAIL(&broker->dead_sessions, session, entry);
    broker->session_count--;
    session->holder->share->sessions--;
    session->stats.sessions = 1;
    br_stats_add(&broker->total, &session->stats);
}

/* Whether a line about the session's life may be written. */
static bool may_tell(const struct br_session *session)
{
    struct vgpu_ratelimit *limit = session->holder->lines;

    return limit == NULL || br_broker_passes(limit, session->holder->who);
}

static void tell_end(struct br_session *session, int32_t cu, const char *why)
{
    char line[320];

    (void)snprintf(line, sizeof(line),
                   "session ended session=%" PRIu64 " %s phase=%s result=%d why=\"%s\"",
                   session->id, session->holder->who, br_phase_name(session->phase), (int)cu, why);
    br_stats_log(line, &session->stats);
}

void br_session_end(struct br_session *session, int32_t cu, const char *why)
{
    if (session->phase == BR_DEAD) {
        return;
    }
    if (may_tell(session)) {
        tell_end(session, cu, why);
    }
    br_ringio_cool(session);
    br_gpu_forget(session);
    br_pace_forget(session);
    br_gate_forget(session);
    session->phase = BR_DEAD;
    close_handles(session);
    free(session->pending);
    session->pending = NULL;
    br_channel_fail(&session->channel, (uint32_t)cu);
    if (session->worker != NULL) {
        br_worker_kill(session->worker);
    }
    release_if_done(session);
}

void br_session_close(struct br_session *session, const char *why)
{
    br_session_end(session, CUDA_ERROR_LAUNCH_FAILED, why);
    session->holder->ops->dismiss(session->holder);
    release_if_done(session);
}

void br_session_let_go(struct br_session *session, const char *why)
{
    session->holder->holds = false;
    br_session_end(session, CUDA_ERROR_LAUNCH_FAILED, why);
    release_if_done(session);
}

void br_session_misuse(struct br_session *session, const char *what)
{
    session->stats.misuses++;
    session->holder->share->stats.misuses++;
    if (br_broker_passes(session->holder->warnings, session->holder->who)) {
        vgpu_log_id(VGPU_LOG_WARNING, VGPU_LOG_ID_GUEST_MISUSE,
                    "guest broke the protocol session=%" PRIu64 " %s phase=%s what=\"%s\"",
                    session->id, session->holder->who, br_phase_name(session->phase), what);
    }
    br_session_close(session, "misuse");
}

void br_session_free(struct br_session *session)
{
    session->holder->session = NULL;
    session->holder->ops->release(session->holder, &session->channel);
    br_channel_fini(&session->channel);
    free(session);
}

/* ---- answers ---------------------------------------------------------------- */

static bool may_note(struct br_session *session)
{
    return session->notes < NOTES_MAX && ++session->notes > 0 && may_tell(session);
}

static void send_refuse(struct br_session *session, int32_t cu, const char *reason)
{
    Vgpu__Refuse refuse = VGPU__REFUSE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char text[VGPU_TEXT_BYTES_MAX];

    (void)snprintf(text, sizeof(text), "%s", reason);
    refuse.result = (int32_t)cu;
    refuse.reason = text;
    frame.kind_case = VGPU__FRAME__KIND_REFUSE;
    frame.refuse = &refuse;
    if (may_note(session)) {
        vgpu_log(VGPU_LOG_INFO, "refused session=%" PRIu64 " phase=%s result=%d reason=\"%s\"",
                 session->id, br_phase_name(session->phase), (int)cu, reason);
    }
    br_ringio_frame(session, &frame);
}

static void enter_greeted(struct br_session *session)
{
    session->phase = BR_GREETED;
    (void)uv_timer_stop(session->timer);
    br_ringio_heat(session);
}

/* ---- Hello ------------------------------------------------------------------ */

static void on_hello_timeout(uv_timer_t *timer)
{
    struct br_session *session = timer->data;

    if (!session->hello_waits) {
        br_session_close(session, "no Hello in time");
        return;
    }
    session->hello_waits = false;
    /* Time to read the refusal; then the timer closes the channel. */
    set_timer(session, session->broker->hello_timeout_ms, on_hello_timeout);
    br_ringio_heat(session);
    send_refuse(session, CUDA_ERROR_SYSTEM_NOT_READY, "no GPU is ready yet");
}

/* Notes the GPUs that this guest will see, in slot order. */
static void list_gpus(struct br_session *session, Vgpu__DeviceFacts **facts, uint32_t *driver)
{
    struct br_broker *broker = session->broker;

    session->slot_count = 0;
    *driver = 0;
    for (uint32_t i = 0; i < broker->slot_count; i++) {
        struct br_gpu *gpu = broker->slots[i].gpu;

        if (!br_gpu_takes(broker, i) || !br_share_sees(session->holder->share, i) ||
            session->slot_count == vgpu_address_candidates[session->candidate].ordinals) {
            continue;
        }
        facts[session->slot_count] = gpu->facts;
        session->slots[session->slot_count++] = (uint8_t)i;
        if (*driver == 0 || gpu->facts->driver_version < *driver) {
            *driver = gpu->facts->driver_version;
        }
    }
}

/* A machine with a quota sees a card of that size. */
static void cut_memory(const struct br_session *session, Vgpu__DeviceFacts **facts,
                       Vgpu__DeviceFacts *copies)
{
    uint64_t quota = session->holder->share->policy.memory_quota;

    for (uint32_t i = 0; quota != 0 && i < session->slot_count; i++) {
        if (quota < facts[i]->total_memory) {
            copies[i] = *facts[i];
            copies[i].total_memory = quota;
            facts[i] = &copies[i];
        }
    }
}

static void greet(struct br_session *session)
{
    Vgpu__DeviceFacts *facts[VGPU_DEVICES_MAX];
    Vgpu__DeviceFacts copies[VGPU_DEVICES_MAX];
    Vgpu__Welcome welcome = VGPU__WELCOME__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char version[] = VGPU_VERSION;

    list_gpus(session, facts, &welcome.driver_version);
    if (session->slot_count == 0) {
        session->hello_waits = session->broker->starting;
        set_timer(session, session->broker->hello_timeout_ms, on_hello_timeout);
        if (!session->hello_waits) {
            send_refuse(session, CUDA_ERROR_NO_DEVICE,
                        "no GPU of its pool is there, or all are being drained");
        }
        return;
    }
    session->hello_waits = false;
    cut_memory(session, facts, copies);
    enter_greeted(session);
    if (session->holder->share == &session->broker->local && may_note(session)) {
        vgpu_log(VGPU_LOG_INFO, "[CONNECTION] New connection session=%" PRIu64 " %s pid=%u",
                 session->id, session->holder->who, session->process);
    }
    welcome.version = version;
    welcome.candidate = session->candidate;
    welcome.n_devices = session->slot_count;
    welcome.devices = facts;
    frame.kind_case = VGPU__FRAME__KIND_WELCOME;
    frame.welcome = &welcome;
    br_ringio_frame(session, &frame);
}

void br_session_welcome_waiting(struct br_session *session)
{
    if (session->hello_waits) {
        greet(session);
        br_ringio_heat(session);
    }
}

static int on_hello(struct br_session *session, const Vgpu__Hello *hello)
{
    char program[64];

    if (hello->candidate >= VGPU_ADDRESS_CANDIDATES ||
        strlen(hello->program) > VGPU_TEXT_BYTES_MAX ||
        strlen(hello->version) > VGPU_TEXT_BYTES_MAX) {
        return -EPROTO;
    }
    if (hello->protocol != VGPU_PROTOCOL_VERSION) {
        send_refuse(session, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, "another protocol version");
        return 0;
    }
    session->candidate = hello->candidate;
    session->process = hello->pid;
    vgpu_text_copy(session->program, sizeof(session->program), hello->program);
    vgpu_text_copy(session->library, sizeof(session->library), hello->version);
    memcpy(session->holder->share->library, session->library, sizeof(session->library));
    if (may_note(session)) {
        vgpu_log(VGPU_LOG_INFO, "hello session=%" PRIu64 " %s pid=%u program=%s candidate=%u",
                 session->id, session->holder->who, hello->pid,
                 vgpu_log_escape(program, sizeof(program), hello->program, strlen(hello->program)),
                 hello->candidate);
    }
    greet(session);
    return 0;
}

/* ---- Survey ----------------------------------------------------------------- */

/* Asked once a quantum at most, as every control frame. */
static void on_survey(struct br_session *session)
{
    static struct br_survey survey; /* one thread */
    Vgpu__Surveyed surveyed;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    br_survey_take(session, &survey);
    br_survey_message(&survey, &surveyed);
    frame.kind_case = VGPU__FRAME__KIND_SURVEYED;
    frame.surveyed = &surveyed;
    br_ringio_frame(session, &frame);
}

/* ---- Open and Close --------------------------------------------------------- */

/* Ends the worker and comes back to greeted when it is reaped: with Closed, or with Refuse. */
static void close_worker(struct br_session *session, int32_t refusal)
{
    session->refusal = refusal;
    session->phase = BR_CLOSING;
    (void)uv_timer_stop(session->timer);
    br_worker_kill(session->worker);
}

static void on_open_timeout(uv_timer_t *timer)
{
    struct br_session *session = timer->data;

    if (session->worker != NULL) {
        close_worker(session, CUDA_ERROR_SYSTEM_NOT_READY);
    } else if (session->is_paced) {
        br_pace_forget(session);
        br_session_refuse_open(session, CUDA_ERROR_SYSTEM_NOT_READY,
                               "the machine opens devices faster than it may");
    } else {
        br_gpu_forget(session);
        br_session_refuse_open(session, CUDA_ERROR_SYSTEM_NOT_READY, "no worker came in time");
    }
}

/* The slot that is meant; -ENODEV.  GPUs without uuid are known by their place alone. */
static int find_device(const struct br_session *session, const Vgpu__Open *open)
{
    static const uint8_t anonymous[BR_UUID_BYTES];
    const struct br_broker *broker = session->broker;

    if (open->ordinal >= vgpu_address_candidates[session->candidate].ordinals) {
        return -ENODEV;
    }
    if (open->uuid.len != BR_UUID_BYTES || memcmp(open->uuid.data, anonymous, BR_UUID_BYTES) == 0) {
        return open->ordinal < session->slot_count ? session->slots[open->ordinal] : -ENODEV;
    }
    for (uint32_t i = 0; i < broker->slot_count; i++) {
        if (memcmp(broker->slots[i].uuid, open->uuid.data, BR_UUID_BYTES) == 0) {
            return (int)i;
        }
    }
    return -ENODEV;
}

/* NULL when it may have a worker of the GPU that it wants; else why not, and the result. */
static const char *find_obstacle(struct br_session *session, int32_t *cu)
{
    const struct br_slot *slot = &session->broker->slots[session->wanted];

    *cu = CUDA_ERROR_SYSTEM_NOT_READY;
    if (slot->gpu == NULL) {
        return "the GPU's supervisor is gone";
    }
    if (br_gpu_takes(session->broker, session->wanted) &&
        br_share_sees(session->holder->share, session->wanted)) {
        return NULL;
    }
    *cu = CUDA_ERROR_DEVICE_UNAVAILABLE;
    session->holder->share->stats.refused++;
    return slot->drained        ? "the GPU is being drained"
           : slot->gpu->leaving ? "the GPU's supervisor stops"
                                : "the GPU is not in the machine's pool any more";
}

static void on_open(struct br_session *session, const Vgpu__Open *open)
{
    int at = find_device(session, open);
    const char *obstacle;
    int32_t cu;

    if (at < 0) {
        send_refuse(session, CUDA_ERROR_INVALID_DEVICE, "no such device");
        return;
    }
    session->wanted = (uint32_t)at;
    obstacle = find_obstacle(session, &cu);
    if (obstacle != NULL) {
        send_refuse(session, cu, obstacle);
        return;
    }
    session->ordinal = open->ordinal;
    session->phase = BR_OPENING;
    set_timer(session, BR_OPEN_TIMEOUT_MS, on_open_timeout);
    if (br_pace_take(session)) {
        br_gpu_open(session->broker->slots[at].gpu, session);
    }
}

void br_session_may_open(struct br_session *session)
{
    int32_t cu;
    const char *obstacle = find_obstacle(session, &cu);

    if (obstacle != NULL) {
        br_session_refuse_open(session, cu, obstacle);
    } else {
        br_gpu_open(session->broker->slots[session->wanted].gpu, session);
    }
}

void br_session_give_worker(struct br_session *session, struct br_worker *worker)
{
    session->worker = worker;
    session->sample.waits = false;
    worker->session = session;
    if (br_worker_attach(worker, session) < 0) {
        br_session_end(session, CUDA_ERROR_LAUNCH_FAILED, "the worker could not be attached");
    }
}

void br_session_refuse_open(struct br_session *session, int32_t cu, const char *reason)
{
    enter_greeted(session);
    send_refuse(session, cu, reason);
}

void br_session_on_attached(struct br_session *session, int32_t cu)
{
    Vgpu__Opened opened = VGPU__OPENED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    if (cu != CUDA_SUCCESS) {
        close_worker(session, cu);
        return;
    }
    session->phase = BR_OPEN;
    (void)uv_timer_stop(session->timer);
    br_ringio_heat(session);
    opened.ordinal = session->ordinal;
    opened.worker_pid = session->worker->pid;
    opened.cache = br_cache_is_on(&session->broker->cache);
    frame.kind_case = VGPU__FRAME__KIND_OPENED;
    frame.opened = &opened;
    if (may_tell(session)) {
        vgpu_log(VGPU_LOG_INFO, "session open session=%" PRIu64 " gpu=%u worker=%u pid=%u",
                 session->id, session->worker->gpu->slot, session->worker->id,
                 session->worker->pid);
    }
    br_ringio_frame(session, &frame);
}

static void send_closed(struct br_session *session)
{
    Vgpu__Closed closed = VGPU__CLOSED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    frame.kind_case = VGPU__FRAME__KIND_CLOSED;
    frame.closed = &closed;
    br_ringio_frame(session, &frame);
}

void br_session_on_worker_gone(struct br_session *session)
{
    if (session->phase == BR_CLOSING) {
        enter_greeted(session);
        if (session->refusal != CUDA_SUCCESS) {
            send_refuse(session, session->refusal, "the worker could not open the device");
        } else {
            send_closed(session);
        }
        return;
    }
    br_session_end(session, CUDA_ERROR_LAUNCH_FAILED, "the worker is gone");
    release_if_done(session);
}

int br_session_on_frame(struct br_session *session, const Vgpu__Frame *frame)
{
    if (frame->kind_case == VGPU__FRAME__KIND_HELLO) {
        return on_hello(session, frame->hello);
    }
    if (frame->kind_case == VGPU__FRAME__KIND_OPEN) {
        on_open(session, frame->open);
    } else if (frame->kind_case == VGPU__FRAME__KIND_SURVEY) {
        on_survey(session);
    } else if (session->worker != NULL) {
        close_worker(session, CUDA_SUCCESS);
    } else {
        send_closed(session);
    }
    return 0;
}

int br_session_slot(const struct br_session *session)
{
    return session->worker != NULL && session->worker->gpu != NULL ? (int)session->worker->gpu->slot
                                                                   : -1;
}

uint64_t br_session_memory(const struct br_session *session)
{
    uint64_t most = br_session_slot(session) < 0 ? 0 : session->worker->gpu->facts->total_memory;

    return session->memory_used < most ? session->memory_used : most;
}

/* ---- life ------------------------------------------------------------------- */

static void discard(struct br_session *session)
{
    close_handles(session);
    br_channel_fini(&session->channel);
    session->holder->session = NULL;
    session->holder->holds = false;
    free(session);
}

static int start(struct br_session *session)
{
    int rc = open_handles(session);

    if (rc < 0) {
        return rc;
    }
    /* The first Hello rings: nobody looks at the ring of a guest that says nothing.  Before the
     * grant, because the guest may write as soon as it has the memory. */
    (void)vgpu_ring_park(&session->channel.submit);
    return session->holder->ops->grant(session->holder);
}

int br_session_new(struct br_broker *broker, struct br_holder *holder, struct br_channel *channel)
{
    struct br_session *session = calloc(1, sizeof(*session));
    int rc;

    if (session == NULL) {
        br_channel_fini(channel);
        return -ENOMEM;
    }
    session->broker = broker;
    session->id = ++broker->session_last;
    session->born_ms = uv_now(broker->loop);
    session->channel = *channel;
    br_channel_clear(channel);
    br_channel_begin(&session->channel, session->id);
    session->holder = holder;
    holder->session = session;
    holder->holds = true;
    rc = start(session);
    if (rc < 0) {
        discard(session);
        return rc;
    }
    set_timer(session, broker->hello_timeout_ms, on_hello_timeout);
    TAILQ_INSERT_TAIL(&broker->sessions, session, entry);
    broker->session_count++;
    holder->share->sessions++;
    return 0;
}
