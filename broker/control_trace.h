/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_CONTROL_TRACE_H
#define BR_CONTROL_TRACE_H

/*
 * Call records as they are taken from the rings, for a client that asked for them
 * (VGPU_CTL_TRACE).  Each such client has a bounded queue; what does not fit is counted
 * and named with the next one that does.  Who does not trace pays one comparison a batch.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct br_control;
struct br_control_client;
struct br_control_piece;
struct br_session;
struct br_trace;

/* Rows that wait for one client. */
#define BR_TRACE_ROWS 2048u

/* The client's ask is for a trace: begins it.  0 or -ENOMEM. */
int br_trace_start(struct br_control_client *client);

/* Ends it; without one, nothing happens. */
void br_trace_stop(struct br_control_client *client);

/* Rows wait. */
bool br_trace_has_rows(const struct br_trace *trace);

/* Packs what waits, as far as there is room. */
void br_trace_rows(struct br_trace *trace, struct br_control_piece *piece);

/* Whole call records were taken from the session's ring; for control->tracers above 0. */
void br_trace_records(struct br_control *control, const struct br_session *session,
                      const uint8_t *records, size_t len);

/* Bytes of one queue. */
size_t br_trace_bytes(void);

#endif
