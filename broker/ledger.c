/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/ledger.h"

#include <errno.h>

#include "broker/broker.h"

/* ---- sums ------------------------------------------------------------------- */

uint64_t br_ledger_quota(const struct br_session *session)
{
    uint64_t own = session->holder->share->policy.memory_quota;
    uint64_t most = session->worker->gpu != NULL ? session->worker->gpu->memory_quota : 0;

    return own == 0 || (most != 0 && most < own) ? most : own;
}

/* Whether both draw on the same quota. */
static bool shares(const struct br_session *session, const struct br_session *other)
{
    return other->ledger.is_open && other->holder->share == session->holder->share &&
           other->ledger.slot == session->ledger.slot;
}

static uint64_t left(const struct br_session *session)
{
    const struct br_share *share = session->holder->share;
    uint64_t quota = share->policy.memory_quota;
    uint64_t granted = share->granted[session->ledger.slot];

    if (quota == 0) {
        return VGPU_MEMORY_ALL;
    }
    return quota > granted ? quota - granted : 0;
}

static void add(struct br_session *session, uint64_t bytes)
{
    session->ledger.granted += bytes;
    session->holder->share->granted[session->ledger.slot] += bytes;
}

static void subtract(struct br_session *session, uint64_t bytes)
{
    session->ledger.granted -= bytes;
    session->holder->share->granted[session->ledger.slot] -= bytes;
}

/* ---- frames ----------------------------------------------------------------- */

static int tell(struct br_session *session, const Vgpu__Frame *frame)
{
    struct br_broker *broker = session->broker;
    ssize_t len = vgpu_frame_pack(frame, broker->tx, sizeof(broker->tx));

    if (len < 0) {
        return (int)len;
    }
    return br_link_send(&session->worker->link, broker->tx, (size_t)len, NULL, 0);
}

static uint64_t held_by_others(const struct br_session *session)
{
    const struct br_session *other;
    uint64_t sum = 0;

    TAILQ_FOREACH(other, &session->broker->sessions, entry)
    {
        if (other != session && shares(session, other)) {
            sum += br_session_memory(other);
        }
    }
    return sum;
}

/* Answers the question that waits. */
static void answer(struct br_session *session, uint64_t bytes)
{
    Vgpu__MemoryGrant grant = VGPU__MEMORY_GRANT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    session->ledger.waits = false;
    (void)uv_timer_stop(session->timer);
    if (bytes == 0 && session->ledger.least > 0) {
        session->holder->share->stats.memory_refused++;
    }
    grant.bytes = bytes;
    grant.others = held_by_others(session);
    frame.kind_case = VGPU__FRAME__KIND_MEMORY_GRANT;
    frame.memory_grant = &grant;
    add(session, bytes);
    if (tell(session, &frame) < 0) {
        br_session_end(session, CUDA_ERROR_LAUNCH_FAILED, "the worker does not read");
    }
}

static bool is_served(const struct br_session *session)
{
    return session->ledger.is_open && session->worker != NULL && !session->worker->killed &&
           (session->phase == BR_OPEN || session->phase == BR_OPENING);
}

static void recall(struct br_session *session)
{
    Vgpu__MemoryRecall message = VGPU__MEMORY_RECALL__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    if (!session->ledger.recalled && is_served(session)) {
        message.quota = br_ledger_quota(session);
        frame.kind_case = VGPU__FRAME__KIND_MEMORY_RECALL;
        frame.memory_recall = &message;
        session->ledger.recalled = tell(session, &frame) == 0;
    }
}

/* ---- a question ------------------------------------------------------------- */

/* Whether something may still come back for it; asks for that once. */
static bool may_come(struct br_session *session)
{
    struct br_session *other;
    bool pending = false;

    TAILQ_FOREACH(other, &session->broker->sessions, entry)
    {
        if (other != session && shares(session, other)) {
            if (!session->ledger.tried) {
                recall(other);
            }
            /* What a worker has that is about to be reaped comes back too. */
            pending |= other->ledger.recalled || !is_served(other);
        }
    }
    session->ledger.tried = true;
    return pending;
}

static void settle(struct br_session *session)
{
    struct br_ledger *ledger = &session->ledger;
    uint64_t room = left(session);

    if (room >= ledger->least) {
        answer(session, ledger->bytes < room ? ledger->bytes : room);
    } else if (!may_come(session)) {
        answer(session, 0);
    }
}

static void settle_all(struct br_share *share, uint32_t slot)
{
    struct br_session *session = TAILQ_FIRST(&share->broker->sessions);

    while (session != NULL) {
        struct br_session *next = TAILQ_NEXT(session, entry);

        if (session->ledger.waits && is_served(session) && session->holder->share == share &&
            session->ledger.slot == slot) {
            settle(session);
        }
        session = next;
    }
}

static void on_timeout(uv_timer_t *timer)
{
    struct br_session *session = timer->data;

    if (session->ledger.waits) {
        answer(session, 0);
    }
}

static const char *on_ask(struct br_session *session, const Vgpu__MemoryAsk *ask)
{
    struct br_ledger *ledger = &session->ledger;

    if (ledger->waits || ask->bytes < ask->least || ask->bytes > VGPU_MEMORY_ALL) {
        return "memory_ask";
    }
    ledger->bytes = ask->bytes;
    ledger->least = ask->least;
    ledger->waits = true;
    ledger->tried = false;
    (void)uv_timer_start(session->timer, on_timeout, BR_LEDGER_RECALL_MS, 0);
    settle(session);
    return NULL;
}

static const char *on_give(struct br_session *session, const Vgpu__MemoryGive *give)
{
    struct br_ledger *ledger = &session->ledger;

    if (give->bytes > ledger->granted || (give->recalled && !ledger->recalled)) {
        return "memory_give of what it does not have";
    }
    if (give->recalled) {
        ledger->recalled = false;
    }
    subtract(session, give->bytes);
    settle_all(session->holder->share, ledger->slot);
    return NULL;
}

const char *br_ledger_frame(struct br_worker *worker, const Vgpu__Frame *frame)
{
    if (frame->kind_case == VGPU__FRAME__KIND_MEMORY_ASK) {
        return on_ask(worker->session, frame->memory_ask);
    }
    return on_give(worker->session, frame->memory_give);
}

const char *br_ledger_usage(struct br_session *session, uint64_t used)
{
    /* Without a ledger it may say what it likes: it counts as the card's at most. */
    if (session->ledger.granted != VGPU_MEMORY_ALL && used > session->ledger.granted) {
        return "it uses more memory than it was granted";
    }
    session->memory_used = used;
    return NULL;
}

/* ---- life ------------------------------------------------------------------- */

bool br_ledger_open(struct br_session *session)
{
    bool asks = session->holder->share->policy.memory_quota != 0;

    session->ledger = (struct br_ledger){.is_open = true, .slot = session->worker->gpu->slot};
    if (!asks) {
        add(session, VGPU_MEMORY_ALL);
    }
    return asks;
}

void br_ledger_close(struct br_session *session)
{
    uint32_t slot = session->ledger.slot;

    if (session->ledger.is_open) {
        subtract(session, session->ledger.granted);
        session->ledger = (struct br_ledger){.is_open = false};
        settle_all(session->holder->share, slot);
    }
}

void br_ledger_changed(struct br_share *share)
{
    struct br_session *session;

    TAILQ_FOREACH(session, &share->broker->sessions, entry)
    {
        if (session->holder->share == share) {
            recall(session);
        }
    }
    for (uint32_t slot = 0; slot < share->broker->slot_count; slot++) {
        settle_all(share, slot);
    }
}
