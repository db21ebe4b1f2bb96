/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/ringio.h"
#include "common/clock.h"
#include "common/fd.h"

/* A worker that sent something no worker sends: whatever it is, it is not ours any more. */
static void misbehave(struct br_worker *worker, const char *what)
{
    struct br_session *session = worker->session;

    if (br_broker_may_log(worker->broker)) {
        vgpu_log(VGPU_LOG_ERROR, "worker misbehaves worker=%u pid=%u session=%llu what=%s",
                 worker->id, worker->pid, session != NULL ? (unsigned long long)session->id : 0,
                 what);
    }
    br_worker_kill(worker);
    if (session != NULL) {
        br_session_end(session, CUDA_ERROR_LAUNCH_FAILED, "the worker misbehaved");
    }
}

bool br_worker_is_sticky(int32_t result)
{
    static const int32_t sticky[] = {
        CUDA_ERROR_ECC_UNCORRECTABLE,
        CUDA_ERROR_NVLINK_UNCORRECTABLE,
        CUDA_ERROR_CONTAINED,
        CUDA_ERROR_ILLEGAL_ADDRESS,
        CUDA_ERROR_LAUNCH_TIMEOUT,
        CUDA_ERROR_ASSERT,
        CUDA_ERROR_HARDWARE_STACK_ERROR,
        CUDA_ERROR_ILLEGAL_INSTRUCTION,
        CUDA_ERROR_MISALIGNED_ADDRESS,
        CUDA_ERROR_INVALID_ADDRESS_SPACE,
        CUDA_ERROR_INVALID_PC,
        CUDA_ERROR_LAUNCH_FAILED,
        CUDA_ERROR_TENSOR_MEMORY_LEAK,
    };

    for (size_t i = 0; i < sizeof(sticky) / sizeof(sticky[0]); i++) {
        if (result == sticky[i]) {
            return true;
        }
    }
    return false;
}

/* Whole records and nothing else, none of them a control frame: a worker must not speak for the
 * broker. */
static bool answers_are_good(const uint8_t *records, size_t len, uint32_t *count)
{
    size_t whole;

    if (len == 0 || vgpu_records_whole(records, len, len, &whole, count) < 0 || whole != len) {
        return false;
    }
    for (size_t at = 0; at < len;) {
        struct vgpu_record record;
        ssize_t size = vgpu_record_peek(records + at, len - at, &record);

        if (size <= 0 || record.op == VGPU_OP_FRAME) {
            return false;
        }
        at += (size_t)size;
    }
    return true;
}

static void on_complete(struct br_worker *worker, const uint8_t *records, size_t len)
{
    struct br_session *session = worker->session;
    uint32_t count;
    int rc;

    if (!answers_are_good(records, len, &count)) {
        misbehave(worker, "records of complete");
        return;
    }
    session->stats.complete_frames++;
    session->stats.complete_bytes += len;
    session->holder->share->stats.bytes_out += len;
    session->stats.answers += count;
    br_observe_answers(&session->holder->share->observed, &session->sample, records, len);
    br_ringio_told(session);
    rc = br_ringio_answer(session, records, len);
    if (rc == -EPROTO) {
        br_session_misuse(session, "completion ring's tail");
    } else if (rc == 1) {
        br_link_pause(&worker->link);
    } else if (rc < 0 && !worker->gone) {
        br_session_end(session, CUDA_ERROR_LAUNCH_FAILED, "no memory for answers");
    }
}

static void on_wake(struct br_session *session)
{
    br_ringio_told(session);
    if (vgpu_ring_wants_wake(&session->channel.complete)) {
        session->stats.interrupts++;
        br_channel_interrupt(&session->channel);
    }
}

static void on_fatal(struct br_worker *worker, const Vgpu__Fatal *fatal)
{
    char reason[64];

    if (!br_worker_is_sticky(fatal->result)) {
        misbehave(worker, "fatal with a result that is not sticky");
        return;
    }
    (void)vgpu_log_escape(reason, sizeof(reason), fatal->reason, strlen(fatal->reason));
    br_session_end(worker->session, fatal->result, reason);
}

/* What is left: memory and the cache. */
static const char *dispatch_question(struct br_worker *worker, const Vgpu__Frame *frame)
{
    if (frame->kind_case == VGPU__FRAME__KIND_USAGE) {
        return br_ledger_usage(worker->session, frame->usage->memory_used);
    }
    if (frame->kind_case == VGPU__FRAME__KIND_MEMORY_ASK ||
        frame->kind_case == VGPU__FRAME__KIND_MEMORY_GIVE) {
        return br_ledger_frame(worker, frame);
    }
    return br_worker_cache_frame(worker, frame);
}

static void dispatch(struct br_worker *worker, const Vgpu__Frame *frame)
{
    if (frame->kind_case == VGPU__FRAME__KIND_ATTACHED) {
        br_session_on_attached(worker->session, frame->attached->result);
    } else if (frame->kind_case == VGPU__FRAME__KIND_COMPLETE) {
        on_complete(worker, frame->complete->records.data, frame->complete->records.len);
    } else if (frame->kind_case == VGPU__FRAME__KIND_FATAL) {
        on_fatal(worker, frame->fatal);
    } else if (frame->kind_case != VGPU__FRAME__KIND_WAKE) {
        const char *wrong = dispatch_question(worker, frame);

        if (wrong != NULL) {
            misbehave(worker, wrong);
        }
    } else {
        on_wake(worker->session);
    }
}

/* A frame that the phase table has to admit first. */
static void admit(struct br_worker *worker, Vgpu__Frame__KindCase kind, const Vgpu__Frame *frame,
                  const uint8_t *records, size_t len)
{
    enum br_verdict verdict = br_phase_worker(worker->session->phase, kind);

    if (verdict == BR_BREAK) {
        misbehave(worker, vgpu_frame_name(kind));
    } else if (verdict == BR_TAKE && frame == NULL) {
        on_complete(worker, records, len);
    } else if (verdict == BR_TAKE) {
        dispatch(worker, frame);
    }
}

static int on_frame(struct br_link *link, const uint8_t *bytes, size_t len)
{
    struct br_worker *worker = link->owner;
    const uint8_t *records;
    size_t records_len;
    Vgpu__Frame *frame;

    if (worker->killed) {
        return 0;
    }
    if (worker->session == NULL || link->fd_count > 0) {
        misbehave(worker, worker->session == NULL ? "a spare spoke" : "sent descriptors");
    } else if (br_batch_complete(bytes, len, &records, &records_len)) {
        admit(worker, VGPU__FRAME__KIND_COMPLETE, NULL, records, records_len);
    } else if (vgpu_frame_unpack(&worker->broker->arena, bytes, len, &frame) < 0) {
        misbehave(worker, "undecodable frame");
    } else {
        admit(worker, frame->kind_case, frame, NULL, 0);
    }
    return 0;
}

void br_worker_crashed(struct br_worker *worker)
{
    if (!worker->crashed && worker->gpu != NULL && !worker->broker->stopping) {
        worker->broker->slots[worker->gpu->slot].workers_crashed++;
    }
    worker->crashed = true;
}

static void on_drained(struct br_link *link)
{
    struct br_worker *worker = link->owner;

    br_worker_cache_drained(worker);
    if (worker->session != NULL) {
        br_ringio_heat(worker->session);
    }
}

static void on_end(struct br_link *link, int rc)
{
    struct br_worker *worker = link->owner;

    if (!worker->killed && rc < 0) {
        misbehave(worker, "framing of its pipe");
    } else if (!worker->killed) {
        br_worker_crashed(worker);
        br_worker_kill(worker);
        if (worker->session != NULL) {
            br_session_end(worker->session, CUDA_ERROR_LAUNCH_FAILED, "the worker ended");
        }
    }
    if (worker->gpu == NULL && !worker->gone) {
        worker->gone = true;
        TAILQ_REMOVE(&worker->broker->orphans, worker, entry);
        TAILQ_INSERT_TAIL(&worker->broker->gone_workers, worker, entry);
    }
}

static const struct br_link_ops ops = {
    .on_frame = on_frame, .on_drained = on_drained, .on_end = on_end};

static bool is_locked(const Vgpu__WorkerReady *ready)
{
#if VGPU_SANDBOX
    return ready->no_new_privs && ready->seccomp_mode == 2;
#else
    (void)ready;
    return true;
#endif
}

int br_worker_new(struct br_gpu *gpu, const Vgpu__WorkerReady *ready, int fd)
{
    struct br_worker *worker = NULL;
    int rc;

    if (is_locked(ready)) {
        worker = calloc(1, sizeof(*worker));
    }
    if (worker == NULL) {
        rc = is_locked(ready) ? -ENOMEM : -EPERM;
        vgpu_fd_close(&fd);
        return rc;
    }
    worker->broker = gpu->broker;
    worker->gpu = gpu;
    worker->slot = gpu->slot;
    worker->id = ready->worker;
    worker->pid = ready->pid;
    worker->no_new_privs = ready->no_new_privs;
    worker->seccomp_mode = ready->seccomp_mode;
    worker->landlock_abi = ready->landlock_abi;
    rc = br_link_open(&worker->link, &gpu->broker->pool, fd, gpu->broker->session_buffer, &ops,
                      worker);
    if (rc < 0) {
        free(worker);
        return rc;
    }
    TAILQ_INSERT_TAIL(&gpu->workers, worker, entry);
    gpu->worker_count++;
    return 0;
}

int br_worker_attach(struct br_worker *worker, struct br_session *session)
{
    struct br_broker *broker = session->broker;
    Vgpu__Attach attach = VGPU__ATTACH__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    ssize_t len;

    attach.session = session->id;
    attach.channel_bytes = session->channel.bytes;
    attach.candidate = session->candidate;
    attach.ordinal = session->ordinal;
    attach.memory_quota = br_ledger_quota(session);
    attach.ledger = br_ledger_open(session);
    attach.spin_us = (uint32_t)(session->broker->spin_ns / VGPU_NS_PER_US);
    attach.cache = br_cache_is_on(&broker->cache);
    frame.kind_case = VGPU__FRAME__KIND_ATTACH;
    frame.attach = &attach;
    len = vgpu_frame_pack(&frame, broker->tx, sizeof(broker->tx));
    if (len < 0) {
        return (int)len;
    }
    return br_link_send(&worker->link, broker->tx, (size_t)len, &session->channel.memfd, 1);
}

void br_worker_kill(struct br_worker *worker)
{
    Vgpu__WorkerKill kill = VGPU__WORKER_KILL__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    br_worker_cache_end(worker);
    if (worker->session != NULL) {
        br_ledger_doom(worker->session);
    }
    br_link_shut(&worker->link);
    if (worker->killed || worker->gone) {
        return;
    }
    worker->killed = true;
    kill.worker = worker->id;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_KILL;
    frame.worker_kill = &kill;
    if (worker->gpu != NULL) {
        br_gpu_send(worker->gpu, &frame);
    }
}

/* The process is no more, and all that it said is read. */
static void bury(struct br_worker *worker)
{
    struct br_session *session = worker->session;

    br_worker_cache_end(worker);
    worker->session = NULL;
    TAILQ_INSERT_TAIL(&worker->broker->dead_workers, worker, entry);
    if (session != NULL) {
        session->worker = NULL;
        session->memory_used = 0;
        br_ledger_close(session);
        br_session_on_worker_gone(session);
    }
}

/* Its supervisor is gone: reads what it said so far and ends its session. */
static void orphan(struct br_worker *worker)
{
    br_link_drain(&worker->link);
    if (worker->session != NULL && worker->session->phase != BR_CLOSING) {
        br_session_end(worker->session, CUDA_ERROR_LAUNCH_FAILED, "the supervisor is gone");
    }
    br_worker_kill(worker);
    worker->gpu = NULL;
    if (br_link_is_open(&worker->link)) {
        TAILQ_INSERT_TAIL(&worker->broker->orphans, worker, entry);
    } else {
        worker->gone = true;
        bury(worker);
    }
}

void br_worker_settle(struct br_worker *worker)
{
    TAILQ_REMOVE(&worker->broker->gone_workers, worker, entry);
    if (worker->gone) {
        br_link_settle(&worker->link);
        bury(worker);
    } else {
        orphan(worker);
    }
}

void br_worker_abandon(struct br_worker *worker)
{
    br_link_close(&worker->link);
    TAILQ_REMOVE(&worker->broker->orphans, worker, entry);
    bury(worker);
}

void br_worker_free(struct br_worker *worker)
{
    br_link_close(&worker->link);
    free(worker);
}
