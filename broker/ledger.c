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

static struct br_pot *pot_of(const struct br_session *session)
{
    return &session->holder->share->pots[session->ledger.slot];
}

static uint64_t left(const struct br_session *session)
{
    uint64_t quota = session->holder->share->policy.memory_quota;
    uint64_t granted = pot_of(session)->granted;

    if (quota == 0) {
        return VGPU_MEMORY_ALL;
    }
    return quota > granted ? quota - granted : 0;
}

static void add(struct br_session *session, uint64_t bytes)
{
    session->ledger.granted += bytes;
    pot_of(session)->granted += bytes;
}

static void subtract(struct br_session *session, uint64_t bytes)
{
    session->ledger.granted -= bytes;
    pot_of(session)->granted -= bytes;
}

static void count_used(struct br_session *session)
{
    uint64_t used = br_session_memory(session);

    pot_of(session)->used += used - session->ledger.used;
    session->ledger.used = used;
}

/* ---- lists ------------------------------------------------------------------ */

static void set_due(struct br_session *session, bool due)
{
    struct br_pot *pot = pot_of(session);

    if (session->ledger.due != due) {
        TAILQ_REMOVE(due ? &pot->calm : &pot->due, session, ledger_entry);
        session->ledger.due = due;
        TAILQ_INSERT_TAIL(due ? &pot->due : &pot->calm, session, ledger_entry);
    }
}

/* Whether something may come back from another session. */
static bool others_are_due(const struct br_session *session)
{
    const struct br_session *first = TAILQ_FIRST(&pot_of(session)->due);

    return first != NULL && (first != session || TAILQ_NEXT(first, ledger_entry) != NULL);
}

static void wait_no_more(struct br_session *session)
{
    if (session->ledger.waits) {
        session->ledger.waits = false;
        br_waiters_remove(&pot_of(session)->waiting, session);
    }
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

/* Answers its question, which may have waited. */
static void answer(struct br_session *session, uint64_t bytes)
{
    Vgpu__MemoryGrant grant = VGPU__MEMORY_GRANT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    wait_no_more(session);
    (void)uv_timer_stop(session->timer);
    if (bytes == 0 && session->ledger.least > 0) {
        session->holder->share->stats.memory_refused++;
    }
    grant.bytes = bytes;
    grant.others = pot_of(session)->used - session->ledger.used;
    frame.kind_case = VGPU__FRAME__KIND_MEMORY_GRANT;
    frame.memory_grant = &grant;
    add(session, bytes);
    if (tell(session, &frame) < 0) {
        br_session_end(session, CUDA_ERROR_LAUNCH_FAILED, "the worker does not read");
    }
}

static void recall(struct br_session *session)
{
    Vgpu__MemoryRecall message = VGPU__MEMORY_RECALL__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.quota = br_ledger_quota(session);
    frame.kind_case = VGPU__FRAME__KIND_MEMORY_RECALL;
    frame.memory_recall = &message;
    session->ledger.recalled = true;
    set_due(session, true);
    if (tell(session, &frame) < 0) {
        br_session_end(session, CUDA_ERROR_LAUNCH_FAILED, "the worker does not read");
    }
}

static void recall_all(struct br_pot *pot, const struct br_session *except)
{
    struct br_session *session = TAILQ_FIRST(&pot->calm);

    while (session != NULL) {
        struct br_session *next = TAILQ_NEXT(session, ledger_entry);

        pot->steps++;
        if (session != except) {
            recall(session);
        }
        session = next;
    }
}

/* ---- a question ------------------------------------------------------------- */

/* True when it got its answer. */
static bool try_answer(struct br_session *session)
{
    const struct br_ledger *ledger = &session->ledger;
    uint64_t room = left(session);

    pot_of(session)->steps++;
    if (room >= ledger->least) {
        answer(session, ledger->bytes < room ? ledger->bytes : room);
    } else if (!others_are_due(session)) {
        answer(session, 0);
    } else {
        return false;
    }
    return true;
}

/* Something has come back, or nothing more will: who needs least has its answer first.  One that
 * is the only one due waits for nobody, whatever it needs. */
static void settle(struct br_pot *pot)
{
    struct br_session *session;

    while ((session = br_waiters_first(&pot->waiting)) != NULL && try_answer(session)) {
    }
    session = TAILQ_FIRST(&pot->due);
    if (session != NULL && session->ledger.waits) {
        (void)try_answer(session);
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
    struct br_pot *pot = pot_of(session);

    if (ledger->waits || ask->bytes < ask->least || ask->bytes > VGPU_MEMORY_ALL) {
        return "memory_ask";
    }
    ledger->bytes = ask->bytes;
    ledger->least = ask->least;
    if (left(session) < ledger->least) {
        /* Once for each question: what comes later comes by itself. */
        recall_all(pot, session);
    }
    if (try_answer(session)) {
        return NULL;
    }
    if (br_waiters_add(&pot->waiting, session) < 0) {
        answer(session, 0);
        return NULL;
    }
    ledger->waits = true;
    (void)uv_timer_start(session->timer, on_timeout, BR_LEDGER_RECALL_MS, 0);
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
        set_due(session, false);
    }
    subtract(session, give->bytes);
    settle(pot_of(session));
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
    if (session->ledger.is_open) {
        count_used(session);
    }
    return NULL;
}

/* ---- life ------------------------------------------------------------------- */

bool br_ledger_open(struct br_session *session)
{
    bool asks = session->holder->share->policy.memory_quota != 0;

    session->ledger = (struct br_ledger){.is_open = true, .slot = session->worker->gpu->slot};
    TAILQ_INSERT_TAIL(&pot_of(session)->calm, session, ledger_entry);
    if (!asks) {
        add(session, VGPU_MEMORY_ALL);
    }
    return asks;
}

void br_ledger_doom(struct br_session *session)
{
    if (session->ledger.is_open) {
        wait_no_more(session);
        set_due(session, true);
    }
}

void br_ledger_close(struct br_session *session)
{
    struct br_pot *pot = pot_of(session);

    if (session->ledger.is_open) {
        wait_no_more(session);
        subtract(session, session->ledger.granted);
        pot->used -= session->ledger.used;
        TAILQ_REMOVE(session->ledger.due ? &pot->due : &pot->calm, session, ledger_entry);
        session->ledger = (struct br_ledger){.is_open = false};
        settle(pot);
    }
}

void br_ledger_changed(struct br_share *share)
{
    for (uint32_t slot = 0; slot < share->broker->slot_count; slot++) {
        recall_all(&share->pots[slot], NULL);
        settle(&share->pots[slot]);
    }
}

void br_ledger_init(struct br_share *share)
{
    for (uint32_t slot = 0; slot < VGPU_DEVICES_MAX; slot++) {
        TAILQ_INIT(&share->pots[slot].calm);
        TAILQ_INIT(&share->pots[slot].due);
    }
}

void br_ledger_fini(struct br_share *share)
{
    for (uint32_t slot = 0; slot < VGPU_DEVICES_MAX; slot++) {
        br_waiters_fini(&share->pots[slot].waiting);
    }
}
