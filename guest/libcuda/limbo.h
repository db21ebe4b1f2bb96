/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_LIMBO_H
#define GS_LIMBO_H

/*
 * What was freed in a stream's order and is not known to be out of use yet.
 *
 *   put ──► queue of the stream, oldest first ──► out, when its stream has come so far
 *                    │ a later stream of its index has, the stream itself has ended with work left
 *                    └──► left ──► out, when everything has been waited for
 *
 * A stream's work is done in order, so only the first of each queue is looked at: putting and
 * taking out cost the number of streams that have something here, never the number of things.
 * Not thread-safe: the caller locks.
 */

#include <stdbool.h>
#include <stdint.h>

struct gs_limbo_entry;
struct gs_limbo_queue;
struct gs_session;
struct gs_stream;

/* How far a stream must have come. */
struct gs_point {
    uint32_t index; /* of the stream */
    uint64_t sent;  /* operations of that index */
};

/* How far it would have to come for all that was sent to it until now. */
struct gs_point gs_point_now(const struct gs_stream *stream);
bool gs_point_is_past(struct gs_session *s, const struct gs_point *point);

/* All zero: empty. */
struct gs_limbo {
    struct gs_limbo_queue *queues; /* by stream index; made with the first entry */
    struct gs_limbo_queue *active; /* those that have entries */
    struct gs_limbo_entry *left;
    uint64_t orphans_done; /* of the session when `left` was looked at last */
};

/* Whether nothing waits to be given back. */
bool gs_limbo_is_empty(const struct gs_limbo *limbo);

/* Enters an address until the stream has come so far as it is told to now.  False without memory.
 */
bool gs_limbo_put(struct gs_limbo *limbo, uint64_t address, const struct gs_stream *stream);

/* Takes out what is out of use by now, `out` called for each. */
typedef void gs_limbo_out(void *arg, struct gs_session *s, uint64_t address);
void gs_limbo_reap(struct gs_limbo *limbo, struct gs_session *s, gs_limbo_out *out, void *arg);

/* Forgets all. */
void gs_limbo_forget(struct gs_limbo *limbo);

#endif
