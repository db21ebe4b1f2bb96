/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/ringio.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/broker.h"
#include "broker/gate.h"
#include "broker/moved.h"
#include "common/clock.h"

/* What a look at the submission ring found. */
/* Calls come in bursts: after each one the next is looked for at least so long. */
#define ACTIVE_NS (50 * VGPU_NS_PER_US)

enum look {
    LOOK_EMPTY,
    LOOK_TAKEN,   /* something was taken, there may be more */
    LOOK_STALLED, /* something else must happen first; whoever does it heats the session */
    LOOK_DEAD,    /* the session has ended meanwhile */
};

void br_ringio_heat(struct br_session *session)
{
    if (!session->is_hot && session->phase != BR_DEAD) {
        session->is_hot = true;
        TAILQ_INSERT_TAIL(&session->broker->hot, session, hot_entry);
    }
}

void br_ringio_told(struct br_session *session)
{
    if (session->broker->spin_ns > 0) {
        vgpu_linger_told(&session->linger, vgpu_clock_ns());
        br_ringio_heat(session);
    }
}

void br_ringio_cool(struct br_session *session)
{
    if (session->is_hot) {
        session->is_hot = false;
        TAILQ_REMOVE(&session->broker->hot, session, hot_entry);
    }
}

static void interrupt(struct br_session *session)
{
    session->stats.interrupts++;
    br_channel_interrupt(&session->channel);
}

/* ---- towards the guest ------------------------------------------------------ */

/* Puts one record, or announces that we wait for room: 0, -EAGAIN, -EPROTO. */
static int put_or_starve(struct vgpu_ring *ring, const uint8_t *record, size_t len)
{
    int rc = vgpu_ring_put(ring, record, len);

    /* Room may have come between the put and the announcement. */
    while (rc == -EAGAIN && !vgpu_ring_starve(ring, len)) {
        rc = vgpu_ring_put(ring, record, len);
    }
    return rc;
}

/* Puts as many of the whole records as fit; *done counts their bytes. */
static int put_records(struct br_session *session, const uint8_t *records, size_t len, size_t *done)
{
    struct vgpu_ring *ring = &session->channel.complete;
    int rc = vgpu_ring_put(ring, records, len);

    *done = rc == 0 ? len : 0;
    if (rc == -EAGAIN) {
        rc = 0;
        while (rc == 0 && *done < len) {
            struct vgpu_record record;
            ssize_t size = vgpu_record_peek(records + *done, len - *done, &record);

            assert(size > 0);
            rc = put_or_starve(ring, records + *done, (size_t)size);
            *done += rc == 0 ? (size_t)size : 0;
        }
    }
    if (*done > 0 && vgpu_ring_wants_wake(ring)) {
        interrupt(session);
    }
    return rc == -EAGAIN ? 0 : rc;
}

static void drop_pending(struct br_session *session)
{
    free(session->pending);
    session->pending = NULL;
    session->pending_start = 0;
    session->pending_end = 0;
}

static int append_pending(struct br_session *session, const uint8_t *records, size_t len)
{
    size_t cap = session->broker->session_buffer;

    if (session->pending == NULL) {
        session->pending = malloc(cap);
        if (session->pending == NULL) {
            return -ENOMEM;
        }
        session->stats.guest_full++;
    }
    if (session->pending_end + len > cap) {
        session->pending_end -= session->pending_start;
        memmove(session->pending, session->pending + session->pending_start, session->pending_end);
        session->pending_start = 0;
    }
    if (session->pending_end + len > cap) {
        return -ENOBUFS;
    }
    memcpy(session->pending + session->pending_end, records, len);
    session->pending_end += len;
    return 1;
}

int br_ringio_answer(struct br_session *session, const uint8_t *records, size_t len)
{
    size_t done = 0;
    int rc = 0;

    if (session->pending == NULL) {
        rc = put_records(session, records, len, &done);
    }
    if (rc == 0 && done < len) {
        rc = append_pending(session, records + done, len - done);
    }
    return rc;
}

void br_ringio_frame(struct br_session *session, const Vgpu__Frame *frame)
{
    uint8_t *at = session->broker->answer;
    ssize_t len = vgpu_frame_pack(frame, at + VGPU_RECORD_HEADER_BYTES,
                                  sizeof(session->broker->answer) - VGPU_RECORD_HEADER_BYTES);
    struct vgpu_record record = session->request;
    int rc = -EMSGSIZE;

    if (len > 0) {
        record.op = VGPU_OP_FRAME;
        record.flags = 0;
        record.length = vgpu_record_length((size_t)len);
        memset(at + VGPU_RECORD_HEADER_BYTES + len, 0,
               record.length - VGPU_RECORD_HEADER_BYTES - (size_t)len);
        memcpy(at, &record, sizeof(record));
        session->stats.control_frames++;
        rc = br_ringio_answer(session, at, record.length);
    }
    if (rc == -EPROTO) {
        br_session_misuse(session, "completion ring's tail");
    } else if (rc < 0) {
        br_session_close(session, "a control frame could not be sent");
    }
}

/* Moves what waited into the ring; *done counts its bytes.  False when the session is dead after
 * it. */
static bool flush(struct br_session *session, size_t *done)
{
    int rc;

    *done = 0;
    if (session->pending == NULL) {
        return true;
    }
    rc = put_records(session, session->pending + session->pending_start,
                     session->pending_end - session->pending_start, done);
    if (rc < 0) {
        br_session_misuse(session, "completion ring's tail");
        return false;
    }
    session->pending_start += *done;
    if (session->pending_start == session->pending_end) {
        drop_pending(session);
        if (session->worker != NULL) {
            br_link_resume(&session->worker->link);
        }
    }
    return session->phase != BR_DEAD;
}

/* ---- from the guest --------------------------------------------------------- */

static void consume(struct br_session *session, size_t len)
{
    if (vgpu_ring_consume(&session->channel.submit, len)) {
        interrupt(session);
    }
}

/* A control frame's record: a length-prefixed frame, padded with zeros. */
static int unpack_control(struct br_session *session, const struct vgpu_record *record,
                          const uint8_t *body, Vgpu__Frame **frame)
{
    static const uint8_t zeros[VGPU_RECORD_ALIGN];
    size_t room = record->length - VGPU_RECORD_HEADER_BYTES;
    uint32_t size;

    if (room < VGPU_FRAME_PREFIX_BYTES) {
        return -EPROTO;
    }
    memcpy(&size, body, sizeof(size));
    room -= VGPU_FRAME_PREFIX_BYTES;
    if (size == 0 || size > room || room - size >= VGPU_RECORD_ALIGN ||
        memcmp(body + VGPU_FRAME_PREFIX_BYTES + size, zeros, room - size) != 0) {
        return -EPROTO;
    }
    return vgpu_frame_unpack(&session->broker->arena, body + VGPU_FRAME_PREFIX_BYTES, size, frame);
}

static enum look take_control(struct br_session *session, const struct vgpu_record *record)
{
    const uint8_t *body = session->broker->batch.records + VGPU_RECORD_HEADER_BYTES;
    Vgpu__Frame *frame;

    /* Its answer would wait too: a guest that only asks could fill the memory. */
    if (session->pending != NULL) {
        return LOOK_STALLED;
    }
    if (unpack_control(session, record, body, &frame) < 0) {
        br_session_misuse(session, "control frame does not decode");
        return LOOK_DEAD;
    }
    if (br_phase_guest(session->phase, frame->kind_case) != BR_TAKE) {
        br_session_misuse(session, vgpu_frame_name(frame->kind_case));
        return LOOK_DEAD;
    }
    session->request = *record;
    session->stats.control_frames++;
    consume(session, record->length);
    if (br_session_on_frame(session, frame) < 0) {
        br_session_misuse(session, "control frame's fields");
    }
    return session->phase == BR_DEAD ? LOOK_DEAD : LOOK_TAKEN;
}

/* Counts the call records in front of the first control frame, as far as the tokens reach. */
static void count_calls(struct br_session *session, const uint8_t *records, size_t len,
                        struct br_quantum *quantum)
{
    struct br_share_stats *stats = &session->holder->share->stats;

    while (quantum->bytes < len) {
        const uint8_t *at = records + quantum->bytes;
        struct vgpu_record record;
        enum br_class class;

        memcpy(&record, at, sizeof(record));
        if (record.op == VGPU_OP_FRAME || br_gate_is_spent(session, quantum)) {
            return;
        }
        class = br_stats_record(&session->stats, &record);
        stats->unknown += class == BR_CLASS_UNKNOWN;
        stats->round_trips += class == BR_CLASS_ROUND_TRIP;
        br_observe_call(&session->sample, &record);
        quantum->moved += br_moved(&record, at + sizeof(record), session->channel.bytes);
        quantum->bytes += record.length;
        quantum->records++;
    }
}

static enum look submit(struct br_session *session, size_t len)
{
    struct br_batch *batch = &session->broker->batch;
    struct br_quantum quantum = {0};
    size_t total;
    const uint8_t *frame;
    int rc;

    if (br_phase_guest(session->phase, BR_CALL) != BR_TAKE) {
        br_session_misuse(session, "call record");
        return LOOK_DEAD;
    }
    br_broker_note(session->broker);
    count_calls(session, batch->records, len, &quantum);
    len = quantum.bytes;
    frame = br_batch_submit(batch, len, &total);
    rc = br_link_send(&session->worker->link, frame, total, NULL, 0);
    if (rc < 0) {
        br_session_end(session, CUDA_ERROR_LAUNCH_FAILED, "the worker's pipe failed");
        return LOOK_DEAD;
    }
    session->stats.submit_frames++;
    session->holder->share->stats.frames++;
    session->stats.submit_bytes += len;
    br_gate_charge(session, &quantum);
    if (session->broker->control.tracers > 0) {
        br_trace_records(&session->broker->control, session, batch->records, len);
    }
    session->call_ms = uv_now(session->broker->loop);
    consume(session, len);
    return LOOK_TAKEN;
}

/* True while the phase, or the worker's pipe, wants the ring left alone. */
static bool is_stalled(struct br_session *session)
{
    if (session->hello_waits || br_phase_guest(session->phase, BR_CALL) == BR_WAIT) {
        return true;
    }
    if (session->phase != BR_OPEN) {
        return false;
    }
    if (!br_gate_may_read(session)) {
        return true;
    }
    if (!br_link_has_room(&session->worker->link,
                          BR_BATCH_HEAD + VGPU_BATCH_BYTES_MAX + BR_LEDGER_ROOM)) {
        session->stats.worker_full++;
        return true;
    }
    return false;
}

/* Takes one quantum: a control frame, or a batch of call records. */
static enum look take(struct br_session *session)
{
    struct br_batch *batch = &session->broker->batch;
    struct vgpu_record first;
    uint32_t count;
    size_t whole;
    ssize_t got;

    if (is_stalled(session)) {
        return LOOK_STALLED;
    }
    got = vgpu_ring_peek(&session->channel.submit, batch->records, sizeof(batch->records));
    if (got == 0) {
        return LOOK_EMPTY;
    }
    /* Only whole records are published, so a rest is in order only where the batch cut it. */
    if (got < 0 ||
        vgpu_records_whole(batch->records, (size_t)got, sizeof(batch->records), &whole, &count) <
            0 ||
        whole == 0 || (whole < (size_t)got && (size_t)got < sizeof(batch->records))) {
        br_session_misuse(session, got < 0 ? "submission ring's head" : "record framing");
        return LOOK_DEAD;
    }
    memcpy(&first, batch->records, sizeof(first));
    return first.op == VGPU_OP_FRAME ? take_control(session, &first) : submit(session, whole);
}

static bool is_due_soon(const struct br_session *session)
{
    uint64_t spin_ns = session->broker->spin_ns;
    uint64_t now_ns;

    if (spin_ns == 0) {
        return false;
    }
    now_ns = vgpu_clock_ns();
    return now_ns - session->active_ns < (spin_ns < ACTIVE_NS ? spin_ns : ACTIVE_NS) ||
           vgpu_linger_stays(&session->linger, now_ns);
}

/* Nothing there: stay hot while more is due soon, then park.  True: stay hot. */
static bool linger(struct br_session *session)
{
    if (is_due_soon(session)) {
        return true;
    }
    if (vgpu_ring_park(&session->channel.submit)) {
        return false;
    }
    vgpu_ring_unpark(&session->channel.submit);
    return true;
}

void br_ringio_turn(struct br_session *session)
{
    enum look look;
    size_t flushed;
    bool stay = false;

    br_ringio_cool(session);
    if (session->phase == BR_DEAD || !flush(session, &flushed)) {
        return;
    }
    look = take(session);
    br_bell_looked(session, look == LOOK_TAKEN || flushed > 0);
    if (look == LOOK_TAKEN) {
        if (session->broker->spin_ns > 0) {
            session->active_ns = vgpu_clock_ns();
            vgpu_linger_met(&session->linger, session->active_ns, session->broker->spin_ns);
        }
        /* Most often that was all: to park now spares the guest's next doorbell a turn. */
        stay = vgpu_ring_ready(&session->channel.submit) || linger(session);
    } else if (look == LOOK_EMPTY) {
        stay = linger(session);
    }
    if (stay) {
        br_ringio_heat(session);
    }
}
