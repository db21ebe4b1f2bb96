/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/room.h"

#include "executor/worker/error.h"
#include "executor/worker/session.h"

/* What the operation of this thread wants, and what it was told. */
static _Thread_local struct {
    bool wanted;
    uint64_t bytes;
    bool told;
    uint64_t others;
    uint64_t reserved;
} mine;

void ex_room_init(struct ex_room *room)
{
    (void)pthread_mutex_init(&room->turn, NULL);
    (void)pthread_mutex_init(&room->lock, NULL);
    (void)pthread_cond_init(&room->answered, NULL);
}

void ex_room_begin(void)
{
    mine.wanted = false;
    mine.told = false;
}

void ex_room_want(uint64_t bytes)
{
    mine.wanted = true;
    mine.bytes = bytes;
}

bool ex_room_is_wanted(void)
{
    return mine.wanted;
}

bool ex_room_others(uint64_t *bytes)
{
    *bytes = mine.others;
    return mine.told;
}

/* A whole number of steps that holds `bytes`, or the bytes where that is too large. */
static uint64_t in_steps(uint64_t bytes)
{
    uint64_t steps = bytes / VGPU_MEMORY_STEP + (bytes % VGPU_MEMORY_STEP != 0);

    return steps < VGPU_MEMORY_ALL / VGPU_MEMORY_STEP ? steps * VGPU_MEMORY_STEP : bytes;
}

/* The turn is held. */
static uint64_t ask(struct ex_session *x, uint64_t bytes)
{
    struct ex_room *room = &x->room;
    Vgpu__MemoryAsk message = VGPU__MEMORY_ASK__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint64_t granted;

    message.bytes = in_steps(bytes);
    message.least = bytes;
    frame.kind_case = VGPU__FRAME__KIND_MEMORY_ASK;
    frame.memory_ask = &message;
    (void)pthread_mutex_lock(&room->lock);
    room->waits = true;
    (void)pthread_mutex_unlock(&room->lock);
    ex_outbox_send(x->outbox, &frame);
    (void)pthread_mutex_lock(&room->lock);
    while (room->waits) {
        (void)pthread_cond_wait(&room->answered, &room->lock);
    }
    granted = room->bytes;
    mine.others = room->others;
    (void)pthread_mutex_unlock(&room->lock);
    return granted;
}

bool ex_room_ask(struct ex_session *x)
{
    uint64_t bytes = mine.bytes;

    if (bytes > VGPU_MEMORY_ALL) {
        return false;
    }
    (void)pthread_mutex_lock(&x->room.turn);
    mine.reserved = ask(x, bytes);
    (void)pthread_mutex_unlock(&x->room.turn);
    mine.wanted = false;
    mine.told = true;
    return bytes == 0 || mine.reserved > 0;
}

void ex_room_done(struct ex_session *x)
{
    ex_memory_unreserve(x->memory, mine.reserved);
    mine.reserved = 0;
    mine.told = false;
}

static void give(struct ex_session *x, uint64_t bytes, bool recalled)
{
    Vgpu__MemoryGive message = VGPU__MEMORY_GIVE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.bytes = bytes;
    message.recalled = recalled;
    frame.kind_case = VGPU__FRAME__KIND_MEMORY_GIVE;
    frame.memory_give = &message;
    ex_outbox_send(x->outbox, &frame);
}

void ex_room_settle(struct ex_session *x)
{
    uint64_t bytes;

    if (ex_memory_spare(x->memory) <= 2 * VGPU_MEMORY_STEP) {
        return;
    }
    bytes = ex_memory_yield(x->memory, VGPU_MEMORY_STEP);
    if (bytes > 0) {
        give(x, bytes, false);
    }
}

void ex_room_answer(struct ex_session *x, const Vgpu__MemoryGrant *grant)
{
    struct ex_room *room = &x->room;
    bool due;

    (void)pthread_mutex_lock(&room->lock);
    due = room->waits && grant->bytes <= VGPU_MEMORY_ALL;
    if (due) {
        /* Before anyone can recall it. */
        ex_memory_grant(x->memory, grant->bytes);
        room->waits = false;
        room->bytes = grant->bytes;
        room->others = grant->others;
    }
    (void)pthread_cond_signal(&room->answered);
    (void)pthread_mutex_unlock(&room->lock);
    if (!due) {
        ex_session_broken(x, "a grant of memory that nobody asked for");
    }
}

void ex_room_recall(struct ex_session *x, const Vgpu__MemoryRecall *recall)
{
    ex_memory_set_quota(x->memory, recall->quota);
    give(x, ex_memory_yield(x->memory, 0), true);
}
